//! [`TokioSocket`]: its readiness, and calls of the program's own.

use std::io;
use std::task::{Context, Poll};

use ::tokio::io::{Interest, Ready};

use super::readiness::READABLE;
use super::socket::TokioSocket;
use crate::error::Result;

/// Readiness.
///
/// The socket is reported ready until a call would have blocked, or a receive has emptied the queue; so a report can be
/// out of date, and the call that follows it answers `EAGAIN` and clears it.
impl TokioSocket {
    /// Waits until the socket is ready for one of these; says for which.
    ///
    /// ```
    /// use heliogram::TokioSocket;
    /// use tokio::io::Interest;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), heliogram::Error> {
    /// let socket = TokioSocket::bind("127.0.0.1:0").await?;
    /// let ready = socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(ready.is_writable());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting changes nothing.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if the socket is closed, now or meanwhile; the system's if the runtime is shut down.
    pub async fn ready(&self, interest: Interest) -> Result<Ready> {
        if interest.is_readable() && self.has_packet() {
            return Ok(Ready::READABLE);
        }
        self.readiness.ready(interest).await
    }

    /// Waits until there is a datagram, or an error of the network, to receive.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`ready`](Self::ready).
    pub async fn readable(&self) -> Result<()> {
        self.ready(READABLE).await.map(drop)
    }

    /// Waits until the kernel has room for a datagram.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`ready`](Self::ready).
    pub async fn writable(&self) -> Result<()> {
        self.readiness.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`readable`](Self::readable) for futures written by hand. Of all tasks that poll this socket for receiving, by this
    /// or by another `poll` method, only the last is woken.
    ///
    /// # Errors
    ///
    /// Those of [`ready`](Self::ready).
    pub fn poll_recv_ready(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.has_packet() { Poll::Ready(Ok(())) } else { self.readiness.poll_ready(context, READABLE) }
    }

    /// [`writable`](Self::writable) for futures written by hand. Of all tasks that poll this socket for sending, by this or
    /// by another `poll` method, only the last is woken.
    ///
    /// # Errors
    ///
    /// Those of [`ready`](Self::ready).
    pub fn poll_send_ready(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.readiness.poll_ready(context, Interest::WRITABLE)
    }

    /// Makes a call of the program's own on the descriptor if the socket is reported ready. An error of the kind
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) clears the report.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the socket is not reported ready; those of the call.
    pub fn try_io<R>(&self, interest: Interest, call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.readiness.try_io(interest, call)
    }

    /// Makes a call of the program's own on the descriptor, when the socket is ready, until it does not answer
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Cancel safety
    ///
    /// As far as the call is: a dropped future has made it only with that answer.
    ///
    /// # Errors
    ///
    /// Those of [`ready`](Self::ready) and of the call.
    pub async fn async_io<R>(&self, interest: Interest, mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        let attempt = |readiness: crate::sys::Readiness<'_>| match call() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                readiness.clear();
                None
            }
            outcome => Some(Ok(outcome)),
        };
        self.readiness.when_ready(interest, attempt).await?
    }
}
