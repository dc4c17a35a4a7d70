//! What the kernel told of a datagram, written behind its bytes for `node/lib/bridge/recv-metadata.js`:
//!
//! | bytes | |
//! | --- | --- |
//! | 0 | which of the fields are known, one bit for each of [`Known`] |
//! | 1 to 3 | TOS, TTL, length of the destination's text |
//! | 4 to 7 | lengths of the local address's and the interface name's texts, segment size (2) |
//! | 8 to 15 | index of the interface (4), drops (4) |
//! | 16 to 31 | software and hardware time in nanoseconds (8 each) |
//! | 32 | whether the datagram was cut short |
//! | 33 on | the three texts |

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use heliogram::RemoteInfo;

/// The length of a record without its texts.
const FIXED: usize = 33;

/// The bits of what is known.
struct Known;

impl Known {
    const TOS: u8 = 1;
    const TTL: u8 = 2;
    const SEGMENT: u8 = 4;
    const INTERFACE: u8 = 8;
    const DROPPED: u8 = 16;
    const SOFTWARE: u8 = 32;
    const HARDWARE: u8 = 64;
    const TRUNCATED: u8 = 128;
}

/// What listeners want to be told that is known without asking the kernel.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) segment_size: bool,
    pub(crate) truncated: bool,
}

/// Writes a record; where it ends, or nothing if it does not fit.
pub(crate) fn pack(info: &RemoteInfo, wanted: Wanted, bytes: &mut [u8], start: usize) -> Option<usize> {
    let arrival = &info.metadata;
    let ip = |ip: Option<IpAddr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    let texts = [ip(arrival.destination), ip(arrival.local_ip), arrival.interface_name().unwrap_or_default()];
    let mut end = start + FIXED;
    bytes.get_mut(start..end)?.copy_from_slice(&fixed(info, wanted, &texts));
    for text in texts {
        bytes.get_mut(end..end + text.len())?.copy_from_slice(text.as_bytes());
        end += text.len();
    }
    Some(end)
}

fn fixed(info: &RemoteInfo, wanted: Wanted, texts: &[String; 3]) -> [u8; FIXED] {
    let arrival = &info.metadata;
    let segment = arrival.segment_size.filter(|_| wanted.segment_size);
    let mut record = [0; FIXED];
    let mut known = 0;
    let mut put = |bit, at: usize, bytes: Option<&[u8]>| {
        if let Some(bytes) = bytes {
            known |= bit;
            record[at..at + bytes.len()].copy_from_slice(bytes);
        }
    };
    put(Known::TOS, 1, arrival.traffic_class.map(|class| [class.0]).as_ref().map(<[u8; 1]>::as_slice));
    put(Known::TTL, 2, arrival.hop_limit.map(|hops| [hops]).as_ref().map(<[u8; 1]>::as_slice));
    put(Known::SEGMENT, 6, segment.map(u16::to_le_bytes).as_ref().map(<[u8; 2]>::as_slice));
    put(Known::INTERFACE, 8, arrival.interface.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice));
    put(Known::DROPPED, 12, arrival.dropped.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice));
    put(
        Known::SOFTWARE,
        16,
        arrival.software_timestamp.map(|time| nanoseconds(time).to_le_bytes()).as_ref().map(<[u8; 8]>::as_slice),
    );
    put(
        Known::HARDWARE,
        24,
        arrival.hardware_timestamp.map(|time| length(time).to_le_bytes()).as_ref().map(<[u8; 8]>::as_slice),
    );
    put(Known::TRUNCATED, 32, wanted.truncated.then_some([info.truncated.into()]).as_ref().map(<[u8; 1]>::as_slice));
    record[0] = known;
    for (at, text) in [3, 4, 5].into_iter().zip(texts) {
        record[at] = text.len() as u8; // addresses and names of interfaces are shorter than that
    }
    record
}

/// Nanoseconds since 1970.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    length(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// Nanoseconds.
pub(crate) fn length(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
