//! Why a command failed, and the exit code that says so.

use std::fmt::{self, Display};
use std::io;
use std::process::ExitCode;

use serde_json::json;

use crate::report;

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

impl Failure {
    /// The library's error, about this argument.
    pub(crate) fn about(subject: impl Display) -> impl FnOnce(heliogram::Error) -> Self {
        move |error| Failure::Socket(error, Some(subject.to_string()))
    }

    /// Says it on standard error, in JSON mode on standard output too; gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let told = match self {
            Failure::ClosedPipe => return ExitCode::SUCCESS,
            Failure::Interrupted => return ExitCode::from(130),
            _ => report::tell(&format_args!("heliogram: {self}")),
        };
        if json {
            // Where nobody reads standard error either, the exit code has to do.
            let _ = told.and_then(|()| report::print(&self.event()));
        }
        ExitCode::FAILURE
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

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Failure::Socket(error, _) => Some(error.io_kind()),
            _ => None,
        }
    }

    /// The event `error`.
    pub(crate) fn event(&self) -> serde_json::Value {
        let mut event = json!({ "event": "error", "message": self.to_string() });
        if let Failure::Socket(error, _) = self {
            event["code"] = error.code().into();
            event["syscall"] = error.syscall().into();
            event["address"] = error.address().as_deref().into();
            event["port"] = error.port().into();
        }
        event
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(message) | Failure::Other(message) => f.write_str(message),
            Failure::Socket(error, None) => error.fmt(f),
            Failure::Socket(error, Some(subject)) => write!(f, "{error} {subject}"),
            Failure::ClosedPipe => f.write_str("nobody reads the output"),
            Failure::Interrupted => f.write_str("interrupted"),
        }
    }
}

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
