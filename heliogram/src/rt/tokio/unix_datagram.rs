//! [`TokioUnixDatagram`].

use std::fmt;
use std::io::IoSlice;

use ::tokio::io::Interest;

use super::readiness::{READABLE, Readiness};
use crate::error::{Error, Result};
use crate::rt::delegate::delegate;
use crate::sys;
use crate::unix_datagram::{SocketAddrUnix, UnixDatagram, UnixDatagramOptions, UnixRemoteInfo};

/// A [local socket](crate::UnixDatagram) that waits by `.await`. Every
/// `async fn` is cancel safe: a dropped future has sent and received nothing.
///
/// ```
/// use heliogram::TokioUnixDatagram;
/// use heliogram::{SocketAddrUnix, UnixDatagramOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), heliogram::Error> {
/// // What a service that systemd has started with Type=notify says when it is ready.
/// if let Ok(manager) = std::env::var("NOTIFY_SOCKET") {
///     let socket = TokioUnixDatagram::new(&UnixDatagramOptions::new())?;
///     socket.connect(&SocketAddrUnix::parse(&manager)?)?;
///     socket.send(b"READY=1").await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct TokioUnixDatagram {
    readiness: Readiness,
    socket: UnixDatagram,
}

impl TokioUnixDatagram {
    /// Makes a socket without an address; [`bind`](crate::UnixDatagram::bind) and [`connect`](crate::UnixDatagram::connect)
    /// never wait.
    ///
    /// # Errors
    ///
    /// Those of [`UnixDatagram::new`](crate::UnixDatagram::new); `ENOSPC` or `ENOMEM` if the system cannot watch more descriptors.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub fn new(options: &UnixDatagramOptions) -> Result<Self> {
        let socket = UnixDatagram::new(options)?;
        let registration = sys::Registration::new(socket.shared_descriptor());
        let readiness = Readiness::new(registration.map_err(|error| Error::system("register", &error))?);
        Ok(TokioUnixDatagram { readiness, socket })
    }

    /// Sends one datagram to the connected peer; says how many bytes it has. Waits while the peer's queue is full.
    ///
    /// To an address, [`try_send_to`](crate::UnixDatagram::try_send_to) sends or fails with `EAGAIN`: no event reports when a queue has room
    /// whose socket is not the connected peer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](crate::UnixDatagram::try_send) but `EAGAIN`.
    pub async fn send(&self, message: &[u8]) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send(message)).await
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit `buffer` are lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::UnixDatagram::try_recv) but `EAGAIN`.
    pub async fn recv(&self, buffer: &mut [u8]) -> Result<usize> {
        self.when(READABLE, || self.socket.try_recv(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length, its sender and its sender's credentials; as
    /// [`try_recv_msg`](crate::UnixDatagram::try_recv_msg).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::UnixDatagram::try_recv) but `EAGAIN`.
    pub async fn recv_msg(&self, buffer: &mut [u8]) -> Result<UnixRemoteInfo> {
        self.when(READABLE, || self.socket.try_recv_msg(buffer)).await
    }

    /// Closes the socket. Whoever waits for it is woken, with `ERR_SOCKET_DGRAM_NOT_RUNNING`.
    ///
    /// The path is removed at once. The address is free when this returns if nobody waits, else when the last waiter has been
    /// woken: [`closed`](Self::closed) waits for that.
    ///
    /// # Errors
    ///
    /// Those of [`UnixDatagram::close`](crate::UnixDatagram::close).
    pub fn close(&self) -> Result<()> {
        let outcome = self.socket.close();
        self.readiness.close();
        outcome
    }

    /// Waits until the socket has been closed, by whomever, and its address is free.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: waiting changes nothing.
    pub async fn closed(&self) {
        self.readiness.ended().await;
    }

    fn when<R>(&self, interest: Interest, call: impl FnMut() -> Result<R>) -> impl Future<Output = Result<R>> {
        self.readiness.when(interest, call)
    }
}

delegate! { TokioUnixDatagram [socket]: "UnixDatagram" {
    fn bind(&self, local: &SocketAddrUnix) -> Result<()>;
    fn connect(&self, remote: &SocketAddrUnix) -> Result<()>;
    fn disconnect(&self) -> Result<()>;
    fn local_addr(&self) -> Result<SocketAddrUnix>;
    fn peer_addr(&self) -> Result<SocketAddrUnix>;
    fn try_send(&self, message: &[u8]) -> Result<usize>;
    fn try_send_to(&self, message: &[u8], peer: &SocketAddrUnix) -> Result<usize>;
    fn try_send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize>;
    fn try_recv(&self, buffer: &mut [u8]) -> Result<usize>;
    fn try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddrUnix)>;
    fn try_recv_msg(&self, buffer: &mut [u8]) -> Result<UnixRemoteInfo>;
    fn set_passcred(&self, on: bool) -> Result<()>;
    fn recv_buffer_size(&self) -> Result<usize>;
    fn set_recv_buffer_size(&self, bytes: u32) -> Result<()>;
    fn send_buffer_size(&self) -> Result<usize>;
    fn set_send_buffer_size(&self, bytes: u32) -> Result<()>;
} }

impl std::os::fd::AsFd for TokioUnixDatagram {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.descriptor()
    }
}

impl fmt::Debug for TokioUnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
