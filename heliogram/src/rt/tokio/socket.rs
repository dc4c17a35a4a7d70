//! [`TokioSocket`]: made, connected, closed.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;

use ::tokio::net::ToSocketAddrs;

use super::readiness::Readiness;
use super::segments::Segments;
use crate::error::{Error, ErrorKind, Result};
use crate::rt::lend::lend_descriptor;
use crate::socket::{Socket, SocketControl};
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::family::SocketType;

/// A bound UDP socket that waits by `.await`: what `tokio::net::UdpSocket` has, by the same names, and batches, GSO, GRO, receive
/// metadata, the error queue and every option.
///
/// Not fork-safe: the child of a `fork(2)` that drops it makes the parent's deaf, since both share what the kernel watches.
/// [`Socket`](crate::Socket#forks-and-signals) says what the child may do.
///
/// It dereferences to [`SocketControl`], which has the options, queries and memberships. Sends and receives may go on at
/// the same time, from any task.
///
/// ```
/// use heliogram::TokioSocket;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), heliogram::Error> {
/// let server = TokioSocket::bind("127.0.0.1:0").await?;
/// let client = TokioSocket::bind("127.0.0.1:0").await?;
/// client.send_to(b"hello", server.local_addr()?).await?;
///
/// let mut buffer = [0; 1500];
/// let (length, peer) = server.recv_from(&mut buffer).await?;
/// server.send_to(&buffer[..length], peer).await?;
/// # Ok(())
/// # }
/// ```
pub struct TokioSocket {
    pub(super) readiness: Readiness,
    pub(super) segments: Segments,
    pub(super) socket: Socket,
}

/// Making, connecting and closing.
impl TokioSocket {
    /// Makes a socket of the address's family and binds it. Of several addresses it is the first to which the system binds.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no socket stays behind.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind), for the last address; `ENOTFOUND` for a name without an address.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub async fn bind(local: impl ToSocketAddrs) -> Result<Self> {
        first_success(
            "bind",
            look_up(local).await?,
            |_| true,
            |address| bind_one(&SocketOptions::new(SocketType::of(address.ip())), address),
        )
    }

    /// Makes a socket with these options and binds it to the first address of its family to which the system binds.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no socket stays behind.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind), for the last address; `EINVAL` with the first address if all are of
    /// the other family; `ENOTFOUND` for a name without an address.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub async fn bind_with(options: &SocketOptions, local: impl ToSocketAddrs) -> Result<Self> {
        let of_family = |address: &SocketAddr| options.socket_type().matches(address.ip());
        first_success("bind", look_up(local).await?, of_family, |address| bind_one(options, address))
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
    pub fn from_socket(socket: Socket) -> Result<Self> {
        socket.local_addr()?;
        socket.settle_gro();
        let registration = sys::Registration::new(socket.shared_descriptor()?);
        let readiness = Readiness::new(registration.map_err(|error| Error::system("register", &error))?);
        Ok(TokioSocket { readiness, segments: Segments::default(), socket })
    }

    /// Takes a socket of the standard library into the runtime. It becomes non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`from_socket`](Self::from_socket).
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub fn from_std(socket: std::net::UdpSocket) -> Result<Self> {
        TokioSocket::from_socket(Socket::try_from(socket)?)
    }

    /// Takes the socket out of the runtime, as one of the standard library's that is non-blocking. On Unix its descriptor is the one
    /// that the socket had, as with tokio's; on Windows it is a duplicate.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; `EINVAL` on a socket with [`gro`](SocketOptions::gro), whose packets nobody would
    /// take apart; where it is a duplicate, `EMFILE` without a free descriptor.
    pub fn into_std(self) -> Result<std::net::UdpSocket> {
        sys::OwnedDescriptor::try_from(self).map(std::net::UdpSocket::from)
    }

    /// Makes `remote` the only peer; of several addresses of the socket's family, the first to which the system connects. A
    /// connected socket connects again, see [`Socket::connect`](crate::Socket::connect).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the peer changes only when the future becomes ready.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`](crate::Socket::connect), for the last address; `EINVAL` with the first address
    /// if all are of the other family; `ENOTFOUND` for a name without an address.
    pub async fn connect(&self, remote: impl ToSocketAddrs) -> Result<()> {
        let of_family = |address: &SocketAddr| self.socket_type().matches(address.ip());
        first_success("connect", look_up(remote).await?, of_family, |address| self.socket.connect(address))
    }

    /// As [`Socket::disconnect`](crate::Socket::disconnect).
    ///
    /// # Errors
    ///
    /// Those of [`Socket::disconnect`](crate::Socket::disconnect).
    pub fn disconnect(&self) -> Result<()> {
        self.socket.disconnect()
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
}

fn bind_one(options: &SocketOptions, local: SocketAddr) -> Result<TokioSocket> {
    let socket = Socket::new(options)?;
    socket.bind(Some(local))?;
    TokioSocket::from_socket(socket)
}

/// The first outcome that is no error, else the last error. Addresses of the other family are passed over; without any other, the
/// first of them is refused.
fn first_success<R>(
    syscall: &'static str,
    addresses: impl Iterator<Item = SocketAddr>,
    of_family: impl Fn(&SocketAddr) -> bool,
    mut attempt: impl FnMut(SocketAddr) -> Result<R>,
) -> Result<R> {
    let (mut last, mut refused) = (None, None);
    for address in addresses {
        if !of_family(&address) {
            refused.get_or_insert(address);
            continue;
        }
        match attempt(address) {
            Ok(outcome) => return Ok(outcome),
            Err(error) => last = Some(error),
        }
    }
    let refused = refused.map(|address| Error::raw(syscall, sys::errno::EINVAL).at(address));
    Err(last.or(refused).unwrap_or_else(|| Error::lookup("", ErrorKind::NotFound)))
}

pub(super) async fn look_up<T: ToSocketAddrs>(host: T) -> Result<impl Iterator<Item = SocketAddr> + use<T>> {
    ::tokio::net::lookup_host(host).await.map_err(|error| Error::failed_lookup("", &error))
}

impl TryFrom<std::net::UdpSocket> for TokioSocket {
    type Error = Error;

    /// As [`TokioSocket::from_std`].
    fn try_from(socket: std::net::UdpSocket) -> Result<Self> {
        TokioSocket::from_std(socket)
    }
}

impl TryFrom<Socket> for TokioSocket {
    type Error = Error;

    /// As [`TokioSocket::from_socket`].
    fn try_from(socket: Socket) -> Result<Self> {
        TokioSocket::from_socket(socket)
    }
}

impl TryFrom<sys::OwnedDescriptor> for TokioSocket {
    type Error = Error;

    /// Takes over a UDP socket of either family, and into the runtime: as [`TokioSocket::from_std`].
    fn try_from(descriptor: sys::OwnedDescriptor) -> Result<Self> {
        TokioSocket::from_socket(Socket::try_from(descriptor)?)
    }
}

impl TryFrom<TokioSocket> for sys::OwnedDescriptor {
    type Error = Error;

    /// As [`TokioSocket::into_std`].
    fn try_from(socket: TokioSocket) -> Result<Self> {
        socket.readiness.close(); // the registration holds the descriptor
        socket.socket.try_into()
    }
}

impl Deref for TokioSocket {
    type Target = SocketControl;

    fn deref(&self) -> &SocketControl {
        &self.socket
    }
}

lend_descriptor!(TokioSocket[socket]);

impl fmt::Debug for TokioSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
