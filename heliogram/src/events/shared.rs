//! [`Shared`]: what a loop and its sockets have in common.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::back_off::BackOff;
use super::lookup::{Answered, Lookup, Lookups};
use crate::batch::RecvBatch;
use crate::error::{Error, Result};
use crate::sys;
use crate::types::family::SocketType;

/// Something to be called later, on the loop's thread.
pub(super) enum Tick<S> {
    Call(Box<dyn FnOnce()>),
    /// A send's outcome for its callback; apart so that it needs no box of its own.
    Sent(S, SendCallback<S>, Result<usize>),
}

/// What is called with the outcome of a send.
pub(super) type SendCallback<S> = Box<dyn FnOnce(&S, Result<usize>)>;

/// What the loop asks of its sockets.
pub(super) trait Member: Clone {
    /// A handle that does not keep the socket alive.
    type Weak: WeakMember<Self>;

    /// The poller reports what the socket is ready for.
    fn ready(&self, readable: bool, writable: bool);

    /// Whether the loop has to go on for this socket.
    fn keeps_alive(&self) -> bool;

    /// The loop has ended: closes the socket and drops what it holds, without calling anybody.
    fn end(&self);
}

/// A socket that may be gone.
pub(super) trait WeakMember<S> {
    fn upgrade(&self) -> Option<S>;
}

impl<S> Tick<S> {
    fn run(self) {
        match self {
            Tick::Call(call) => call(),
            Tick::Sent(socket, callback, outcome) => callback(&socket, outcome),
        }
    }
}

/// What a loop and its sockets have in common.
pub(super) struct Shared<S: Member> {
    poller: sys::Poller,
    lookups: Lookups,
    /// The sockets that are being watched. This is what keeps an open socket alive whose last handle was dropped.
    watched: RefCell<HashMap<usize, S>>,
    /// Every socket of the loop. One that is not watched yet may hold itself in a callback; it ends with the loop too.
    all: RefCell<HashMap<usize, S::Weak>>,
    last_key: Cell<usize>,
    back_off: BackOff,
    ticks: RefCell<VecDeque<Tick<S>>>,
    unhandled: RefCell<VecDeque<Error>>,
    batch: Cell<Option<RecvBatch>>,
    gro_batch: Cell<Option<RecvBatch>>,
    events: Cell<Option<sys::Events>>,
    ended: Cell<bool>,
}

impl<S: Member> Shared<S> {
    pub(super) fn new(poller: sys::Poller) -> Self {
        Shared {
            lookups: Lookups::new(poller.clone()),
            poller,
            watched: RefCell::default(),
            all: RefCell::default(),
            last_key: Cell::new(0),
            back_off: BackOff::default(),
            ticks: RefCell::default(),
            unhandled: RefCell::default(),
            batch: Cell::new(None),
            gro_batch: Cell::new(None),
            events: Cell::new(None),
            ended: Cell::new(false),
        }
    }

    /// Calls something on a later tick, unless the loop has been dropped.
    pub(super) fn defer(&self, tick: Tick<S>) {
        if !self.ended.get() {
            self.ticks.borrow_mut().push_back(tick);
        }
    }

    /// Keeps an error that had no listener; the loop's `run` returns it.
    pub(super) fn unhandled(&self, error: Error) {
        self.unhandled.borrow_mut().push_back(error);
    }

    /// Runs what is due, new ticks included, unless an error that nobody heard is waiting to be returned; says whether
    /// there was anything.
    pub(super) fn run_ticks(&self) -> bool {
        for count in 0..TICKS {
            let tick = if self.unhandled.borrow().is_empty() { self.ticks.borrow_mut().pop_front() } else { None };
            let Some(tick) = tick else { return count > 0 };
            tick.run();
        }
        true
    }

    pub(super) fn check(&self) -> Result<()> {
        self.unhandled.borrow_mut().pop_front().map_or(Ok(()), Err)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.is_due() || self.lookups.is_pending() || self.watched.borrow().values().any(S::keeps_alive)
    }

    fn is_due(&self) -> bool {
        !self.ticks.borrow().is_empty() || !self.unhandled.borrow().is_empty()
    }

    /// Waits once, and calls the listeners for what came.
    pub(super) fn poll(&self, timeout: Option<Duration>) -> Result<()> {
        let timeout = if self.is_due() { Some(Duration::ZERO) } else { timeout };
        let mut events = self.events.take().unwrap_or_default();
        let outcome = self.poller.wait(&mut events, self.back_off.limit(timeout));
        for event in events.iter() {
            self.ready(event.key, event.readable, event.writable);
        }
        let now = Instant::now();
        while let Some(key) = self.back_off.next(now) {
            self.ready(key, false, true);
        }
        while let Some((answered, found)) = self.lookups.next_answer() {
            answered(found);
            self.run_ticks();
        }
        self.events.set(Some(events));
        outcome.map_err(|error| Error::system("poll", &error))
    }

    fn ready(&self, key: usize, readable: bool, writable: bool) {
        let socket = self.watched.borrow().get(&key).cloned();
        if let Some(socket) = socket {
            socket.ready(readable, writable);
        }
    }

    /// The socket's sends are refused although it can be written: it is ready to be written after a while.
    pub(super) fn try_again_later(&self, key: usize) {
        self.back_off.add(key);
    }

    /// Looks up host names with this function from now on.
    pub(super) fn set_lookup(&self, lookup: Arc<Lookup>) {
        self.lookups.set(lookup);
    }

    /// Looks up a host name; `answered` is called on a later turn.
    pub(super) fn look_up(&self, host: Box<str>, port: u16, family: SocketType, answered: Answered) {
        self.lookups.begin(host, port, family, answered);
    }

    /// Adds a socket to the loop.
    pub(super) fn add(&self, key: usize, socket: S::Weak) {
        self.all.borrow_mut().insert(key, socket);
    }

    /// The socket with this key is gone.
    pub(super) fn remove(&self, key: usize) {
        self.all.borrow_mut().remove(&key);
    }

    /// Watches a socket's descriptor, and holds the socket, until it is [unwatched](Self::unwatch).
    pub(super) fn watch(&self, key: usize, socket: S, descriptor: &Arc<sys::Descriptor>) -> io::Result<sys::Watch> {
        let watch = self.poller.watch(descriptor, key)?;
        self.watched.borrow_mut().insert(key, socket);
        Ok(watch)
    }

    pub(super) fn unwatch(&self, key: usize) {
        // What is dropped may be the last handle, and must not find the map borrowed.
        let socket = self.watched.borrow_mut().remove(&key);
        drop(socket);
    }

    /// Whether the loop has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Calls with memory for a receive, as `gro` needs it. It is taken by whoever uses it, so that a listener may run the loop.
    pub(super) fn with_batch(&self, gro: bool, receive: impl FnOnce(&mut RecvBatch)) {
        let (place, slots) = if gro { (&self.gro_batch, GRO_SLOTS) } else { (&self.batch, SLOTS) };
        let mut batch = place.take().unwrap_or_else(|| RecvBatch::for_gro(slots));
        receive(&mut batch);
        place.set(Some(batch));
    }

    /// A key that no socket has had, so that readiness which comes late meets nobody else.
    pub(super) fn new_key(&self) -> usize {
        self.last_key.set(self.last_key.get() + 1);
        self.last_key.get()
    }

    /// Drops everything. What is dropped may hold sockets, whose drop calls this type again, so nothing is borrowed meanwhile.
    pub(super) fn end(&self) {
        self.ended.set(true);
        let all = self.all.take();
        all.values().filter_map(S::Weak::upgrade).for_each(|socket| socket.end());
        drop(self.watched.take());
        self.lookups.clear();
        let ticks = self.ticks.take();
        drop(ticks);
    }
}

impl<S: Member> fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("sockets", &self.all.borrow().len())
            .field("ticks", &self.ticks.borrow().len())
            .field("lookups", &self.lookups)
            .finish_non_exhaustive()
    }
}

/// How many ticks may follow one another before the sockets are asked again, so that callbacks which send with callbacks
/// keep no socket from receiving.
const TICKS: usize = 1024;

/// How many messages one system call may bring: datagrams, or GRO packets, of which few are many datagrams already. All slots are
/// 64 KiB, so that no datagram is cut; what is not written to costs no memory.
const SLOTS: usize = 32;
const GRO_SLOTS: usize = 8;
