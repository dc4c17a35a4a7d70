//! [`TokioSocket`]: sending.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use ::tokio::io::Interest;
use ::tokio::net::ToSocketAddrs;

use super::attempts::attempts;
use super::socket::{TokioSocket, look_up};
use crate::error::{Error, ErrorKind, Result};
use crate::types::datagram::Datagram;

/// Sending. Each method waits while the kernel's buffer is full (`EAGAIN`), and returns every other error at once: also `ENOBUFS` of a
/// device whose queue is full, which Linux reports with [`set_recv_errors`](crate::SocketControl::set_recv_errors) only, and of
/// whose end nothing is reported. [`send_all`](Self::send_all) has an example.
impl TokioSocket {
    /// Sends one datagram to the connected peer. Returns its length in bytes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_send`](crate::Socket::try_send) but `EAGAIN`.
    pub async fn send(&self, message: &[u8]) -> Result<usize> {
        self.readiness.when_sending(|| self.socket.try_send(message)).await
    }

    /// Sends one datagram to the first address of the socket's family that `peer` stands for. Returns its length in bytes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_send_to`](crate::Socket::try_send_to) but `EAGAIN`; `ENOTFOUND` for a name without an address
    /// of this family. An address of the other family is `EINVAL`.
    pub async fn send_to(&self, message: &[u8], peer: impl ToSocketAddrs) -> Result<usize> {
        let peer = self.choose(look_up(peer).await?)?;
        self.readiness.when_sending(|| self.socket.try_send_to(message, peer)).await
    }

    /// Sends one datagram made of these buffers to the connected peer. Returns its length in bytes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        self.readiness.when_sending(|| self.socket.try_send_vectored(buffers)).await
    }

    /// Sends one datagram made of these buffers to `peer`. Returns its length in bytes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`send_to`](Self::send_to).
    pub async fn send_to_vectored(&self, buffers: &[IoSlice<'_>], peer: SocketAddr) -> Result<usize> {
        self.readiness.when_sending(|| self.socket.try_send_to_vectored(buffers, peer)).await
    }

    /// Sends datagrams in order, as many as the kernel takes without waiting again. Returns how many: at least one unless
    /// the batch is empty. [`send_all`](Self::send_all) sends the rest too.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::try_send_batch`](crate::Socket::try_send_batch) but `EAGAIN`, about the first datagram.
    pub async fn send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        self.readiness.when_sending(|| self.socket.try_send_batch(batch)).await
    }

    /// Sends all datagrams, in order. What has been sent leaves the front of `batch`.
    ///
    /// ```
    /// use heliogram::{Datagram, TokioSocket};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), heliogram::Error> {
    /// # let socket = TokioSocket::bind("127.0.0.1:0").await?;
    /// # let peer = socket.local_addr()?;
    /// let mut batch = &[Datagram::new(b"one").to(peer), Datagram::new(b"two").to(peer)][..];
    /// socket.send_all(&mut batch).await?;
    /// assert!(batch.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the queue of the network device is full, it rests before it goes on:
    ///
    /// ```
    /// # use heliogram::{Datagram, TokioSocket};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), heliogram::Error> {
    /// # let socket = TokioSocket::bind("127.0.0.1:0").await?;
    /// # let peer = socket.local_addr()?;
    /// # let mut batch = &[Datagram::new(b"one").to(peer)][..];
    /// while let Err(error) = socket.send_all(&mut batch).await {
    ///     if error.code() != "ENOBUFS" {
    ///         return Err(error);
    ///     }
    ///     tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: whenever the future is dropped, `batch` is what has not been sent.
    ///
    /// # Errors
    ///
    /// Those of [`send_batch`](Self::send_batch), about the datagram that is the first of `batch` then.
    pub async fn send_all(&self, batch: &mut &[Datagram<'_>]) -> Result<()> {
        while !batch.is_empty() {
            *batch = &batch[self.send_batch(batch).await?..];
        }
        Ok(())
    }

    /// [`send`](Self::send) for futures written by hand; see [`poll_send_ready`](Self::poll_send_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn poll_send(&self, context: &mut Context<'_>, message: &[u8]) -> Poll<Result<usize>> {
        self.readiness.poll_when(context, Interest::WRITABLE, || self.socket.try_send(message))
    }

    /// [`send_to`](Self::send_to) for futures written by hand; see [`poll_send_ready`](Self::poll_send_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`send_to`](Self::send_to).
    pub fn poll_send_to(&self, context: &mut Context<'_>, message: &[u8], peer: SocketAddr) -> Poll<Result<usize>> {
        self.readiness.poll_when(context, Interest::WRITABLE, || self.socket.try_send_to(message, peer))
    }

    /// [`send_batch`](Self::send_batch) for futures written by hand; see [`poll_send_ready`](Self::poll_send_ready) for who is woken.
    ///
    /// # Errors
    ///
    /// Those of [`send_batch`](Self::send_batch).
    pub fn poll_send_batch(&self, context: &mut Context<'_>, batch: &[Datagram<'_>]) -> Poll<Result<usize>> {
        self.readiness.poll_when(context, Interest::WRITABLE, || self.socket.try_send_batch(batch))
    }

    /// The first address of the socket's family, else the first, whose family the socket then refuses.
    fn choose(&self, mut addresses: impl Iterator<Item = SocketAddr>) -> Result<SocketAddr> {
        let first = addresses.next().ok_or_else(|| Error::lookup("", ErrorKind::NotFound))?;
        let of_family = |address: &SocketAddr| self.socket_type().matches(address.ip());
        Ok(if of_family(&first) { first } else { addresses.find(of_family).unwrap_or(first) })
    }
}

attempts! { Interest::WRITABLE, "writable" {
    fn try_send(&self, message: &[u8]) -> Result<usize>;
    fn try_send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize>;
    fn try_send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize>;
    fn try_send_to_vectored(&self, buffers: &[IoSlice<'_>], peer: SocketAddr) -> Result<usize>;
    fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize>;
} }
