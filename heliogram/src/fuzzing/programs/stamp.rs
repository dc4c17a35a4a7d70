//! The bytes of datagrams that say what they are: length, number, and a pattern of the two.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Length and number, in bytes.
const HEADER: usize = 6;

/// Makes datagrams, and remembers which have been received.
#[derive(Default)]
pub(super) struct Stamps {
    next: AtomicU32,
    received: Mutex<HashSet<u32>>,
}

impl Stamps {
    /// A datagram of that length. One that is too short for a number has as much of the header as fits.
    pub(super) fn datagram(&self, length: usize) -> Vec<u8> {
        pattern(length, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes a received datagram, and asserts that it was sent so, and not received before.
    pub(super) fn take(&self, data: &[u8], truncated: bool) {
        let Some(number) = check(data, truncated) else { return };
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(number < self.next.load(Ordering::Relaxed), "datagram {number} was never sent");
        assert!(received.insert(number), "datagram {number} came twice");
    }
}

/// Asserts that the bytes are those of one datagram, or of its beginning if it is said to be cut; its number.
pub(super) fn check(data: &[u8], truncated: bool) -> Option<u32> {
    let (length, rest) = data.split_first_chunk::<2>()?;
    let (number, _) = rest.split_first_chunk::<4>()?;
    let (length, number) = (u16::from_le_bytes(*length).into(), u32::from_le_bytes(*number));
    match truncated {
        true => assert!(data.len() < length, "a datagram of {length} bytes is whole in {}", data.len()),
        false => assert_eq!(data.len(), length, "a datagram of {length} bytes came as {}", data.len()),
    }
    assert!(data == &pattern(length, number)[..data.len()], "the bytes of datagram {number}");
    Some(number)
}

fn pattern(length: usize, number: u32) -> Vec<u8> {
    let mut bytes: Vec<_> = (0..length).map(|at| (at as u32 ^ number.wrapping_mul(0x9e37)) as u8).collect();
    let header = [&(length as u16).to_le_bytes()[..], &number.to_le_bytes()].concat();
    let shown = length.min(HEADER);
    bytes[..shown].copy_from_slice(&header[..shown]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_taken_once() {
        let stamps = Stamps::default();
        let datagram = stamps.datagram(20);
        stamps.take(&datagram, false);
        assert!(std::panic::catch_unwind(|| stamps.take(&datagram, false)).is_err(), "it came before");
    }

    #[test]
    fn what_is_cut_must_be_said_to_be() {
        let datagram = pattern(20, 7);
        assert_eq!(check(&datagram[..19], true), Some(7));
        assert!(std::panic::catch_unwind(|| check(&datagram[..19], false)).is_err());
        assert!(std::panic::catch_unwind(|| check(&datagram, true)).is_err());
    }

    #[test]
    fn what_is_merged_is_found() {
        let merged = [pattern(20, 7), pattern(20, 8)].concat();
        assert!(std::panic::catch_unwind(|| check(&merged, false)).is_err());
    }
}
