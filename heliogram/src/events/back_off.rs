//! [`BackOff`]: sends that the kernel refuses although it reports room are tried again after a while.
//!
//! That is `ENOBUFS`: the queue of the network device is full (`ip(7)`, `IP_RECVERR`), of whose end nothing is reported. To wait for
//! the descriptor would be a busy loop, since it is writable.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long such sends rest: on a link of 10 Mbit/s a datagram of 1,250 bytes leaves in the meantime.
const REST: Duration = Duration::from_millis(1);

/// The sockets whose sends rest, by their keys, and until when; the earliest first.
#[derive(Debug, Default)]
pub(super) struct BackOff(RefCell<VecDeque<(Instant, usize)>>);

impl BackOff {
    /// The sends of this socket rest from now on.
    pub(super) fn add(&self, key: usize) {
        self.0.borrow_mut().push_back((Instant::now() + REST, key));
    }

    /// How long to wait for the poller at most, if `timeout` is what the loop would wait.
    pub(super) fn limit(&self, timeout: Option<Duration>) -> Option<Duration> {
        let left = self.0.borrow().front().map(|(until, _)| until.saturating_duration_since(Instant::now()));
        left.into_iter().chain(timeout).min()
    }

    /// The next socket whose sends have rested.
    pub(super) fn next(&self, now: Instant) -> Option<usize> {
        let mut resting = self.0.borrow_mut();
        resting.front().filter(|(until, _)| *until <= now)?;
        resting.pop_front().map(|(_, key)| key)
    }
}
