//! Why a command failed, and what to do about it.

use std::fmt::{self, Display};
use std::io;

use serde_json::{Map, Value};

/// What every command ends with.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command ended without having done what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Arguments that are wrong only together; a single wrong one is the parser's business.
    Usage(String),
    /// The library's error, and what it was about if the error itself does not say.
    Socket(heliogram::Error, Option<String>),
    /// Anything else that went wrong, or that was waited for and did not come.
    Other(String),
    /// Nobody reads our output any more, so there is nothing left to do.
    ClosedPipe,
    /// Ctrl-C before anything was done.
    Interrupted,
}

/// Whether this system, or its kernel, has no such option: it is old, or an emulation of one.
pub(crate) fn is_lacking(error: &heliogram::Error) -> bool {
    ["ENOTSUP", "ENOPROTOOPT"].contains(&error.code())
}

impl Failure {
    /// The library's error, about this argument.
    pub(crate) fn about(subject: impl Display) -> impl FnOnce(heliogram::Error) -> Self {
        move |error| Failure::Socket(error, Some(subject.to_string()))
    }

    /// Whether an earlier datagram met nobody (ICMP port unreachable), and the next may do better.
    pub(crate) fn is_refusal(&self) -> bool {
        self.io_kind() == Some(io::ErrorKind::ConnectionRefused)
    }

    /// Whether this is what the network says of a datagram, and not a fault of ours.
    pub(crate) fn is_of_network(&self) -> bool {
        use io::ErrorKind::{HostUnreachable, NetworkUnreachable};
        self.is_refusal() || matches!(self.io_kind(), Some(HostUnreachable | NetworkUnreachable))
    }

    /// Whether the device's queue had no room for a datagram.
    pub(crate) fn is_no_buffer(&self) -> bool {
        matches!(self, Failure::Socket(error, _) if error.code() == "ENOBUFS")
    }

    /// Whether the socket's send buffer is full.
    pub(crate) fn is_would_block(&self) -> bool {
        matches!(self, Failure::Socket(error, _) if error.is_would_block())
    }

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Failure::Socket(error, _) => Some(error.kind()),
            _ => None,
        }
    }

    /// What the event `error` says.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("message".into(), self.to_string().into());
        if let Failure::Socket(error, _) = self {
            fields.insert("code".into(), error.code().into());
            fields.insert("syscall".into(), error.syscall().into());
            fields.insert("address".into(), error.address().as_deref().into());
            fields.insert("port".into(), error.port().into());
        }
        fields
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(message) | Failure::Other(message) => f.write_str(message),
            Failure::Socket(error, Some(subject)) if error.code() == "ENODEV" => {
                write!(f, "no such interface: {subject}")
            }
            Failure::Socket(error, None) => write!(f, "{error}{}", remedy(error)),
            Failure::Socket(error, Some(subject)) => write!(f, "{error} {subject}{}", remedy(error)),
            Failure::ClosedPipe => f.write_str("nobody reads the output"),
            Failure::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// What the error means here, or what to do about it; empty where its code says all there is to say.
fn remedy(error: &heliogram::Error) -> String {
    let address = error.address().unwrap_or_default();
    let text = match (error.syscall().unwrap_or_default(), error.code()) {
        ("connect" | "send" | "sendmsg", "EACCES") => format!("{address} is a broadcast address: add --broadcast"),
        ("send" | "sendmsg", "EMSGSIZE") => LONGEST.into(),
        ("bind", "EADDRINUSE") => "another socket has this address; both can share it with --reuse-port".into(),
        ("bind", "EADDRNOTAVAIL") => "no interface of this host has this address".into(),
        ("bind", "EACCES") => "ports below 1024 are for root".into(),
        (_, "ECONNREFUSED") => "nobody listens there".into(),
        (_, "ENETUNREACH") => "there is no route to this address".into(),
        (_, "EHOSTUNREACH") => "the host does not answer, or a firewall is in the way".into(),
        (_, "EPERM") => "a firewall rule of this host forbids it".into(),
        _ => return String::new(),
    };
    format!(": {text}")
}

/// The least that a reader needs to know of lengths.
const LONGEST: &str = "the longest datagram over IPv4 is 65,507 bytes; with --dont-fragment, what fits the path's MTU";

impl From<heliogram::Error> for Failure {
    fn from(error: heliogram::Error) -> Self {
        Failure::Socket(error, None)
    }
}

/// For standard output and standard error, all that commands write to.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Other(format!("cannot print: {error}")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use heliogram::{Socket, SocketOptions, SocketType};

    #[test]
    fn an_option_that_the_kernel_does_not_know_is_lacking_and_a_wrong_value_is_not() {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
        socket.bind("127.0.0.1:0".parse().ok()).unwrap();
        assert!(is_lacking(&socket.setsockopt(0, 9999, &[0; 4]).unwrap_err()));
        assert!(!is_lacking(&socket.set_ttl(0).unwrap_err()));
    }
}
