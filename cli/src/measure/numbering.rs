//! Numbers in datagrams: `blast` and `ping` write them, `sink`, `ping` and `relay` read them.
//!
//! The first 16 bytes: `HGRM`, the stream (4 bytes), the number from 0 on (8 bytes). If there is room, 8 bytes more: when it
//! was sent, in nanoseconds since 1970 by the sender's clock. Big endian.

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// How many bytes a number takes; a shorter datagram has none.
pub(crate) const NUMBERED: usize = 16;

/// How many bytes a number and a time take.
pub(crate) const TIMED: usize = 24;

const MARK: &[u8] = b"HGRM";

/// One sender's stream of datagrams. Random, so that two of them are not taken for one and a stranger does not guess it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct StreamId(pub(crate) u32);

/// What is written in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) stream: StreamId,
    pub(crate) number: u64,
    /// When it was sent, in nanoseconds since 1970.
    pub(crate) sent: Option<i64>,
}

impl StreamId {
    pub(crate) fn random() -> Self {
        // The standard library's hasher has a random key.
        StreamId(RandomState::new().hash_one(0) as u32)
    }
}

impl Header {
    /// Writes as much as there is room for: all of it, the number without the time, or nothing.
    pub(crate) fn write(&self, datagram: &mut [u8]) {
        if let Some(place) = datagram.get_mut(..NUMBERED) {
            place[..4].copy_from_slice(MARK);
            place[4..8].copy_from_slice(&self.stream.0.to_be_bytes());
            place[8..].copy_from_slice(&self.number.to_be_bytes());
        }
        if let Some(place) = datagram.get_mut(NUMBERED..TIMED) {
            place.copy_from_slice(&self.sent.unwrap_or(0).to_be_bytes());
        }
    }

    /// The header of a datagram that has one.
    pub(crate) fn read(datagram: &[u8]) -> Option<Self> {
        let (stream, rest) = datagram.strip_prefix(MARK)?.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let sent = rest.first_chunk().map(|bytes| i64::from_be_bytes(*bytes)).filter(|&time| time != 0);
        Some(Header { stream: StreamId(u32::from_be_bytes(*stream)), number: u64::from_be_bytes(*number), sent })
    }
}

/// Nanoseconds since 1970.
pub(crate) fn nanos(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The system's clock, in nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    nanos(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_back_as_far_as_there_was_room() {
        let header = Header { stream: StreamId(7), number: u64::MAX, sent: Some(-3) };
        let mut datagram = [0; TIMED + 1];
        header.write(&mut datagram);
        assert_eq!(Header::read(&datagram), Some(header));
        assert_eq!(Header::read(&datagram[..TIMED - 1]), Some(Header { sent: None, ..header }));
        assert_eq!(Header::read(&datagram[..NUMBERED - 1]), None);
        assert_eq!(Header::read(b"0123456789abcdef"), None);
        let mut short = [0; NUMBERED - 1];
        header.write(&mut short);
        assert_eq!(short, [0; NUMBERED - 1]);
    }
}
