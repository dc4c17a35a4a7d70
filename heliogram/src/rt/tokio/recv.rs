//! [`TokioSocket`]: receiving and peeking.

use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use ::tokio::io::{Interest, ReadBuf};

use super::attempts::attempts;
use super::messages::TokioMessages;
use super::readiness::READABLE;
use super::socket::TokioSocket;
use crate::batch::{RecvBatch, RecvInfo};
use crate::error::{Error, Result};
use crate::sys;
use crate::types::error_queue::ErrorQueueEntry;

/// Receiving.
///
/// On a socket with [`gro`](crate::SocketOptions::gro) the methods for one datagram take GRO packets apart: the datagrams of
/// one packet come from them one after the other, while the methods for many go on with the next packet.
impl TokioSocket {
    /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit `buffer` are lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv(&self, buffer: &mut [u8]) -> Result<usize> {
        self.receiving(|| self.length(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes and its sender; as [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        self.receiving(|| self.one(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length, its sender and its receive metadata; as
    /// [`Socket::try_recv_msg`](crate::Socket::try_recv_msg).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub async fn recv_msg(&self, buffer: &mut [u8]) -> Result<RecvInfo> {
        self.receiving(|| self.one_msg(buffer)).await
    }

    /// Receives what there is, at least one datagram, as far as `batch` has room. Returns how many.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv_batch`](crate::Socket::try_recv_batch) but `EAGAIN`.
    pub async fn recv_batch(&self, batch: &mut RecvBatch) -> Result<usize> {
        let attempt = |readiness: sys::Readiness<'_>| match self.socket.try_recv_batch(batch) {
            Err(error) if error.is_would_block() => {
                readiness.clear();
                None
            }
            Err(error) => Some(Err(error)),
            Ok(count) => {
                if !batch.is_full() {
                    readiness.clear_readable();
                }
                // A block list may have turned all of them away.
                (count > 0).then_some(Ok(count))
            }
        };
        self.readiness.when_ready(READABLE, attempt).await
    }

    /// Receives what there is, at least one message of the kernel, into the caller's buffers. Returns how many buffers were
    /// used; as [`Socket::try_recv_many`](crate::Socket::try_recv_many).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv_many`](crate::Socket::try_recv_many) but `EAGAIN`.
    pub async fn recv_many(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo]) -> Result<usize> {
        self.readiness.when(READABLE, || self.recv_some(buffers, infos)).await
    }

    /// Takes the next entry out of the error queue: what became of a datagram that was sent earlier. For
    /// [`set_recv_errors`](crate::SocketControl::set_recv_errors) and
    /// [`set_transmit_timestamps`](crate::SocketControl::set_transmit_timestamps).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has taken nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_recv_error_queue`](crate::Socket::try_recv_error_queue) but `EAGAIN`.
    pub async fn recv_error_queue(&self) -> Result<ErrorQueueEntry> {
        // Asked first: a receive that found nothing may have cleared the report of an entry.
        match self.socket.try_recv_error_queue() {
            Err(error) if error.is_would_block() => {
                self.readiness.when(Interest::ERROR, || self.socket.try_recv_error_queue()).await
            }
            outcome => outcome,
        }
    }

    /// The datagrams as a stream. It ends when the socket is closed; an error is an item like another, and the stream goes on
    /// after it. Datagrams that the stream has read and not yet given out are lost with it.
    pub fn messages(&self) -> TokioMessages<'_> {
        TokioMessages::new(self)
    }

    /// [`recv`](Self::recv) for futures written by hand, which fills `buffer`; see
    /// [`poll_recv_ready`](Self::poll_recv_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub fn poll_recv(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        self.poll_recv_from(context, buffer).map_ok(drop)
    }

    /// [`recv_from`](Self::recv_from) for futures written by hand, which fills `buffer` and answers with the sender; see
    /// [`poll_recv_ready`](Self::poll_recv_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub fn poll_recv_from(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<SocketAddr>> {
        self.poll_fill(context, buffer, |free| self.one(free))
    }

    /// [`recv_many`](Self::recv_many) for futures written by hand; see [`poll_recv_ready`](Self::poll_recv_ready) for who is
    /// woken.
    ///
    /// # Errors
    ///
    /// Those of [`recv_many`](Self::recv_many).
    pub fn poll_recv_many(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        infos: &mut [RecvInfo],
    ) -> Poll<Result<usize>> {
        self.readiness.poll_when(context, READABLE, || self.recv_some(buffers, infos))
    }

    /// As `try_recv_many`, but a block list that turns all datagrams away is nothing to return for.
    fn recv_some(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo]) -> Result<usize> {
        let nothing_to_fill = buffers.is_empty() || infos.is_empty();
        loop {
            match self.socket.try_recv_many(buffers, infos)? {
                0 if !nothing_to_fill => {}
                count => return Ok(count),
            }
        }
    }

    fn poll_fill(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        mut call: impl FnMut(&mut [u8]) -> Result<(usize, SocketAddr)>,
    ) -> Poll<Result<SocketAddr>> {
        let free = buffer.initialize_unfilled();
        self.poll_receiving(context, || call(free)).map_ok(|(length, addr)| {
            buffer.advance(length);
            addr
        })
    }
}

/// One datagram at a time, of a socket with GRO too.
impl TokioSocket {
    /// Calls when there may be something to receive, again and again until the call need not wait.
    pub(super) async fn receiving<R>(&self, mut call: impl FnMut() -> Result<R>) -> Result<R> {
        match self.receive_left(&mut call) {
            Some(outcome) => outcome,
            None => self.readiness.when_receiving(call).await,
        }
    }

    fn poll_receiving<R>(&self, context: &mut Context<'_>, mut call: impl FnMut() -> Result<R>) -> Poll<Result<R>> {
        match self.receive_left(&mut call) {
            Some(outcome) => Poll::Ready(outcome),
            None => self.readiness.poll_when(context, READABLE, call),
        }
    }

    /// Calls if datagrams of a GRO packet are left, unless another task takes the last.
    fn receive_left<R>(&self, call: impl FnOnce() -> Result<R>) -> Option<Result<R>> {
        let outcome = self.has_packet().then(call)?;
        Some(outcome).filter(|outcome| !outcome.as_ref().is_err_and(Error::is_would_block))
    }

    /// Whether datagrams of a GRO packet are left, which the kernel knows nothing of: it may report nothing to receive.
    pub(super) fn has_packet(&self) -> bool {
        self.gro() && !self.is_closed() && self.segments.has_left()
    }

    #[inline]
    pub(super) fn one(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        if self.gro() {
            return self.one_msg(buffer).map(|info| (info.size, info.addr));
        }
        self.socket.try_recv_from(buffer)
    }

    #[inline]
    fn length(&self, buffer: &mut [u8]) -> Result<usize> {
        if self.gro() {
            return self.one_msg(buffer).map(|info| info.size);
        }
        self.socket.try_recv(buffer)
    }

    fn one_msg(&self, buffer: &mut [u8]) -> Result<RecvInfo> {
        if self.gro() { self.segments.recv(&self.socket, buffer) } else { self.socket.try_recv_msg(buffer) }
    }

    fn peek_one(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        if self.gro() {
            return self.segments.peek(&self.socket, buffer).map(|info| (info.size, info.addr));
        }
        self.socket.try_peek_from(buffer)
    }

    fn peek_sender_now(&self) -> Result<SocketAddr> {
        if self.gro() { self.peek_one(&mut []).map(|(_, addr)| addr) } else { self.socket.try_peek_sender() }
    }
}

/// Peeking: the datagram stays in the queue.
impl TokioSocket {
    /// Receives one datagram into `buffer` and leaves it in the queue. Returns its length in bytes, as far as `buffer` has room.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing leaves the queue.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_peek_from`](crate::Socket::try_peek_from) but `EAGAIN`.
    pub async fn peek(&self, buffer: &mut [u8]) -> Result<usize> {
        self.receiving(|| self.peek_one(buffer)).await.map(|(length, _)| length)
    }

    /// As [`peek`](Self::peek), with the sender.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing leaves the queue.
    ///
    /// # Errors
    ///
    /// Those of [`peek`](Self::peek).
    pub async fn peek_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        self.receiving(|| self.peek_one(buffer)).await
    }

    /// Says who has sent the next datagram.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing leaves the queue.
    ///
    /// # Errors
    ///
    /// Those of [`peek`](Self::peek).
    pub async fn peek_sender(&self) -> Result<SocketAddr> {
        self.receiving(|| self.peek_sender_now()).await
    }

    /// [`peek`](Self::peek) for futures written by hand, which fills `buffer`; see
    /// [`poll_recv_ready`](Self::poll_recv_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`peek`](Self::peek).
    pub fn poll_peek(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        self.poll_peek_from(context, buffer).map_ok(drop)
    }

    /// [`peek_from`](Self::peek_from) for futures written by hand, which fills `buffer`; see
    /// [`poll_recv_ready`](Self::poll_recv_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`peek`](Self::peek).
    pub fn poll_peek_from(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<SocketAddr>> {
        self.poll_fill(context, buffer, |free| self.peek_one(free))
    }

    /// [`peek_sender`](Self::peek_sender) for futures written by hand; see [`poll_recv_ready`](Self::poll_recv_ready) for
    /// who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`peek`](Self::peek).
    pub fn poll_peek_sender(&self, context: &mut Context<'_>) -> Poll<Result<SocketAddr>> {
        self.poll_receiving(context, || self.peek_sender_now())
    }
}

attempts! { READABLE, "readable" {
    fn try_recv(&self, buffer: &mut [u8]) -> Result<usize> = |socket| socket.length(buffer);
    fn try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> = |socket| socket.one(buffer);
    fn try_recv_msg(&self, buffer: &mut [u8]) -> Result<RecvInfo> = |socket| socket.one_msg(buffer);
    fn try_peek(&self, buffer: &mut [u8]) -> Result<usize> = |socket| socket.peek_one(buffer).map(|(length, _)| length);
    fn try_peek_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> = |socket| socket.peek_one(buffer);
    fn try_peek_sender(&self) -> Result<SocketAddr> = |socket| socket.peek_sender_now();
    fn try_recv_gro(&self, buffer: &mut [u8]) -> Result<RecvInfo>;
    fn try_recv_batch(&self, batch: &mut RecvBatch) -> Result<usize>;
    fn try_recv_many(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo]) -> Result<usize>;
} }

attempts! { Interest::ERROR, "readable" {
    fn try_recv_error_queue(&self) -> Result<ErrorQueueEntry>;
} }
