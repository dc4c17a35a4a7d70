//! [`TokioSocket`].

use std::fmt;
use std::future::Future;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::ops::Deref;

use ::tokio::io::Interest;
use ::tokio::net::ToSocketAddrs;

use super::messages::TokioMessages;
use super::readiness::{READABLE, Readiness};
use crate::addr::RemoteInfo;
use crate::batch::RecvBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::rt::delegate::delegate;
use crate::socket::SocketControl;
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::datagram::Datagram;
use crate::types::error_queue::ErrorQueueEntry;
use crate::types::family::SocketType;

/// A bound socket that waits by `.await`.
///
/// All options and what else never waits is [`heliogram::Socket`](crate::Socket)'s, to which it dereferences. Sends and
/// receives may go on at the same time, from any task.
pub struct TokioSocket {
    readiness: Readiness,
    socket: crate::Socket,
}

impl TokioSocket {
    /// Makes a socket and binds it to the first address of its family that `local` stands for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no socket stays behind.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind); `ENOTFOUND` for a name without an address of this family.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub async fn bind(options: &SocketOptions, local: impl ToSocketAddrs) -> Result<Self> {
        let socket = crate::Socket::new(options)?;
        socket.bind(Some(look_up(local, options.socket_type()).await?))?;
        TokioSocket::from_socket(socket)
    }

    /// Takes a socket that is bound, by a bind, an adopted descriptor or a membership, into the runtime.
    ///
    /// # Errors
    ///
    /// `EBADF` if it has no descriptor yet, `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed, `ENOSPC` or `ENOMEM` if the
    /// system cannot watch more descriptors.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub fn from_socket(socket: crate::Socket) -> Result<Self> {
        socket.local_addr()?;
        let registration = sys::Registration::new(socket.shared_descriptor()?);
        let readiness = Readiness::new(registration.map_err(|error| Error::system("register", &error))?);
        Ok(TokioSocket { readiness, socket })
    }

    /// Makes the first address of the socket's family that `remote` stands for its only peer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is connected only once the future is ready.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`](crate::Socket::connect); `ENOTFOUND` for a name without an address of this family.
    pub async fn connect(&self, remote: impl ToSocketAddrs) -> Result<()> {
        let remote = look_up(remote, self.socket_type()).await?;
        self.socket.connect(remote)
    }

    /// Sends one datagram to the connected peer; says how many bytes it has. Waits while the kernel's buffer is full.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](crate::Socket::try_send) but `EAGAIN`.
    pub async fn send(&self, message: &[u8]) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send(message)).await
    }

    /// Sends one datagram to `peer`; as [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](crate::Socket::try_send) but `EAGAIN`.
    pub async fn send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send_to(message, peer)).await
    }

    /// Sends datagrams in order, as many as the kernel takes without waiting again; says how many. At least one is sent
    /// unless the batch is empty, and the rest is for the next call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send_batch`](crate::Socket::try_send_batch) but `EAGAIN`, about the first datagram.
    pub async fn send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send_batch(batch)).await
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit `buffer` are lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv(&self, buffer: &mut [u8]) -> Result<usize> {
        self.when(READABLE, || self.socket.try_recv(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes and its sender; as [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        self.when(READABLE, || self.socket.try_recv_from(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length, its sender and its receive metadata; as
    /// [`try_recv_msg`](crate::Socket::try_recv_msg).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv_msg(&self, buffer: &mut [u8]) -> Result<RemoteInfo> {
        self.when(READABLE, || self.socket.try_recv_msg(buffer)).await
    }

    /// Receives what there is, at least one datagram, as far as `batch` has room; says how many.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv_batch`](crate::Socket::try_recv_batch) but `EAGAIN`.
    pub async fn recv_batch(&self, batch: &mut RecvBatch) -> Result<usize> {
        let is_closed = || self.state().is_closed();
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
        self.readiness.when_ready(READABLE, is_closed, attempt).await
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
    /// Those of [`try_recv_error_queue`](crate::Socket::try_recv_error_queue) but `EAGAIN`.
    pub async fn recv_error_queue(&self) -> Result<ErrorQueueEntry> {
        // Asked first: a receive that found nothing may have used up the readiness that told of an entry.
        match self.socket.try_recv_error_queue() {
            Err(error) if error.is_would_block() => {
                self.when(Interest::ERROR, || self.socket.try_recv_error_queue()).await
            }
            outcome => outcome,
        }
    }

    /// The datagrams as a stream, each with its own copy of the bytes. It ends when the socket is closed;
    /// [`recv_batch`](Self::recv_batch) is the way without copies.
    ///
    /// An error is an item like another, and the stream goes on after it. Datagrams that the stream has read and not yet
    /// given out are lost with it.
    pub fn messages(&self) -> TokioMessages<'_> {
        TokioMessages::new(self)
    }

    /// Closes the socket. Whoever waits for it is woken, with `ERR_SOCKET_DGRAM_NOT_RUNNING`.
    ///
    /// If nobody waits, the port is free when this returns; else it is when the last waiter has been woken:
    /// [`closed`](Self::closed) waits for that.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed already.
    pub fn close(&self) -> Result<()> {
        let outcome = self.socket.close();
        self.readiness.close();
        outcome
    }

    /// Waits until the socket has been closed, by whomever, and its port is free.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting changes nothing.
    pub async fn closed(&self) {
        self.readiness.ended().await;
    }

    fn when<R>(&self, interest: Interest, call: impl FnMut() -> Result<R>) -> impl Future<Output = Result<R>> {
        self.readiness.when(interest, || self.state().is_closed(), call)
    }
}

delegate! { TokioSocket [socket]: "Socket" {
    fn disconnect(&self) -> Result<()>;
    fn try_send(&self, message: &[u8]) -> Result<usize>;
    fn try_send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize>;
    fn try_send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize>;
    fn try_send_to_vectored(&self, buffers: &[IoSlice<'_>], peer: SocketAddr) -> Result<usize>;
    fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize>;
    fn try_recv(&self, buffer: &mut [u8]) -> Result<usize>;
    fn try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)>;
    fn try_recv_msg(&self, buffer: &mut [u8]) -> Result<RemoteInfo>;
    fn try_recv_gro(&self, buffer: &mut [u8]) -> Result<RemoteInfo>;
    fn try_recv_batch(&self, batch: &mut RecvBatch) -> Result<usize>;
    fn try_recv_error_queue(&self) -> Result<ErrorQueueEntry>;
} }

/// The first address of this family.
async fn look_up(host: impl ToSocketAddrs, family: SocketType) -> Result<SocketAddr> {
    let mut addresses = ::tokio::net::lookup_host(host).await.map_err(|error| Error::failed_lookup("", &error))?;
    addresses.find(|address| family.matches(address.ip())).ok_or_else(|| Error::lookup("", ErrorKind::NotFound))
}

impl Deref for TokioSocket {
    type Target = SocketControl;

    fn deref(&self) -> &SocketControl {
        &self.socket
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for TokioSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.reserved_descriptor()
    }
}

impl fmt::Debug for TokioSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
