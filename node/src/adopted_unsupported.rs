//! A system whose sockets have no descriptors that others could take over (Windows): there `bind({ fd })` is refused as
//! Node refuses it there, and nothing is shared with the host.

use napi::bindgen_prelude::Either;

use crate::outcome::EBADF;
use crate::socket::WatchedSocket;

/// A number that names nothing here.
pub(crate) type NamedFd = i32;

impl WatchedSocket {
    /// What no number is: a UDP socket.
    pub(crate) fn adopt(&self, _fd: NamedFd, _copy: bool, _siblings: bool) -> Either<i32, String> {
        Either::B("UNKNOWN".to_owned())
    }

    pub(crate) fn descriptor(&self) -> i32 {
        EBADF
    }

    pub(crate) fn duplicate(&self) -> i32 {
        EBADF
    }

    pub(crate) fn duplicate_onto(&self, _fd: &NamedFd) -> i32 {
        EBADF
    }

    pub(crate) fn restore_sharing(&self, _shared: bool) -> i32 {
        EBADF
    }
}
