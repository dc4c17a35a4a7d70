//! [`Error`]: what failed, on which address, with Node's code and Node's words.
//!
//! Sources: Node's documentation of `errors` and `dgram`; `errno(3)`.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::sys;
use crate::types::error_queue::QueuedError;

/// A result with an [`Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of failure: a rule of the socket, or an error of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The socket is bound, or being bound, already.
    AlreadyBound,
    /// A type that is neither `udp4` nor `udp6`.
    BadType,
    /// A port outside 1 to 65,535 where a peer's port is needed.
    BadPort,
    /// A buffer size that does not fit a C `int`.
    BadBufferSize,
    /// A kernel buffer's size could not be read or set.
    BufferSize,
    /// There is no descriptor yet.
    BadDescriptor,
    /// A descriptor that is no UDP socket of the right family.
    InvalidDescriptor,
    /// The socket has a peer, or is getting one, already.
    IsConnected,
    /// The socket has no peer.
    NotConnected,
    /// The socket is closed.
    NotRunning,
    /// A block list forbids the destination.
    Blocked,
    /// The host name has no address of the socket's family.
    NotFound,
    /// The name server did not answer in time.
    LookupAgain,
    /// Text that is no IP address.
    InvalidAddress,
    /// The call would have to wait (`EAGAIN`).
    WouldBlock,
    /// The connected peer's host answered that nobody receives at its port (`ECONNREFUSED`; on Windows `ECONNRESET`).
    PeerGone,
    /// The datagram is longer than UDP, the socket's send buffer or the path's MTU permits (`EMSGSIZE`).
    MessageTooLong,
    /// The socket has GRO on, and the call's memory could not hold what one receive may bring.
    Gro,
    /// The socket manages this option itself.
    ManagedOption,
    /// Another error of the system: [`Error::raw_os_error`] has its number.
    System,
}

/// Every code that is not the system's, with the message that Node prints.
const TABLE: &[(ErrorKind, &str, &str)] = &[
    (ErrorKind::AlreadyBound, "ERR_SOCKET_ALREADY_BOUND", "Socket is already bound"),
    (ErrorKind::BadType, "ERR_SOCKET_BAD_TYPE", "Bad socket type specified. Valid types are: udp4, udp6"),
    (ErrorKind::BadPort, "ERR_SOCKET_BAD_PORT", "Port should be > 0 and < 65536. Received type number (0)."),
    (ErrorKind::BadBufferSize, "ERR_SOCKET_BAD_BUFFER_SIZE", "Buffer size must be a positive integer"),
    (ErrorKind::BufferSize, "ERR_SOCKET_BUFFER_SIZE", "Could not get or set buffer size"),
    (ErrorKind::BadDescriptor, "EBADF", "EBADF"),
    (ErrorKind::InvalidDescriptor, "ERR_INVALID_FD_TYPE", "Unsupported fd type"),
    (ErrorKind::IsConnected, "ERR_SOCKET_DGRAM_IS_CONNECTED", "Already connected"),
    (ErrorKind::NotConnected, "ERR_SOCKET_DGRAM_NOT_CONNECTED", "Not connected"),
    (ErrorKind::NotRunning, "ERR_SOCKET_DGRAM_NOT_RUNNING", "Not running"),
    (ErrorKind::Blocked, "ERR_IP_BLOCKED", "is blocked by net.BlockList"),
    (ErrorKind::NotFound, "ENOTFOUND", "ENOTFOUND"),
    (ErrorKind::LookupAgain, "EAI_AGAIN", "EAI_AGAIN"),
    (ErrorKind::InvalidAddress, "ERR_INVALID_IP_ADDRESS", "Invalid IP address"),
    (
        ErrorKind::Gro,
        "ERR_HELIOGRAM_GRO",
        "A socket with GRO receives into a batch, or into buffers of at least 65,527 bytes",
    ),
    (ErrorKind::ManagedOption, "ERR_HELIOGRAM_MANAGED_OPTION", "The socket manages this option itself"),
];

impl ErrorKind {
    fn row(self) -> (&'static str, &'static str) {
        TABLE.iter().find(|row| row.0 == self).map_or(("UNKNOWN", "unknown error"), |row| (row.1, row.2))
    }
}

/// What an error is about: a peer, a local address, a host name, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
enum Target {
    #[default]
    None,
    Address(SocketAddr),
    Text(Box<str>),
}

/// Why an operation failed. Making one allocates nothing unless it names a host or an unparsable address.
///
/// Displays as Node does: `bind EADDRINUSE 127.0.0.1:41234`, `Not running`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorKind,
    /// The system's number, positive; 0 where there is none.
    raw: i32,
    syscall: &'static str,
    target: Target,
}

impl Error {
    /// A rule of the socket that forbids the operation.
    pub(crate) const fn rule(code: ErrorKind) -> Self {
        Error { code, raw: 0, syscall: "", target: Target::None }
    }

    /// An error of the system in `syscall`, in Node's spelling (`bind`, `send`, `setTTL`).
    pub(crate) fn system(syscall: &'static str, error: &io::Error) -> Self {
        Error::raw(syscall, error.raw_os_error().unwrap_or_else(|| sys::errno::of_kind(error.kind())))
    }

    /// The same with the number at hand.
    pub(crate) const fn raw(syscall: &'static str, raw: i32) -> Self {
        Error { code: ErrorKind::System, raw, syscall, target: Target::None }
    }

    /// The refusal of a buffer's size, with the system's reason.
    pub(crate) const fn buffer_size(syscall: &'static str, raw: i32) -> Self {
        Error { code: ErrorKind::BufferSize, raw, syscall, target: Target::None }
    }

    /// A look-up that found nothing, or had no answer. `host` may be empty where it is not known.
    #[cfg(any(feature = "events", feature = "tokio"))]
    pub(crate) fn lookup(host: &str, code: ErrorKind) -> Self {
        let target = if host.is_empty() { Target::None } else { Target::Text(host.into()) };
        Error { code, raw: 0, syscall: "getaddrinfo", target }
    }

    /// The same from what the standard library says. It keeps `getaddrinfo(3)`'s number to itself, so that its words have
    /// to do; they are C's own, as no Rust program sets a locale unasked. An error of the system stays what it is.
    #[cfg(any(feature = "events", feature = "tokio"))]
    pub(crate) fn failed_lookup(host: &str, error: &io::Error) -> Self {
        let again = error.to_string().contains("Temporary failure");
        let missing = Error::lookup(host, if again { ErrorKind::LookupAgain } else { ErrorKind::NotFound });
        match error.raw_os_error() {
            Some(raw) if sys::errno::is_known(raw) => Error { code: ErrorKind::System, raw, ..missing },
            _ => missing,
        }
    }

    /// Text that is no address.
    pub(crate) fn invalid_address(text: &str) -> Self {
        Error { code: ErrorKind::InvalidAddress, raw: 0, syscall: "", target: Target::Text(text.into()) }
    }

    /// A descriptor of the wrong kind; `kind` is its name as Node prints it (`TCP`, `FILE`).
    pub(crate) fn invalid_descriptor(kind: &str) -> Self {
        Error { code: ErrorKind::InvalidDescriptor, raw: 0, syscall: "", target: Target::Text(kind.into()) }
    }

    /// The same error, about this address.
    pub(crate) fn at(self, address: SocketAddr) -> Self {
        Error { target: Target::Address(address), ..self }
    }

    /// The same error, about a path or a name.
    #[cfg(unix)]
    pub(crate) fn about(self, text: &str) -> Self {
        Error { target: Target::Text(text.into()), ..self }
    }

    /// The same error, about this peer if there is one.
    pub(crate) fn maybe_at(self, address: Option<SocketAddr>) -> Self {
        match address {
            Some(address) => self.at(address),
            None => self,
        }
    }

    /// The standard library's kind of this error, as [`io::Error::kind`] has it: of the number, where there is one.
    pub fn kind(&self) -> io::ErrorKind {
        if let Some(raw) = self.raw_os_error() {
            return io::Error::from_raw_os_error(raw).kind();
        }
        match self.code {
            ErrorKind::NotConnected => io::ErrorKind::NotConnected,
            ErrorKind::Blocked => io::ErrorKind::PermissionDenied,
            ErrorKind::NotFound => io::ErrorKind::NotFound,
            ErrorKind::LookupAgain => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidInput,
        }
    }

    /// The failure as this crate's [`ErrorKind`], which distinguishes the rules of the socket.
    ///
    /// ```
    /// use heliogram::{ErrorKind, Socket, SocketOptions, SocketType};
    ///
    /// let socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.bind(None)?;
    /// assert_eq!(socket.try_recv(&mut [0; 9]).unwrap_err().reason(), ErrorKind::WouldBlock);
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    pub fn reason(&self) -> ErrorKind {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset, WouldBlock};
        if self.code != ErrorKind::System {
            return self.code;
        }
        match self.kind() {
            WouldBlock => ErrorKind::WouldBlock,
            ConnectionRefused | ConnectionReset => ErrorKind::PeerGone,
            _ if self.raw == sys::errno::EMSGSIZE => ErrorKind::MessageTooLong,
            _ => ErrorKind::System,
        }
    }

    /// Node's code: `ERR_SOCKET_DGRAM_NOT_RUNNING`, or the system's name such as `EADDRINUSE`.
    pub fn code(&self) -> &'static str {
        match self.code {
            ErrorKind::System => sys::errno::name(self.raw),
            code => code.row().0,
        }
    }

    /// The system's error number (`98` for `EADDRINUSE` on Linux; on Windows Winsock's), which a conversion into
    /// [`io::Error`] keeps. `None` for a rule of the socket and for a look-up.
    pub const fn raw_os_error(&self) -> Option<i32> {
        match (self.code, self.raw) {
            (ErrorKind::BadDescriptor, _) => Some(sys::errno::EBADF),
            (_, 0) => None,
            (_, raw) => Some(raw),
        }
    }

    /// The number that Node gives: the system's, **negative** (`-98` for `EADDRINUSE` on Linux), on Windows libuv's (`-4091`).
    pub fn errno(&self) -> Option<i32> {
        self.raw_os_error().map(sys::errno::node)
    }

    /// The operation that failed, in Node's spelling: `bind`, `send`, `recvmsg`, `setTTL`, `addMembership`.
    pub const fn syscall(&self) -> Option<&'static str> {
        if self.syscall.is_empty() { None } else { Some(self.syscall) }
    }

    /// The IP address or host name that the error is about.
    pub fn address(&self) -> Option<Cow<'_, str>> {
        match &self.target {
            Target::Address(address) => Some(ip_text(address).into()),
            Target::Text(text) if self.code != ErrorKind::InvalidDescriptor => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// The port that the error is about; `None` where it is 0 or unknown.
    pub fn port(&self) -> Option<u16> {
        match self.target {
            Target::Address(address) if address.port() != 0 => Some(address.port()),
            _ => None,
        }
    }

    /// Whether the operation would have had to wait: `EAGAIN`.
    pub fn is_would_block(&self) -> bool {
        self.code == ErrorKind::System && self.raw == sys::errno::EAGAIN
    }

    /// Whether a send that failed so goes through later by itself: `EAGAIN`, or `ENOBUFS` of a full device queue, which
    /// Node's sends wait out too.
    pub(crate) fn is_full(&self) -> bool {
        self.is_would_block() || (self.code == ErrorKind::System && self.raw == sys::errno::ENOBUFS)
    }
}

/// The number that Node gives for one of the system's: negative, and on Windows libuv's.
#[doc(hidden)]
pub fn node_errno(raw: i32) -> i32 {
    sys::errno::node(raw)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, message) = self.code.row();
        match self.code {
            ErrorKind::System | ErrorKind::BadDescriptor => {
                write!(f, "{} {}", self.syscall, self.code())?;
                write_target(f, &self.target)
            }
            ErrorKind::NotFound | ErrorKind::LookupAgain => {
                write!(f, "{} {code}", self.syscall)?;
                write_target(f, &self.target)
            }
            ErrorKind::BufferSize => {
                let (name, text) = (sys::errno::name(self.raw), sys::errno::text(self.raw));
                write!(f, "{message}: {} returned {name} ({text})", self.syscall)
            }
            ErrorKind::Blocked => write!(f, "IP({}) {message}", self.address().unwrap_or_default()),
            ErrorKind::InvalidDescriptor | ErrorKind::InvalidAddress => match &self.target {
                Target::Text(text) => write!(f, "{message}: {text}"),
                _ => f.write_str(message),
            },
            _ => f.write_str(message),
        }
    }
}

/// ` address:port`, without the port where it is 0, as Node writes it.
fn write_target(f: &mut fmt::Formatter<'_>, target: &Target) -> fmt::Result {
    match target {
        Target::None => Ok(()),
        Target::Text(text) => write!(f, " {text}"),
        Target::Address(address) if address.port() == 0 => write!(f, " {}", ip_text(address)),
        Target::Address(address) => write!(f, " {}:{}", ip_text(address), address.port()),
    }
}

fn ip_text(address: &SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(_) => crate::addr::zone::text(address),
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    /// An error with a number becomes the standard library's error of that number, kind and words; `io::Error` has no place
    /// for the address beside it. An error without one is carried whole: `io::Error::downcast` gives it back.
    fn from(error: Error) -> Self {
        match error.raw_os_error() {
            Some(raw) => io::Error::from_raw_os_error(raw),
            None => io::Error::new(error.kind(), error),
        }
    }
}

impl QueuedError {
    /// The error's name: `ECONNREFUSED`, `EHOSTUNREACH`, `EMSGSIZE`.
    pub fn code(&self) -> &'static str {
        sys::errno::name(self.errno.wrapping_neg())
    }
}

impl fmt::Display for QueuedError {
    /// `ECONNREFUSED 192.0.2.1:9, says 192.0.2.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        self.peer.map_or(Ok(()), |peer| write!(f, " {peer}"))?;
        self.mtu.map_or(Ok(()), |mtu| write!(f, ", the path's MTU is {mtu}"))?;
        self.offender.map_or(Ok(()), |offender| write!(f, ", says {offender}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_into_the_standard_librarys_error_keeps_number_and_kind() {
        let local = "127.0.0.1:9".parse().unwrap();
        for raw in
            [sys::errno::EAGAIN, sys::errno::EMSGSIZE, sys::errno::EINVAL, sys::errno::EBADF, sys::errno::ENOBUFS]
        {
            for error in [Error::raw("send", raw).at(local), Error::buffer_size("uv_recv_buffer_size", raw)] {
                let (kind, number) = (error.kind(), error.raw_os_error());
                let converted = io::Error::from(error);
                assert_eq!((converted.raw_os_error(), number), (Some(raw), Some(raw)));
                assert_eq!((converted.kind(), kind), (io::Error::from_raw_os_error(raw).kind(), converted.kind()));
            }
        }
        assert_eq!(io::Error::from(Error::rule(ErrorKind::BadDescriptor)).raw_os_error(), Some(sys::errno::EBADF));
    }

    #[test]
    fn a_rule_of_the_socket_is_carried_whole() {
        for (code, ..) in TABLE.iter().filter(|row| row.0 != ErrorKind::BadDescriptor) {
            let (error, kind) = (Error::rule(*code), Error::rule(*code).kind());
            let converted = io::Error::from(error.clone());
            assert_eq!((converted.raw_os_error(), converted.kind()), (None, kind));
            assert_eq!(converted.downcast::<Error>().unwrap(), error);
        }
    }

    #[test]
    fn frequent_errors_of_the_system_have_reasons() {
        let reason = |raw| Error::raw("send", raw).reason();
        assert_eq!(reason(sys::errno::EAGAIN), ErrorKind::WouldBlock);
        assert_eq!(reason(sys::errno::EMSGSIZE), ErrorKind::MessageTooLong);
        assert_eq!(reason(sys::errno::EINVAL), ErrorKind::System);
        #[cfg(unix)]
        assert_eq!(reason(sys::errno::ECONNREFUSED), ErrorKind::PeerGone);
    }

    #[test]
    fn no_number_overflows() {
        assert!(Error::raw("send", i32::MIN).errno().is_some_and(|number| number < 0));
    }
}
