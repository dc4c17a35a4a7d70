//! Datagrams between processes of one host: [`UnixDatagram`] for paths and, on Linux, abstract names. Unix systems only.
//!
//! ```
//! # let folder = std::env::temp_dir().join(format!("heliogram-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("log");
//! use heliogram::{SocketAddrUnix, UnixDatagram, UnixDatagramOptions};
//!
//! let log = UnixDatagram::new(&UnixDatagramOptions::new())?;
//! log.bind(&SocketAddrUnix::path(&path)?)?;
//! let program = UnixDatagram::new(&UnixDatagramOptions::new())?;
//! program.connect(&log.local_addr()?)?;
//! program.try_send(b"<14>started")?;
//!
//! let mut buffer = [0; 1024];
//! let rinfo = log.try_recv_msg(&mut buffer)?;
//! assert_eq!(&buffer[..rinfo.size], b"<14>started");
//! log.close()?; // and the path is gone
//! # std::fs::remove_dir(&folder).unwrap();
//! # Ok::<(), heliogram::Error>(())
//! ```
//!
//! A type of its own beside [`heliogram::Socket`](crate::Socket), whose addresses are the network's: a datagram of UDP
//! shall not carry a path about.
//!
//! Sources: `unix(7)`, `credentials(7)`, `sd_notify(3)`.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, errno, unix_datagram};
use crate::types::credentials::Credentials;

/// How a [`UnixDatagram`] treats the path that it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixDatagramOptions {
    replace_stale: bool,
    unlink: bool,
}

impl UnixDatagramOptions {
    /// The defaults: a path that is there is `EADDRINUSE`, and closing removes what the bind has made.
    pub const fn new() -> Self {
        UnixDatagramOptions { replace_stale: false, unlink: true }
    }

    /// Lets a bind take the place of a socket that nobody has open any longer, which a program that was killed leaves
    /// behind. One that is open, and a file of any other kind, stays and is `EADDRINUSE`. Of two programs that do
    /// this at the same moment, the later may have the path. Default: `false`.
    #[must_use]
    pub const fn replace_stale(mut self, on: bool) -> Self {
        self.replace_stale = on;
        self
    }

    /// Removes the path when the socket is closed or dropped, if it is still the one that the bind has made; as Node's
    /// pipes do. npm's `unix-dgram` does not. Default: `true`.
    #[must_use]
    pub const fn unlink(mut self, on: bool) -> Self {
        self.unlink = on;
        self
    }
}

impl Default for UnixDatagramOptions {
    fn default() -> Self {
        UnixDatagramOptions::new()
    }
}

/// The address of a local socket: a path, an abstract name, or none (`struct sockaddr_un`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketAddrUnix {
    /// As the kernel has it: an abstract name begins with a NUL.
    bytes: [u8; unix_datagram::NAME],
    length: u8,
}

impl SocketAddrUnix {
    /// The address of a socket that nobody has bound.
    pub const UNNAMED: SocketAddrUnix = SocketAddrUnix { bytes: [0; unix_datagram::NAME], length: 0 };

    /// A path, of at most 107 bytes on Linux and 103 on macOS and FreeBSD.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is longer, empty, or has a NUL in it.
    pub fn path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = path.as_os_str().as_bytes();
        let fits = !bytes.is_empty() && bytes.len() < unix_datagram::NAME && !bytes.contains(&0);
        if fits { Ok(SocketAddrUnix::of(bytes)) } else { Err(invalid(path.display())) }
    }

    /// An abstract name, of at most 107 bytes, any of them: it needs no file and is gone with its socket (Linux).
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is longer or empty. `bind`, `connect` and sends say `ENOTSUP` where there are no such names.
    pub fn abstract_name(name: &[u8]) -> Result<Self> {
        if name.is_empty() || name.len() >= unix_datagram::NAME {
            return Err(invalid(format_args!("@{}", name.escape_ascii())));
        }
        let mut address = SocketAddrUnix { length: name.len() as u8 + 1, ..SocketAddrUnix::UNNAMED };
        address.bytes[1..=name.len()].copy_from_slice(name);
        Ok(address)
    }

    /// Reads the form of systemd's `$NOTIFY_SOCKET`: a path, or an abstract name behind an `@` or a NUL.
    ///
    /// # Errors
    ///
    /// As [`path`](Self::path) and [`abstract_name`](Self::abstract_name).
    pub fn parse(text: &str) -> Result<Self> {
        match text.strip_prefix(['@', '\0']) {
            Some(name) => SocketAddrUnix::abstract_name(name.as_bytes()),
            None => SocketAddrUnix::path(text),
        }
    }

    /// The path, if it is one.
    pub fn as_path(&self) -> Option<&Path> {
        match self.as_bytes() {
            [] | [0, ..] => None,
            path => Some(Path::new(OsStr::from_bytes(path))),
        }
    }

    /// The abstract name, if it is one.
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        self.as_bytes().strip_prefix(&[0])
    }

    /// Whether it is neither.
    pub const fn is_unnamed(&self) -> bool {
        self.length == 0
    }

    /// At most [`unix_datagram::NAME`] bytes.
    fn of(bytes: &[u8]) -> Self {
        let length = bytes.len().min(unix_datagram::NAME);
        let mut address = SocketAddrUnix { length: length as u8, ..SocketAddrUnix::UNNAMED };
        address.bytes[..length].copy_from_slice(&bytes[..length]);
        address
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }
}

fn invalid(what: impl fmt::Display) -> Error {
    Error::raw("address", errno::EINVAL).about(&what.to_string())
}

impl fmt::Display for SocketAddrUnix {
    /// The path; an abstract name behind an `@`; nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_path(), self.as_abstract_name()) {
            (Some(path), _) => path.display().fmt(f),
            (_, Some(name)) => write!(f, "@{}", name.escape_ascii()),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for SocketAddrUnix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Who sent a datagram, and how much of it there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnixRemoteInfo {
    /// The sender's address; unnamed unless it has bound its socket.
    pub addr: SocketAddrUnix,
    /// The message's length in bytes, as far as it fitted the buffer.
    pub size: usize,
    /// Whether the message was longer than the buffer and its end is lost.
    pub truncated: bool,
    /// The process that sent it, if [`UnixDatagram::set_passcred`] asked.
    pub credentials: Option<Credentials>,
}

/// A datagram socket of this host, answering at once: what would have to wait fails with `EAGAIN`
/// ([`Error::is_would_block`]). It has a descriptor from the beginning, for any reactor. All methods take `&self` and may be
/// called from any thread. Neither fork-safe nor async-signal-safe, as [`Socket`](crate::Socket#forks-and-signals).
#[derive(Debug)]
pub struct UnixDatagram {
    options: UnixDatagramOptions,
    sys: unix_datagram::Socket,
    closed: AtomicBool,
    credentials: AtomicBool,
    made: Mutex<Option<Made>>,
}

/// The file that a bind has made.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Making, binding and closing.
impl UnixDatagram {
    /// Makes a socket without an address: it may send, and receives only through its descriptor.
    ///
    /// # Errors
    ///
    /// The system's, such as `EMFILE`.
    pub fn new(options: &UnixDatagramOptions) -> Result<Self> {
        Ok(UnixDatagram {
            options: *options,
            sys: unix_datagram::Socket::open().map_err(|error| Error::system("socket", &error))?,
            closed: AtomicBool::new(false),
            credentials: AtomicBool::new(false),
            made: Mutex::new(None),
        })
    }

    /// Binds to a path, which is made, or to an abstract name.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` if it is there already; `EINVAL` if the socket is bound, and for no name; `ENOENT`, `EACCES`, `EROFS` and
    /// whatever else the file system has to say; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn bind(&self, local: &SocketAddrUnix) -> Result<()> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: &io::Error| Error::system("bind", error).about(&local.to_string());
        self.check_running()?;
        if local.is_unnamed() {
            return Err(Error::raw("bind", errno::EINVAL));
        }
        let outcome = match self.sys.bind(local.as_bytes()) {
            Err(error) if self.options.replace_stale && error.kind() == io::ErrorKind::AddrInUse && is_stale(local) => {
                remove(local).and_then(|()| self.sys.bind(local.as_bytes()))
            }
            outcome => outcome,
        };
        outcome.map_err(|error| failed(&error))?;
        if let Some(path) = local.as_path().filter(|_| self.options.unlink) {
            *made = Some(Made::find(path).map_err(|error| failed(&error))?);
        }
        Ok(())
    }

    /// Makes `remote` the only peer: datagrams go to it and come from it alone. A second call changes the peer.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is no such path, `ECONNREFUSED` if nobody has it open, `EACCES` without the right to write to it,
    /// `EPROTOTYPE` if it is a stream's; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn connect(&self, remote: &SocketAddrUnix) -> Result<()> {
        self.call("connect", Some(remote), |sys| sys.connect(remote.as_bytes()))
    }

    /// Lets the peer go.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn disconnect(&self) -> Result<()> {
        self.call("connect", None, unix_datagram::Socket::disconnect)
    }

    /// The local address.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("address", "getsockname"))]
    pub fn local_addr(&self) -> Result<SocketAddrUnix> {
        self.call("getsockname", None, |sys| sys.local_name(SocketAddrUnix::of))
    }

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` without a peer, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn peer_addr(&self) -> Result<SocketAddrUnix> {
        self.call("getpeername", None, |sys| sys.peer_name(SocketAddrUnix::of))
    }

    /// Closes the socket for good, and removes the path that it has made. The number of its descriptor stays reserved until
    /// the socket is dropped.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed already; the file system's (`unlink EACCES`), and the socket is closed.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Err(Error::rule(ErrorKind::NotRunning));
        }
        let removed = self.remove_made();
        self.sys.release().map_err(|error| Error::system("close", &error))?;
        removed
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The descriptor, for a reactor to register.
    #[cfg(feature = "tokio")]
    pub(crate) const fn shared_descriptor(&self) -> &std::sync::Arc<sys::Descriptor> {
        self.sys.shared()
    }

    /// The descriptor, for a reactor. Closing the socket does not invalidate it.
    pub fn descriptor(&self) -> sys::BorrowedDescriptor<'_> {
        self.sys.descriptor()
    }
}

/// Sending and receiving.
impl UnixDatagram {
    /// Sends one datagram to the connected peer. Returns its length in bytes.
    ///
    /// # Errors
    ///
    /// `EAGAIN` while the peer's queue is full; `ENOTCONN` without a peer; `EMSGSIZE` over the send buffer's size; those of
    /// [`connect`](Self::connect).
    pub fn try_send(&self, message: &[u8]) -> Result<usize> {
        self.send(&[IoSlice::new(message)], None)
    }

    /// Sends one datagram to `peer`. Returns its length in bytes.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](Self::try_send), but `EISCONN` on a connected socket (macOS, FreeBSD). After `EAGAIN` a poller
    /// reports room in the queue of a connected peer only, not in that of `peer`.
    pub fn try_send_to(&self, message: &[u8], peer: &SocketAddrUnix) -> Result<usize> {
        self.send(&[IoSlice::new(message)], Some(peer))
    }

    /// [`try_send`](Self::try_send) for a datagram in several buffers. Without buffers the datagram is empty.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](Self::try_send).
    #[doc(alias = "sendmsg")]
    pub fn try_send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        self.send(buffers, None)
    }

    fn send(&self, buffers: &[IoSlice<'_>], to: Option<&SocketAddrUnix>) -> Result<usize> {
        self.call("send", to, |sys| sys.send(buffers, to.map(SocketAddrUnix::as_bytes)))
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit `buffer` are lost.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if there is none; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn try_recv(&self, buffer: &mut [u8]) -> Result<usize> {
        self.try_recv_msg(buffer).map(|rinfo| rinfo.size)
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes and its sender.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddrUnix)> {
        self.try_recv_msg(buffer).map(|rinfo| (rinfo.size, rinfo.addr))
    }

    /// Receives one datagram into `buffer`. Returns its length, its sender, [whether it was cut](UnixRemoteInfo::truncated),
    /// and the sender's credentials if [`set_passcred`](Self::set_passcred) asks for them.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    #[doc(alias = "recvmsg")]
    pub fn try_recv_msg(&self, buffer: &mut [u8]) -> Result<UnixRemoteInfo> {
        let asked = self.credentials.load(Ordering::Relaxed);
        let received = self.call("recvmsg", None, |sys| sys.recv(buffer, asked, SocketAddrUnix::of))?;
        let unix_datagram::Received { from: addr, length: size, truncated, credentials } = received;
        Ok(UnixRemoteInfo { addr, size, truncated, credentials })
    }
}

/// Options.
impl UnixDatagram {
    /// Has the kernel report which process sends each datagram, in [`UnixRemoteInfo::credentials`] (`SO_PASSCRED`, Linux).
    /// Default: off.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` elsewhere; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("SO_PASSCRED", "SCM_CREDENTIALS"))]
    pub fn set_passcred(&self, on: bool) -> Result<()> {
        self.call("setReceiveCredentials", None, |sys| sys.set_passcred(on))?;
        self.credentials.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// The kernel's receive buffer in bytes (`SO_RCVBUF`). For a local socket it is the sender's that counts.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn recv_buffer_size(&self) -> Result<usize> {
        self.call("recvBufferSize", None, unix_datagram::Socket::recv_buffer_size)
    }

    /// Sets the kernel's receive buffer in bytes (`SO_RCVBUF`).
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn set_recv_buffer_size(&self, bytes: u32) -> Result<()> {
        self.call("setRecvBufferSize", None, |sys| sys.set_recv_buffer_size(bytes as usize))
    }

    /// The kernel's send buffer in bytes (`SO_SNDBUF`), which bounds a datagram.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn send_buffer_size(&self) -> Result<usize> {
        self.call("sendBufferSize", None, unix_datagram::Socket::send_buffer_size)
    }

    /// Sets the kernel's send buffer in bytes (`SO_SNDBUF`).
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn set_send_buffer_size(&self, bytes: u32) -> Result<()> {
        self.call("setSendBufferSize", None, |sys| sys.set_send_buffer_size(bytes as usize))
    }
}

/// What the methods share.
impl UnixDatagram {
    fn check_running(&self) -> Result<()> {
        if self.is_closed() { Err(Error::rule(ErrorKind::NotRunning)) } else { Ok(()) }
    }

    fn call<T>(
        &self,
        syscall: &'static str,
        about: Option<&SocketAddrUnix>,
        call: impl FnOnce(&unix_datagram::Socket) -> io::Result<T>,
    ) -> Result<T> {
        self.check_running()?;
        call(&self.sys).map_err(|error| match (self.check_running(), about) {
            // Another thread has closed it meanwhile.
            (Err(closed), _) => closed,
            (_, Some(address)) if error.kind() != io::ErrorKind::WouldBlock => {
                Error::system(syscall, &error).about(&address.to_string())
            }
            _ => Error::system(syscall, &error),
        })
    }

    fn remove_made(&self) -> Result<()> {
        match self.made.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(made) => made.remove(),
            None => Ok(()),
        }
    }
}

impl Drop for UnixDatagram {
    fn drop(&mut self) {
        // A drop cannot return an error; close() does.
        let _ = self.remove_made();
    }
}

impl std::os::fd::AsFd for UnixDatagram {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.sys.descriptor()
    }
}

impl Made {
    fn find(path: &Path) -> io::Result<Self> {
        // The process may go elsewhere before it closes the socket.
        let path = std::path::absolute(path)?;
        let found = path.symlink_metadata()?;
        Ok(Made { path, device: found.dev(), inode: found.ino() })
    }

    /// Removes the file, unless it is gone or another has taken its place.
    fn remove(&self) -> Result<()> {
        match self.path.symlink_metadata() {
            Ok(found) if (found.dev(), found.ino()) == (self.device, self.inode) => {
                let removed = std::fs::remove_file(&self.path);
                removed.map_err(|error| Error::system("unlink", &error).about(&self.path.to_string_lossy()))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the path is a socket that nobody has open: `connect` says `ECONNREFUSED`, as it does to other files.
fn is_stale(local: &SocketAddrUnix) -> bool {
    let refused = |probe: unix_datagram::Socket| probe.connect(local.as_bytes()).err().map(|error| error.kind());
    let is_socket = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket());
    local.as_path().is_some_and(is_socket)
        && unix_datagram::Socket::open().ok().and_then(refused) == Some(io::ErrorKind::ConnectionRefused)
}

fn remove(local: &SocketAddrUnix) -> io::Result<()> {
    local.as_path().map_or(Ok(()), std::fs::remove_file)
}
