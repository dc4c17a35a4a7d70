//! The sizes of the kernel's buffers, which `socket2` has for every system.

use std::io;

#[cfg(unix)]
use super::unix::socket::Socket;
#[cfg(windows)]
use super::windows::Socket;

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
