//! Descriptors as bare numbers: `bind({ fd })` gets one, a handle of the host's gets one.

use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// One more descriptor of whatever `number` is.
pub(crate) fn duplicate(number: i32) -> std::io::Result<OwnedFd> {
    if number < 0 {
        return Err(std::io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not negative; the borrow ends with this call, which does nothing but fcntl(F_DUPFD_CLOEXEC),
    // and that answers EBADF for a number which is not open.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}

/// The descriptor of that number, which the program gives away.
pub(crate) fn take(number: i32) -> OwnedFd {
    // SAFETY: the program says that the descriptor is the socket's from now on: the manual's contract of bind({ fd }).
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// The number of a descriptor that somebody else closes.
pub(crate) fn give(descriptor: OwnedFd) -> i32 {
    descriptor.into_raw_fd()
}
