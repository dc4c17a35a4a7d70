//! Sockets that exist already: `bind({ fd })`, the shared socket of a cluster, and what the host borrows of ours.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use heliogram::{Error, ErrorKind, Socket};
use napi::bindgen_prelude::Either;
use socket2::SockRef;

use crate::ffi::fd::{duplicate, duplicate_onto, give, take};
use crate::ffi::{Watched, errno};
use crate::outcome::{EBADF, error_number, status};
use crate::socket::Endpoint;

/// A negative number of the system's, or what the descriptor is instead of a UDP socket.
type Refusal = Either<i32, String>;

impl Endpoint {
    /// Takes over a descriptor, or a copy of it. A refused one stays its owner's, untouched by the loop.
    pub(crate) fn adopt(&self, number: i32, copy: bool) -> Either<i32, String> {
        match self.try_adopt(number, copy) {
            Ok(()) => Either::A(0),
            Err(refusal) => refusal,
        }
    }

    fn try_adopt(&self, number: i32, copy: bool) -> Result<(), Refusal> {
        let second = duplicate(number).map_err(|_| Either::B("UNKNOWN".to_owned()))?;
        self.examine(&second)?;
        let descriptor = if copy { second } else { take(number) };
        let watched = match self.watch_nothing(descriptor.as_fd(), Watched::Endpoint(self.number)) {
            Ok(poll) => poll,
            Err(status) => {
                // The loop polls it already: it stays with whoever made it do so.
                give(descriptor);
                return Err(Either::A(status));
            }
        };
        self.socket.bind_descriptor(descriptor).map_err(|error| refusal(&error))?;
        self.set_poll(watched);
        self.share().map_err(|error| refusal(&error))
    }

    /// Whether the kernel's socket could be this socket's.
    fn examine(&self, descriptor: &OwnedFd) -> Result<(), Refusal> {
        let probe = Socket::new(self.socket.options()).map_err(|error| refusal(&error))?;
        let third = descriptor.try_clone().map_err(|error| system(&error))?;
        probe.bind_descriptor(third).map_err(|error| refusal(&error))
    }

    /// The descriptor's number, or `EBADF`.
    pub(crate) fn descriptor(&self) -> i32 {
        self.socket.descriptor().map_or(EBADF, |descriptor| descriptor.as_raw_fd())
    }

    /// One more descriptor, which its new owner closes.
    pub(crate) fn duplicate(&self) -> i32 {
        match self.socket.descriptor().map(|descriptor| descriptor.try_clone_to_owned()) {
            Ok(Ok(descriptor)) => self.share().map_or_else(|error| error_number(&error), |()| give(descriptor)),
            Ok(Err(error)) => errno::of(&error),
            Err(error) => error_number(&error),
        }
    }

    /// Makes another descriptor one more of the same kernel socket; its owner stays who he was.
    pub(crate) fn duplicate_onto(&self, number: i32) -> i32 {
        let Ok(descriptor) = self.socket.descriptor() else { return EBADF };
        match duplicate_onto(descriptor, number) {
            Ok(()) => status(self.share()),
            Err(error) => errno::of(&error),
        }
    }

    /// Makes the address exclusive again, unless the socket was asked to share it.
    pub(crate) fn restore_sharing(&self, shared: bool) -> i32 {
        let Ok(descriptor) = self.socket.descriptor() else { return EBADF };
        match SockRef::from(&descriptor).set_reuse_address(shared) {
            Ok(()) => 0,
            Err(error) => errno::of(&error),
        }
    }
}

fn system(error: &std::io::Error) -> Refusal {
    Either::A(errno::of(error))
}

fn refusal(error: &Error) -> Refusal {
    match error.reason() {
        ErrorKind::InvalidDescriptor => {
            let text = error.to_string();
            Either::B(text.rsplit(": ").next().unwrap_or_default().to_owned())
        }
        _ => Either::A(error_number(error)),
    }
}
