//! Receive coalescing, as network cards coalesce interrupts: after a read the loop waits for a timer instead of the socket, and
//! the next turn reads all datagrams that arrived meanwhile. Opt-in (`receiveCoalescing`); costs nothing when off.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use heliogram::BorrowedDescriptor;

use crate::ffi::{Interest, Poll, Timer};

/// The receive coalescing of one socket.
pub(crate) struct Coalescing {
    /// How long a datagram may wait.
    delay: Duration,
    /// Made by the first wait, kept until the socket stops receiving.
    timer: RefCell<Option<WatchedTimer>>,
    is_waiting: Cell<bool>,
}

impl Coalescing {
    pub(crate) fn new(delay: Duration) -> Self {
        Coalescing { delay, timer: RefCell::default(), is_waiting: Cell::default() }
    }

    /// Whether the loop waits for the timer instead of the socket.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting.get()
    }

    /// Starts the timer; `watch` makes the loop watch it. Without a timer (not on Linux, or no descriptor is left) the socket
    /// is watched as if there were no coalescing.
    pub(crate) fn wait(&self, watch: impl FnOnce(BorrowedDescriptor<'_>) -> Result<Poll, i32>) {
        let mut timer = self.timer.borrow_mut();
        if timer.is_none() {
            *timer = WatchedTimer::new(watch);
        }
        timer.iter().for_each(|watched| watched.timer.set(self.delay));
        self.is_waiting.set(timer.is_some());
    }

    /// The loop waits for the socket again.
    pub(crate) fn pause(&self) {
        self.timer.borrow().iter().for_each(|watched| watched.timer.set(Duration::ZERO));
        self.is_waiting.set(false);
    }

    /// The socket receives no more.
    pub(crate) fn stop(&self) {
        self.timer.take();
        self.is_waiting.set(false);
    }
}

/// A timer that the loop watches.
struct WatchedTimer {
    /// Dropped before the timer, whose descriptor it watches.
    _poll: Poll,
    timer: Timer,
}

impl WatchedTimer {
    /// The socket keeps the loop alive, the timer does not.
    fn new(watch: impl FnOnce(BorrowedDescriptor<'_>) -> Result<Poll, i32>) -> Option<Self> {
        let timer = Timer::new().ok()?;
        let poll = watch(timer.descriptor()).ok()?;
        poll.keep_alive(false);
        let status = poll.watch(Interest { readable: true, ..Interest::NONE });
        (status == 0).then_some(WatchedTimer { _poll: poll, timer })
    }
}
