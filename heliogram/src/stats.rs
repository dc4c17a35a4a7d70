//! [`Stats`]: what a socket has done so far; and the counters that it comes from.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a socket has sent and received since it was made, by [`Socket::stats`](crate::Socket::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams that were received, the segments of trains one by one; not those that a block list has turned away.
    pub datagrams_in: u64,
    /// Their bytes, without headers.
    pub bytes_in: u64,
    /// System calls that brought some.
    pub batches_in: u64,
    /// Messages of the kernel that were several datagrams (`UDP_GRO`).
    pub trains_in: u64,
    /// Receives that found nothing: `EAGAIN`.
    pub would_block_in: u64,
    /// Datagrams that the kernel has taken; a [train made by hand](crate::SendOptions::segment_size) is one.
    pub datagrams_out: u64,
    /// Their bytes, without headers.
    pub bytes_out: u64,
    /// System calls that took some.
    pub batches_out: u64,
    /// Messages that were several datagrams (`UDP_SEGMENT`).
    pub trains_out: u64,
    /// Sends for which the kernel's buffer was too full: `EAGAIN`.
    pub would_block_out: u64,
    /// Trains that the kernel, the device or the path refused, so that their datagrams left one by one.
    pub trains_refused: u64,
    /// Datagrams that the kernel dropped because the receive buffer was full, or their checksum was wrong (`SO_MEMINFO`, Linux;
    /// modulo 2³²). `None` elsewhere, and for a socket that is not open.
    pub dropped: Option<u32>,
    /// The most bytes that have waited in the face's send queue at once.
    pub queue_size_peak: usize,
    /// The most datagrams.
    pub queue_count_peak: usize,
}

/// One direction's counters. Each has lines of the processor's cache to itself, so that who sends does not slow who receives.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    datagrams: AtomicU64,
    bytes: AtomicU64,
    batches: AtomicU64,
    trains: AtomicU64,
    would_block: AtomicU64,
}

impl Counters {
    /// One system call has moved this much.
    #[inline]
    pub(crate) fn add(&self, datagrams: usize, bytes: usize, trains: usize) {
        add(&self.datagrams, datagrams);
        add(&self.bytes, bytes);
        add(&self.batches, 1);
        if trains > 0 {
            add(&self.trains, trains);
        }
    }

    pub(crate) fn would_block(&self) {
        add(&self.would_block, 1);
    }
}

/// Both directions, as far as they are counted here.
pub(crate) fn gather(incoming: &Counters, outgoing: &Counters) -> Stats {
    let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Stats {
        datagrams_in: now(&incoming.datagrams),
        bytes_in: now(&incoming.bytes),
        batches_in: now(&incoming.batches),
        trains_in: now(&incoming.trains),
        would_block_in: now(&incoming.would_block),
        datagrams_out: now(&outgoing.datagrams),
        bytes_out: now(&outgoing.bytes),
        batches_out: now(&outgoing.batches),
        trains_out: now(&outgoing.trains),
        would_block_out: now(&outgoing.would_block),
        ..Stats::default()
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}
