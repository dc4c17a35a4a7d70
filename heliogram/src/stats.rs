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
#[derive(Debug, Default)]
#[repr(align(128))]
struct Counts {
    datagrams: AtomicU64,
    bytes: AtomicU64,
    batches: AtomicU64,
    packets: AtomicU64,
    would_block: AtomicU64,
    gso_refusals: AtomicU64,
}

impl Counters {
    /// One system call has moved this much.
    #[inline]
    pub(crate) fn add(&self, datagrams: usize, bytes: usize, packets: usize) {
        let counts = self.counts();
        add(&counts.datagrams, datagrams);
        add(&counts.bytes, bytes);
        add(&counts.batches, 1);
        if packets > 0 {
            add(&counts.packets, packets);
        }
    }

    pub(crate) fn would_block(&self) {
        add(&self.counts().would_block, 1);
    }

    pub(crate) fn gso_refused(&self) {
        add(&self.counts().gso_refusals, 1);
    }

    fn counts(&self) -> &Counts {
        self.0.get_or_init(Box::default)
    }

    fn read(&self, counter: impl Fn(&Counts) -> &AtomicU64) -> u64 {
        self.0.get().map_or(0, |counts| counter(counts).load(Ordering::Relaxed))
    }
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
        datagrams_in: incoming.read(|counts| &counts.datagrams),
        bytes_in: incoming.read(|counts| &counts.bytes),
        batches_in: incoming.read(|counts| &counts.batches),
        gro_packets_in: incoming.read(|counts| &counts.packets),
        would_block_in: incoming.read(|counts| &counts.would_block),
        datagrams_out: outgoing.read(|counts| &counts.datagrams),
        bytes_out: outgoing.read(|counts| &counts.bytes),
        batches_out: outgoing.read(|counts| &counts.batches),
        gso_batches_out: outgoing.read(|counts| &counts.packets),
        would_block_out: outgoing.read(|counts| &counts.would_block),
        gso_refusals: outgoing.read(|counts| &counts.gso_refusals),
        queue_size_peak,
        queue_count_peak,
        ..Stats::default()
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}
