//! What a descriptor is watched for, what is reported, and to whom.

use std::rc::Rc;

use heliogram::BorrowedDescriptor;

use crate::ffi::environment::Environment;

/// What there is to be had from a descriptor.
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
    /// Errors are reported with either; this is to hear of nothing else.
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

impl Watchable for heliogram::Socket {
    fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        self.descriptor().ok()
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

/// Who hears of all that an environment watches. A watch has no more than a share of it, since there may be many.
pub(crate) trait Watcher {
    /// Is told what there is to be had, and says whether it has left some of it.
    fn ready(&self, watched: Watched, ready: Ready) -> bool;

    /// The watch has ended by itself: another one is needed.
    fn lost(&self, watched: Watched);
}

/// What the watches of an environment share.
pub(super) struct Context {
    pub(super) environment: Rc<Environment>,
    pub(super) watcher: Rc<dyn Watcher>,
}

/// Asks for a call when the runtime's loop has turned, for whose sake the program goes on if that is needed.
pub(crate) type TurnOver = Rc<dyn Fn(bool)>;
