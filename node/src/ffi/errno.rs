//! The system's error numbers, negative as Node's handles give them.

use std::io;

pub(crate) const EBADF: i32 = -libc::EBADF;
pub(crate) const EINVAL: i32 = -libc::EINVAL;
pub(crate) const EDESTADDRREQ: i32 = -libc::EDESTADDRREQ;
pub(crate) const EISCONN: i32 = -libc::EISCONN;
pub(crate) const ENOPROTOOPT: i32 = -libc::ENOPROTOOPT;

/// The number of an error of the system.
pub(crate) fn of(error: &io::Error) -> i32 {
    error.raw_os_error().map_or(EBADF, |raw| -raw)
}
