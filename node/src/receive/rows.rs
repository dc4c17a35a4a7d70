//! What has been received, written where JavaScript reads it: the bytes one after another, and for each message a row
//! `[offset, length, port, family, sender, offset of the extras, length of the text]`. The extras are the sender's text and
//! a record of what the kernel told (`arrival.rs`), where there are such.
//!
//! The bytes lie in the slab, behind the room for extras; or in a page, where messages may share memory. A train is received
//! straight into the page, and copied nowhere. A sender's address crosses as text once; later messages name the number under
//! which JavaScript keeps the text.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use heliogram::{Message, RecvBatch, RemoteInfo};

use super::record::{self as arrival, Wanted};
use crate::ffi::{Page, Slab};
use crate::outcome::error_number;

/// The columns of a row.
const ROW: usize = 7;

/// What is added to the family, 4 or 6, if a record of what the kernel told follows the text.
const TOLD: i32 = 8;

/// The room for extras at the start of the slab: enough for a turn's.
const EXTRAS: usize = 8_192;

/// How many senders are known at a time; past that all are forgotten, and named again as they come.
const SENDERS: usize = 4096;

/// Senders whose text JavaScript has. Number 0 is for those that have to be named each time.
pub(crate) struct Seen {
    numbers: HashMap<IpAddr, u32>,
    /// The last one that was asked about: most datagrams come from where the one before came from.
    last: (IpAddr, u32),
}

impl Default for Seen {
    fn default() -> Self {
        Seen { numbers: HashMap::new(), last: (Ipv4Addr::UNSPECIFIED.into(), 0) }
    }
}

impl Seen {
    /// The number of a sender, and whether its text must be told.
    fn number(&mut self, sender: &SocketAddr) -> (u32, bool) {
        if matches!(sender, SocketAddr::V6(addr) if addr.scope_id() != 0) {
            return (0, true); // the interface's name belongs to the text, and may change
        }
        if self.last.1 != 0 && self.last.0 == sender.ip() {
            return (self.last.1, false);
        }
        let (number, untold) = self.look_up(sender.ip());
        self.last = (sender.ip(), number);
        (number, untold)
    }

    fn look_up(&mut self, ip: IpAddr) -> (u32, bool) {
        if let Some(&number) = self.numbers.get(&ip) {
            return (number, false);
        }
        if self.numbers.len() == SENDERS {
            self.numbers.clear();
        }
        let number = self.numbers.len() as u32 + 1;
        self.numbers.insert(ip, number);
        (number, true)
    }

    /// JavaScript has not read all that it was told.
    pub(crate) fn forget(&mut self) {
        *self = Seen::default();
    }
}

/// What a socket has received and not delivered; of several messages, the first `done` have been. It changes hands several
/// times for each delivery: what is large is in a box.
pub(crate) enum Received {
    /// Messages in a batch's own memory.
    Messages { batch: Box<RecvBatch>, done: usize },
    /// Those of one message of the kernel, which lies in a page.
    Train { page: Rc<Page>, start: usize, info: Box<RemoteInfo>, done: usize },
    /// The number of an error.
    Failed(i32),
}

impl From<heliogram::Result<Box<RecvBatch>>> for Received {
    fn from(outcome: heliogram::Result<Box<RecvBatch>>) -> Self {
        match outcome {
            Ok(batch) => Received::Messages { batch, done: 0 },
            Err(error) => Received::Failed(error_number(&error)),
        }
    }
}

impl Received {
    /// Writes what is not delivered yet, at most `most` messages and no more than there is room for; says how many. Those
    /// that lie nowhere yet go to `page`, or to the slab.
    pub(crate) fn pack(&self, slab: Slab<'_>, page: Option<&Page>, most: usize, extras: Extras<'_>) -> usize {
        let (room, own) = slab.bytes.split_at_mut(EXTRAS.min(slab.bytes.len()));
        let mut writer = Writer { table: slab.table, rows: 0, most, room, used: 0, extras };
        match self {
            Received::Messages { batch, done } => {
                let trains = batch.gro_packets_from(*done);
                match page {
                    Some(page) => page.hand_out(page.write(|free, start| writer.copy(trains, free, start))),
                    None => _ = writer.copy(trains, own, EXTRAS),
                }
            }
            Received::Train { start, info, done, .. } => {
                info.datagrams().skip(*done).try_for_each(|place| writer.row(start + place.start, place.len(), info));
            }
            Received::Failed(error) => _ = writer.push([0, *error, 0, 0, 0, 0, 0]),
        }
        writer.rows
    }

    /// The length of the message that is next.
    pub(crate) fn next_length(&self) -> usize {
        match self {
            Received::Messages { batch, done } => batch
                .gro_packets_from(*done)
                .next()
                .and_then(|train| train.rinfo.datagrams().next())
                .map_or(0, |place| place.len()),
            _ => 0,
        }
    }

    /// Takes note of what has been delivered; whether anything is left.
    pub(crate) fn advance(&mut self, delivered: usize) -> bool {
        match self {
            Received::Messages { batch, done } => {
                *done += delivered;
                *done < batch.len()
            }
            Received::Train { info, done, .. } => {
                *done += delivered;
                info.datagrams().nth(*done).is_some()
            }
            Received::Failed(_) => delivered == 0,
        }
    }
}

/// What goes along with messages: their senders, and what the kernel told of each if the socket `tells`.
pub(crate) struct Extras<'a> {
    pub(crate) seen: &'a mut Seen,
    pub(crate) tells: Option<Wanted>,
}

/// Writes rows, and extras behind one another.
struct Writer<'a> {
    table: &'a mut [i32],
    rows: usize,
    most: usize,
    room: &'a mut [u8],
    used: usize,
    extras: Extras<'a>,
}

impl Writer<'_> {
    /// Copies messages one behind the other, and describes them; how many bytes they take. `start` is what JavaScript calls
    /// the beginning of `memory`.
    fn copy<'m>(&mut self, mut trains: impl Iterator<Item = Message<'m>>, memory: &mut [u8], start: usize) -> usize {
        let mut end = 0;
        trains.try_for_each(|Message { data, rinfo: info, .. }| {
            let free = &mut memory[end..];
            let mut taken = 0;
            let all = info.datagrams().take_while(|place| place.end <= free.len()).try_for_each(|place| {
                self.row(start + end + place.start, place.len(), &info)?;
                taken = place.end;
                Some(())
            });
            free[..taken].copy_from_slice(&data[..taken]);
            end += taken;
            all.filter(|()| taken == data.len())
        });
        end
    }

    /// Describes a message; nothing if there is no room for that.
    fn row(&mut self, offset: usize, length: usize, info: &RemoteInfo) -> Option<()> {
        if self.rows == self.most {
            return None;
        }
        let start = self.used;
        let (sender, untold) = self.extras.seen.number(&info.addr);
        if untold && self.text(&info.address()).is_none() {
            return self.give_up(start);
        }
        let text = self.used - start;
        let family = if info.addr.is_ipv4() { 4 } else { 6 };
        let wanted = self.extras.tells;
        if wanted.is_some_and(|wanted| self.told(info, wanted).is_none()) {
            return self.give_up(start);
        }
        let told = if wanted.is_some() { TOLD } else { 0 };
        let columns = [offset, length, info.port().into(), family, sender as usize, start, text];
        let mut columns = columns.map(|column| column as i32);
        columns[3] |= told;
        self.push(columns)
    }

    fn push(&mut self, columns: [i32; ROW]) -> Option<()> {
        let (rows, _) = self.table.as_chunks_mut::<ROW>();
        *rows.get_mut(self.rows)? = columns;
        self.rows += 1;
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        let end = self.used + text.len();
        self.room.get_mut(self.used..end)?.copy_from_slice(text.as_bytes());
        self.used = end;
        Some(())
    }

    fn told(&mut self, info: &RemoteInfo, wanted: Wanted) -> Option<()> {
        self.used = arrival::pack(info, wanted, self.room, self.used)?;
        Some(())
    }

    /// A message whose extras do not fit waits, and its sender has not been told.
    fn give_up(&mut self, start: usize) -> Option<()> {
        self.used = start;
        self.extras.seen.forget();
        None
    }
}
