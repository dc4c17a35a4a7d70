//! How sockets' readiness reaches the event loop, over the `polling` crate (`epoll(7)`, `kqueue(2)`, IOCP).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, PollMode};

#[cfg(unix)]
use crate::sys::unix::descriptor::{Descriptor, Lease};
#[cfg(windows)]
use crate::sys::windows::{Descriptor, Lease};

/// Room for what one [`Poller::wait`] brings; a socket is named by the key that it is watched under.
pub(crate) use polling::Events;

/// Waits for many sockets at once. Clones are the same poller; any thread may [`wake`](Self::wake) it.
#[derive(Clone, Debug)]
pub(crate) struct Poller(Arc<polling::Poller>);

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        polling::Poller::new().map(|poller| Poller(Arc::new(poller)))
    }

    /// Waits until a watched socket is ready, somebody wakes it, or the time is over; repeated after `EINTR`.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        self.0.wait(events, timeout).map(drop)
    }

    /// Ends the wait under way, or the next one.
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.0.notify()
    }

    /// Watches a descriptor until the watch is dropped: for reading, and for writing when asked.
    pub(crate) fn watch(&self, descriptor: &Arc<Descriptor>, key: usize) -> io::Result<Watch> {
        let lease = descriptor.lease()?;
        // SAFETY: the source must be deleted before its descriptor is closed. The watch deletes it when it is dropped, before it
        // drops the lease, which keeps the descriptor open.
        unsafe { self.0.add_with_mode(&lease, Event::readable(key), PollMode::Level) }?;
        Ok(Watch { poller: Arc::clone(&self.0), lease, key })
    }
}

/// A descriptor that is being watched.
#[derive(Debug)]
pub(crate) struct Watch {
    poller: Arc<polling::Poller>,
    lease: Lease,
    key: usize,
}

impl Watch {
    /// Whether to watch for room to write, beside something to read.
    pub(crate) fn set_writable(&self, on: bool) -> io::Result<()> {
        self.poller.modify_with_mode(&self.lease, Event::new(self.key, true, on), PollMode::Level)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It fails only for a descriptor that is not watched, and this one is.
        let _ = self.poller.delete(&self.lease);
    }
}
