//! System calls: their answers, and options of a socket.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

pub(crate) fn set_option<T: Copy>(
    socket: &impl AsRawFd,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> io::Result<()> {
    let length = size_of_val(value) as libc::socklen_t;
    let value = std::ptr::from_ref(value).cast();
    // SAFETY: the value is a live plain value and its length its size; the descriptor is open while socket lives.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, length) }).map(drop)
}

/// An option whose value is an integer or a structure of integers; what the kernel leaves out of it stays 0.
pub(crate) fn get_option<T: Copy>(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int) -> io::Result<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the value is live memory of that length, of which the kernel writes at most so much.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, value.as_mut_ptr().cast(), &raw mut length) })?;
    // SAFETY: zeros, and whatever the kernel writes, are integers: the callers ask for nothing else.
    Ok(unsafe { value.assume_init() })
}

/// A system call's answer: -1 means that errno says why.
pub(crate) fn check(answer: libc::c_int) -> io::Result<usize> {
    usize::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// The same of a call that answers with a length.
pub(crate) fn check_long(answer: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// Calls again for as long as a signal interrupts the call.
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
