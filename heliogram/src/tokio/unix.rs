//! Local sockets on tokio.

use std::fmt;
use std::io::IoSlice;
use std::ops::Deref;

use ::tokio::io::Interest;

use super::{READABLE, Waiting};
use crate::error::{Error, Result};
use crate::sys;
use crate::unix::{RemoteInfo, Socket, SocketOptions};

/// A [local socket](crate::unix::Socket) that waits by `.await`, to which it dereferences for all that never waits. Every
/// `async fn` is cancel safe: a dropped future has sent and received nothing.
///
/// ```
/// use heliogram::tokio::UnixSocket;
/// use heliogram::unix::{Address, SocketOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), heliogram::Error> {
/// // What a service that systemd has started with Type=notify says when it is ready.
/// if let Ok(manager) = std::env::var("NOTIFY_SOCKET") {
///     let socket = UnixSocket::new(&SocketOptions::new())?;
///     socket.connect(&Address::parse(&manager)?)?;
///     socket.send(b"READY=1").await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct UnixSocket {
    // Before `socket`, and so dropped before it: it stands for the socket's descriptor.
    waiting: Waiting,
    socket: Socket,
}

impl UnixSocket {
    /// Makes a socket without an address; [`bind`](crate::unix::Socket::bind) and [`connect`](crate::unix::Socket::connect)
    /// never wait.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::new`](crate::unix::Socket::new); `ENOSPC` or `ENOMEM` if the system cannot watch more descriptors.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub fn new(options: &SocketOptions) -> Result<Self> {
        let socket = Socket::new(options)?;
        let registration =
            sys::Registration::of(&socket.descriptor()).map_err(|error| Error::system("register", &error))?;
        Ok(UnixSocket { waiting: Waiting::new(registration), socket })
    }

    /// Sends one datagram to the connected peer; says how many bytes it has. Waits while the peer's queue is full.
    ///
    /// To an address, [`try_send`](crate::unix::Socket::try_send) sends or says `EAGAIN`: no event tells when a queue has room
    /// whose socket is not the connected peer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](crate::unix::Socket::try_send) but `EAGAIN`.
    pub async fn send(&self, message: &[u8]) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send(&[IoSlice::new(message)], None)).await
    }

    /// Receives one datagram into `buffer`; what does not fit is lost, and [`RemoteInfo::truncated`] says so.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::unix::Socket::try_recv) but `EAGAIN`.
    pub async fn recv(&self, buffer: &mut [u8]) -> Result<RemoteInfo> {
        self.when(READABLE, || self.socket.try_recv(buffer)).await
    }

    /// Closes the socket; everybody who waits for it is told that it is closed.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::close`](crate::unix::Socket::close).
    pub fn close(&self) -> Result<()> {
        let outcome = self.socket.close();
        self.waiting.end();
        outcome
    }

    fn when<R>(&self, interest: Interest, call: impl FnMut() -> Result<R>) -> impl Future<Output = Result<R>> {
        self.waiting.when(interest, || self.socket.is_closed(), call)
    }
}

impl Deref for UnixSocket {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl std::os::fd::AsFd for UnixSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.descriptor()
    }
}

impl fmt::Debug for UnixSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
