//! The loop of an environment, and the watch of one descriptor, on either source of readiness.

use std::rc::Rc;

use heliogram::BorrowedDescriptor;
use napi::sys;

use super::interest::{Interest, TurnOver, Watched, Watcher};
use super::{poll_thread, uv_poll};
use crate::ffi::common::Host;

/// What watches the descriptors of one environment.
pub(crate) enum Loop {
    Uv(uv_poll::Loop),
    Thread(poll_thread::Loop),
}

impl Loop {
    /// `turn_over` is asked to call [`turned`](Self::turned) when the runtime's loop has turned, by a loop that cannot see
    /// it turn.
    pub(crate) fn of(env: sys::napi_env, host: Host, turn_over: TurnOver) -> napi::Result<Self> {
        match host {
            Host::Node => uv_poll::Loop::of(env).map(Loop::Uv),
            Host::Deno | Host::Bun => Ok(Loop::Thread(poll_thread::Loop::of(env, turn_over))),
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
            Loop::Uv(of) => uv_poll::Poll::new(*of, descriptor, watched, watcher).map(Poll::Uv),
            Loop::Thread(of) => {
                poll_thread::Poll::new(of, descriptor, watched, watcher).map(|poll| Poll::Thread(Box::new(poll)))
            }
        }
    }
}

/// A descriptor that is being watched, until this is dropped.
pub(crate) enum Poll {
    Uv(uv_poll::Poll),
    /// In a box, so that Node's, which is a pointer, has no room for it.
    Thread(Box<poll_thread::Poll>),
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
