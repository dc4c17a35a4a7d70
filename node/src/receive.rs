//! What has been received, written where JavaScript reads it: the bytes one after another, and for each message a row
//! `[offset, length, port, family, address, text length]`.
//!
//! A sender's address crosses as text once; later messages name the number under which JavaScript keeps the text.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use heliogram::{Message, RecvBatch};

use crate::arrival;
use crate::numbers::error_number;
use crate::reactor::Slab;

/// The columns of a row.
const ROW: usize = 6;

/// The column of the family, 4 or 6; and what is added to it if a record of what the kernel told follows.
const FAMILY: usize = 3;
const TOLD: i32 = 8;

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

/// What a socket has received and not delivered.
pub(crate) enum Received {
    /// Messages, of which the first `done` have been delivered.
    Messages { batch: RecvBatch, done: usize },
    /// The number of an error.
    Failed(i32),
}

impl From<heliogram::Result<RecvBatch>> for Received {
    fn from(outcome: heliogram::Result<RecvBatch>) -> Self {
        match outcome {
            Ok(batch) => Received::Messages { batch, done: 0 },
            Err(error) => Received::Failed(error_number(&error)),
        }
    }
}

impl Received {
    /// Writes what is not delivered yet, at most `most` messages and no more than there is room for; says how many.
    /// With `tells`, what the kernel told of each stands behind it.
    pub(crate) fn pack(&self, slab: Slab<'_>, seen: &mut Seen, most: usize, tells: bool) -> usize {
        let mut end = 0;
        let mut rows = slab.table.chunks_exact_mut(ROW);
        match self {
            Received::Messages { batch, done } => {
                let rows = rows.take(most);
                let packed = batch.iter().skip(*done).zip(rows).map_while(|(message, row)| {
                    end = pack_one(&message, slab.bytes, end, row, seen)?;
                    if tells {
                        end = pack_told(&message, slab.bytes, end, row, seen)?;
                    }
                    Some(())
                });
                packed.count()
            }
            Received::Failed(error) => rows.next().map_or(0, |row| {
                row.copy_from_slice(&[0, *error, 0, 0, 0, 0]);
                1
            }),
        }
    }

    /// Takes note of what has been delivered; whether anything is left.
    pub(crate) fn advance(&mut self, delivered: usize) -> bool {
        match self {
            Received::Messages { batch, done } => {
                *done += delivered;
                *done < batch.len()
            }
            Received::Failed(_) => delivered == 0,
        }
    }
}

/// Writes a message behind the others; where it ends, or nothing if it does not fit.
fn pack_one(message: &Message<'_>, bytes: &mut [u8], start: usize, row: &mut [i32], seen: &mut Seen) -> Option<usize> {
    let middle = start + message.data.len();
    bytes.get_mut(start..middle)?.copy_from_slice(message.data);
    let (number, untold) = seen.number(&message.info.addr);
    let end = if untold { pack_text(&message.info.address(), bytes, middle, seen)? } else { middle };
    let family = if message.info.addr.is_ipv4() { 4 } else { 6 };
    let columns = [start, message.data.len(), message.info.port().into(), family, number as usize, end - middle];
    row.iter_mut().zip(columns).for_each(|(cell, value)| *cell = value as i32);
    Some(end)
}

/// Writes what the kernel told of a message, and marks its row. Where it does not fit, the message does not either, nor has
/// its sender been told.
fn pack_told(message: &Message<'_>, bytes: &mut [u8], start: usize, row: &mut [i32], seen: &mut Seen) -> Option<usize> {
    let end = arrival::pack(&message.info.arrival, bytes, start);
    match end {
        Some(_) => row[FAMILY] |= TOLD,
        None => seen.forget(),
    }
    end
}

/// Writes a sender's text. Where it does not fit, it has not been told.
fn pack_text(text: &str, bytes: &mut [u8], start: usize, seen: &mut Seen) -> Option<usize> {
    match bytes.get_mut(start..start + text.len()) {
        Some(room) => {
            room.copy_from_slice(text.as_bytes());
            Some(start + text.len())
        }
        None => {
            seen.forget();
            None
        }
    }
}
