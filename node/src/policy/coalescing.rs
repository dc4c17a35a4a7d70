//! Receive coalescing, as network cards coalesce interrupts: after a read the loop waits for a timer instead of the socket, and
//! the next turn reads all datagrams that arrived meanwhile. Opt-in (`receiveCoalescing`); costs nothing when off.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::ffi::{Interest, Timer, Watch, Watched, Watches};

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

    /// Starts the timer. Where there is none (not on Linux, or no descriptor is left) the socket is watched as if there were no
    /// coalescing.
    pub(crate) fn wait(&self, watches: &Watches, watched: Watched) {
        let mut timer = self.timer.borrow_mut();
        if timer.is_none() {
            *timer = WatchedTimer::new(watches, watched);
        }
        let has_started = timer.as_ref().is_some_and(|watched| watched.timer.set(self.delay));
        self.is_waiting.set(has_started);
    }

    /// The loop waits for the socket again.
    pub(crate) fn pause(&self) {
        self.is_waiting.set(false);
        if !self.timer.borrow().as_ref().is_some_and(|watched| watched.timer.set(Duration::ZERO)) {
            self.timer.take(); // one that cannot be stopped would wake the loop for nothing
        }
    }

    /// The socket receives no more.
    pub(crate) fn stop(&self) {
        self.timer.take();
        self.is_waiting.set(false);
    }
}

/// A timer that the loop watches.
struct WatchedTimer {
    timer: Rc<Timer>,
    _watch: Watch,
}

impl WatchedTimer {
    /// The socket keeps the loop alive, the timer does not.
    fn new(watches: &Watches, watched: Watched) -> Option<Self> {
        let timer = Rc::new(Timer::new().ok()?);
        let watch = watches.watch(timer.clone(), watched).ok()?;
        watch.keep_alive(false);
        let status = watch.watch(Interest { readable: true, ..Interest::NONE });
        (status == 0).then_some(WatchedTimer { timer, _watch: watch })
    }
}
