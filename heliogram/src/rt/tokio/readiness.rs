//! [`Readiness`]: waiting for a socket, and ending the waiting when it is closed.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use ::tokio::io::{Interest, Ready};
use ::tokio::sync::Notify;
use ::tokio::task::coop::consume_budget;
use tokio_util::sync::ReusableBoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::sys;

/// A pending error, such as a peer's `ECONNREFUSED`, is an answer to a receive too.
pub(super) const READABLE: Interest = Interest::READABLE.add(Interest::ERROR);

/// After so many receives that found a datagram at once, the next one is expected to.
const FLOOD: u8 = 16;

/// A socket's registration with the runtime. It ends when it has been closed and nobody waits any longer; then the
/// descriptor is released.
pub(super) struct Readiness {
    /// Whoever waits holds it meanwhile.
    registration: Weak<Registered>,
    /// What keeps it alive until the socket is closed.
    owner: Mutex<Option<Arc<Registered>>>,
    signal: Arc<Signal>,
    /// How many receives one after the other have found a datagram at once.
    streak: AtomicU8,
    /// The last tasks that polled for receiving and for sending.
    polled: [Mutex<Waiter>; 2],
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
    closed: AtomicBool,
    ended: AtomicBool,
}

impl Readiness {
    pub(super) fn new(registration: sys::Registration) -> Self {
        let signal = Arc::<Signal>::default();
        let owner = Arc::new(Registered { registration, _ended: Ended(Arc::clone(&signal)) });
        let registration = Arc::downgrade(&owner);
        Readiness {
            registration,
            owner: Mutex::new(Some(owner)),
            signal,
            streak: AtomicU8::new(0),
            polled: Default::default(),
        }
    }

    /// Calls when the socket is ready, again and again until the call need not wait.
    pub(super) async fn when<R>(&self, interest: Interest, mut call: impl FnMut() -> Result<R>) -> Result<R> {
        self.when_ready(interest, |readiness| match call() {
            Err(error) if error.is_would_block() => {
                readiness.clear();
                None
            }
            outcome => Some(outcome),
        })
        .await
    }

    /// [`when`](Self::when) for receives. While datagrams come faster than they are taken, the call is made without asking for
    /// readiness; the first that finds nothing has cost one system call more than needed.
    pub(super) async fn when_receiving<R>(&self, mut call: impl FnMut() -> Result<R>) -> Result<R> {
        let streak = self.streak.load(Ordering::Relaxed);
        if streak >= FLOOD {
            consume_budget().await;
            match call() {
                Err(error) if error.is_would_block() => self.streak.store(0, Ordering::Relaxed),
                outcome => return outcome,
            }
        }
        let mut streak = streak.saturating_add(1);
        let attempt = || call().inspect_err(|error| streak *= u8::from(!error.is_would_block()));
        let outcome = self.when(READABLE, attempt).await;
        self.streak.store(streak, Ordering::Relaxed);
        outcome
    }

    /// [`when`](Self::when) for sends, which hardly ever have to wait: the call is made first.
    pub(super) async fn when_sending<R>(&self, mut call: impl FnMut() -> Result<R>) -> Result<R> {
        consume_budget().await;
        match call() {
            Err(error) if error.is_would_block() => self.when(Interest::WRITABLE, call).await,
            outcome => outcome,
        }
    }

    /// Waits until the socket is reported ready, and attempts something with it, again and again until there is an outcome. An error
    /// if the socket is closed, now or meanwhile.
    pub(super) async fn when_ready<R>(
        &self,
        interest: Interest,
        mut attempt: impl FnMut(sys::Readiness<'_>) -> Option<Result<R>>,
    ) -> Result<R> {
        let registered = self.registered()?;
        loop {
            let readiness = ready(&registered.registration, &self.signal, interest).await?;
            if let Some(outcome) = attempt(readiness) {
                return outcome;
            }
        }
    }

    /// Waits until the socket is reported ready; says for what.
    pub(super) async fn ready(&self, interest: Interest) -> Result<Ready> {
        self.when_ready(interest, |readiness| Some(Ok(readiness.state()))).await
    }

    /// Calls at once, reported ready or not. If that would block, the report is cleared.
    pub(super) fn attempt<R>(&self, interest: Interest, call: impl FnOnce() -> Result<R>) -> Result<R> {
        let registered = self.registration.upgrade();
        let report = registered.as_ref().and_then(|registered| registered.registration.report(interest));
        let outcome = call();
        if let (Some(report), true) = (report, outcome.as_ref().is_err_and(Error::is_would_block)) {
            report.clear();
        }
        outcome
    }

    /// Calls if the socket is reported ready, and clears the report if that would block.
    pub(super) fn try_io<R>(&self, interest: Interest, call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        let registered = self.registered()?;
        let report = registered.registration.report(interest).ok_or(io::ErrorKind::WouldBlock)?;
        call().inspect_err(|error| {
            if error.kind() == io::ErrorKind::WouldBlock {
                report.clear();
            }
        })
    }

    /// [`ready`](Self::ready) for whoever polls for receiving (`READABLE`) or for sending; the last task that polled is woken.
    pub(super) fn poll_ready(&self, context: &mut Context<'_>, interest: Interest) -> Poll<Result<()>> {
        lock(&self.polled[usize::from(interest.is_writable())]).poll(self, context, interest)
    }

    /// [`when`](Self::when) for whoever polls.
    pub(super) fn poll_when<R>(
        &self,
        context: &mut Context<'_>,
        interest: Interest,
        mut call: impl FnMut() -> Result<R>,
    ) -> Poll<Result<R>> {
        loop {
            ready!(self.poll_ready(context, interest))?;
            match self.attempt(interest, &mut call) {
                Err(error) if error.is_would_block() => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Wakes everybody who waits for the socket, which has been closed. The registration ends at once if nobody waits.
    pub(super) fn close(&self) {
        self.signal.closed.store(true, Ordering::Release);
        self.signal.changed.notify_waiters();
        self.polled.iter().for_each(|waiter| *lock(waiter) = Waiter::default());
        drop(lock(&self.owner).take());
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

    fn registered(&self) -> Result<Arc<Registered>> {
        self.registration.upgrade().ok_or_else(closed)
    }
}

/// A task that polls for a socket's readiness. It allocates once.
#[derive(Default)]
pub(super) struct Waiter {
    future: Option<ReusableBoxFuture<'static, Result<()>>>,
    /// Whether the future has not ended yet.
    waiting: bool,
}

impl Waiter {
    /// Whether the socket is reported ready; an error if it is closed. Else the task is woken when either has changed.
    pub(super) fn poll(
        &mut self,
        readiness: &Readiness,
        context: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<Result<()>> {
        if !self.waiting {
            let registered = readiness.registered()?;
            if registered.registration.report(interest).is_some() {
                return Poll::Ready(Ok(()));
            }
            self.wait(wait(registered, Arc::clone(&readiness.signal), interest));
        }
        let Some(future) = &mut self.future else { return Poll::Ready(Err(closed())) };
        let outcome = future.poll(context);
        self.waiting = outcome.is_pending();
        outcome
    }

    fn wait(&mut self, future: impl Future<Output = Result<()>> + Send + 'static) {
        self.waiting = true;
        match &mut self.future {
            Some(place) => place.set(future),
            None => self.future = Some(ReusableBoxFuture::new(future)),
        }
    }
}

async fn wait(registered: Arc<Registered>, signal: Arc<Signal>, interest: Interest) -> Result<()> {
    ready(&registered.registration, &signal, interest).await.map(drop)
}

async fn ready<'a>(
    registration: &'a sys::Registration,
    signal: &Signal,
    interest: Interest,
) -> Result<sys::Readiness<'a>> {
    // A socket that is always ready must not keep its task from yielding.
    consume_budget().await;
    // Made before the flag is read, so that a close in between is not missed.
    let changed = signal.changed.notified();
    if signal.closed.load(Ordering::Acquire) {
        return Err(closed());
    }
    let (mut ready, mut changed) = (pin!(registration.ready(interest)), pin!(changed));
    poll_fn(|context| match ready.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| Error::system("poll", &error))),
        Poll::Pending => changed.as_mut().poll(context).map(|()| Err(closed())),
    })
    .await
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic leaves what is in there whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Error {
    Error::rule(ErrorKind::NotRunning)
}
