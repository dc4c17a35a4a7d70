//! The decoder's invariants on any bytes: one function for the fuzz target and for the property tests.

use std::ffi::c_int;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::attribute::{Attribute, Refused};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use super::bsd as system;
use super::control::{Control, Encoder, HEADER, Messages};
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::linux as system;
use super::receive::{credentials, decode, metadata, segment_size};
use crate::types::metadata::RecvMetadataOptions;

/// Reads `control` in every way there is.
///
/// # Panics
///
/// When an invariant does not hold.
pub fn run(control: &[u8]) {
    messages_follow_each_other(control);
    let received = decode(control);
    reported_as_asked(control);
    assert_ne!(received.segment_size, Some(0), "no GRO packet has segments of nothing");
    assert_eq!(segment_size(control), received.segment_size, "the short way and the long way agree");
    if let Some(class) = received.metadata.traffic_class {
        assert_eq!((class.dscp() << 2) | class.ecn() as u8, class.0, "the two parts are the whole");
    }
}

/// Nothing is reported unasked, and losses are reported if asked.
fn reported_as_asked(control: &[u8]) {
    let nothing = metadata(control, RecvMetadataOptions::new());
    assert_eq!((nothing.software_timestamp, nothing.hardware_timestamp, nothing.dropped_packets), (None, None, None));
    assert!(metadata(control, RecvMetadataOptions::all()).dropped_packets.is_some(), "0 is a number of losses");
    credentials(control);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    assert!(
        super::receive::error_queue_entry(control, None).is_none() || decode(control).error.is_some(),
        "every entry comes from an error"
    );
}

/// Each message's data lies within the buffer, behind a header of its own, and behind the message before it.
fn messages_follow_each_other(control: &[u8]) {
    let mut messages = Messages::new(control);
    let mut end = 0;
    for message in messages.by_ref() {
        let start = message.data.as_ptr() as usize - control.as_ptr() as usize;
        assert!(start >= end + HEADER, "data at {start} overlaps what ends at {end}");
        end = start + message.data.len();
        assert!(end <= control.len(), "data ends at {end} of {}", control.len());
    }
    assert_eq!(messages.next(), None, "once ended, it stays so");
}

/// Buffers to begin with: each attribute by itself, all of them, and the messages of a receiver as the kernel lays
/// them out.
pub fn seeds() -> Vec<Vec<u8>> {
    let attributes = [
        Attribute::SegmentSize(1200),
        Attribute::Source4 { address: Ipv4Addr::LOCALHOST, interface: 1 },
        Attribute::Source6 { address: Ipv6Addr::LOCALHOST, interface: 1 },
        Attribute::Tos(0xb8),
        Attribute::TrafficClass(0x03),
        Attribute::Ttl(64),
        Attribute::HopLimit(255),
        Attribute::TransmitTime(u64::MAX),
        Attribute::Timestamp,
    ];
    let mut seeds: Vec<_> = attributes.iter().map(|&attribute| encoded(&[attribute])).collect();
    seeds.push(encoded(&attributes));
    seeds.extend(system::UNDERSTOOD.iter().map(|&message| understood(message)));
    seeds.push(seeds.concat());
    seeds
}

/// One message with data of the right size, and a value in range.
fn understood((level, kind, size): (c_int, c_int, usize)) -> Vec<u8> {
    let mut control = Control::<128>::new();
    let mut encoder = Encoder::new(&mut control);
    let mut data = [0; 64];
    data[0] = 1;
    encoder.message(level, kind, &[&data[..size]]).expect("a message of at most 64 bytes fits in 128");
    let length = encoder.len();
    control[..length].to_vec()
}

/// The attributes that this system has, as it would report them.
pub(super) fn encoded(attributes: &[Attribute]) -> Vec<u8> {
    let mut control = Control::<512>::new();
    let mut encoder = Encoder::new(&mut control);
    for &attribute in attributes {
        match system::encode(&mut encoder, attribute) {
            Ok(()) | Err(Refused::Unsupported) => {}
            Err(Refused::Full) => panic!("{attributes:?} do not fit in 512 bytes"),
        }
    }
    let length = encoder.len();
    control[..length].to_vec()
}
