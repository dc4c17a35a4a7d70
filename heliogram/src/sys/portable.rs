//! What `socket2` has for every system: the sizes of the kernel's buffers, options of one protocol, peeking, the pending error.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
#[cfg(windows)]
use std::ops::Deref;

#[cfg(windows)]
use socket2::MaybeUninitSlice;
use socket2::SockAddr;

#[cfg(unix)]
use super::unix::socket::Socket;
#[cfg(windows)]
use super::windows::Socket;

impl Socket {
    pub(crate) fn recv_buffer_size(&self) -> io::Result<usize> {
        self.inner().recv_buffer_size()
    }

    pub(crate) fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.inner().set_recv_buffer_size(bytes)
    }

    pub(crate) fn send_buffer_size(&self) -> io::Result<usize> {
        self.inner().send_buffer_size()
    }

    pub(crate) fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.inner().set_send_buffer_size(bytes)
    }

    /// Takes the pending error (`SO_ERROR`).
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner().take_error()
    }

    /// As `recv`, but the datagram stays in the queue.
    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        // SAFETY: a slice of bytes is a slice of maybe-uninitialised bytes, and the system writes only bytes into it.
        let buffer = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
        let (length, from) = peek(self.inner(), buffer)?;
        let from = from.as_socket().ok_or(io::ErrorKind::InvalidData)?;
        Ok((length, from))
    }

    /// As [`peek`](Self::peek), for the sender alone.
    pub(crate) fn peek_sender(&self) -> io::Result<SocketAddr> {
        let from = self.inner().peek_sender()?;
        Ok(from.as_socket().ok_or(io::ErrorKind::InvalidData)?)
    }
}

/// Looks at the queue and never waits.
#[cfg(unix)]
fn peek(socket: &socket2::Socket, buffer: &mut [MaybeUninit<u8>]) -> io::Result<(usize, SockAddr)> {
    socket.recv_from_with_flags(buffer, libc::MSG_PEEK | libc::MSG_DONTWAIT)
}

/// Looks at the queue; the handle itself never waits. A datagram that is longer than the buffer fills it.
#[cfg(windows)]
fn peek(socket: impl Deref<Target = socket2::Socket>, buffer: &mut [MaybeUninit<u8>]) -> io::Result<(usize, SockAddr)> {
    const PEEK: i32 = windows_sys::Win32::Networking::WinSock::MSG_PEEK;
    let capacity = buffer.len();
    let (length, flags, from) = socket.recv_from_vectored_with_flags(&mut [MaybeUninitSlice::new(buffer)], PEEK)?;
    Ok((if flags.is_truncated() { capacity } else { length }, from))
}

/// Options of one protocol, which a socket of IPv6 has for both.
impl Socket {
    pub(crate) fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.inner().multicast_loop_v4()
    }

    pub(crate) fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.inner().set_multicast_loop_v4(on)
    }

    pub(crate) fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.inner().multicast_loop_v6()
    }

    pub(crate) fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.inner().set_multicast_loop_v6(on)
    }

    pub(crate) fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.inner().multicast_ttl_v4()
    }

    pub(crate) fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.inner().set_multicast_ttl_v4(ttl)
    }

    pub(crate) fn tos_v4(&self) -> io::Result<u32> {
        self.inner().tos_v4()
    }

    pub(crate) fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        self.inner().set_tos_v4(tos)
    }

    #[cfg(unix)]
    pub(crate) fn tclass_v6(&self) -> io::Result<u32> {
        self.inner().tclass_v6()
    }

    #[cfg(unix)]
    pub(crate) fn set_tclass_v6(&self, class: u32) -> io::Result<()> {
        self.inner().set_tclass_v6(class)
    }
}
