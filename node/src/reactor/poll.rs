//! Readiness, wherever it comes from: Node's own loop ([`uv`]), or a poll thread of ours ([`thread`]) where the runtime has
//! no loop that an addon could join. Nothing of libuv is touched outside Node.

use std::rc::Rc;

use heliogram::BorrowedDescriptor;
use napi::sys;

use super::{thread, uv};

/// What runs the JavaScript. It says so itself, since the symbols that a program exports prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Node,
    Deno,
    Bun,
}

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

/// What watches the descriptors of one environment.
pub(crate) enum Loop {
    Uv(uv::Loop),
    Thread(thread::Loop),
}

impl Loop {
    /// `turn_over` is asked to call [`turned`](Self::turned) when the runtime's loop has turned, by a loop that cannot see
    /// it turn.
    pub(crate) fn of(env: sys::napi_env, host: Host, turn_over: TurnOver) -> napi::Result<Self> {
        match host {
            Host::Node => uv::Loop::of(env).map(Loop::Uv),
            Host::Deno | Host::Bun => Ok(Loop::Thread(thread::Loop::of(env, turn_over))),
        }
    }

    pub(crate) fn turned(&self) {
        if let Loop::Thread(of) = self {
            of.turned();
        }
    }

    /// The environment ends, and nothing is watched any more.
    pub(crate) fn end(&self) {
        if let Loop::Thread(of) = self {
            of.end();
        }
    }

    /// Watches a descriptor, for nothing yet. The error is the system's negative number: `EEXIST` if this descriptor is
    /// being watched already. The watch must be dropped before the descriptor is closed.
    pub(crate) fn watch(
        &self,
        descriptor: BorrowedDescriptor<'_>,
        watched: Watched,
        watcher: Rc<dyn Watcher>,
    ) -> Result<Poll, i32> {
        match self {
            Loop::Uv(of) => uv::Poll::new(*of, descriptor, watched, watcher).map(Poll::Uv),
            Loop::Thread(of) => {
                thread::Poll::new(of, descriptor, watched, watcher).map(|poll| Poll::Thread(Box::new(poll)))
            }
        }
    }
}

/// A descriptor that is being watched, until this is dropped.
pub(crate) enum Poll {
    Uv(uv::Poll),
    /// In a box, so that Node's, which is a pointer, has no room for it.
    Thread(Box<thread::Poll>),
}

impl Poll {
    /// Watches for this from now on.
    pub(crate) fn watch(&self, interest: Interest) -> i32 {
        match self {
            Poll::Uv(poll) => poll.watch(interest),
            Poll::Thread(poll) => poll.watch(interest),
        }
    }

    /// Whether the program goes on for its sake.
    pub(crate) fn keep_alive(&self, on: bool) {
        match self {
            Poll::Uv(poll) => poll.keep_alive(on),
            Poll::Thread(poll) => poll.keep_alive(on),
        }
    }
}
