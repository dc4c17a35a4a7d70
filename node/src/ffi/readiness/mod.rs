//! Readiness, wherever it comes from: Node's own loop ([`uv_poll`]), or a poll thread of ours ([`poll_thread`]) where the runtime has
//! no loop that an addon could join. Nothing of libuv is touched outside Node.

mod epoll;
mod interest;
mod poll_thread;
mod threadsafe_function;
mod timerfd;
mod uv_poll;
mod watch;

pub(crate) use interest::{Interest, Ready, Watchable, Watched, Watcher, watchable};
pub(crate) use timerfd::Timer;
pub(crate) use watch::{Watch, Watches};
