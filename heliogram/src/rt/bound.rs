//! [`BoundSocket`].

use std::net::SocketAddr;
use std::ops::Deref;

use super::lend::lend_descriptor;
use crate::error::{Error, Result};
use crate::socket::Socket;
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::family::SocketType;

/// A [`Socket`] that has its descriptor, and so can lend it: for reactors that want `AsFd`, which cannot fail, such as
/// `async_io::Async` or mio.
///
/// Whoever takes the descriptor by `AsFd` may send by it too; [`SocketControl::descriptor`](crate::SocketControl::descriptor) says what
/// follows for datagrams over IPv4, which `set_path_mtu_discovery` settles. With the feature `mio` this is a `Source` without that.
///
/// The descriptor stays valid until this is dropped, whatever happens to the socket. The reactor must forget it, however, before
/// the socket is [closed](Socket::close): a closed one wakes nobody.
///
/// ```
/// # #[cfg(all(unix, feature = "smol"))]
/// # fn main() -> std::io::Result<()> {
/// use async_io::Async;
/// use heliogram::{BoundSocket, RecvBatch};
///
/// let socket = Async::new(BoundSocket::bind("127.0.0.1:0".parse().unwrap())?)?;
/// # socket.get_ref().try_send_to(b"hello", socket.get_ref().local_addr()?)?;
/// let mut batch = RecvBatch::new(8, 2048);
/// let count = async_io::block_on(socket.read_with(|socket| Ok(socket.try_recv_batch(&mut batch)?)))?;
/// assert_eq!(count, 1);
/// # Ok(())
/// # }
/// # #[cfg(not(all(unix, feature = "smol")))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct BoundSocket(Socket);

impl BoundSocket {
    /// Makes a socket of the address's family and binds it.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`].
    pub fn bind(local: SocketAddr) -> Result<Self> {
        BoundSocket::bind_with(&SocketOptions::new(SocketType::of(local.ip())), local)
    }

    /// Makes a socket with these options and binds it.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::new`] and [`Socket::bind`].
    pub fn bind_with(options: &SocketOptions, local: SocketAddr) -> Result<Self> {
        let socket = Socket::new(options)?;
        socket.bind(Some(local))?;
        BoundSocket::try_from(socket)
    }

    /// The socket again.
    pub fn into_inner(self) -> Socket {
        self.0
    }
}

impl TryFrom<Socket> for BoundSocket {
    type Error = Error;

    /// Takes a socket that a bind, a connect, a send, a membership or an adopted descriptor has opened.
    ///
    /// # Errors
    ///
    /// `EBADF` if it has no descriptor yet, `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed.
    fn try_from(socket: Socket) -> Result<Self> {
        socket.reactor_descriptor()?;
        Ok(BoundSocket(socket))
    }
}

impl TryFrom<std::net::UdpSocket> for BoundSocket {
    type Error = Error;

    /// As [`Socket`]'s conversion.
    fn try_from(socket: std::net::UdpSocket) -> Result<Self> {
        Socket::try_from(socket)?.try_into()
    }
}

impl TryFrom<sys::OwnedDescriptor> for BoundSocket {
    type Error = Error;

    /// As [`Socket`]'s conversion.
    fn try_from(descriptor: sys::OwnedDescriptor) -> Result<Self> {
        Socket::try_from(descriptor)?.try_into()
    }
}

impl From<BoundSocket> for Socket {
    fn from(socket: BoundSocket) -> Self {
        socket.0
    }
}

impl Deref for BoundSocket {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.0
    }
}

lend_descriptor!(BoundSocket[0]);
