//! Descriptors as bare numbers: `bind({ fd })` gets one, a handle of the host's gets one.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// One more descriptor of whatever `number` is.
pub(crate) fn duplicate(number: i32) -> std::io::Result<OwnedFd> {
    if number < 0 {
        return Err(std::io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not negative; the borrow ends with this call, which does nothing but fcntl(F_DUPFD_CLOEXEC),
    // and that answers EBADF for a number which is not open.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}

/// Puts one more descriptor of `original` in the place of the open one with that number.
pub(crate) fn duplicate_onto(original: BorrowedFd<'_>, number: i32) -> std::io::Result<()> {
    // SAFETY: dup2(2) has no pointers, and answers EBADF for a negative number; whose the number is was open before and is
    // open afterwards, so its owner can close it as he would have done.
    if unsafe { libc::dup2(original.as_raw_fd(), number) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: as above, with the number that has just been opened.
    match unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
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
