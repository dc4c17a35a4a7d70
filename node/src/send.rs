//! Batched sends: JavaScript writes the bytes one after another, and a row for each datagram
//! ([`send_row`](crate::layout::send_row)); the outcome is written back.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;

use heliogram::{Datagram, SendOptions};

use crate::ffi::Window;
use crate::layout::{send, send_memory, send_row};
use crate::outcome::{EBADF, EINVAL, number};
use crate::socket::{Group, SocketTable, WatchedSocket};

/// The columns of a row.
type Row = [i32; send_row::COLUMNS];

/// What datagrams take along, which rows name by their places from 1 on; or the number of what is wrong with it.
pub(crate) type Options = [Result<SendOptions, i32>];

/// A socket's number, and what is wrong with the options.
type Key = (i32, Option<i32>);

/// Datagrams of one socket that take nothing along, in the order of their rows.
struct PlainBatch<'a> {
    socket: Rc<WatchedSocket>,
    datagrams: Vec<Datagram<'a>>,
    /// Whether all go to one peer.
    has_one_target: bool,
}

/// What the rows speak of.
pub(crate) struct Flush<'a> {
    pub(crate) sockets: &'a SocketTable,
    pub(crate) destinations: &'a Destinations,
    pub(crate) options: &'a Options,
    pub(crate) memory: Window<'a>,
}

impl Flush<'_> {
    /// Sends the batched datagrams and empties the table. Those of one socket leave together, the sockets in the order of their
    /// first datagrams, but not if two sockets send to one destination, whose order must be that of the calls.
    pub(crate) fn run(&self) {
        let count = self.memory.cell(send_memory::COUNT).and_then(|count| usize::try_from(count).ok());
        self.memory.set_cell(send_memory::COUNT, 0);
        let end = count.unwrap_or(0).min(send_memory::ROWS);
        if let Some(batch) = self.plain_batch(end) {
            return self.send_plain(&batch);
        }
        let runs = self.neighbours(end);
        if let [(key, rows)] = runs.as_slice() {
            return self.send_run(*key, rows.clone());
        }
        let sockets = by_key(&runs);
        if sockets.len() < runs.len() && self.are_apart(&sockets) {
            sockets.into_iter().for_each(|(key, rows)| self.send_run(key, rows.into_iter()));
        } else {
            runs.into_iter().for_each(|(key, rows)| self.send_run(key, rows));
        }
    }

    /// The batch that most flushes are: of one open socket, without options. `None` for any other.
    fn plain_batch(&self, end: usize) -> Option<PlainBatch<'_>> {
        let first = if end > 0 { self.row(0)? } else { return None };
        let socket = self.sockets.get(first[send_row::SOCKET].cast_unsigned())?;
        let target = |row: &Row| (row[send_row::DESTINATION], row[send_row::PORT]);
        let (mut datagrams, mut has_one_target) = (Vec::with_capacity(end), true);
        for index in 0..end {
            let row = self.row(index)?;
            if row[send_row::SOCKET] != first[send_row::SOCKET] || row[send_row::OPTIONS] != 0 {
                return None;
            }
            has_one_target &= target(&row) == target(&first);
            datagrams.push(self.described(&row)?);
        }
        Some(PlainBatch { socket, datagrams, has_one_target })
    }

    fn send_plain(&self, batch: &PlainBatch<'_>) {
        let group = if batch.has_one_target { Group::Nothing } else { Group::Peers };
        self.send_datagrams(&batch.socket, &batch.datagrams, group, |index| index);
    }

    /// The runs of neighbours that have a key in common.
    fn neighbours(&self, end: usize) -> Vec<(Key, Range<usize>)> {
        let mut runs: Vec<(Key, Range<usize>)> = Vec::new();
        for (row, key) in (0..end).map_while(|row| Some((row, self.key(row)?))) {
            match runs.last_mut() {
                Some((last, rows)) if *last == key => rows.end = row + 1,
                _ => runs.push((key, row..row + 1)),
            }
        }
        runs
    }

    /// Whether no two sockets send to one destination.
    fn are_apart(&self, sockets: &[(Key, Vec<usize>)]) -> bool {
        let mut senders = HashMap::new();
        sockets.iter().filter(|((_, refused), _)| refused.is_none()).all(|((number, _), rows)| {
            let Some(socket) = self.sockets.get(number.cast_unsigned()) else { return true };
            let peer = OnceCell::new();
            let peer = || *peer.get_or_init(|| socket.udp.peer_addr().ok());
            let mut destinations = rows.iter().filter_map(|&row| self.destination(row, peer));
            destinations.all(|to| *senders.entry(to).or_insert(*number) == *number)
        })
    }

    /// Where a row's datagram goes.
    fn destination(&self, index: usize, peer: impl Fn() -> Option<SocketAddr>) -> Option<(IpAddr, u16)> {
        let row = self.row(index)?;
        let to = match row[send_row::DESTINATION] {
            send::PEER => peer(),
            number => self.destinations.get(number, row[send_row::PORT]),
        }?;
        Some((to.ip().to_canonical(), to.port()))
    }

    /// What rows have in common that are sent together: the socket, and nothing that is wrong with their options.
    fn key(&self, index: usize) -> Option<Key> {
        let refused = match self.cell(index, send_row::OPTIONS)? {
            0 => None,
            place => self.options_at(place).err(),
        };
        Some((self.cell(index, send_row::SOCKET)?, refused))
    }

    /// The options at a place, which is at least 1, or what is wrong with them.
    fn options_at(&self, place: i32) -> Result<&SendOptions, i32> {
        let index = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        let known = index.and_then(|index| self.options.get(index)).ok_or(EINVAL)?;
        known.as_ref().map_err(|error| *error)
    }

    /// Sends rows of one socket; one by itself needs no list.
    fn send_run(&self, (socket, refused): Key, rows: impl ExactSizeIterator<Item = usize> + Clone) {
        match (refused, self.sockets.get(socket.cast_unsigned())) {
            (None, Some(socket)) => match (rows.len(), rows.clone().next()) {
                (1, Some(row)) => self.send_rows(&socket, &[row], self.datagram(row).as_slice()),
                _ => {
                    let datagrams = rows.clone().map_while(|row| self.datagram(row)).collect::<Vec<_>>();
                    self.send_rows(&socket, &rows.collect::<Vec<_>>(), &datagrams);
                }
            },
            (refused, _) => rows.for_each(|row| self.set_outcome(row, refused.unwrap_or(EBADF))),
        }
    }

    /// Fewer datagrams than rows: one of the rows makes no sense.
    fn send_rows(&self, socket: &WatchedSocket, rows: &[usize], datagrams: &[Datagram<'_>]) {
        if datagrams.len() < rows.len() {
            return rows.iter().for_each(|&row| self.set_outcome(row, EINVAL));
        }
        self.send_datagrams(socket, datagrams, Group::Peers, |index| rows[index]);
    }

    /// Sends datagrams of one socket, and writes their outcomes; `row_of` says which row is whose.
    fn send_datagrams(
        &self,
        socket: &WatchedSocket,
        datagrams: &[Datagram<'_>],
        group: Group,
        row_of: impl Fn(usize) -> usize,
    ) {
        let status = socket.send(
            datagrams,
            group,
            |index| {
                let token = self.sockets.token();
                self.set_waiting(row_of(index), token);
                token
            },
            |index, outcome| self.set_outcome(row_of(index), number(outcome)),
        );
        if status < 0 {
            (0..datagrams.len())
                .map(row_of)
                .filter(|&row| self.outcome(row) == Some(send::WAITS))
                .for_each(|row| self.set_outcome(row, status));
        }
    }

    /// The datagram of a row.
    fn datagram(&self, index: usize) -> Option<Datagram<'_>> {
        self.described(&self.row(index)?)
    }

    /// The datagram that a row describes.
    fn described(&self, row: &Row) -> Option<Datagram<'_>> {
        let [offset, length] = [row[send_row::OFFSET], row[send_row::LENGTH]].map(usize::try_from);
        let datagram = Datagram::new(self.memory.from(send_memory::PAYLOAD).bytes(offset.ok()?, length.ok()?)?);
        let datagram = match row[send_row::OPTIONS] {
            0 => datagram,
            place => datagram.with(self.options_at(place).ok()?),
        };
        match row[send_row::DESTINATION] {
            send::PEER => Some(datagram),
            destination => Some(datagram.to(self.destinations.get(destination, row[send_row::PORT])?)),
        }
    }

    fn outcome(&self, index: usize) -> Option<i32> {
        self.cell(index, send_row::OUTCOME)
    }

    fn set_outcome(&self, index: usize, outcome: i32) {
        self.set_cell(index, send_row::OUTCOME, outcome);
    }

    fn set_waiting(&self, index: usize, token: u32) {
        self.set_outcome(index, send::WAITS);
        self.set_cell(index, send_row::OFFSET, token.cast_signed());
    }

    fn cell(&self, index: usize, column: usize) -> Option<i32> {
        self.rows().cell(index * send_row::COLUMNS + column)
    }

    fn set_cell(&self, index: usize, column: usize, number: i32) {
        self.rows().set_cell(index * send_row::COLUMNS + column, number);
    }

    fn row(&self, index: usize) -> Option<Row> {
        self.rows().row(index)
    }

    fn rows(&self) -> Window<'_> {
        self.memory.until(send_memory::PAYLOAD)
    }
}

/// How many destinations are known at a time.
const CAPACITY: usize = 1024;

/// Destinations that JavaScript has named once, without their ports: later sends say the number.
#[derive(Default)]
pub(crate) struct Destinations(Vec<SocketAddr>);

impl Destinations {
    /// The number of an address, or `None` when there is no room: the batched sends must leave first, then
    /// [`clear`](Self::clear).
    pub(crate) fn add(&mut self, address: SocketAddr) -> Option<u32> {
        (self.0.len() < CAPACITY).then(|| {
            self.0.push(address);
            (self.0.len() - 1) as u32
        })
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The destination of that number, with this port.
    pub(crate) fn get(&self, number: i32, port: i32) -> Option<SocketAddr> {
        let mut address = *self.0.get(usize::try_from(number).ok()?)?;
        address.set_port(u16::try_from(port).ok()?);
        Some(address)
    }
}

/// The rows of each key, the keys in the order of their first rows.
fn by_key(runs: &[(Key, Range<usize>)]) -> Vec<(Key, Vec<usize>)> {
    let mut groups: Vec<(Key, Vec<usize>)> = Vec::new();
    let mut places = HashMap::new();
    for (key, rows) in runs {
        let place = *places.entry(*key).or_insert_with(|| {
            groups.push((*key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.extend(rows.clone());
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use heliogram::{SocketOptions, SocketType};

    use super::*;
    use crate::socket::Receiving;

    /// A thread's sockets, of which one is bound, and a peer.
    struct Bench {
        sockets: SocketTable,
        destinations: Destinations,
        peer: UdpSocket,
        memory: Vec<u8>,
    }

    impl Bench {
        fn new() -> Self {
            let sockets = SocketTable::default();
            let number = sockets.open(None, &SocketOptions::new(SocketType::Udp4), Receiving::default()).unwrap();
            sockets.get(number).unwrap().udp.bind("127.0.0.1:0".parse().ok()).unwrap();
            let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
            peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let mut destinations = Destinations::default();
            destinations.add("127.0.0.1:0".parse().unwrap());
            Bench { sockets, destinations, peer, memory: vec![0; send_memory::BYTES] }
        }

        /// A row for each datagram, changed by `change`, and their outcomes.
        fn sent(&mut self, datagrams: &[&[u8]], change: impl Fn(usize, &mut Row)) -> Vec<i32> {
            let port = self.peer.local_addr().unwrap().port().into();
            let memory = Window::of(&mut self.memory);
            let mut used = 0;
            for (index, datagram) in datagrams.iter().enumerate() {
                memory.write(send_memory::PAYLOAD + used, datagram).unwrap();
                let mut row = [0, used as i32, datagram.len() as i32, port, 0, 0];
                change(index, &mut row);
                memory.set_row(index, row).unwrap();
                used += datagram.len();
            }
            memory.set_cell(send_memory::COUNT, datagrams.len() as i32).unwrap();
            Flush { sockets: &self.sockets, destinations: &self.destinations, options: &[], memory }.run();
            assert_eq!(memory.cell(send_memory::COUNT), Some(0));
            (0..datagrams.len()).map(|index| memory.row::<6>(index).unwrap()[send_row::OUTCOME]).collect()
        }

        fn heard(&self) -> Vec<u8> {
            let mut bytes = [0; 100];
            let length = self.peer.recv(&mut bytes).unwrap();
            bytes[..length].to_vec()
        }
    }

    #[test]
    fn each_row_has_its_outcome_and_leaves_in_order() {
        let mut bench = Bench::new();
        assert_eq!(bench.sent(&[b"one", b"", b"three"], |_, _| ()), [3, 0, 5]);
        assert_eq!([bench.heard(), bench.heard(), bench.heard()], [b"one".to_vec(), b"".to_vec(), b"three".to_vec()]);
    }

    /// Five rows of sockets in turns, of which one is the bench's other one; and how long what the peers hear is.
    fn of_sockets_in_turns(bench: &mut Bench, port_of_other: Option<u16>) -> Vec<usize> {
        let other = bench.sockets.open(None, &SocketOptions::new(SocketType::Udp4), Receiving::default()).unwrap();
        let outcomes = bench.sent(&[b"1", b"22", b"333", b"4444", b"55555"], |index, row| {
            row[send_row::SOCKET] = [0, other.cast_signed(), 77, other.cast_signed(), 0][index];
            if let Some(port) = port_of_other.filter(|_| index % 2 == 1) {
                row[send_row::PORT] = port.into();
            }
        });
        assert_eq!(outcomes, [1, 2, EBADF, 4, 5]);
        (0..if port_of_other.is_some() { 2 } else { 4 }).map(|_| bench.heard().len()).collect()
    }

    #[test]
    fn sockets_in_turns_keep_the_order_of_a_common_destination() {
        assert_eq!(of_sockets_in_turns(&mut Bench::new(), None), [1, 2, 4, 5]);
    }

    #[test]
    fn sockets_in_turns_with_destinations_of_their_own_are_joined() {
        let (mut bench, other) = (Bench::new(), UdpSocket::bind("127.0.0.1:0").unwrap());
        assert_eq!(of_sockets_in_turns(&mut bench, other.local_addr().ok().map(|address| address.port())), [1, 5]);
        assert_eq!([(); 2].map(|()| other.recv(&mut [0; 9]).unwrap()), [2, 4]);
        let batches = [0, 1].map(|number| bench.sockets.get(number).unwrap().udp.stats().batches_out);
        assert_eq!(batches, [1, 1]);
    }

    #[test]
    fn a_row_of_no_socket_fails_alone() {
        let mut bench = Bench::new();
        let outcomes = bench.sent(&[b"1", b"2", b"3"], |index, row| {
            if index == 1 {
                row[send_row::SOCKET] = 77;
            }
        });
        assert_eq!(outcomes, [1, EBADF, 1]);
    }

    #[test]
    fn rows_that_make_no_sense_send_nothing() {
        for (column, value) in [
            (send_row::OFFSET, i32::MAX),
            (send_row::OFFSET, -1),
            (send_row::LENGTH, i32::MAX),
            (send_row::LENGTH, -1),
            (send_row::PORT, 65_536),
            (send_row::DESTINATION, 9),
            (send_row::DESTINATION, -9),
            (send_row::OPTIONS, 1),
            (send_row::OPTIONS, -1),
        ] {
            assert_eq!(Bench::new().sent(&[b"x"], |_, row| row[column] = value), [EINVAL], "{column} {value}");
        }
    }

    #[test]
    fn a_count_that_is_none_and_memory_that_has_been_taken_away_send_nothing() {
        let mut bench = Bench::new();
        let (sockets, destinations) = (&bench.sockets, &bench.destinations);
        Flush { sockets, destinations, options: &[], memory: Window::of(&mut []) }.run();
        for count in [-1, i32::MIN, i32::MAX] {
            bench.memory.fill(0xff);
            let memory = Window::of(&mut bench.memory);
            memory.set_cell(send_memory::COUNT, count);
            Flush { sockets, destinations, options: &[], memory }.run();
        }
    }

    fn address(last: u16) -> SocketAddr {
        format!("10.0.{}.{}:0", last >> 8, last & 255).parse().unwrap()
    }

    #[test]
    fn a_destination_is_found_by_its_number() {
        let mut destinations = Destinations::default();
        let numbers: Vec<_> = (0..3).map(|last| destinations.add(address(last)).unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(destinations.get(1, 53), Some("10.0.0.1:53".parse().unwrap()));
    }

    #[test]
    fn what_is_no_number_or_port_finds_nothing() {
        let mut destinations = Destinations::default();
        destinations.add(address(1));
        for (number, port) in [(-1, 1), (1, 1), (i32::MIN, 1), (0, -1), (0, 65_536)] {
            assert_eq!(destinations.get(number, port), None);
        }
    }

    #[test]
    fn a_full_table_takes_none_until_it_is_cleared() {
        let mut destinations = Destinations::default();
        for last in 0..CAPACITY {
            assert!(destinations.add(address(last as u16)).is_some());
        }
        assert_eq!(destinations.add(address(0)), None);
        destinations.clear();
        assert_eq!(destinations.get(0, 1), None);
        assert_eq!(destinations.add(address(7)), Some(0));
    }
}
