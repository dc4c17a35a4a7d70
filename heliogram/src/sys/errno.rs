//! Error numbers: their names, Node's numbers, and the words for them that Node prints.
//!
//! Sources: `errno(3)`; for Windows "Windows Sockets Error Codes", "System Error Codes", and `uv/errno.h` of libuv.

use std::io::{self, ErrorKind};

#[cfg(unix)]
mod number {
    pub(crate) use libc::{EAGAIN, EBADF, EBUSY, ECANCELED, EINVAL, ENOBUFS, ENODEV, ENOTSUP, EOPNOTSUPP};

    pub(super) const ENOPROTOOPT: i32 = libc::ENOPROTOOPT;
    pub(crate) const EMSGSIZE: i32 = libc::EMSGSIZE;
    pub(super) const EIO: i32 = libc::EIO;
    pub(super) const EEXIST: i32 = libc::EEXIST;

    pub(super) const TABLE: &[(i32, &str, &str)] = &[
        (libc::EACCES, "EACCES", "permission denied"),
        (libc::EADDRINUSE, "EADDRINUSE", "address already in use"),
        (libc::EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"),
        (libc::EAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"),
        (libc::EAGAIN, "EAGAIN", "resource temporarily unavailable"),
        (libc::EALREADY, "EALREADY", "connection already in progress"),
        (libc::EBADF, "EBADF", "bad file descriptor"),
        (libc::EBUSY, "EBUSY", "resource busy or locked"),
        (libc::ECANCELED, "ECANCELED", "operation canceled"),
        (libc::ECONNABORTED, "ECONNABORTED", "software caused connection abort"),
        (libc::ECONNREFUSED, "ECONNREFUSED", "connection refused"),
        (libc::ECONNRESET, "ECONNRESET", "connection reset by peer"),
        (libc::EDESTADDRREQ, "EDESTADDRREQ", "destination address required"),
        (libc::EEXIST, "EEXIST", "file already exists"),
        (libc::EFAULT, "EFAULT", "bad address in system call argument"),
        (libc::EHOSTDOWN, "EHOSTDOWN", "host is down"),
        (libc::EHOSTUNREACH, "EHOSTUNREACH", "host is unreachable"),
        (libc::EINTR, "EINTR", "interrupted system call"),
        (libc::EINVAL, "EINVAL", "invalid argument"),
        (libc::EIO, "EIO", "i/o error"),
        (libc::EISCONN, "EISCONN", "socket is already connected"),
        (libc::ELOOP, "ELOOP", "too many symbolic links encountered"),
        (libc::EMFILE, "EMFILE", "too many open files"),
        (libc::EMSGSIZE, "EMSGSIZE", "message too long"),
        (libc::ENETDOWN, "ENETDOWN", "network is down"),
        (libc::ENETUNREACH, "ENETUNREACH", "network is unreachable"),
        (libc::ENFILE, "ENFILE", "file table overflow"),
        (libc::ENOBUFS, "ENOBUFS", "no buffer space available"),
        (libc::ENAMETOOLONG, "ENAMETOOLONG", "name too long"),
        (libc::ENODEV, "ENODEV", "no such device"),
        (libc::ENOENT, "ENOENT", "no such file or directory"),
        (libc::ENOMEM, "ENOMEM", "not enough memory"),
        (libc::ENOPROTOOPT, "ENOPROTOOPT", "protocol not available"),
        (libc::ENOSPC, "ENOSPC", "no space left on device"),
        (libc::ENOSYS, "ENOSYS", "function not implemented"),
        (libc::ENOTCONN, "ENOTCONN", "socket is not connected"),
        (libc::ENOTDIR, "ENOTDIR", "not a directory"),
        (libc::ENOTSOCK, "ENOTSOCK", "socket operation on non-socket"),
        (libc::ENOTSUP, "ENOTSUP", "operation not supported on socket"),
        (libc::ENXIO, "ENXIO", "no such device or address"),
        (libc::EPERM, "EPERM", "operation not permitted"),
        (libc::EPIPE, "EPIPE", "broken pipe"),
        (libc::EPROTO, "EPROTO", "protocol error"),
        (libc::EPROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported"),
        (libc::EPROTOTYPE, "EPROTOTYPE", "protocol wrong type for socket"),
        (libc::ERANGE, "ERANGE", "result too large"),
        (libc::EROFS, "EROFS", "read-only file system"),
        (libc::ESHUTDOWN, "ESHUTDOWN", "cannot send after transport endpoint shutdown"),
        (libc::ETIMEDOUT, "ETIMEDOUT", "connection timed out"),
    ];
}

#[cfg(windows)]
mod number {
    pub(crate) const EAGAIN: i32 = 10035;
    pub(crate) const EBADF: i32 = 10009;
    pub(crate) const EBUSY: i32 = 170;
    pub(crate) const ECANCELED: i32 = 10103;
    pub(crate) const EINVAL: i32 = 10022;
    pub(crate) const ENODEV: i32 = 1200;
    pub(crate) const ENOTSUP: i32 = 10045;
    pub(crate) const EOPNOTSUPP: i32 = 10045;
    pub(crate) const ENOBUFS: i32 = 10055;
    pub(crate) const ENOTSOCK: i32 = 10038;
    pub(super) const ENOPROTOOPT: i32 = 10042;
    pub(crate) const EMSGSIZE: i32 = 10040;
    pub(super) const EIO: i32 = 31;
    pub(super) const EEXIST: i32 = 183;

    /// As libuv translates them; it knows no others.
    pub(super) const TABLE: &[(i32, &str, &str)] = &[
        (5, "EPERM", "operation not permitted"),
        (6, "EBADF", "bad file descriptor"),
        (8, "ENOMEM", "not enough memory"),
        (14, "ENOMEM", "not enough memory"),
        (31, "EIO", "i/o error"),
        (50, "ENOTSUP", "operation not supported on socket"),
        (87, "EINVAL", "invalid argument"),
        (170, "EBUSY", "resource busy or locked"),
        (183, "EEXIST", "file already exists"),
        (995, "ECANCELED", "operation canceled"),
        (1200, "ENODEV", "no such device"),
        (10004, "ECANCELED", "operation canceled"),
        (10009, "EBADF", "bad file descriptor"),
        (10013, "EACCES", "permission denied"),
        (10014, "EFAULT", "bad address in system call argument"),
        (10022, "EINVAL", "invalid argument"),
        (10024, "EMFILE", "too many open files"),
        (10035, "EAGAIN", "resource temporarily unavailable"),
        (10037, "EALREADY", "connection already in progress"),
        (10038, "ENOTSOCK", "socket operation on non-socket"),
        (10040, "EMSGSIZE", "message too long"),
        (10043, "EPROTONOSUPPORT", "protocol not supported"),
        (10045, "ENOTSUP", "operation not supported on socket"),
        (10047, "EAFNOSUPPORT", "address family not supported"),
        (10048, "EADDRINUSE", "address already in use"),
        (10049, "EADDRNOTAVAIL", "address not available"),
        (10051, "ENETUNREACH", "network is unreachable"),
        (10053, "ECONNABORTED", "software caused connection abort"),
        (10054, "ECONNRESET", "connection reset by peer"),
        (10055, "ENOBUFS", "no buffer space available"),
        (10056, "EISCONN", "socket is already connected"),
        (10057, "ENOTCONN", "socket is not connected"),
        (10058, "EPIPE", "broken pipe"),
        (10060, "ETIMEDOUT", "connection timed out"),
        (10061, "ECONNREFUSED", "connection refused"),
        (10065, "EHOSTUNREACH", "host is unreachable"),
        (10103, "ECANCELED", "operation canceled"),
    ];

    /// libuv's numbers, which Node gives, by name.
    pub(super) const NODE: &[(&str, i32)] = &[
        ("EACCES", -4092),
        ("EADDRINUSE", -4091),
        ("EADDRNOTAVAIL", -4090),
        ("EAFNOSUPPORT", -4089),
        ("EAGAIN", -4088),
        ("EALREADY", -4084),
        ("EBADF", -4083),
        ("EBUSY", -4082),
        ("ECANCELED", -4081),
        ("ECONNABORTED", -4079),
        ("ECONNREFUSED", -4078),
        ("ECONNRESET", -4077),
        ("EEXIST", -4075),
        ("EFAULT", -4074),
        ("EHOSTUNREACH", -4073),
        ("EINVAL", -4071),
        ("EIO", -4070),
        ("EISCONN", -4069),
        ("EMFILE", -4066),
        ("EMSGSIZE", -4065),
        ("ENETUNREACH", -4062),
        ("ENOBUFS", -4060),
        ("ENODEV", -4059),
        ("ENOMEM", -4057),
        ("ENOTCONN", -4053),
        ("ENOTSOCK", -4050),
        ("ENOTSUP", -4049),
        ("EPERM", -4048),
        ("EPIPE", -4047),
        ("EPROTONOSUPPORT", -4045),
        ("ETIMEDOUT", -4039),
    ];
}

#[cfg(all(test, unix))]
pub(crate) use libc::ECONNREFUSED;
use number::EOPNOTSUPP;
pub(crate) use number::{EAGAIN, EBADF, EBUSY, ECANCELED, EINVAL, EMSGSIZE, ENOBUFS, ENODEV, ENOTSUP};

/// The name of an error number, `UNKNOWN` for one that is not in the table.
pub(crate) fn name(raw: i32) -> &'static str {
    row(raw).0
}

/// The number that Node gives: the system's, negative.
#[cfg(unix)]
pub(crate) const fn node(raw: i32) -> i32 {
    raw.wrapping_neg()
}

/// The number that Node gives: libuv's of this name.
#[cfg(windows)]
pub(crate) fn node(raw: i32) -> i32 {
    const UNKNOWN: i32 = -4094;
    number::NODE.iter().find(|row| row.0 == name(raw)).map_or(UNKNOWN, |row| row.1)
}

/// The number of a size that is asked of a socket without a descriptor: Windows asks `INVALID_SOCKET`.
#[cfg(unix)]
pub(crate) const NO_SOCKET: i32 = EBADF;
#[cfg(windows)]
pub(crate) const NO_SOCKET: i32 = number::ENOTSOCK;

/// Whether an error number is in the table; those of Windows' name service are not.
#[cfg(any(feature = "events", feature = "tokio"))]
pub(crate) fn is_known(raw: i32) -> bool {
    number::TABLE.iter().any(|row| row.0 == raw)
}

/// The words for an error number.
pub(crate) fn text(raw: i32) -> &'static str {
    row(raw).1
}

fn row(raw: i32) -> (&'static str, &'static str) {
    let found = number::TABLE.iter().find(|row| row.0 == raw);
    found.map_or(("UNKNOWN", "unknown error"), |row| (row.1, row.2))
}

/// Whether a send with `UDP_SEGMENT` that failed so may succeed datagram by datagram: the device cannot compute
/// checksums (`EIO`), the segments exceed the path's MTU (`EINVAL`, `EMSGSIZE`), or the kernel has no `UDP_SEGMENT`.
pub(crate) fn is_segment_refusal(raw: i32) -> bool {
    [number::EIO, EINVAL, number::EMSGSIZE, EOPNOTSUPP, number::ENOPROTOOPT].contains(&raw)
}

/// Whether such a refusal is about the size of the segments, which the path to one peer may cause.
pub(crate) fn is_size_refusal(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|raw| raw == EINVAL || raw == number::EMSGSIZE)
}

/// The error of what this system lacks.
pub(crate) fn unsupported() -> io::Error {
    io::Error::from_raw_os_error(ENOTSUP)
}

/// The number for an error that the standard library made itself, without asking the system.
pub(crate) fn of_kind(kind: ErrorKind) -> i32 {
    match kind {
        ErrorKind::WouldBlock => EAGAIN,
        ErrorKind::InvalidInput => EINVAL,
        ErrorKind::Unsupported => ENOTSUP,
        ErrorKind::AlreadyExists => number::EEXIST,
        _ => number::EIO,
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_number_of_node_s_and_words() {
        for &(raw, name, words) in number::TABLE {
            assert!((-4094..=-4023).contains(&node(raw)) && node(raw) != -4094, "{name}");
            assert!(!words.is_empty());
        }
        assert_eq!((name(10048), node(10048)), ("EADDRINUSE", -4091));
        assert_eq!((name(4711), node(4711)), ("UNKNOWN", -4094));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_because_of_the_size_is_the_paths_and_any_other_the_sockets() {
        let is_size = |raw| is_size_refusal(&io::Error::from_raw_os_error(raw));
        assert_eq!([EINVAL, number::EMSGSIZE].map(is_size), [true, true]);
        assert_eq!([number::EIO, EOPNOTSUPP, number::ENOPROTOOPT].map(is_size), [false, false, false]);
        assert!(
            [EINVAL, number::EMSGSIZE, number::EIO, EOPNOTSUPP, number::ENOPROTOOPT]
                .iter()
                .all(|&raw| is_segment_refusal(raw))
        );
        assert!(
            [EAGAIN, libc::ECONNREFUSED, libc::EACCES, libc::ENETUNREACH].iter().all(|&raw| !is_segment_refusal(raw))
        );
    }

    #[test]
    fn each_number_has_one_name_and_words() {
        let names: std::collections::BTreeSet<_> = number::TABLE.iter().map(|row| row.1).collect();
        assert_eq!(names.len(), number::TABLE.len());
        assert_eq!((name(libc::EADDRINUSE), text(libc::EADDRINUSE)), ("EADDRINUSE", "address already in use"));
        assert_eq!((name(4711), text(4711)), ("UNKNOWN", "unknown error"));
    }
}
