//! The rows of batched sends that JavaScript writes: whatever they say, each has an outcome, what is said to be sent has been sent
//! as it lies in memory, and nothing else is touched.

use std::net::{SocketAddr, UdpSocket};

use heliogram::{SendOptions, SocketOptions, SocketType};

use super::values::Values;
use crate::ffi::Window;
use crate::layout::{send, send_memory, send_row};
use crate::outcome::EINVAL;
use crate::send::{Destinations, Flush};
use crate::socket::{Receiving, SocketTable};

type Row = [i32; send_row::COLUMNS];

/// No other program of the machine uses this address of the loopback interface.
const HOST: &str = "127.66.77.89:0";

/// What fits the receive buffer of the peer: beyond it some may be lost.
const CERTAIN: usize = 64 * 1024;

/// Sends what the rows say that `input` describes.
///
/// # Panics
///
/// When an invariant does not hold.
pub fn run(input: &[u8]) {
    let mut values = Values::of(input);
    let (sockets, peer) = (sockets(), peer());
    let address = peer.local_addr().expect("it is bound");
    let mut memory: Vec<_> = (0..send_memory::BYTES).map(|at| (at % 251) as u8).collect();
    let length = if values.byte() < 16 { usize::try_from(values.number()).unwrap_or(0) } else { memory.len() };
    let length = length.min(memory.len());
    let rows: Vec<_> = (0..=values.byte()).map(|_| row(&mut values, address.port())).collect();
    let count = if values.byte() < 16 { values.number() } else { rows.len() as i32 };
    write(Window::of(&mut memory), &rows, count);
    let before = memory.clone();
    flush(&sockets, address, Window::of(&mut memory[..length]));
    let taken = usize::try_from(count).unwrap_or(0).min(send_memory::ROWS);
    let sent = check_outcomes(&before, &memory, length, taken);
    check_received(&peer, &sent);
}

/// A socket that is bound, one that is not, and one that is closed.
fn sockets() -> SocketTable {
    let sockets = SocketTable::default();
    let open = || sockets.open(None, &SocketOptions::new(SocketType::Udp4), Receiving::default());
    let numbers = [0, 1, 2].map(|_| open().expect("no size that could be refused"));
    let bound = sockets.get(numbers[0]).expect("it has just been opened");
    bound.udp.bind(HOST.parse().ok()).expect("the loopback interface has all of 127.0.0.0/8");
    sockets.close(numbers[2]);
    sockets
}

fn peer() -> UdpSocket {
    let peer = UdpSocket::bind(HOST).expect("the loopback interface has all of 127.0.0.0/8");
    peer.set_nonblocking(true).expect("every socket can be");
    peer
}

/// A row. Ports are the peer's or none, so that nobody else is sent anything.
fn row(values: &mut Values<'_>, port: u16) -> Row {
    let socket = values.one_of(&[0, 0, 0, 0, 1, 2, 77, -1, i32::MIN]);
    let offset = if values.byte() < 128 { i32::from(values.byte()) } else { values.number() };
    let length = if values.byte() < 128 { i32::from(values.byte() % 16) } else { values.number() };
    let port = values.one_of(&[i32::from(port), i32::from(port), i32::from(port), 0, -1, 65_536, i32::MAX]);
    let destination = values.one_of(&[0, 0, 0, 0, send::PEER, 1, -2, i32::MAX]);
    [socket, offset, length, port, destination, values.one_of(&[0, 0, 0, 1, 2, 3, -1, i32::MIN])]
}

fn write(memory: Window<'_>, rows: &[Row], count: i32) {
    let table = memory.until(send_memory::PAYLOAD);
    rows.iter().take(send_memory::ROWS).enumerate().for_each(|(index, row)| _ = table.set_row(index, *row));
    memory.set_cell(send_memory::COUNT, count).expect("the memory is whole");
}

fn flush(sockets: &SocketTable, peer: SocketAddr, memory: Window<'_>) {
    let mut destinations = Destinations::default();
    destinations.add(SocketAddr::new(peer.ip(), 0)).expect("the table is empty");
    let options = [Ok(SendOptions::new().hop_limit(9)), Err(EINVAL)];
    Flush { sockets, destinations: &destinations, options: &options, memory }.run();
}

/// Asserts that nothing but outcomes has changed; the datagrams that are said to be sent.
fn check_outcomes<'b>(before: &'b [u8], after: &[u8], length: usize, taken: usize) -> Vec<&'b [u8]> {
    let mut expected = before.to_vec();
    let (mut old, mut new) = (before.to_vec(), after.to_vec());
    let (old, new) = (Window::of(&mut old), Window::of(&mut new));
    let mut sent = Vec::new();
    let cell = Window::of(&mut expected);
    if length >= 4 * (send_memory::COUNT + 1) {
        cell.set_cell(send_memory::COUNT, 0);
        for index in (0..taken).take_while(|index| 4 * send_row::COLUMNS * (index + 1) <= length) {
            let [row, outcome] = [old, new].map(|window| window.row::<{ send_row::COLUMNS }>(index).expect("a row"));
            assert!(outcome[send_row::OUTCOME] <= row[send_row::LENGTH].max(0), "row {index}: {row:?} {outcome:?}");
            assert_ne!(outcome[send_row::OUTCOME], send::WAITS, "what nothing watches cannot wait");
            let written =
                [(send_row::OUTCOME, outcome[send_row::OUTCOME]), (send_row::OFFSET, outcome[send_row::OFFSET])];
            let mut changed = row;
            written.into_iter().for_each(|(column, value)| changed[column] = value);
            cell.set_row(index, changed);
            if let Ok(size) = usize::try_from(outcome[send_row::OUTCOME]) {
                assert_eq!(outcome[send_row::OUTCOME], row[send_row::LENGTH], "row {index}: {row:?}");
                let start = send_memory::PAYLOAD + usize::try_from(row[send_row::OFFSET]).expect("it was sent");
                sent.push(before[..length].get(start..start + size).expect("it was sent from memory that is there"));
            }
        }
    }
    assert!(expected == after, "nothing but outcomes is written");
    sent
}

/// Asserts that the peer has what was sent, in order, and nothing else.
fn check_received(peer: &UdpSocket, sent: &[&[u8]]) {
    let mut buffer = vec![0; 65_536];
    let mut rest = sent.iter();
    let mut received = 0;
    while let Ok(length) = peer.recv(&mut buffer) {
        let bytes = &buffer[..length];
        assert!(rest.any(|datagram| *datagram == bytes), "{length} bytes were not sent, or in another order");
        received += 1;
    }
    if sent.iter().map(|datagram| datagram.len()).sum::<usize>() <= CERTAIN {
        assert_eq!(received, sent.len(), "what is said to be sent has been");
    }
}
