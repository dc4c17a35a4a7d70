//! The receive metadata of a datagram as a record ([`metadata`](crate::layout::metadata)) with three texts behind it: the
//! destination, the local address, the name of the interface.

use std::net::IpAddr;

use heliogram::RecvInfo;

use crate::ffi::Window;
use crate::layout::{metadata, metadata_bit};
use crate::outcome::{nanoseconds, since_epoch};

/// Which of the fields that are known without asking the kernel are reported.
#[derive(Clone, Copy)]
pub(crate) struct Reported {
    pub(crate) segment_size: bool,
    pub(crate) truncated: bool,
}

/// Writes a record; where it ends, or nothing if it does not fit.
pub(crate) fn write(info: &RecvInfo, reported: Reported, to: Window<'_>, start: usize) -> Option<usize> {
    let ip = |ip: Option<IpAddr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    let known = &info.metadata;
    let texts = [ip(known.destination), ip(known.local_ip), known.interface_name().unwrap_or_default()];
    to.write(start, &fields(info, reported, &texts))?;
    let mut end = start + metadata::TEXTS;
    for text in texts {
        to.write(end, text.as_bytes())?;
        end += text.len();
    }
    Some(end)
}

type Fields = [u8; metadata::TEXTS];

fn fields(info: &RecvInfo, reported: Reported, texts: &[String; 3]) -> Fields {
    let known = &info.metadata;
    let mut fields = [0; metadata::TEXTS];
    let mut put = Put(&mut fields);
    put.field(metadata_bit::TOS, metadata::TOS, known.traffic_class.map(|class| [class.0]));
    put.field(metadata_bit::TTL, metadata::TTL, known.hop_limit.map(|hops| [hops]));
    let segment_size = info.segment_size.filter(|_| reported.segment_size);
    put.field(metadata_bit::SEGMENT_SIZE, metadata::SEGMENT_SIZE, segment_size.map(u16::to_le_bytes));
    put.field(metadata_bit::INTERFACE_INDEX, metadata::INTERFACE_INDEX, known.interface.map(u32::to_le_bytes));
    put.field(metadata_bit::DROPPED, metadata::DROPPED, known.dropped_packets.map(u32::to_le_bytes));
    let software = known.software_timestamp.map(since_epoch);
    put.field(metadata_bit::TIMESTAMP, metadata::TIMESTAMP, software.map(u64::to_le_bytes));
    let hardware = known.hardware_timestamp.map(nanoseconds);
    put.field(metadata_bit::HARDWARE_TIMESTAMP, metadata::HARDWARE_TIMESTAMP, hardware.map(u64::to_le_bytes));
    let truncated = reported.truncated.then_some([info.truncated.into()]);
    put.field(metadata_bit::TRUNCATED, metadata::TRUNCATED, truncated);
    let lengths = [metadata::DESTINATION_LENGTH, metadata::LOCAL_ADDRESS_LENGTH, metadata::INTERFACE_LENGTH];
    for (at, text) in lengths.into_iter().zip(texts) {
        fields[at] = text.len() as u8; // addresses and names of interfaces are shorter than that
    }
    fields
}

struct Put<'a>(&'a mut Fields);

impl Put<'_> {
    fn field<const N: usize>(&mut self, bit: u8, at: usize, bytes: Option<[u8; N]>) {
        if let Some(bytes) = bytes {
            self.0[metadata::KNOWN] |= bit;
            self.0[at..at + N].copy_from_slice(&bytes);
        }
    }
}
