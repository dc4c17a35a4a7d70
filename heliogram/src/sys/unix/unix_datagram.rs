//! One local datagram socket (`AF_UNIX`). Names are bytes here: a path, or behind a NUL an abstract name.
//!
//! Sources: `unix(7)`, `recvmsg(2)`, `credentials(7)`; `unix(4)` of macOS and FreeBSD.

use std::ffi::OsStr;
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, offset_of};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use socket2::{Domain, MsgHdr, SockAddr, Type};

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::call::set_option;
use super::call::{check_long, retry};
use super::cmsg::control::Control;
use super::cmsg::receive::{self, CREDENTIALS_SPACE};
use super::descriptor::Descriptor;
use super::socket::{BorrowedDescriptor, disconnect};
use crate::sys::errno;
use crate::types::credentials::Credentials;

/// The most bytes of a name, the NUL included that ends a path or begins an abstract name.
pub(crate) const NAME: usize = size_of::<libc::sockaddr_un>() - PATH;
const PATH: usize = offset_of!(libc::sockaddr_un, sun_path);

#[derive(Debug)]
pub(crate) struct Socket {
    inner: Arc<Descriptor>,
}

/// What one receive has brought.
pub(crate) struct Received<A> {
    pub(crate) length: usize,
    pub(crate) from: A,
    pub(crate) truncated: bool,
    pub(crate) credentials: Option<Credentials>,
}

impl Socket {
    pub(crate) fn open() -> io::Result<Self> {
        let inner = socket2::Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        inner.set_nonblocking(true)?;
        Ok(Socket { inner: Descriptor::new(inner) })
    }

    pub(crate) fn bind(&self, name: &[u8]) -> io::Result<()> {
        self.inner.bind(&address(name)?)
    }

    pub(crate) fn connect(&self, name: &[u8]) -> io::Result<()> {
        let address = address(name)?;
        retry(|| self.inner.connect(&address))
    }

    pub(crate) fn disconnect(&self) -> io::Result<()> {
        disconnect(&self.inner)
    }

    pub(crate) fn local_name<A>(&self, of: impl FnOnce(&[u8]) -> A) -> io::Result<A> {
        self.inner.local_addr().map(|address| with_name(&address, of))
    }

    pub(crate) fn peer_name<A>(&self, of: impl FnOnce(&[u8]) -> A) -> io::Result<A> {
        self.inner.peer_addr().map(|address| with_name(&address, of))
    }

    pub(crate) fn send(&self, buffers: &[IoSlice<'_>], to: Option<&[u8]>) -> io::Result<usize> {
        let to = to.map(address).transpose()?;
        let message = to.as_ref().map_or(MsgHdr::new(), |to| MsgHdr::new().with_addr(to)).with_buffers(buffers);
        retry(|| self.inner.sendmsg(&message, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL))
    }

    /// One `recvmsg(2)`, with room for the sender's credentials if they were asked for.
    pub(crate) fn recv<A>(
        &self,
        buffer: &mut [u8],
        credentials: bool,
        of: impl FnOnce(&[u8]) -> A,
    ) -> io::Result<Received<A>> {
        let mut control = Control::<CREDENTIALS_SPACE>::new();
        let mut name = MaybeUninit::<libc::sockaddr_un>::zeroed();
        let mut parts = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: a msghdr of zeros is valid: integers, and pointers that may be null.
        let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
        message.msg_name = name.as_mut_ptr().cast();
        message.msg_namelen = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        (message.msg_iov, message.msg_iovlen) = (&raw mut parts, 1);
        if credentials {
            (message.msg_control, message.msg_controllen) = (control.as_mut_ptr().cast(), control.len() as _);
        }
        let flags = libc::MSG_DONTWAIT | CLOSE_ON_EXEC;
        // SAFETY: every pointer in the message leads to live memory of the length beside it, which nobody else uses.
        let length = retry(|| check_long(unsafe { libc::recvmsg(self.inner.as_raw_fd(), &raw mut message, flags) }))?;
        // SAFETY: it was zeros, and what the kernel writes into it are integers.
        let name = unsafe { name.assume_init() };
        #[allow(clippy::unnecessary_cast, reason = "the type differs from system to system")]
        let control_length = (message.msg_controllen as usize).min(control.len());
        Ok(Received {
            length,
            from: of(name_of(&name, message.msg_namelen as usize)),
            truncated: message.msg_flags & libc::MSG_TRUNC != 0,
            credentials: receive::credentials(&control[..control_length]),
        })
    }

    pub(crate) fn set_passcred(&self, on: bool) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return set_option(&self.inner, libc::SOL_SOCKET, libc::SO_PASSCRED, &libc::c_int::from(on));
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        return if on { Err(errno::unsupported()) } else { Ok(()) };
    }

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

    /// The descriptor, for a reactor to register.
    #[cfg(feature = "tokio")]
    pub(crate) const fn shared(&self) -> &Arc<Descriptor> {
        &self.inner
    }

    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.inner.as_fd()
    }

    pub(crate) fn release(&self) -> io::Result<()> {
        self.inner.release()
    }
}

/// Descriptors that somebody sends along, unasked, do not go to a program that this one starts. (The kernel closes them at
/// once: there is no room for them.)
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const CLOSE_ON_EXEC: libc::c_int = libc::MSG_CMSG_CLOEXEC;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const CLOSE_ON_EXEC: libc::c_int = 0;

fn address(name: &[u8]) -> io::Result<SockAddr> {
    let is_abstract = name.first() == Some(&0);
    if is_abstract && cfg!(not(any(target_os = "linux", target_os = "android"))) {
        return Err(errno::unsupported());
    }
    SockAddr::unix(Path::new(OsStr::from_bytes(name)))
}

fn with_name<A>(address: &SockAddr, of: impl FnOnce(&[u8]) -> A) -> A {
    let length = (address.len() as usize).min(size_of::<libc::sockaddr_un>());
    // SAFETY: zeros are a valid sockaddr_un: its fields are integers.
    let mut name: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: a SockAddr's storage holds at least its length, which is no more than a sockaddr_un has here; the two are
    // different memory.
    unsafe {
        let to = std::ptr::from_mut(&mut name).cast::<u8>();
        std::ptr::copy_nonoverlapping(address.as_ptr().cast::<u8>(), to, length);
    }
    of(name_of(&name, length))
}

/// The name in an address of this length: without the NUL that ends a path, with the one that begins an abstract name.
fn name_of(address: &libc::sockaddr_un, length: usize) -> &[u8] {
    // SAFETY: a path of C characters is as many bytes, of which all are initialised.
    let bytes = unsafe { std::slice::from_raw_parts(address.sun_path.as_ptr().cast::<u8>(), NAME) };
    let bytes = &bytes[..length.clamp(PATH, PATH + NAME) - PATH];
    match bytes {
        [0, _, ..] => bytes,
        _ => bytes.split(|&byte| byte == 0).next().unwrap_or_default(),
    }
}
