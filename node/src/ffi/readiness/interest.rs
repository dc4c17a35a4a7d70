//! What a descriptor is watched for, what is reported, and to whom.

use std::rc::Rc;

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
    /// Errors are told with either; this is to hear of nothing else.
    pub(crate) errors: bool,
}

impl Interest {
    /// None: it rests.
    pub(crate) const NONE: Interest = Interest { readable: false, writable: false, errors: false };
}

/// Whose descriptor is watched: the number of a socket of the network, or of a local one; or the timer of a socket of the network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Watched {
    Endpoint(u32),
    Timer(u32),
    #[cfg(unix)]
    Local(u32),
}

/// Who hears of all that an environment watches. A watch has no more than a share of it, since there may be many.
pub(crate) trait Watcher {
    /// Is told what there is to be had, and says whether it has left some of it.
    fn ready(&self, watched: Watched, ready: Ready) -> bool;

    /// Nothing is left of a watch.
    fn closed(&self);
}

/// Asks to be told when the runtime's loop has turned, for whose sake the program goes on if that is needed.
pub(crate) type TurnOver = Rc<dyn Fn(bool)>;
