//! [`Segments`]: GRO packets for those who receive one datagram at a time.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::batch::{Message, RecvBatch, RecvInfo};
use crate::error::Result;
use crate::socket::Socket;

/// The GRO packet whose datagrams are given out one by one. Its memory is made when a socket with GRO first receives so.
#[derive(Default)]
pub(super) struct Segments(Mutex<Option<Packet>>);

struct Packet {
    batch: RecvBatch,
    /// The next datagram to give out.
    next: usize,
}

impl Segments {
    /// Receives the next datagram into `buffer`.
    pub(super) fn recv(&self, socket: &Socket, buffer: &mut [u8]) -> Result<RecvInfo> {
        self.with(|packet| {
            let info = packet.first(socket)?.copy_to(buffer);
            packet.next += 1;
            Ok(info)
        })
    }

    /// Receives the next datagram into `buffer` and leaves it for the next receive.
    pub(super) fn peek(&self, socket: &Socket, buffer: &mut [u8]) -> Result<RecvInfo> {
        self.with(|packet| packet.first(socket).map(|message| message.copy_to(buffer)))
    }

    /// Whether datagrams of a packet are left.
    pub(super) fn has_left(&self) -> bool {
        let packet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        packet.as_ref().is_some_and(|packet| packet.next < packet.batch.len())
    }

    fn with<R>(&self, call: impl FnOnce(&mut Packet) -> R) -> R {
        // A panic leaves the packet whole.
        let mut packet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        call(packet.get_or_insert_with(|| Packet { batch: RecvBatch::for_gro(1), next: 0 }))
    }
}

impl Packet {
    /// The next datagram; receives a packet if none is left.
    fn first(&mut self, socket: &Socket) -> Result<Message<'_>> {
        // A block list may turn a whole packet away.
        while self.next >= self.batch.len() {
            self.next = 0;
            socket.try_recv_batch(&mut self.batch)?;
        }
        Ok(self.batch.datagram(self.next))
    }
}

impl Message<'_> {
    /// Copies what fits.
    fn copy_to(self, buffer: &mut [u8]) -> RecvInfo {
        let size = self.data.len().min(buffer.len());
        buffer[..size].copy_from_slice(&self.data[..size]);
        let mut info = self.info();
        info.rinfo.size = size;
        info.rinfo.truncated |= size < self.data.len();
        info
    }
}

impl fmt::Debug for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segments").finish_non_exhaustive()
    }
}
