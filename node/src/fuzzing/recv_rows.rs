//! Received messages as JavaScript reads them: rows, bytes and records say what was received, whatever of it fits the memory.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use heliogram::{
    Datagram, RecvBatch, RecvInfo, RecvMetadata, RecvMetadataOptions, RemoteInfo, Socket, SocketOptions, SocketType,
    TrafficClass, addr,
};

use super::values::Values;
use crate::ffi::Window;
use crate::layout::{metadata, metadata_bit, recv_flag, recv_memory, recv_row};
use crate::receive::record::{self, Reported};
use crate::receive::rows::{Received, write_address};

type Row = [i32; recv_row::COLUMNS];

/// No other program of the machine uses this address of the loopback interface.
const HOST: &str = "127.66.77.90:0";

/// Receives and reads what `input` describes.
///
/// # Panics
///
/// When an invariant does not hold.
pub fn run(input: &[u8]) {
    let mut values = Values::of(input);
    match values.byte() % 3 {
        0 => a_record(&mut values),
        1 => an_address(&mut values),
        _ => messages(&mut values),
    }
}

/// Any record is read as it was written, or does not fit.
fn a_record(values: &mut Values<'_>) {
    let reported = Reported { segment_size: values.byte() & 1 != 0, truncated: values.byte() & 1 != 0 };
    let (info, start) = (recv_info(values), usize::from(u16::from_le_bytes(values.bytes())));
    let mut memory = vec![0; usize::from(u16::from_le_bytes(values.bytes()))];
    let Some(end) = record::write(&info, reported, Window::of(&mut memory), start) else { return };
    assert!(memory[..start].iter().chain(&memory[end..]).all(|&byte| byte == 0), "nothing but the record is written");
    read_record(&memory[start..end], &info, reported);
}

fn recv_info(values: &mut Values<'_>) -> RecvInfo {
    let mut rinfo = RemoteInfo::default();
    let known = values.byte();
    let has = |bit: u8| known & 1 << bit != 0;
    let mut metadata = RecvMetadata::default();
    metadata.destination = has(0).then(|| ip(values));
    metadata.local_ip = has(1).then(|| ip(values));
    metadata.interface = has(2).then(|| u32::from_le_bytes(values.bytes()) % 3);
    metadata.traffic_class = has(3).then(|| TrafficClass(values.byte()));
    metadata.hop_limit = has(4).then(|| values.byte());
    metadata.software_timestamp = has(5)
        .then(|| SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(u64::from_le_bytes(values.bytes()) >> 1)))
        .flatten();
    metadata.dropped_packets = has(6).then(|| u32::from_le_bytes(values.bytes()));
    rinfo.segment_size = has(7).then(|| u16::from_le_bytes(values.bytes()));
    metadata.hardware_timestamp =
        (values.byte() & 1 != 0).then(|| Duration::from_nanos(u64::from_le_bytes(values.bytes())));
    rinfo.truncated = values.byte() & 1 != 0;
    let mut info = RecvInfo::from(rinfo);
    info.metadata = metadata;
    info
}

fn ip(values: &mut Values<'_>) -> IpAddr {
    match values.byte() & 1 {
        0 => values.bytes::<4>().into(),
        _ => values.bytes::<16>().into(),
    }
}

/// Reads a record as `node/lib/bridge/recv-metadata.js` does.
fn read_record(record: &[u8], info: &RecvInfo, reported: Reported) {
    let (known, written) = (&info.metadata, record[metadata::KNOWN]);
    let has = |bit: u8| written & bit != 0;
    let number =
        |at: usize, bytes: usize| record[at..at + bytes].iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    let read = |bit, at, bytes| has(bit).then(|| number(at, bytes));
    assert_eq!(read(metadata_bit::TOS, metadata::TOS, 1), known.traffic_class.map(|class| class.0.into()));
    assert_eq!(read(metadata_bit::TTL, metadata::TTL, 1), known.hop_limit.map(u64::from));
    let segment_size = info.segment_size.filter(|_| reported.segment_size);
    assert_eq!(read(metadata_bit::SEGMENT_SIZE, metadata::SEGMENT_SIZE, 2), segment_size.map(u64::from));
    assert_eq!(read(metadata_bit::INTERFACE_INDEX, metadata::INTERFACE_INDEX, 4), known.interface.map(u64::from));
    assert_eq!(read(metadata_bit::DROPPED, metadata::DROPPED, 4), known.dropped_packets.map(u64::from));
    let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    assert_eq!(read(metadata_bit::TIMESTAMP, metadata::TIMESTAMP, 8), known.software_timestamp.map(since));
    let hardware = known.hardware_timestamp.map(|time| time.as_nanos() as u64);
    assert_eq!(read(metadata_bit::HARDWARE_TIMESTAMP, metadata::HARDWARE_TIMESTAMP, 8), hardware);
    let truncated = reported.truncated.then_some(info.truncated.into());
    assert_eq!(read(metadata_bit::TRUNCATED, metadata::TRUNCATED, 1), truncated);
    let mut texts = &record[metadata::TEXTS..];
    let lengths = [metadata::DESTINATION_LENGTH, metadata::LOCAL_ADDRESS_LENGTH, metadata::INTERFACE_LENGTH];
    let ip = |ip: Option<IpAddr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    let expected = [ip(known.destination), ip(known.local_ip), known.interface_name().unwrap_or_default()];
    for (at, expected) in lengths.into_iter().zip(expected) {
        let (text, rest) = texts.split_at(record[at].into());
        assert_eq!(text, expected.as_bytes());
        texts = rest;
    }
    assert!(texts.is_empty(), "the record ends with its texts");
}

/// The text of any row's address is one that can be read again, or there is no such row.
fn an_address(values: &mut Values<'_>) {
    let mut memory = vec![0; recv_memory::BYTES];
    let row: Row = std::array::from_fn(|_| i32::from_le_bytes(values.bytes()));
    let index = usize::from(values.byte());
    let length = if values.byte() < 64 { usize::from(u16::from_le_bytes(values.bytes())) } else { memory.len() };
    let written = Window::of(&mut memory).until(recv_memory::TEXT).set_row(index, row);
    let text = write_address(Window::of(&mut memory[..length]), index);
    let Some(text) = text.map(|text| &memory[recv_memory::TEXT..recv_memory::TEXT + text]) else { return };
    assert!(written.is_some(), "row {index} is there");
    let text = std::str::from_utf8(text).expect("an address is ASCII, and so are names of interfaces here");
    let read = addr::parse(text, 9).expect("what is written can be read").ip();
    let words = [0, 1, 2, 3].map(|word| row[recv_row::ADDRESS + word].cast_unsigned());
    match row[recv_row::FLAGS] & recv_flag::IPV6 {
        0 => assert_eq!(read, IpAddr::from(words[3].to_be_bytes())),
        _ => assert_eq!(read, Ipv6Addr::from(words.iter().fold(0, |ip, &word| ip << 32 | u128::from(word)))),
    }
}

/// Messages that are received in a batch and delivered in parts.
fn messages(values: &mut Values<'_>) {
    let receiver = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(values.byte() & 1 != 0))
        .expect("no size that could be refused");
    receiver.bind(HOST.parse().ok()).expect("the loopback interface has all of 127.0.0.0/8");
    let has_metadata = values.byte() & 1 != 0;
    if has_metadata {
        _ = receiver.set_recv_metadata(RecvMetadataOptions::new().packet_info(true).hop_limit(true));
    }
    let sent = send(&receiver, values);
    let mut batch = Box::new(RecvBatch::for_gro(16));
    if receiver.try_recv_batch(&mut batch).is_err() {
        return assert!(sent.is_empty(), "what was sent is there");
    }
    let reported = has_metadata.then_some(Reported { segment_size: true, truncated: true });
    let mut rest = sent.iter().take(batch.len());
    let mut received = Received::from(Ok(batch));
    // A memory that is too small for what is next delivers nothing, however often it is asked.
    for _ in 0..64 {
        let mut memory = vec![0; recv_memory::BYTES];
        let cut = if values.byte() < 64 { recv_memory::PAYLOAD + usize::from(values.byte()) } else { memory.len() };
        let most = usize::from(values.byte() % 70);
        let count = received.write(Window::of(&mut memory[..cut]), None, most, reported);
        assert!(count <= most.min(recv_memory::ROWS));
        for index in 0..count {
            let row: Row = Window::of(&mut memory).row(index).expect("a row");
            let place = row[recv_row::OFFSET] as usize..(row[recv_row::OFFSET] + row[recv_row::LENGTH]) as usize;
            assert!(place.start >= recv_memory::PAYLOAD && place.end <= cut);
            assert_eq!(memory.get(place), rest.next().map(Vec::as_slice), "row {index}");
            assert_eq!(row[recv_row::FLAGS] & recv_flag::METADATA != 0, has_metadata);
        }
        if !received.advance(count) {
            return assert!(rest.next().is_none(), "all has been delivered");
        }
        assert!(rest.len() > 0);
    }
}

/// Sends some datagrams to the receiver; neighbours of one length leave as one GSO batch.
fn send(receiver: &Socket, values: &mut Values<'_>) -> Vec<Vec<u8>> {
    let to = receiver.local_addr().expect("it is bound");
    let lengths = (0..values.byte() % 40).map(|_| values.one_of(&[0, 1, 7, 7, 7, 100, 100, 1400]));
    let sent: Vec<_> = lengths.enumerate().map(|(number, length)| vec![number as u8; length]).collect();
    let batch: Vec<_> = sent.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
    let sender = Socket::new(&SocketOptions::new(SocketType::Udp4)).expect("no size that could be refused");
    let count =
        if batch.is_empty() { 0 } else { sender.try_send_batch(&batch).expect("the loopback interface takes it") };
    assert_eq!(count, batch.len());
    sent
}
