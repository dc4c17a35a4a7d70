//! What a descriptor is watched for, and how its readiness is reported.

use std::rc::Rc;

use heliogram::BorrowedDescriptor;

use crate::ffi::environment::Environment;
#[cfg(windows)]
use crate::ffi::errno::EBADF;

/// What a descriptor is ready for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The descriptor has an error to read; it must be watched anew.
    pub(crate) failed: bool,
}

/// What a descriptor is watched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Errors are reported with either of the others; this is for errors alone.
    pub(crate) errors: bool,
}

impl Interest {
    /// None: it rests.
    pub(crate) const NONE: Interest = Interest { readable: false, writable: false, errors: false };
}

/// Whose descriptor is watched: that of the UDP socket or of the Unix datagram socket with this number, or of a UDP socket's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Udp(u32),
    Timer(u32),
    #[cfg(unix)]
    UnixDatagram(u32),
}

/// What has a descriptor, which stays open for as long as it lives. A watch is one of its owners.
pub(crate) trait Watchable {
    fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>>;
}

/// The descriptor by which a socket is watched, or a negative number of the system's if there is none.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "Windows has no handle to watch before the bind")]
pub(crate) fn watchable(socket: &Rc<heliogram::Socket>) -> Result<Rc<dyn Watchable>, i32> {
    Ok(socket.clone())
}

/// The descriptor by which a socket is watched, or a negative number of the system's if there is none. A socket that has lent its handle would keep its port when it is
/// closed, one that has given a lease keeps it while it is watched.
#[cfg(windows)]
pub(crate) fn watchable(socket: &Rc<heliogram::Socket>) -> Result<Rc<dyn Watchable>, i32> {
    match socket.lease() {
        Ok(lease) => Ok(Rc::new(lease)),
        Err(_) => Err(EBADF),
    }
}

#[cfg(windows)]
impl Watchable for heliogram::Lease {
    fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        Some(std::os::windows::io::AsSocket::as_socket(self))
    }
}

#[cfg(unix)]
impl Watchable for heliogram::Socket {
    fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        self.reactor_descriptor().ok()
    }
}

#[cfg(unix)]
impl Watchable for heliogram::UnixDatagram {
    fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        Some(self.descriptor())
    }
}

#[cfg(unix)]
impl Watchable for std::os::fd::OwnedFd {
    fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        Some(std::os::fd::AsFd::as_fd(self))
    }
}

/// Gets the reports of all watches of an environment, which share it.
pub(crate) trait Watcher {
    /// A descriptor is ready; whether something is left to be read.
    fn ready(&self, watched: Watched, ready: Ready) -> bool;

    /// The watch has ended by itself: another one is needed.
    fn lost(&self, watched: Watched);
}

/// What the watches of an environment share.
pub(super) struct Context {
    pub(super) environment: Rc<Environment>,
    pub(super) watcher: Rc<dyn Watcher>,
}

/// Asks for a call when the runtime's loop has turned; the argument says whether that keeps the program running.
pub(crate) type TurnOver = Rc<dyn Fn(bool)>;
