//! How datagrams, and entries of the error queue, are delivered.

use super::event;
use super::socket::EventSocket;
use crate::batch::RecvBatch;
use crate::types::error_queue::ErrorQueueEntry;

impl EventSocket {
    /// Empties the error queue, which would keep the poller awake, up to the limit of a turn.
    pub(super) fn take_error_queue(&self) {
        for _ in 0..TURN {
            match self.inner.socket.try_recv_error_queue() {
                Ok(ErrorQueueEntry::Error(error)) => self.emit(event::Icmp, &error),
                Ok(ErrorQueueEntry::TransmitTimestamp(sent)) => self.emit(event::Sent, &sent),
                // EAGAIN, or a listener has closed the socket; the receive reports any other error.
                Err(_) => return,
            };
            self.inner.shared.run_ticks();
        }
    }

    pub(super) fn receive(&self, batch: &mut RecvBatch) {
        let mut left = TURN;
        while left > 0 && !self.state().is_closed() {
            match self.inner.socket.try_recv_batch(batch) {
                Ok(count) => {
                    left = left.saturating_sub(count.max(1));
                    self.deliver(batch);
                    if !batch.is_full() {
                        return;
                    }
                }
                Err(error) if error.is_would_block() => return,
                Err(error) => {
                    left -= 1;
                    self.emit(event::Error, &error);
                    self.inner.shared.run_ticks();
                }
            }
        }
    }

    fn deliver(&self, batch: &RecvBatch) {
        for message in batch.iter() {
            if self.state().is_closed() {
                return;
            }
            self.emit(event::Message, (message.data, &message.info()));
            self.inner.shared.run_ticks();
        }
    }
}

/// How many datagrams one turn of the loop takes from one socket, if there are so many, before other sockets have their turn.
const TURN: usize = 256;
