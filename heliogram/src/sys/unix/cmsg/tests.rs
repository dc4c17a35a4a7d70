//! The layout by itself: against `libc`'s macros, on broken buffers, and with any attributes and any bytes.

use proptest::prelude::*;

use super::attribute::*;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use super::bsd as system;
use super::control::*;
use super::fuzzing::{encoded, run, seeds};
#[cfg(target_os = "linux")]
use super::linux as system;
use super::receive::*;
use super::received::Received;
use super::send::*;
use crate::types::metadata::{Ecn, TrafficClass};
use std::ffi::c_int;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One attribute of each kind.
fn every_kind() -> [Attribute; 9] {
    [
        Attribute::SegmentSize(1472),
        Attribute::Source4 { address: Ipv4Addr::new(192, 0, 2, 7), interface: 3 },
        Attribute::Source6 { address: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7), interface: u32::MAX },
        Attribute::Tos(0xb9),
        Attribute::TrafficClass(0xff),
        Attribute::Ttl(1),
        Attribute::HopLimit(255),
        Attribute::TransmitTime(u64::MAX - 1),
        Attribute::Timestamp,
    ]
}

/// What the C macros find in a buffer.
fn by_libc(control: &mut [u8]) -> Vec<(c_int, c_int, Vec<u8>)> {
    // SAFETY: zeros are a valid msghdr: integers, and pointers that may be null.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = control.len() as _;
    let mut found = Vec::new();
    // SAFETY: the message's control pointer and length are those of a live slice.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&message) };
    while !next.is_null() {
        // SAFETY: the macros return headers within the control buffer, which our encoder has filled consistently and
        // whose alignment `by_libc`'s caller has seen to; the data is as long as the header says, less CMSG_LEN(0).
        unsafe {
            let length = (*next).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
            let data = std::slice::from_raw_parts(libc::CMSG_DATA(next), length);
            found.push(((*next).cmsg_level, (*next).cmsg_type, data.to_vec()));
            next = libc::CMSG_NXTHDR(&message, next);
        }
    }
    found
}

fn by_us(control: &[u8]) -> Vec<(c_int, c_int, Vec<u8>)> {
    Messages::new(control).map(|message| (message.level, message.kind, message.data.to_vec())).collect()
}

#[test]
fn the_c_macros_read_what_we_write() {
    let mut control = Control::<512>::new();
    let bytes = encoded(&every_kind());
    control[..bytes.len()].copy_from_slice(&bytes);
    let found = by_libc(&mut control[..bytes.len()]);
    assert_eq!(found, by_us(&bytes));
    assert!(found.len() >= 5, "every system has at least five of the attributes: {found:?}");
}

#[test]
fn space_is_the_c_macros_space() {
    for data in 0..100 {
        // SAFETY: the macro is plain arithmetic.
        let wanted = unsafe { libc::CMSG_SPACE(data) };
        assert_eq!(space(data as usize), wanted as usize, "{data} bytes of data");
    }
}

#[test]
fn a_full_buffer_refuses_and_stays_as_it_was() {
    let mut control = Control::<{ PACKET_INFO_SPACE }>::new();
    let mut encoder = Encoder::new(&mut control);
    let source = Attribute::Source6 { address: Ipv6Addr::LOCALHOST, interface: 1 };
    assert_eq!(system::encode(&mut encoder, source), Ok(()));
    let length = encoder.len();
    assert_eq!(system::encode(&mut encoder, Attribute::TrafficClass(1)), Err(Refused::Full));
    assert_eq!(encoder.len(), length);
    assert_eq!(by_us(&control[..length]).len(), 1);
}

#[test]
fn each_attribute_fits_in_the_room_for_any() {
    for attribute in every_kind() {
        let length = encoded(&[attribute]).len();
        assert!(length <= PACKET_INFO_SPACE, "{attribute:?} takes {length}");
    }
}

/// What a message without data says of its length.
const BARE: Length = HEADER as Length;

/// A header that says `length`, and `data` after it.
fn message(length: Length, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..LEVEL].copy_from_slice(&length.to_ne_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn broken_lengths_end_the_messages() {
    for length in [0, 1, BARE - 1, BARE + 5, Length::MAX / 2 + 1, Length::MAX] {
        assert_eq!(by_us(&message(length, &[7; 4])), [], "a length of {length}, with {} bytes", HEADER + 4);
    }
    for cut in 0..HEADER {
        assert_eq!(by_us(&message(BARE, &[])[..cut]), [], "{cut} bytes of a header");
    }
}

#[test]
fn the_last_message_may_end_with_the_buffer() {
    let found = by_us(&message(BARE + 3, &[1, 2, 3]));
    assert_eq!(found, [(0, 0, vec![1, 2, 3])]);
    assert_eq!(by_us(&message(BARE, &[])), [(0, 0, vec![])]);
}

#[test]
fn data_cut_short_is_left_out() {
    for bytes in seeds() {
        for cut in 0..bytes.len() {
            run(&bytes[..cut]);
        }
    }
    for &(level, kind, _) in system::UNDERSTOOD {
        let mut control = Control::<64>::new();
        let mut encoder = Encoder::new(&mut control);
        encoder.message(level, kind, &[]).unwrap();
        let length = encoder.len();
        assert_eq!(decode(&control[..length]), Received::default(), "level {level}, type {kind}, without data");
    }
}

#[test]
fn every_seed_survives_every_change_of_a_byte() {
    for mut bytes in seeds() {
        run(&bytes);
        for index in 0..bytes.len().min(256) {
            let byte = bytes[index];
            for change in [0x00, 0x01, 0x0f, 0x7f, 0x80, 0xff] {
                bytes[index] = change;
                run(&bytes);
            }
            bytes[index] = byte;
        }
    }
}

#[test]
fn nobody_answers_from_a_groups_address() {
    for (text, ours) in [("ff02::1", false), ("::ffff:239.1.1.1", false), ("2001:db8::1", true)] {
        let address: Ipv6Addr = text.parse().unwrap();
        // The destination that is received has the layout of the source that is sent.
        let received = decode(&encoded(&[Attribute::Source6 { address, interface: 2 }]));
        assert_eq!((received.metadata.destination, received.metadata.interface), (Some(address.into()), Some(2)));
        assert_eq!(received.metadata.local_ip, ours.then_some(address.into()), "{text}");
    }
}

#[test]
fn the_names_of_rfc_3168() {
    let ecn = |byte| TrafficClass(byte).ecn();
    assert_eq!([0b00, 0b01, 0b10, 0b11].map(ecn), [Ecn::NotEct, Ecn::Ect1, Ecn::Ect0, Ecn::Ce]);
    assert_eq!((TrafficClass(0xb9).dscp(), TrafficClass(0xb9).ecn()), (46, Ecn::Ect1));
}

fn any_attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        any::<u16>().prop_map(Attribute::SegmentSize),
        any::<([u8; 4], u32)>().prop_map(|(ip, interface)| Attribute::Source4 { address: ip.into(), interface }),
        any::<([u8; 16], u32)>().prop_map(|(ip, interface)| Attribute::Source6 { address: ip.into(), interface }),
        any::<u8>().prop_map(Attribute::Tos),
        any::<u8>().prop_map(Attribute::TrafficClass),
        any::<u8>().prop_map(Attribute::Ttl),
        any::<u8>().prop_map(Attribute::HopLimit),
        any::<u64>().prop_map(Attribute::TransmitTime),
        Just(Attribute::Timestamp),
    ]
}

/// Messages of kinds that are understood, with any data, and with any length in one header of eight.
fn any_messages() -> impl Strategy<Value = Vec<u8>> {
    let kind = proptest::sample::select(system::UNDERSTOOD);
    let length = proptest::option::weighted(0.125, any::<Length>());
    let one = (kind, proptest::collection::vec(any::<u8>(), 0..64), length);
    proptest::collection::vec(one, 0..6).prop_map(|messages| {
        let mut bytes = Vec::new();
        for ((level, kind, _), data, length) in messages {
            let start = bytes.len();
            bytes.extend(message(length.unwrap_or(BARE + data.len() as Length), &data));
            bytes[start + LEVEL..][..4].copy_from_slice(&level.to_ne_bytes());
            bytes[start + KIND..][..4].copy_from_slice(&kind.to_ne_bytes());
            bytes.resize(start + space(data.len()), 0);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        run(&bytes);
    }

    #[test]
    fn any_messages_are_read_without_harm(bytes in any_messages(), cut in any::<prop::sample::Index>()) {
        run(&bytes);
        run(&bytes[..cut.index(bytes.len() + 1)]);
    }

    #[test]
    fn what_is_encoded_is_what_is_found(attributes in proptest::collection::vec(any_attribute(), 0..10)) {
        let bytes = encoded(&attributes);
        let possible = attributes.into_iter().filter(|&attribute| !encoded(&[attribute]).is_empty());
        let found: Vec<_> = Messages::new(&bytes).map(|message| system::attribute(message).unwrap()).collect();
        prop_assert_eq!(found, possible.collect::<Vec<_>>());
    }
}
