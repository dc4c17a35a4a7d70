//! A received batch, written where JavaScript reads it: the bytes one after another, and for each message a row
//! `[offset, length, port, family, address, text length]`.
//!
//! A sender's address crosses as text once; later messages name the number under which JavaScript keeps the text.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use heliogram::{Message, RecvBatch};

use crate::reactor::Slab;

/// The columns of a row.
const ROW: usize = 6;

/// How many senders are known at a time; past that all are forgotten, and named again as they come.
const SENDERS: usize = 4096;

/// Senders whose text JavaScript has. Number 0 is for those that have to be named each time.
#[derive(Default)]
pub(crate) struct Seen(HashMap<IpAddr, u32>);

impl Seen {
    /// The number of a sender, and whether its text must be told.
    fn number(&mut self, sender: &SocketAddr) -> (u32, bool) {
        if matches!(sender, SocketAddr::V6(addr) if addr.scope_id() != 0) {
            return (0, true); // the interface's name belongs to the text, and may change
        }
        if let Some(&number) = self.0.get(&sender.ip()) {
            return (number, false);
        }
        if self.0.len() == SENDERS {
            self.0.clear();
        }
        let number = self.0.len() as u32 + 1;
        self.0.insert(sender.ip(), number);
        (number, true)
    }
}

/// Writes a batch; says how many messages fitted, which is all of them for the slab that JavaScript makes.
pub(crate) fn pack(batch: &RecvBatch, slab: Slab<'_>, seen: &mut Seen) -> usize {
    let mut end = 0;
    let rows = slab.table.chunks_exact_mut(ROW);
    let packed = batch.iter().zip(rows).map_while(|(message, row)| {
        end = pack_one(&message, slab.bytes, end, row, seen)?;
        Some(())
    });
    packed.count()
}

fn pack_one(message: &Message<'_>, bytes: &mut [u8], start: usize, row: &mut [i32], seen: &mut Seen) -> Option<usize> {
    let (number, untold) = seen.number(&message.info.addr);
    let text = if untold { message.info.address() } else { String::new() };
    let middle = start + message.data.len();
    let end = middle + text.len();
    bytes.get_mut(start..middle)?.copy_from_slice(message.data);
    bytes.get_mut(middle..end)?.copy_from_slice(text.as_bytes());
    let family = if message.info.addr.is_ipv4() { 4 } else { 6 };
    let length = message.data.len();
    let columns = [start, length, message.info.port().into(), family, number as usize, text.len()];
    row.iter_mut().zip(columns).for_each(|(cell, value)| *cell = value as i32);
    Some(end)
}

/// Writes the one row of a receive that failed: a negative number for a length.
pub(crate) fn pack_error(slab: Slab<'_>, error: i32) -> usize {
    match slab.table.get_mut(..ROW) {
        Some(row) => {
            row.copy_from_slice(&[0, error, 0, 0, 0, 0]);
            1
        }
        None => 0,
    }
}
