//! [`Stats`]: what a socket has done so far; and the counters that it comes from.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a socket has sent and received since it was made, by [`Socket::stats`](crate::SocketControl::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams that were received, the segments of GRO packets one by one; not those that a block list has turned away.
    pub datagrams_in: u64,
    /// Their bytes, without headers.
    pub bytes_in: u64,
    /// System calls that brought some.
    pub batches_in: u64,
    /// Messages of the kernel that were several datagrams (`UDP_GRO`).
    pub gro_packets_in: u64,
    /// Receives that found nothing: `EAGAIN`.
    pub would_block_in: u64,
    /// Datagrams that the kernel has taken, the segments of GSO batches one by one.
    pub datagrams_out: u64,
    /// Their bytes, without headers.
    pub bytes_out: u64,
    /// System calls that took some.
    pub batches_out: u64,
    /// Messages that were several datagrams (`UDP_SEGMENT`).
    pub gso_batches_out: u64,
    /// Sends for which the kernel's buffer was too full: `EAGAIN`.
    pub would_block_out: u64,
    /// GSO batches that the kernel, the device or the path refused, so that their datagrams left one by one.
    pub gso_refusals: u64,
    /// Packets that the kernel dropped because the receive buffer was full, or their checksum was wrong; a GRO packet counts once,
    /// however many datagrams it has (`SO_MEMINFO`, Linux;
    /// modulo 2³²). `None` elsewhere, and for a socket that is not open.
    pub dropped_packets: Option<u32>,
    /// The most bytes that have waited in the runtime's send queue at once.
    pub queue_size_peak: usize,
    /// The most datagrams.
    pub queue_count_peak: usize,
}

/// One direction's counters, made when there is something to count: a socket that is idle has neither them nor the room
/// that keeps them apart.
#[derive(Debug, Default)]
pub(crate) struct Counters(OnceLock<Box<Counts>>);

/// Each direction's has lines of the processor's cache to itself, so that who sends does not slow who receives.
///
/// Most sockets send, or receive, on one thread. It adds without the locked operations that others need, each of which costs
/// about a hundredth of a system call.
#[derive(Debug)]
#[repr(align(128))]
struct Counts {
    /// The thread that was the first to count, of which `own` is.
    owner: usize,
    own: [AtomicU64; COUNTERS],
    others: [AtomicU64; COUNTERS],
}

const COUNTERS: usize = 6;
const DATAGRAMS: usize = 0;
const BYTES: usize = 1;
const BATCHES: usize = 2;
const PACKETS: usize = 3;
const WOULD_BLOCK: usize = 4;
const GSO_REFUSALS: usize = 5;

impl Counters {
    /// One system call has moved this much.
    #[inline]
    pub(crate) fn add(&self, datagrams: usize, bytes: usize, packets: usize) {
        let counts = self.counts();
        let moved = [datagrams, bytes, 1, packets];
        if counts.owner == this_thread() {
            moved.into_iter().zip(&counts.own).for_each(|(count, own)| add_alone(own, count));
        } else {
            moved.into_iter().zip(&counts.others).for_each(|(count, others)| add(others, count));
        }
    }

    pub(crate) fn would_block(&self) {
        self.counts().add_one(WOULD_BLOCK);
    }

    pub(crate) fn gso_refused(&self) {
        self.counts().add_one(GSO_REFUSALS);
    }

    fn counts(&self) -> &Counts {
        self.0.get_or_init(|| {
            Box::new(Counts { owner: this_thread(), own: Default::default(), others: Default::default() })
        })
    }

    fn read(&self, counter: usize) -> u64 {
        let sum = |counts: &Counts| [&counts.own, &counts.others].map(|part| part[counter].load(Ordering::Relaxed));
        self.0.get().map_or(0, |counts| sum(counts).iter().sum())
    }
}

impl Counts {
    fn add_one(&self, counter: usize) {
        if self.owner == this_thread() { add_alone(&self.own[counter], 1) } else { add(&self.others[counter], 1) }
    }
}

/// A number that no other living thread has: the address of something that each thread has one of. A thread that has the number
/// of one that has ended sees what that one has written, because its memory was handed on.
#[inline]
fn this_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}

/// Bytes and datagrams that wait to be sent, and the most there have been; made when one has to wait.
#[derive(Debug, Default)]
pub(crate) struct Waiting(OnceLock<Box<Queued>>);

#[derive(Debug, Default)]
struct Queued {
    now: [AtomicUsize; 2],
    peak: [AtomicUsize; 2],
}

impl Waiting {
    pub(crate) fn set(&self, bytes: usize, count: usize) {
        if count == 0 && self.0.get().is_none() {
            return;
        }
        let Queued { now, peak } = &**self.0.get_or_init(Box::default);
        for (index, value) in [bytes, count].into_iter().enumerate() {
            now[index].store(value, Ordering::Relaxed);
            if value > peak[index].load(Ordering::Relaxed) {
                peak[index].fetch_max(value, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn now(&self) -> (usize, usize) {
        self.read(|queued| &queued.now)
    }

    fn peak(&self) -> (usize, usize) {
        self.read(|queued| &queued.peak)
    }

    fn read(&self, which: impl Fn(&Queued) -> &[AtomicUsize; 2]) -> (usize, usize) {
        self.0.get().map_or((0, 0), |queued| {
            let [bytes, count] = which(queued);
            (bytes.load(Ordering::Relaxed), count.load(Ordering::Relaxed))
        })
    }
}

/// All that is counted here.
pub(crate) fn total(incoming: &Counters, outgoing: &Counters, waiting: &Waiting) -> Stats {
    let (queue_size_peak, queue_count_peak) = waiting.peak();
    Stats {
        datagrams_in: incoming.read(DATAGRAMS),
        bytes_in: incoming.read(BYTES),
        batches_in: incoming.read(BATCHES),
        gro_packets_in: incoming.read(PACKETS),
        would_block_in: incoming.read(WOULD_BLOCK),
        datagrams_out: outgoing.read(DATAGRAMS),
        bytes_out: outgoing.read(BYTES),
        batches_out: outgoing.read(BATCHES),
        gso_batches_out: outgoing.read(PACKETS),
        would_block_out: outgoing.read(WOULD_BLOCK),
        gso_refusals: outgoing.read(GSO_REFUSALS),
        queue_size_peak,
        queue_count_peak,
        ..Stats::default()
    }
}

/// For the one thread that writes a counter.
#[inline]
fn add_alone(counter: &AtomicU64, count: usize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(count as u64), Ordering::Relaxed);
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}
