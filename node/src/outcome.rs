//! Outcomes as Node's handles give them: a size or 0, or a negative number of the system's; and times as JavaScript has them.

use std::time::{Duration, SystemTime};

use heliogram::{Error, ErrorKind, Result};

pub(crate) use crate::ffi::errno::{EBADF, EINVAL, OTHER_FAMILY};
use crate::ffi::errno::{EDESTADDRREQ, EISCONN};

/// A size, or the error's number.
pub(crate) fn number(outcome: Result<usize>) -> i32 {
    match outcome {
        Ok(size) => i32::try_from(size).unwrap_or(i32::MAX),
        Err(error) => error_number(&error),
    }
}

/// 0, or the error's number.
pub(crate) fn status(outcome: Result<()>) -> i32 {
    number(outcome.map(|()| 0))
}

/// The number that the system would have given; a rule of the socket gets the one that comes nearest.
pub(crate) fn error_number(error: &Error) -> i32 {
    error.errno().unwrap_or(match error.reason() {
        ErrorKind::NotRunning => EBADF,
        ErrorKind::IsConnected => EISCONN,
        ErrorKind::NotConnected | ErrorKind::BadPort => EDESTADDRREQ,
        _ => EINVAL,
    })
}

/// The code of the rule that forbids something, if one does.
pub(crate) fn rule(outcome: Result<()>) -> Option<&'static str> {
    outcome.err().map(|error| error.code())
}

/// Nanoseconds since 1970.
pub(crate) fn since_epoch(time: SystemTime) -> u64 {
    nanoseconds(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
