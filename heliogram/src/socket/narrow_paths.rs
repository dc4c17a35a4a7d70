//! [`NarrowPaths`]: the destinations whose path has refused a GSO batch for its size.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bounded table. An entry ends after so many batches to its destination; then the path is tried again.
#[derive(Debug, Default)]
pub(super) struct NarrowPaths {
    /// Whether there is any entry, so that sends mostly need no lock.
    any: AtomicBool,
    paths: Mutex<Vec<NarrowPath>>,
}

#[derive(Debug)]
struct NarrowPath {
    /// `None` is the connected peer.
    peer: Option<SocketAddr>,
    /// The largest segment to try.
    limit: u16,
    batches_left: u16,
}

impl NarrowPaths {
    /// The largest segment to try, if the destination has an entry.
    pub(super) fn limit(&self, peer: Option<SocketAddr>) -> Option<u16> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        self.paths().iter().find(|path| path.peer == peer).map(|path| path.limit)
    }

    /// A batch with segments of this size was refused. A first refusal leaves smaller ones to be tried; a second one, none: its cause
    /// is not the size.
    pub(super) fn add(&self, peer: Option<SocketAddr>, segment: u16) {
        let mut paths = self.paths();
        if let Some(path) = paths.iter_mut().find(|path| path.peer == peer) {
            path.limit = 0;
            return;
        }
        if paths.len() == MOST {
            paths.remove(0);
        }
        paths.push(NarrowPath { peer, limit: segment - 1, batches_left: BATCHES });
        self.any.store(true, Ordering::Relaxed);
    }

    /// Counts a batch that begins with a datagram to this destination.
    pub(super) fn count_batch(&self, peer: Option<SocketAddr>) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let mut paths = self.paths();
        if let Some(index) = paths.iter().position(|path| path.peer == peer) {
            paths[index].batches_left -= 1;
            if paths[index].batches_left == 0 {
                paths.remove(index);
            }
        }
        self.any.store(!paths.is_empty(), Ordering::Relaxed);
    }

    fn paths(&self) -> MutexGuard<'_, Vec<NarrowPath>> {
        // A panic leaves the table whole.
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most destinations in the table, and after how many batches to one its path is tried again.
const MOST: usize = 64;
const BATCHES: u16 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], port).into())
    }

    #[test]
    fn a_refusal_concerns_one_destination_for_so_many_batches() {
        let paths = NarrowPaths::default();
        paths.add(peer(1), 1400);
        assert_eq!((paths.limit(peer(1)), paths.limit(peer(2)), paths.limit(None)), (Some(1399), None, None));
        for _ in 1..BATCHES {
            paths.count_batch(peer(1));
            paths.count_batch(peer(2));
        }
        assert_eq!(paths.limit(peer(1)), Some(1399));
        paths.count_batch(peer(1));
        assert_eq!(paths.limit(peer(1)), None);
    }

    #[test]
    fn a_second_refusal_ends_batches_to_the_destination() {
        let paths = NarrowPaths::default();
        paths.add(None, 1400);
        paths.add(None, 1200);
        assert_eq!(paths.limit(None), Some(0));
    }

    #[test]
    fn the_table_is_bounded() {
        let paths = NarrowPaths::default();
        (0..100).for_each(|port| paths.add(peer(port), 1400));
        assert_eq!(paths.paths().len(), MOST);
        assert_eq!((paths.limit(peer(0)), paths.limit(peer(99))), (None, Some(1399)));
    }
}
