//! [`Readiness`]: waiting for a socket, and ending the waiting when it is closed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;

use ::tokio::io::Interest;
use ::tokio::sync::Notify;
use ::tokio::task::coop::consume_budget;

use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// A pending error, such as a peer's `ECONNREFUSED`, is an answer to a receive too.
pub(super) const READABLE: Interest = Interest::READABLE.add(Interest::ERROR);

/// A socket's registration with the runtime. It ends when it has been closed and nobody waits any longer; then the
/// descriptor is released.
pub(super) struct Readiness {
    /// Whoever waits holds it meanwhile.
    registration: Weak<Registered>,
    /// What keeps it alive until the socket is closed.
    owner: Mutex<Option<Arc<Registered>>>,
    signal: Arc<Signal>,
}

/// A registration; when it is dropped, it ends first, and is then reported to have ended.
struct Registered {
    registration: sys::Registration,
    _ended: Ended,
}

struct Ended(Arc<Signal>);

/// What waiters are woken by: once when the socket is closed, once when its registration has ended.
#[derive(Default)]
struct Signal {
    changed: Notify,
    ended: AtomicBool,
}

impl Readiness {
    pub(super) fn new(registration: sys::Registration) -> Self {
        let signal = Arc::<Signal>::default();
        let owner = Arc::new(Registered { registration, _ended: Ended(Arc::clone(&signal)) });
        Readiness { registration: Arc::downgrade(&owner), owner: Mutex::new(Some(owner)), signal }
    }

    /// Calls when the socket is ready, again and again until the call need not wait.
    pub(super) async fn when<R>(
        &self,
        interest: Interest,
        is_closed: impl Fn() -> bool,
        mut call: impl FnMut() -> Result<R>,
    ) -> Result<R> {
        self.when_ready(interest, is_closed, |readiness| match call() {
            Err(error) if error.is_would_block() => {
                readiness.clear();
                None
            }
            outcome => Some(outcome),
        })
        .await
    }

    /// Waits until the socket is reported ready, and attempts something with it, again and again until there is an outcome. An error
    /// if the socket is closed, now or meanwhile.
    pub(super) async fn when_ready<R>(
        &self,
        interest: Interest,
        is_closed: impl Fn() -> bool,
        mut attempt: impl FnMut(sys::Readiness<'_>) -> Option<Result<R>>,
    ) -> Result<R> {
        let registered = self.registration.upgrade().ok_or_else(closed)?;
        loop {
            let readiness = self.ready(&registered.registration, interest, &is_closed).await?;
            if let Some(outcome) = attempt(readiness) {
                return outcome;
            }
        }
    }

    async fn ready<'a>(
        &self,
        registration: &'a sys::Registration,
        interest: Interest,
        is_closed: impl Fn() -> bool,
    ) -> Result<sys::Readiness<'a>> {
        // A socket that is always ready must not keep its task from yielding.
        consume_budget().await;
        // Made before the state is asked, so that a close in between is not missed.
        let changed = self.signal.changed.notified();
        if is_closed() {
            return Err(closed());
        }
        let (mut ready, mut changed) = (pin!(registration.ready(interest)), pin!(changed));
        poll_fn(|context| match ready.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| Error::system("poll", &error))),
            Poll::Pending => changed.as_mut().poll(context).map(|()| Err(closed())),
        })
        .await
    }

    /// Wakes everybody who waits for the socket, which has been closed. The registration ends at once if nobody waits.
    pub(super) fn close(&self) {
        self.signal.changed.notify_waiters();
        drop(self.owner.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Waits until the registration has ended.
    pub(super) async fn ended(&self) {
        loop {
            let changed = self.signal.changed.notified();
            if self.signal.ended.load(Ordering::Acquire) {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
    }
}

fn closed() -> Error {
    Error::rule(ErrorKind::NotRunning)
}
