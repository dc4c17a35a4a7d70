//! One socket on a Unix: made, bound, connected, its options, one datagram at a time.
//!
//! Sources: `socket(7)`, `ip(7)`, `ipv6(7)`, `udp(7)`, `sendmsg(2)`, `recvmsg(2)`.

use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of_val};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use socket2::{Domain, MsgHdr, Protocol, SockAddr, Type};

use super::call::internet;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::call::{Name, decode};
use super::call::{check, check_long, retry};
use super::descriptor::Descriptor;
use crate::sys::errno;
use crate::sys::family::domain;
use crate::types::family::SocketType;

/// An owned descriptor, as `Socket::bind_descriptor` takes it.
pub type OwnedDescriptor = OwnedFd;

/// A borrowed descriptor, as `Socket::descriptor` lends it.
pub type BorrowedDescriptor<'a> = BorrowedFd<'a>;

/// A UDP socket of the kernel.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) inner: Arc<Descriptor>,
    /// The kernel's; that of an adopted one may not be what the socket was made for.
    pub(crate) family: SocketType,
    /// Whether it was adopted: libuv takes such a socket for one of IPv4 in some options.
    pub(crate) adopted: bool,
    /// The number of an error that came behind a batch's messages, for the next receive; 0 for none.
    pub(super) late: AtomicI32,
}

impl Socket {
    pub(crate) fn open(family: SocketType) -> io::Result<Self> {
        Ok(Socket::new(open_nonblocking(domain(family))?, family))
    }

    /// Takes over a descriptor, as `bind({ fd })` does; says what it is if it is no UDP socket. One of another family than `only` is
    /// `EINVAL`.
    pub(crate) fn adopt(
        descriptor: OwnedDescriptor,
        only: Option<SocketType>,
    ) -> Result<io::Result<Self>, &'static str> {
        let inner = socket2::Socket::from(descriptor);
        let family = if kind(&inner)? == Domain::IPV4 { SocketType::Udp4 } else { SocketType::Udp6 };
        if only.is_some_and(|only| only != family) {
            return Ok(Err(io::Error::from_raw_os_error(errno::EINVAL)));
        }
        let prepared = inner.set_nonblocking(true).and_then(|()| inner.set_cloexec(true));
        Ok(prepared.map(|()| Socket { adopted: true, ..Socket::new(inner, family) }))
    }

    fn new(inner: socket2::Socket, family: SocketType) -> Self {
        Socket { inner: Descriptor::new(inner), family, adopted: false, late: AtomicI32::new(0) }
    }

    /// The descriptor, for one call.
    pub(crate) fn inner(&self) -> &socket2::Socket {
        &self.inner
    }

    /// The descriptor, for a reactor to register.
    pub(crate) const fn shared(&self) -> &Arc<Descriptor> {
        &self.inner
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.inner.as_fd()
    }

    /// The very descriptor; a duplicate where somebody else still holds it.
    pub(crate) fn into_descriptor(self) -> io::Result<OwnedDescriptor> {
        match Arc::try_unwrap(self.inner) {
            Ok(descriptor) => Ok(descriptor.into_owned()),
            Err(shared) => shared.as_fd().try_clone_to_owned(),
        }
    }

    pub(crate) fn set_reuse_addr(&self) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return self.inner.set_reuse_address(true);
        // On the BSDs SO_REUSEADDR does not let two sockets have one address; SO_REUSEPORT does.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        return self.inner.set_reuse_port(true);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn set_reuse_port(&self) -> io::Result<()> {
        self.inner.set_reuse_port(true)
    }

    #[cfg(target_os = "freebsd")]
    pub(crate) fn set_reuse_port(&self) -> io::Result<()> {
        self.inner.set_reuse_port_lb(true)
    }

    pub(crate) fn set_only_v6(&self) -> io::Result<()> {
        self.inner.set_only_v6(true)
    }

    pub(crate) fn bind(&self, local: SocketAddr) -> io::Result<()> {
        self.inner.bind(&local.into())
    }

    pub(crate) fn connect(&self, remote: SocketAddr) -> io::Result<()> {
        retry(|| self.inner.connect(&remote.into()))
    }

    /// Dissolves the connection.
    pub(crate) fn disconnect(&self) -> io::Result<()> {
        disconnect(&self.inner)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        internet(self.inner.local_addr()?)
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        internet(self.inner.peer_addr()?)
    }

    /// Sends one datagram made of these buffers.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>], to: Option<SocketAddr>) -> io::Result<usize> {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let ([bytes], Some(to)) = (buffers, to) {
            let (name, length) = Name::of(to);
            let (descriptor, name) = (self.inner.as_raw_fd(), (&raw const name).cast());
            return retry(|| {
                // SAFETY: bytes and name are live memory, with their lengths beside them.
                check_long(unsafe { libc::sendto(descriptor, bytes.as_ptr().cast(), bytes.len(), flags, name, length) })
            });
        }
        let to = to.map(SockAddr::from);
        retry(|| match (buffers, &to) {
            // One buffer is cheaper without the message header around it.
            ([buffer], Some(to)) => self.inner.send_to_with_flags(buffer, to, flags),
            ([buffer], None) => self.inner.send_with_flags(buffer, flags),
            (_, Some(to)) => self.inner.sendmsg(&MsgHdr::new().with_buffers(buffers).with_addr(to), flags),
            (_, None) => self.inner.sendmsg(&MsgHdr::new().with_buffers(buffers), flags),
        })
    }

    /// Receives one datagram without its sender: its length, as far as there is room.
    pub(crate) fn recv_unnamed(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (descriptor, bytes) = (self.inner.as_raw_fd(), buffer.as_mut_ptr().cast());
        // SAFETY: the buffer is live memory, borrowed mutably here, with its length beside it.
        retry(|| check_long(unsafe { libc::recv(descriptor, bytes, buffer.len(), libc::MSG_DONTWAIT) }))
    }

    /// Receives one datagram: its length, its sender, whether its end did not fit.
    ///
    /// With `MSG_TRUNC` Linux says how long the datagram was, and the cheaper call will do (`recv(2)`).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, bool)> {
        let (mut from, mut room) = (Name::empty(), Name::SIZE);
        let (descriptor, flags) = (self.inner.as_raw_fd(), libc::MSG_DONTWAIT | libc::MSG_TRUNC);
        let (bytes, name) = (buffer.as_mut_ptr().cast(), (&raw mut from).cast());
        let length = retry(|| {
            // SAFETY: buffer and address are live memory, borrowed mutably here, with their lengths beside them.
            check_long(unsafe { libc::recvfrom(descriptor, bytes, buffer.len(), flags, name, &raw mut room) })
        })?;
        Ok((length.min(buffer.len()), decode(&from), length > buffer.len()))
    }

    /// Receives one datagram: its length, its sender, whether its end did not fit.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, bool)> {
        // SAFETY: a slice of bytes is a slice of maybe-uninitialised bytes, and the kernel writes only bytes into it.
        let buffer = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
        let mut parts = [socket2::MaybeUninitSlice::new(buffer)];
        let (length, flags, from) = retry(|| self.inner.recv_from_vectored_with_flags(&mut parts, libc::MSG_DONTWAIT))?;
        Ok((length, internet(from)?, flags.is_truncated()))
    }

    /// Closes the kernel socket: the port is free.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.inner.release()
    }
}

/// The domain of a UDP socket, or the name that Node gives to whatever else the descriptor is.
fn kind(socket: &socket2::Socket) -> Result<Domain, &'static str> {
    let Ok(address) = socket.local_addr() else {
        return Err(file_kind(socket.as_fd()));
    };
    match (socket.r#type(), address.domain()) {
        (Ok(Type::DGRAM), domain @ (Domain::IPV4 | Domain::IPV6)) => Ok(domain),
        (Ok(Type::STREAM), Domain::IPV4 | Domain::IPV6) => Err("TCP"),
        (Ok(Type::STREAM), Domain::UNIX) => Err("PIPE"),
        _ => Err("UNKNOWN"),
    }
}

fn file_kind(descriptor: BorrowedFd<'_>) -> &'static str {
    use std::io::IsTerminal;
    use std::os::unix::fs::FileTypeExt;
    if descriptor.is_terminal() {
        return "TTY";
    }
    let Ok(kind) = descriptor.try_clone_to_owned().and_then(|fd| File::from(fd).metadata()) else {
        return "UNKNOWN";
    };
    match kind.file_type() {
        kind if kind.is_fifo() => "PIPE",
        kind if kind.is_file() || kind.is_char_device() => "FILE",
        _ => "UNKNOWN",
    }
}

/// Linux makes it so at once, without two calls more.
fn open_nonblocking(domain: Domain) -> io::Result<socket2::Socket> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return socket2::Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let inner = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        inner.set_nonblocking(true)?;
        Ok(inner)
    }
}

/// Dissolves the connection: connecting to no family (`connect(2)`). The BSDs do it, and say `EAFNOSUPPORT`.
pub(super) fn disconnect(socket: &socket2::Socket) -> io::Result<()> {
    let mut nobody = MaybeUninit::<libc::sockaddr>::zeroed();
    // SAFETY: every bit pattern of sockaddr's integer fields is valid, zeros included.
    let nobody = unsafe {
        (*nobody.as_mut_ptr()).sa_family = libc::AF_UNSPEC as libc::sa_family_t;
        nobody.assume_init()
    };
    let length = size_of_val(&nobody) as libc::socklen_t;
    // SAFETY: the address is a live local and its length is its size; the descriptor is open while socket lives.
    let outcome = retry(|| check(unsafe { libc::connect(socket.as_raw_fd(), &nobody, length) }));
    match outcome {
        Err(error) if cfg!(not(target_os = "linux")) && is_family_error(&error) => Ok(()),
        other => other.map(drop),
    }
}

fn is_family_error(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EINVAL))
}
