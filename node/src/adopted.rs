//! Descriptors that are taken over (`bind({ fd })`, the shared socket of a cluster), and duplicates for the host.

use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use heliogram::{Error, ErrorKind, Socket};
use napi::bindgen_prelude::Either;
use socket2::SockRef;

use crate::ffi::errno;
pub(crate) use crate::ffi::fd::NamedFd;
use crate::ffi::fd::give;
use crate::outcome::{EBADF, error_number, status};
use crate::socket::WatchedSocket;

/// A negative number of the system's, or what the descriptor is instead of a UDP socket.
type Refusal = Either<i32, String>;

impl WatchedSocket {
    /// Takes over a descriptor, or a copy of it. A refused one stays its owner's, untouched by the loop. `siblings` says that the others
    /// who have it are sockets of this package.
    pub(crate) fn adopt(&self, fd: NamedFd, copy: bool, siblings: bool) -> Either<i32, String> {
        match self.try_adopt(fd, copy) {
            Ok(()) => {
                if siblings {
                    self.udp.share_batch_mode();
                }
                Either::A(0)
            }
            Err(refusal) => refusal,
        }
    }

    fn try_adopt(&self, fd: NamedFd, copy: bool) -> Result<(), Refusal> {
        let second = fd.duplicate().map_err(|_| Either::B("UNKNOWN".to_owned()))?;
        self.examine(&second)?;
        self.udp.check_adoption().map_err(|error| refusal(&error))?;
        let descriptor = if copy { second } else { self.take_unwatched(fd)? };
        // As libuv: the port may be shared.
        if let Err(error) = SockRef::from(&descriptor).set_reuse_address(true) {
            if !copy {
                give(descriptor);
            }
            return Err(system(&error));
        }
        self.udp.bind_descriptor(descriptor).map_err(|error| refusal(&error))?;
        self.share().map_err(|error| refusal(&error))
    }

    /// The descriptor itself. If the loop watches it already, it stays with whoever made the loop do so.
    fn take_unwatched(&self, fd: NamedFd) -> Result<OwnedFd, Refusal> {
        let descriptor = Rc::new(fd.take());
        let watch = self.try_watch(descriptor.clone());
        let error = watch.map(drop).err();
        let descriptor = Rc::into_inner(descriptor).ok_or(Either::A(EBADF))?; // its other owner was the watch
        match error {
            None => Ok(descriptor),
            Some(error) => {
                give(descriptor);
                Err(Either::A(error))
            }
        }
    }

    /// Whether the kernel's socket could be this socket's.
    fn examine(&self, descriptor: &OwnedFd) -> Result<(), Refusal> {
        let probe = Socket::new(self.udp.options()).map_err(|error| refusal(&error))?;
        let third = descriptor.try_clone().map_err(|error| system(&error))?;
        probe.bind_descriptor(third).map_err(|error| refusal(&error))
    }

    /// The descriptor's number for the program, or `EBADF`.
    pub(crate) fn descriptor(&self) -> i32 {
        self.udp.descriptor().map_or(EBADF, |descriptor| descriptor.as_raw_fd())
    }

    /// A duplicate of the descriptor, which its new owner closes.
    pub(crate) fn duplicate(&self) -> i32 {
        match self.udp.descriptor().map(|descriptor| descriptor.try_clone_to_owned()) {
            Ok(Ok(descriptor)) => self.share().map_or_else(|error| error_number(&error), |()| give(descriptor)),
            Ok(Err(error)) => errno::of(&error),
            Err(error) => error_number(&error),
        }
    }

    /// Makes another descriptor a duplicate of the socket's; it stays its owner's.
    pub(crate) fn duplicate_onto(&self, fd: &NamedFd) -> i32 {
        let Ok(descriptor) = self.udp.descriptor() else { return EBADF };
        match fd.replace_by(descriptor) {
            Ok(()) => status(self.share()),
            Err(error) => errno::of(&error),
        }
    }

    /// Sets `SO_REUSEADDR` back to what the program asked for.
    pub(crate) fn restore_sharing(&self, shared: bool) -> i32 {
        let Ok(descriptor) = self.udp.reactor_descriptor() else { return EBADF };
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
