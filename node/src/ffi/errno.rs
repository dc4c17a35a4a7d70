//! Error numbers, negative as Node's handles give them.

use std::io;

pub(crate) use number::{EBADF, EDESTADDRREQ, EINVAL, EISCONN, OTHER_FAMILY};

/// The system's.
#[cfg(unix)]
mod number {
    pub(crate) const EBADF: i32 = -libc::EBADF;
    pub(crate) const EINVAL: i32 = -libc::EINVAL;
    pub(crate) const EDESTADDRREQ: i32 = -libc::EDESTADDRREQ;
    pub(crate) const EISCONN: i32 = -libc::EISCONN;
    /// An option of IPv6 on a socket of IPv4.
    pub(crate) const OTHER_FAMILY: i32 = -libc::ENOPROTOOPT;
}

/// libuv's.
#[cfg(windows)]
mod number {
    pub(crate) const EBADF: i32 = -4083;
    pub(crate) const EINVAL: i32 = -4071;
    pub(crate) const EDESTADDRREQ: i32 = -4076;
    pub(crate) const EISCONN: i32 = -4069;
    /// An option of IPv6 on a socket of IPv4.
    pub(crate) const OTHER_FAMILY: i32 = EINVAL;
}

/// The number of an error of the system.
pub(crate) fn of(error: &io::Error) -> i32 {
    error.raw_os_error().map_or(EBADF, heliogram::node_errno)
}
