//! Descriptors as bare numbers: `bind({ fd })` gets one, a handle of the host's gets one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{ValueType, sys};

/// A descriptor that the program names by its number, which may be that of none. Only a call from JavaScript makes one.
pub struct NamedFd(i32);

impl NamedFd {
    /// One more descriptor of whatever it is.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        if self.0 < 0 {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        // SAFETY: the number is not negative; the borrow ends with this call, which does nothing but fcntl(F_DUPFD_CLOEXEC),
        // and that answers EBADF for a number which is not open.
        unsafe { BorrowedFd::borrow_raw(self.0) }.try_clone_to_owned()
    }

    /// The descriptor itself. It must be open, which `duplicate` shows.
    pub(crate) fn take(self) -> OwnedFd {
        // SAFETY: a program that names a descriptor in bind({ fd }) gives it to the socket, as the documentation of Node says;
        // self is consumed, so that nobody takes it twice.
        unsafe { OwnedFd::from_raw_fd(self.0) }
    }

    /// Puts one more descriptor of `original` in its place, if it is open.
    pub(crate) fn replace_by(&self, original: BorrowedFd<'_>) -> io::Result<()> {
        // SAFETY: dup2(2) has no pointers, and answers EBADF for a negative number; whose the number is was open before and is
        // open afterwards, so its owner can close it as he would have done.
        if unsafe { libc::dup2(original.as_raw_fd(), self.0) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above, with the number that has just been opened.
        match unsafe { libc::fcntl(self.0, libc::F_SETFD, libc::FD_CLOEXEC) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl TypeName for NamedFd {
    fn type_name() -> &'static str {
        "i32"
    }

    fn value_type() -> ValueType {
        ValueType::Number
    }
}

impl ValidateNapiValue for NamedFd {}

impl FromNapiValue for NamedFd {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: the caller's promise is the one of the other function.
        unsafe { i32::from_napi_value(env, value) }.map(NamedFd)
    }
}

/// Gives a descriptor away as a number: whoever gets it closes it.
pub(crate) fn give(descriptor: OwnedFd) -> i32 {
    descriptor.into_raw_fd()
}
