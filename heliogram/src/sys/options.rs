//! The options that `socket2` has for every system, each where the socket's family has it.

use std::io;

use socket2::Domain;

use crate::sys::Socket;
use crate::types::family::SocketType;

impl Socket {
    pub(crate) fn recv_buffer_size(&self) -> io::Result<usize> {
        self.inner.recv_buffer_size()
    }

    pub(crate) fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.inner.set_recv_buffer_size(bytes)
    }

    pub(crate) fn send_buffer_size(&self) -> io::Result<usize> {
        self.inner.send_buffer_size()
    }

    pub(crate) fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.inner.set_send_buffer_size(bytes)
    }
}

/// The address family, in the system's terms.
pub(super) fn domain(family: SocketType) -> Domain {
    match family {
        SocketType::Udp4 => Domain::IPV4,
        SocketType::Udp6 => Domain::IPV6,
    }
}
