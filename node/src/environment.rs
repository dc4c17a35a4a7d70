//! The sockets of one environment (the main thread, a worker), and the two ways between them and JavaScript: batches of
//! received messages and batches of gathered sends, one call each.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use heliogram::{Borrowed, RecvBatch, SocketOptions};
use napi::sys;

use crate::addresses::Addresses;
use crate::endpoint::Endpoint;
use crate::numbers::error_number;
use crate::reactor::{Channel, Host, Life, Loop, Parts, Poll, Ready, Work};
use crate::{receive, send};

/// How many messages one receive takes from the kernel. Past eight a larger batch wins little, and half of Node's
/// bound leaves a flooded socket two batches a turn.
const SLOTS: usize = 16;

/// At most this many messages of one socket are delivered before the loop turns, as in Node.
const PER_TURN: usize = 32;

/// What all sockets of one environment share.
pub(crate) struct Environment {
    loop_of: Loop,
    life: Rc<Life>,
    channel: Channel,
    endpoints: RefCell<Vec<Option<Rc<Endpoint>>>>,
    pub(crate) destinations: RefCell<Addresses>,
    batch: RefCell<RecvBatch>,
    single: RefCell<RecvBatch>,
    seen: RefCell<receive::Seen>,
    delivering: Cell<bool>,
    tokens: Cell<u32>,
}

impl Environment {
    pub(crate) fn new(env: sys::napi_env, host: Host, parts: &Parts) -> napi::Result<Rc<Self>> {
        let environment = Rc::new(Environment {
            loop_of: Loop::of(env, host)?,
            life: Life::of(env, host)?,
            channel: Channel::new(env, host, parts)?,
            endpoints: RefCell::default(),
            destinations: RefCell::default(),
            batch: RefCell::new(RecvBatch::for_trains(SLOTS)),
            single: RefCell::new(RecvBatch::for_trains(1)),
            seen: RefCell::default(),
            delivering: Cell::new(false),
            tokens: Cell::new(0),
        });
        let (flusher, closer) = (environment.clone(), environment.clone());
        let flush = Rc::new(move || send::flush(&flusher, flusher.channel.sent()));
        let close =
            Box::new(move || closer.endpoints.borrow().iter().flatten().for_each(|endpoint| endpoint.unwatch()));
        environment.life.at_end(Work { flush, close });
        Ok(environment)
    }

    /// Makes a socket, known by the lowest number that is free.
    pub(crate) fn open(self: &Rc<Self>, options: &SocketOptions) -> heliogram::Result<Rc<Endpoint>> {
        let mut endpoints = self.endpoints.borrow_mut();
        let free = endpoints.iter().position(Option::is_none).unwrap_or(endpoints.len());
        let endpoint = Rc::new(Endpoint::new(free as u32, self, options)?);
        if free == endpoints.len() {
            endpoints.push(None);
        }
        endpoints[free] = Some(endpoint.clone());
        Ok(endpoint)
    }

    /// Forgets a socket that is closed, or that JavaScript has lost. One that was closed before it was lost is forgotten
    /// already, and another may have its number.
    pub(crate) fn forget(&self, endpoint: &Rc<Endpoint>) {
        let mut endpoints = self.endpoints.borrow_mut();
        let entry = endpoints.get_mut(endpoint.number as usize);
        if let Some(entry) = entry.filter(|entry| entry.as_ref().is_some_and(|known| Rc::ptr_eq(known, endpoint))) {
            *entry = None;
        }
    }

    pub(crate) fn endpoint(&self, number: u32) -> Option<Rc<Endpoint>> {
        self.endpoints.borrow().get(number as usize).cloned().flatten()
    }

    /// Makes what was thrown an uncaught exception.
    pub(crate) fn raise(&self, thrown: sys::napi_value) {
        self.channel.raise(thrown);
    }

    /// Sends what JavaScript has gathered.
    pub(crate) fn flush(&self) {
        send::flush(self, self.channel.sent());
    }

    /// A number for a send that has to wait.
    pub(crate) fn token(&self) -> u32 {
        self.tokens.replace(self.tokens.get().wrapping_add(1))
    }

    /// Watches a descriptor for the socket of this number.
    pub(crate) fn poll(self: &Rc<Self>, descriptor: Borrowed<'_>, number: u32) -> Result<Poll, i32> {
        let (weak, life) = (Rc::downgrade(self), self.life.clone());
        let ready = Rc::new(move |ready| {
            if let Some(environment) = weak.upgrade() {
                environment.ready(number, ready);
            }
        });
        let poll = self.loop_of.watch(descriptor, ready, Rc::new(move || life.handle_closed()))?;
        self.life.handle_opened();
        Ok(poll)
    }

    /// The loop says that a socket can be read or written.
    fn ready(&self, number: u32, ready: Ready) {
        let Some(endpoint) = self.endpoint(number) else { return };
        if self.life.is_ending() {
            return;
        }
        if ready.writable || ready.failed {
            endpoint.flush_queue().into_iter().for_each(|(token, outcome)| self.channel.settle(token, outcome));
        }
        if ready.readable || ready.failed {
            self.receive(&endpoint);
        }
        if ready.failed || ready.writable {
            endpoint.rewatch();
        }
    }

    /// Takes what there is, at most a turn's share, and hands it to the listeners. A loop that is run inside a listener
    /// must not take the batch away from under it: what it leaves is still readable afterwards.
    fn receive(&self, endpoint: &Endpoint) {
        if self.delivering.replace(true) {
            return;
        }
        let mut left = PER_TURN;
        while left > 0 && endpoint.is_receiving() && !self.life.is_ending() {
            let (count, more) = self.take(endpoint);
            if count > 0 {
                self.channel.deliver(endpoint.number, count);
            }
            if !more {
                break;
            }
            left = left.saturating_sub(count);
        }
        self.delivering.set(false);
    }

    /// Receives one batch into the shared slab: how many entries there are, and whether there may be more. From a socket
    /// that other processes read too it takes one message at a time, so that it never has one that it cannot deliver.
    fn take(&self, endpoint: &Endpoint) -> (usize, bool) {
        let (batch, slots) = if endpoint.is_shared() { (&self.single, 1) } else { (&self.batch, SLOTS) };
        let mut batch = batch.borrow_mut();
        let slab = self.channel.received();
        match endpoint.socket.try_recv_batch(&mut batch) {
            Ok(count) => (receive::pack(&batch, slab, &mut self.seen.borrow_mut()), count >= slots),
            Err(error) if error.is_would_block() => (0, false),
            Err(error) => (receive::pack_error(slab, error_number(&error)), false),
        }
    }
}
