//! What watches the descriptors of an environment, and the watch of one, on either source of readiness.

use std::rc::Rc;

use napi::Env;

use super::interest::{Context, Interest, TurnOver, Watchable, Watched, Watcher};
use super::{poll_thread, uv_poll};
use crate::ffi::environment::{Environment, Host};

/// What watches the descriptors of one environment.
pub(crate) struct Watches {
    source: Source,
    context: Rc<Context>,
}

enum Source {
    Uv(uv_poll::Loop),
    Thread(poll_thread::Loop),
}

impl Watches {
    /// `turn_over` is asked for a call of [`turned`](Self::turned) when the runtime's loop has turned, by a source that cannot see
    /// it turn.
    pub(crate) fn new(
        env: &Env,
        environment: &Rc<Environment>,
        turn_over: TurnOver,
        watcher: Rc<dyn Watcher>,
    ) -> napi::Result<Self> {
        let source = match environment.host() {
            Host::Node => Source::Uv(uv_poll::Loop::of(env)?),
            Host::Deno | Host::Bun => Source::Thread(poll_thread::Loop::of(environment, turn_over)),
        };
        Ok(Watches { source, context: Rc::new(Context { environment: environment.clone(), watcher }) })
    }

    pub(crate) fn turned(&self) {
        if let Source::Thread(of) = &self.source {
            of.turned();
        }
    }

    /// The environment ends, and nothing is watched any more.
    pub(crate) fn end(&self) {
        if let Source::Thread(of) = &self.source {
            of.end();
        }
    }

    /// Watches a descriptor, for nothing yet. The error is the system's negative number: `EEXIST` if this descriptor is
    /// being watched already.
    pub(crate) fn watch(&self, of: Rc<dyn Watchable>, watched: Watched) -> Result<Watch, i32> {
        let context = self.context.clone();
        let watch = match &self.source {
            Source::Uv(source) => uv_poll::Poll::new(*source, of, watched, context).map(Watch::Uv),
            Source::Thread(source) => {
                poll_thread::Poll::new(source, of, watched, context).map(|poll| Watch::Thread(Box::new(poll)))
            }
        }?;
        self.context.environment.handle_opened();
        Ok(watch)
    }
}

/// A descriptor that is being watched, until this is dropped.
pub(crate) enum Watch {
    Uv(uv_poll::Poll),
    /// In a box, so that Node's, which is small, has no room for it.
    Thread(Box<poll_thread::Poll>),
}

impl Watch {
    /// Watches for this from now on; 0, or a negative number of the system's.
    pub(crate) fn watch(&self, interest: Interest) -> i32 {
        match self {
            Watch::Uv(poll) => poll.watch(interest),
            Watch::Thread(poll) => poll.watch(interest),
        }
    }

    /// Whether the program goes on for its sake.
    pub(crate) fn keep_alive(&self, on: bool) {
        match self {
            Watch::Uv(poll) => poll.keep_alive(on),
            Watch::Thread(poll) => poll.keep_alive(on),
        }
    }
}
