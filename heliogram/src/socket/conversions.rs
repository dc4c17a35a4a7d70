//! Sockets from and into those of the standard library, and descriptors.

use std::net::UdpSocket;

use super::Socket;
use crate::error::{Error, Result};
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::family::SocketType;

impl TryFrom<UdpSocket> for Socket {
    type Error = Error;

    /// Takes over a socket of the standard library, with its options, its peer and what is queued. It becomes non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind_descriptor`].
    fn try_from(socket: UdpSocket) -> Result<Self> {
        Socket::try_from(sys::OwnedDescriptor::from(socket))
    }
}

impl TryFrom<sys::OwnedDescriptor> for Socket {
    type Error = Error;

    /// Takes over a UDP socket of either family, with its options, its peer and what is queued. It becomes non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind_descriptor`].
    fn try_from(descriptor: sys::OwnedDescriptor) -> Result<Self> {
        let socket = UdpSocket::from(descriptor);
        // What has no address of the internet is refused when it is taken over.
        let family = match socket.local_addr() {
            Ok(local) if local.is_ipv6() => SocketType::Udp6,
            _ => SocketType::Udp4,
        };
        let adopted = Socket::new(&SocketOptions::new(family))?;
        adopted.bind_descriptor(socket.into())?;
        Ok(adopted)
    }
}

impl TryFrom<Socket> for sys::OwnedDescriptor {
    type Error = Error;

    /// Gives the descriptor away, non-blocking, with its port, its peer and what is queued. On Unix it is the very descriptor,
    /// whose number stays what it was; on Windows it is a duplicate.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; `EINVAL` on a socket with GRO, whose packets would not be
    /// taken apart: [`Socket::stop_gro`] comes first. Where a duplicate is given, `EMFILE` without a free descriptor.
    fn try_from(socket: Socket) -> Result<Self> {
        if socket.gro() {
            return Err(Error::raw("dup", sys::errno::EINVAL));
        }
        socket.descriptor()?; // puts the mode back that GSO batches have set
        let sys = socket.into_sys().ok_or_else(|| Error::raw("dup", sys::errno::EBADF))?;
        sys.into_descriptor().map_err(|error| Error::system("dup", &error))
    }
}

impl TryFrom<Socket> for UdpSocket {
    type Error = Error;

    /// As the conversion into a descriptor.
    fn try_from(socket: Socket) -> Result<Self> {
        sys::OwnedDescriptor::try_from(socket).map(UdpSocket::from)
    }
}
