//! [`TokioMessages`]: a socket's datagrams as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::readiness::{READABLE, Waiter};
use super::socket::TokioSocket;
use crate::batch::{RecvBatch, RemoteInfo};
use crate::error::{ErrorKind, Result};

/// The datagrams of a socket, as [`TokioSocket::messages`] gives them. The bytes of those that were received together share one
/// allocation, which is freed with the last of them.
#[must_use = "a stream does nothing unless it is polled"]
pub struct TokioMessages<'a> {
    socket: &'a TokioSocket,
    batch: RecvBatch,
    arrived: VecDeque<(Bytes, RemoteInfo)>,
    waiter: Waiter,
}

impl<'a> TokioMessages<'a> {
    pub(super) fn new(socket: &'a TokioSocket) -> Self {
        TokioMessages { socket, batch: RecvBatch::for_gro(8), arrived: VecDeque::new(), waiter: Waiter::default() }
    }

    fn poll_batch(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            ready!(self.waiter.poll(&self.socket.readiness, context, READABLE))?;
            match self.socket.try_recv_batch(&mut self.batch) {
                Err(error) if error.is_would_block() => {}
                outcome => return Poll::Ready(outcome.map(drop)),
            }
        }
    }

    /// Copies what has been received into memory that the messages share.
    fn share(&mut self) {
        let mut bytes = BytesMut::with_capacity(self.batch.bytes());
        self.batch.iter().for_each(|message| bytes.extend_from_slice(message.data));
        let mut rest = bytes.freeze();
        self.arrived.extend(self.batch.iter().map(|message| (rest.split_to(message.data.len()), message.rinfo)));
    }
}

impl Stream for TokioMessages<'_> {
    type Item = Result<(Bytes, RemoteInfo)>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.arrived.pop_front() {
                return Poll::Ready(Some(Ok(message)));
            }
            match ready!(self.poll_batch(context)) {
                Ok(()) => self.share(),
                Err(error) if error.reason() == ErrorKind::NotRunning => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl fmt::Debug for TokioMessages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioMessages").field("socket", self.socket).field("arrived", &self.arrived.len()).finish()
    }
}
