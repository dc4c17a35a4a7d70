//! Received messages, written where JavaScript reads them: the bytes one behind the other, and a row for each
//! ([`recv_row`](crate::layout::recv_row)), with a record of receive metadata if the socket reports it.
//!
//! The bytes lie in the memory of received batches; or in a page, where messages may share memory. A GRO packet is received
//! straight into the page, and copied nowhere. A sender's address crosses as numbers; JavaScript keeps the texts, and asks for
//! one that it does not have ([`write_address`]).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::rc::Rc;

use heliogram::{Message, RecvBatch, RecvInfo, RemoteInfo, addr};

use super::record::{self, Reported};
use crate::ffi::Window;
use crate::layout::{recv_flag, recv_memory, recv_row};
use crate::outcome::error_number;
use crate::policy::pages::Page;

/// The columns of a row.
type Row = [i32; recv_row::COLUMNS];

/// What a socket has received and not delivered; of several messages, the first `done` have been. It changes hands several
/// times for each delivery: what is large is in a box.
pub(crate) enum Received {
    /// Messages in a batch's own memory.
    Batch { batch: Box<RecvBatch>, done: usize },
    /// Those of one GRO packet, which lies in a page.
    GroPacket { page: Rc<Page>, start: usize, info: Box<RecvInfo>, done: usize },
    /// The number of an error.
    Error(i32),
}

impl From<heliogram::Result<Box<RecvBatch>>> for Received {
    fn from(outcome: heliogram::Result<Box<RecvBatch>>) -> Self {
        match outcome {
            Ok(batch) => Received::Batch { batch, done: 0 },
            Err(error) => Received::Error(error_number(&error)),
        }
    }
}

impl Received {
    /// Writes what is not delivered yet to JavaScript's memory, at most `most` messages and no more than there is room for; how
    /// many it wrote. Messages of a batch go to `page` if there is one, which has its `free` part.
    pub(crate) fn write(
        &self,
        memory: Window<'_>,
        page: Option<(&Page, Window<'_>)>,
        most: usize,
        reported: Option<Reported>,
    ) -> usize {
        let end_of_metadata = recv_memory::METADATA;
        let mut writer = Writer { memory, rows: 0, most, reported, end_of_metadata, sender: None };
        match self {
            Received::Batch { batch, done } => {
                let packets = batch.gro_packets_from(*done);
                match page {
                    Some((page, free)) => page.hand_out(writer.copy(packets, free, page.used())),
                    None => _ = writer.copy(packets, memory.from(recv_memory::PAYLOAD), recv_memory::PAYLOAD),
                }
            }
            Received::GroPacket { start, info, done, .. } => {
                let mut row = writer.first_row(info);
                let mut places = info.datagrams().skip(*done);
                _ = places.try_for_each(|place| writer.row(&mut row, start + place.start, place.len(), Some(info)));
            }
            Received::Error(error) => _ = writer.push(error_row(*error)),
        }
        writer.rows
    }

    /// The length of the message that is next.
    pub(crate) fn next_length(&self) -> usize {
        match self {
            Received::Batch { batch, done } => {
                let next = batch.gro_packets_from(*done).next();
                next.and_then(|packet| packet.rinfo.datagrams().next()).map_or(0, |place| place.len())
            }
            _ => 0,
        }
    }

    /// Takes note of what has been delivered; whether anything is left.
    pub(crate) fn advance(&mut self, delivered: usize) -> bool {
        match self {
            Received::Batch { batch, done } => {
                *done += delivered;
                *done < batch.len()
            }
            Received::GroPacket { info, done, .. } => {
                *done += delivered;
                info.datagrams().nth(*done).is_some()
            }
            Received::Error(_) => delivered == 0,
        }
    }
}

/// Writes the text of the sender's address of a row to its place; its length, or nothing if there is no such row.
pub(crate) fn write_address(memory: Window<'_>, index: usize) -> Option<usize> {
    let row: Row = memory.until(recv_memory::TEXT).row(index)?;
    let text = addr::text(&sender(&row));
    memory.until(recv_memory::METADATA).write(recv_memory::TEXT, text.as_bytes())?;
    Some(text.len())
}

/// The columns of a sender's address, and of its zone.
fn columns(sender: &SocketAddr) -> [i32; 5] {
    let columns = match sender {
        SocketAddr::V4(sender) => [0, 0, 0, u32::from(*sender.ip()), 0],
        SocketAddr::V6(sender) => {
            let words = u128::from(*sender.ip());
            let [a, b, c, d] = [96, 64, 32, 0].map(|shift| (words >> shift) as u32);
            [a, b, c, d, sender.scope_id()]
        }
    };
    columns.map(u32::cast_signed)
}

fn sender(row: &Row) -> SocketAddr {
    let words = [0, 1, 2, 3].map(|word| row[recv_row::ADDRESS + word].cast_unsigned());
    if row[recv_row::FLAGS] & recv_flag::IPV6 == 0 {
        return (Ipv4Addr::from(words[3]), 0).into();
    }
    let ip = words.iter().fold(0, |ip, &word| ip << 32 | u128::from(word));
    SocketAddrV6::new(Ipv6Addr::from(ip), 0, 0, row[recv_row::SCOPE].cast_unsigned()).into()
}

fn error_row(error: i32) -> Row {
    let mut row = [0; recv_row::COLUMNS];
    row[recv_row::LENGTH] = error;
    row
}

/// Writes rows and records behind one another.
struct Writer<'m> {
    memory: Window<'m>,
    rows: usize,
    most: usize,
    reported: Option<Reported>,
    end_of_metadata: usize,
    /// The sender of the packet before, and the row that has its address.
    sender: Option<(SocketAddr, usize)>,
}

impl Writer<'_> {
    /// Copies messages one behind the other, and describes them; how many bytes they take. `start` is what JavaScript calls the
    /// beginning of `to`.
    fn copy<'m>(&mut self, mut packets: impl Iterator<Item = Message<'m>>, to: Window<'_>, start: usize) -> usize {
        let mut end = 0;
        packets.try_for_each(|packet| {
            let Message { data, rinfo, .. } = packet;
            let info = self.reported.map(|_| packet.info());
            let mut row = self.first_row(&rinfo);
            let mut taken = 0;
            let free = to.len() - end;
            let all = rinfo.datagrams().take_while(|place| place.end <= free).try_for_each(|place| {
                self.row(&mut row, start + end + place.start, place.len(), info.as_ref())?;
                taken = place.end;
                Some(())
            });
            to.write(end, &data[..taken])?;
            end += taken;
            all.filter(|()| taken == data.len())
        });
        end
    }

    /// A row with the columns that the datagrams of a packet have in common.
    fn first_row(&mut self, rinfo: &RemoteInfo) -> Row {
        let row = match self.sender {
            Some((known, row)) if known == rinfo.addr => row,
            _ => self.rows,
        };
        self.sender = Some((rinfo.addr, row));
        let flags = if rinfo.addr.is_ipv4() { 0 } else { recv_flag::IPV6 };
        let [a, b, c, d, scope] = columns(&rinfo.addr);
        [0, 0, rinfo.port().into(), flags, a, b, c, d, scope, 0, row as i32]
    }

    /// Describes a message by the row of its packet; nothing if there is no room for that.
    fn row(&mut self, row: &mut Row, offset: usize, length: usize, info: Option<&RecvInfo>) -> Option<()> {
        if self.rows == self.most {
            return None;
        }
        if let (Some(reported), Some(info)) = (self.reported, info) {
            let start = self.end_of_metadata;
            row[recv_row::FLAGS] |= recv_flag::METADATA;
            row[recv_row::METADATA] = start as i32;
            self.end_of_metadata = record::write(info, reported, self.memory.until(recv_memory::PAYLOAD), start)?;
        }
        let at = self.rows * recv_row::COLUMNS;
        self.push(*row)?;
        // Not by way of the row: the processor would have to finish the two stores before it can copy the row.
        self.memory.set_cell(at + recv_row::OFFSET, offset as i32)?;
        self.memory.set_cell(at + recv_row::LENGTH, length as i32)
    }

    fn push(&mut self, row: Row) -> Option<()> {
        self.memory.until(recv_memory::TEXT).set_row(self.rows, row)?;
        self.rows += 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Vec<u8> {
        vec![0; recv_memory::BYTES]
    }

    /// A socket that has been sent these, and a batch of them.
    fn received(messages: &[&[u8]]) -> Received {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = heliogram::Socket::new(&heliogram::SocketOptions::new(heliogram::SocketType::Udp4)).unwrap();
        socket.bind("127.0.0.1:0".parse().ok()).unwrap();
        drop(receiver);
        for message in messages {
            sender.send_to(message, socket.local_addr().unwrap()).unwrap();
        }
        let mut batch = Box::new(RecvBatch::for_gro(16));
        assert_eq!(socket.try_recv_batch(&mut batch).unwrap(), messages.len());
        Received::from(Ok(batch))
    }

    fn row(memory: &mut [u8], index: usize) -> Row {
        Window::of(memory).row(index).unwrap()
    }

    #[test]
    fn messages_lie_behind_one_another() {
        let mut memory = memory();
        let received = received(&[b"one", b"", b"three"]);
        assert_eq!(received.write(Window::of(&mut memory), None, 8, None), 3);
        let rows = [0, 1, 2].map(|index| row(&mut memory, index));
        let places = rows.map(|row| (row[recv_row::OFFSET] as usize - recv_memory::PAYLOAD, row[recv_row::LENGTH]));
        assert_eq!(places, [(0, 3), (3, 0), (3, 5)]);
        assert_eq!(&memory[recv_memory::PAYLOAD..][..8], b"onethree");
        assert!(rows.iter().all(|row| row[recv_row::FLAGS] == 0 && row[recv_row::SENDER] == 0));
        assert_eq!(sender(&rows[0]).ip(), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn a_row_names_the_row_that_has_its_sender() {
        let mut memory = memory();
        let mut writer = Writer {
            memory: Window::of(&mut memory),
            rows: 0,
            most: 9,
            reported: None,
            end_of_metadata: recv_memory::METADATA,
            sender: None,
        };
        let senders = ["127.0.0.1:1", "127.0.0.1:1", "127.0.0.2:1", "127.0.0.2:1", "[fe80::1%7]:1", "127.0.0.1:1"];
        let mut rinfo = RemoteInfo::default();
        for addr in senders {
            rinfo.addr = addr.parse().unwrap();
            let mut row = writer.first_row(&rinfo);
            writer.row(&mut row, 0, 0, None).unwrap();
        }
        let rows: Vec<_> = (0..6).map(|index| row(&mut memory, index)).collect();
        assert_eq!(rows.iter().map(|row| row[recv_row::SENDER]).collect::<Vec<_>>(), [0, 0, 2, 2, 4, 5]);
        let of = |index: usize| sender(&rows[rows[index][recv_row::SENDER] as usize]).ip().to_string();
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(of),
            ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "fe80::1", "127.0.0.1"]
        );
    }

    #[test]
    fn what_is_delivered_is_not_written_again() {
        let mut memory = memory();
        let mut received = received(&[b"1", b"22", b"333"]);
        assert_eq!(received.write(Window::of(&mut memory), None, 2, None), 2);
        assert!(received.advance(2));
        assert_eq!(received.next_length(), 3);
        assert_eq!(received.write(Window::of(&mut memory), None, 2, None), 1);
        assert_eq!(row(&mut memory, 0)[recv_row::LENGTH], 3);
        assert!(!received.advance(1));
    }

    #[test]
    fn memory_that_has_been_taken_away_takes_no_messages() {
        assert_eq!(received(&[b"1"]).write(Window::of(&mut []), None, 8, None), 0);
    }

    #[test]
    fn a_message_whose_metadata_does_not_fit_waits() {
        let mut memory = memory();
        let received = received(&[b"1".as_slice(); 16]);
        let reported = Some(Reported { segment_size: true, truncated: true });
        let written = received.write(Window::of(&mut memory[..recv_memory::METADATA + 100]), None, 16, reported);
        assert_eq!(written, 0, "there is no room for bytes");
        assert_eq!(received.write(Window::of(&mut memory), None, 16, reported), 16);
        let last = row(&mut memory, 15);
        assert_eq!(last[recv_row::FLAGS], recv_flag::METADATA);
        assert!((last[recv_row::METADATA] as usize) < recv_memory::PAYLOAD);
    }

    #[test]
    fn an_error_is_a_message_of_negative_length() {
        let mut memory = memory();
        let mut failed = Received::Error(-111);
        assert_eq!(failed.write(Window::of(&mut memory), None, 8, None), 1);
        assert_eq!(row(&mut memory, 0)[recv_row::LENGTH], -111);
        assert!(failed.advance(0) && !failed.advance(1));
    }

    #[test]
    fn addresses_cross_as_numbers_and_come_back_as_text() {
        for text in ["0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::ffff:192.0.2.1", "2001:db8::ff00:42:8329"] {
            let mut memory = memory();
            let sender = addr::parse(text, 53).unwrap();
            let [a, b, c, d, scope] = columns(&sender);
            let flags = if sender.is_ipv4() { 0 } else { recv_flag::IPV6 };
            Window::of(&mut memory).set_row(3, [0, 0, 53, flags, a, b, c, d, scope, 0, 3]).unwrap();
            let length = write_address(Window::of(&mut memory), 3).unwrap();
            assert_eq!(&memory[recv_memory::TEXT..][..length], text.as_bytes());
        }
        assert_eq!(write_address(Window::of(&mut memory()), recv_memory::ROWS + 1), None);
    }
}
