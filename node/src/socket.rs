//! One socket as the reactor sees it: the crate's socket, the sends that wait, and the handle that watches it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::time::Duration;

use heliogram::send_queue::SendQueue;
use heliogram::state::Rules;
use heliogram::{BorrowedDescriptor, Datagram, RecvBatch, RemoteInfo, Result, Socket, SocketOptions, SocketType};

use crate::ffi::{Interest, Poll, Watched};
use crate::outcome::{EBADF, error_number, number};
use crate::policy::coalescing::Coalescing;
use crate::receive::record::Wanted;
use crate::receive::rows::Received;
use crate::thread_sockets::Environment;

/// How a socket is to receive.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ways {
    /// Whether messages may share memory.
    pub(crate) pools: bool,
    /// How long datagrams may wait for each other.
    pub(crate) coalescing: Duration,
}

/// What waits for a later turn.
#[derive(Default)]
struct Pending {
    /// For room in the kernel.
    queue: SendQueue<u32>,
    /// What did not fit the last turn's share.
    held: VecDeque<Received>,
}

/// A socket of an environment, known there by its number.
pub(crate) struct Endpoint {
    pub(crate) number: u32,
    pub(crate) socket: Socket,
    environment: Weak<Environment>,
    poll: RefCell<Option<Poll>>,
    /// What the loop watches for.
    watched: Cell<Interest>,
    receiving: Cell<bool>,
    referenced: Cell<bool>,
    shared: Cell<bool>,
    pools: bool,
    /// If the program asked for it.
    coalescing: Option<Box<Coalescing>>,
    /// Whether listeners take batches whole.
    whole: Cell<bool>,
    /// Made by the first send, or when something is held: a socket that is idle has room for a pointer to it only.
    pending: RefCell<Option<Box<Pending>>>,
    /// Whether the last receive brought a train.
    trains: Cell<bool>,
    /// Whether listeners are told what the kernel told of each datagram.
    tells: Cell<Option<Wanted>>,
    /// Whether there may be something in the kernel's queue of errors.
    notices: Cell<bool>,
}

impl Endpoint {
    pub(crate) fn new(number: u32, environment: &Rc<Environment>, options: &SocketOptions, ways: Ways) -> Result<Self> {
        Ok(Endpoint::of(number, Socket::new(&options.clone().rules(Rules::Node))?, Rc::downgrade(environment), ways))
    }

    fn of(number: u32, socket: Socket, environment: Weak<Environment>, ways: Ways) -> Self {
        Endpoint {
            number,
            socket,
            environment,
            poll: RefCell::new(None),
            watched: Cell::default(),
            receiving: Cell::new(false),
            referenced: Cell::new(true),
            shared: Cell::new(false),
            pools: ways.pools,
            coalescing: (!ways.coalescing.is_zero()).then(|| Box::new(Coalescing::new(ways.coalescing))),
            whole: Cell::new(false),
            pending: RefCell::new(None),
            trains: Cell::new(false),
            tells: Cell::new(None),
            notices: Cell::new(false),
        }
    }

    /// A socket that is closed, for those who ask it still.
    pub(crate) fn closed() -> Self {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4));
        let socket = socket.unwrap_or_else(|_| unreachable!("no size that could be refused"));
        // A new socket is not closed, which is all that could be refused here.
        drop(socket.close());
        Endpoint::of(u32::MAX, socket, Weak::new(), Ways::default())
    }

    /// Starts or stops receiving; 0 or a negative number of the system's, `EEXIST` if the loop watches the descriptor
    /// already.
    pub(crate) fn receive(&self, on: bool) -> i32 {
        self.receiving.set(on);
        self.coalescing.iter().for_each(|coalescing| coalescing.stop());
        self.rewatch()
    }

    /// Whether the loop waits for the timer instead of the socket.
    pub(crate) fn is_coalescing(&self) -> bool {
        self.coalescing.as_ref().is_some_and(|coalescing| coalescing.is_waiting())
    }

    /// Everything has been read that there was: lets the next datagrams wait for each other, if the program asked for that.
    /// The loop goes on watching for errors.
    pub(crate) fn coalesce(&self) {
        let Some(coalescing) = self.coalescing.as_ref().filter(|_| self.receiving.get() && !self.holds()) else {
            return;
        };
        coalescing.wait(|timer| self.watch_nothing(timer, Watched::Timer(self.number)));
        self.rewatch();
    }

    /// There is more to read, or there was nothing: the loop waits for the socket again.
    pub(crate) fn stop_coalescing(&self) {
        self.coalescing.iter().for_each(|coalescing| coalescing.pause());
        self.rewatch();
    }

    pub(crate) fn is_receiving(&self) -> bool {
        self.receiving.get()
    }

    /// Whether listeners are to be told what the kernel tells of each datagram.
    pub(crate) fn tell(&self, wanted: Option<Wanted>) {
        self.tells.set(wanted);
    }

    pub(crate) fn tells(&self) -> Option<Wanted> {
        self.tells.get()
    }

    /// Whether the kernel keeps errors for listeners.
    pub(crate) fn expect_notices(&self, on: bool) {
        self.notices.set(on);
    }

    pub(crate) fn expects_notices(&self) -> bool {
        self.notices.get()
    }

    /// Other processes have the kernel's socket too, and must not see trains.
    #[cfg(unix)]
    pub(crate) fn share(&self) -> Result<()> {
        self.shared.set(true);
        let received = self.socket.stop_gro()?.into_iter().map(|batch| Received::from(batch.map(Box::new)));
        self.with_pending(|pending| pending.held.extend(received));
        self.rewatch();
        Ok(())
    }

    /// Whether a receive takes many messages. From a socket that other processes read too it takes one, since what is taken
    /// and not delivered, because a listener closes the socket, is lost for the others. A train is many by itself.
    pub(crate) fn reads_many(&self) -> bool {
        !self.shared.get() && !self.trains.get()
    }

    /// Learns from a receive. Trains are asked for when there was as much as could be taken at once: few sockets ever need
    /// them, and the first of a system costs it more than its bind (`docs/performance/lab-notes.md`).
    pub(crate) fn learn(&self, batch: &RecvBatch) {
        self.trains.set(batch.has_coalesced());
        if self.reads_many() && batch.is_full() && !self.socket.gro() {
            // Without them it goes on as it is.
            drop(self.socket.start_gro());
        }
    }

    /// Learns from a receive into a page.
    pub(crate) fn learn_train(&self, info: &RemoteInfo) {
        self.trains.set(info.metadata.segment_size.is_some());
    }

    /// Whether the last receive brought a train.
    pub(crate) fn has_trains(&self) -> bool {
        self.trains.get()
    }

    /// Whether messages may share memory.
    pub(crate) fn pools(&self) -> bool {
        self.pools || self.whole.get()
    }

    /// Whether listeners take batches whole.
    pub(crate) fn take_whole(&self, on: bool) {
        self.whole.set(on);
    }

    pub(crate) fn takes_whole(&self) -> bool {
        self.whole.get()
    }

    /// Keeps what is to be delivered in another turn, before anything that comes later.
    pub(crate) fn hold(&self, received: Received) {
        if self.socket.descriptor().is_ok() {
            self.with_pending(|pending| pending.held.push_front(received));
        }
    }

    pub(crate) fn unhold(&self) -> Option<Received> {
        self.look_at_pending(|pending| pending.held.pop_front()).flatten()
    }

    pub(crate) fn holds(&self) -> bool {
        self.look_at_pending(|pending| !pending.held.is_empty()).unwrap_or(false)
    }

    /// Whether the loop goes on for this socket's sake.
    pub(crate) fn reference(&self, on: bool) {
        self.referenced.set(on);
        self.keep_alive();
    }

    pub(crate) fn is_referenced(&self) -> bool {
        self.referenced.get()
    }

    /// Sends in order; what the kernel has no room for waits, under the token that `token` gives it.
    pub(crate) fn send(
        &self,
        batch: &[Datagram<'_>],
        token: impl FnMut(usize) -> u32,
        done: impl FnMut(usize, Result<usize>),
    ) {
        self.with_pending(|pending| pending.queue.send(&self.socket, batch, token, done));
        if self.has_waiting() {
            self.rewatch();
        }
    }

    /// Lets a datagram wait without asking the kernel.
    pub(crate) fn enqueue(&self, datagram: &Datagram<'_>, token: u32) {
        self.with_pending(|pending| pending.queue.wait(&self.socket, datagram, token));
        self.rewatch();
    }

    /// Does something with what waits, which must not ask for it again.
    fn with_pending<R>(&self, act: impl FnOnce(&mut Pending) -> R) -> R {
        act(self.pending.borrow_mut().get_or_insert_default())
    }

    /// The same if it has been made.
    fn look_at_pending<R>(&self, act: impl FnOnce(&mut Pending) -> R) -> Option<R> {
        self.pending.borrow_mut().as_deref_mut().map(act)
    }

    /// Whether sends wait for room in the kernel.
    fn has_waiting(&self) -> bool {
        self.look_at_pending(|pending| !pending.queue.is_empty()).unwrap_or(false)
    }

    /// The kernel has room again: sends what waits, and gives back the outcomes.
    pub(crate) fn flush_queue(&self) -> Vec<(u32, i32)> {
        let mut outcomes = Vec::new();
        self.look_at_pending(|pending| {
            pending.queue.flush(&self.socket, |token, outcome| outcomes.push((token, number(outcome))));
        });
        outcomes
    }

    /// Ends everything but the kernel's socket; gives back the tokens of the sends that will never leave.
    pub(crate) fn close(&self) -> Vec<u32> {
        // The handle first: a loop must not watch a descriptor that is closed.
        self.unwatch();
        let mut lost = Vec::new();
        self.look_at_pending(|pending| {
            pending.held.clear();
            pending.queue.cancel(&self.socket, |token, _| lost.push(token));
        });
        lost
    }

    /// Lets go of the loop, which is ending.
    pub(crate) fn unwatch(&self) {
        self.receiving.set(false);
        self.coalescing.iter().for_each(|coalescing| coalescing.stop());
        drop(self.poll.borrow_mut().take());
    }

    /// Makes the loop watch what this socket waits for now. It calls back for what is held when the socket can be written,
    /// which is as good as always: so the others have their turn before.
    pub(crate) fn rewatch(&self) -> i32 {
        let (receiving, coalescing) = (self.receiving.get(), self.is_coalescing());
        let wanted = Interest {
            readable: receiving && !coalescing,
            writable: self.has_waiting() || receiving && self.holds(),
            errors: receiving && coalescing,
        };
        let mut poll = self.poll.borrow_mut();
        if poll.is_none() && wanted != Interest::NONE {
            match self.new_poll() {
                Ok(new) => *poll = Some(new),
                Err(error) => return error,
            }
        }
        let mut status = 0;
        if let Some(poll) = poll.as_ref().filter(|_| self.watched.get() != wanted) {
            status = poll.watch(wanted);
            self.watched.set(if status == 0 { wanted } else { Interest::NONE });
        }
        drop(poll);
        self.keep_alive();
        status
    }

    /// The loop has stopped watching.
    pub(crate) fn watch_anew(&self) -> i32 {
        self.watched.set(Interest::NONE);
        self.rewatch()
    }

    /// A socket keeps the loop alive while it is referenced, and while a send waits, as in Node.
    fn keep_alive(&self) {
        let on = self.referenced.get() || self.has_waiting();
        self.poll.borrow().iter().for_each(|poll| poll.keep_alive(on));
    }

    fn new_poll(&self) -> Result<Poll, i32> {
        let descriptor = self.socket.descriptor().map_err(|error| error_number(&error))?;
        self.watch_nothing(descriptor, Watched::Endpoint(self.number))
    }

    /// A handle of the loop for a descriptor of this socket; `EEXIST` if the loop has one that is at work.
    pub(crate) fn watch_nothing(&self, descriptor: BorrowedDescriptor<'_>, watched: Watched) -> Result<Poll, i32> {
        self.environment.upgrade().ok_or(EBADF)?.watch(descriptor, watched)
    }

    #[cfg(unix)]
    pub(crate) fn set_poll(&self, poll: Poll) {
        *self.poll.borrow_mut() = Some(poll);
    }
}
