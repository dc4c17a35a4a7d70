//! How sockets' readiness reaches the events face, over the `polling` crate (`epoll(7)`, `kqueue(2)`, IOCP).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, PollMode};

use crate::socket::Socket;

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

    /// Watches a socket that has a descriptor until the watch is dropped: for reading, and for writing when asked.
    pub(crate) fn watch(&self, socket: &Arc<Socket>, key: usize) -> io::Result<Watch> {
        let (poller, socket) = (Arc::clone(&self.0), Arc::clone(socket));
        let descriptor = socket.descriptor()?;
        // SAFETY: the source must be deleted before its descriptor is given back. The watch deletes it when it is dropped,
        // and holds the socket until then, which keeps the descriptor's number taken, closed or not, until it is dropped.
        unsafe { poller.add_with_mode(&descriptor, Event::readable(key), PollMode::Level) }?;
        Ok(Watch { poller, socket, key })
    }
}

/// A socket that is being watched.
#[derive(Debug)]
pub(crate) struct Watch {
    poller: Arc<polling::Poller>,
    socket: Arc<Socket>,
    key: usize,
}

impl Watch {
    /// Whether to watch for room to write, beside something to read.
    pub(crate) fn set_writable(&self, on: bool) -> io::Result<()> {
        let interest = Event::new(self.key, true, on);
        self.poller.modify_with_mode(self.socket.reserved_descriptor(), interest, PollMode::Level)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // If the socket was closed first, the kernel has ended the watch by itself and there is nothing left to end.
        let _ = self.poller.delete(self.socket.reserved_descriptor());
    }
}
