//! One UDP socket of a thread: the crate's socket, what waits for a later turn, and the watch of its descriptor. And the table
//! of a thread's sockets.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use heliogram::send_queue::SendQueue;
use heliogram::state::Rules;
use heliogram::{Datagram, RecvBatch, Result, Socket, SocketOptions, SocketType};

use crate::ffi::{Interest, Watch, Watchable, Watched, Watches, watchable};
use crate::outcome::{EBADF, number};
use crate::policy::auto_gro;
use crate::policy::coalescing::Coalescing;
use crate::receive::record::Reported;
use crate::receive::rows::Received;

/// How a socket is to receive.
#[derive(Clone, Copy, Default)]
pub(crate) struct Receiving {
    /// Whether messages may share memory.
    pub(crate) pooled_buffers: bool,
    /// How long datagrams may wait for each other.
    pub(crate) coalescing: Duration,
}

/// What of a batch leaves together.
#[derive(Clone, Copy)]
pub(crate) enum Group {
    /// The datagrams of each peer.
    Peers,
    /// Nothing: all have one peer.
    Nothing,
}

/// What waits for a later turn.
#[derive(Default)]
struct Pending {
    /// Sends, for room in the kernel.
    queue: SendQueue<u32>,
    /// Messages that the last turn had no time for.
    undelivered: VecDeque<Received>,
}

/// A socket of a thread, known there by its number.
pub(crate) struct WatchedSocket {
    pub(crate) number: u32,
    pub(crate) udp: Rc<Socket>,
    /// What the loop watches with; a closed socket's stand-in has none.
    watches: Option<Rc<Watches>>,
    watch: RefCell<Option<Watch>>,
    /// What the loop watches for.
    interest: Cell<Interest>,
    is_receiving: Cell<bool>,
    is_referenced: Cell<bool>,
    is_shared: Cell<bool>,
    pooled_buffers: bool,
    /// If the program asked for it.
    coalescing: Option<Box<Coalescing>>,
    /// Whether listeners take batches whole.
    takes_batches: Cell<bool>,
    /// Made by the first send, or for what is undelivered: a socket that is idle has room for a pointer to it only.
    pending: RefCell<Option<Box<Pending>>>,
    /// Whether the last receive brought a GRO packet.
    has_coalesced: Cell<bool>,
    /// Whether listeners were slow in the last turn.
    pub(crate) was_slow: Cell<bool>,
    /// What receive metadata listeners are given, if they asked for some.
    reported: Cell<Option<Reported>>,
    /// Whether there may be something in the error queue.
    has_error_queue: Cell<bool>,
}

impl WatchedSocket {
    pub(crate) fn new(
        number: u32,
        watches: Option<Rc<Watches>>,
        options: &SocketOptions,
        receiving: Receiving,
    ) -> Result<Self> {
        let Receiving { pooled_buffers, coalescing } = receiving;
        Ok(WatchedSocket {
            number,
            udp: Rc::new(Socket::new(&options.clone().rules(Rules::Node))?),
            watches,
            watch: RefCell::default(),
            interest: Cell::default(),
            is_receiving: Cell::default(),
            is_referenced: Cell::new(true),
            is_shared: Cell::default(),
            pooled_buffers,
            coalescing: (!coalescing.is_zero()).then(|| Box::new(Coalescing::new(coalescing))),
            takes_batches: Cell::default(),
            pending: RefCell::default(),
            has_coalesced: Cell::default(),
            was_slow: Cell::default(),
            reported: Cell::default(),
            has_error_queue: Cell::default(),
        })
    }

    /// A closed socket, for calls after the close.
    pub(crate) fn closed() -> Self {
        let socket = Self::new(u32::MAX, None, &SocketOptions::new(SocketType::Udp4), Receiving::default());
        let socket = socket.unwrap_or_else(|_| unreachable!("no size that could be refused"));
        // A new socket is not closed, which is all that could be refused here.
        drop(socket.udp.close());
        socket
    }

    /// Starts or stops receiving; 0 or a negative number of the system's, `EEXIST` if the loop watches the descriptor
    /// already.
    pub(crate) fn receive(&self, on: bool) -> i32 {
        self.is_receiving.set(on);
        self.coalescing.iter().for_each(|coalescing| coalescing.stop());
        self.rewatch()
    }

    pub(crate) fn is_receiving(&self) -> bool {
        self.is_receiving.get()
    }

    /// Whether the loop waits for the timer instead of the socket.
    pub(crate) fn is_coalescing(&self) -> bool {
        self.coalescing.as_ref().is_some_and(|coalescing| coalescing.is_waiting())
    }

    /// Nothing is left to read: lets the next datagrams wait for each other, if the program asked for that. The loop goes on
    /// watching for errors.
    pub(crate) fn coalesce(&self) -> i32 {
        let may_wait = self.is_receiving.get() && !self.has_undelivered();
        let (Some(coalescing), Some(watches), true) = (&self.coalescing, &self.watches, may_wait) else { return 0 };
        coalescing.wait(watches, Watched::Timer(self.number));
        self.rewatch()
    }

    /// There is more to read, or there was nothing: the loop waits for the socket again.
    pub(crate) fn stop_coalescing(&self) -> i32 {
        self.coalescing.iter().for_each(|coalescing| coalescing.pause());
        self.rewatch()
    }

    /// Watches by another watch, in place of one that has ended by itself.
    pub(crate) fn renew_watch(&self) -> i32 {
        self.coalescing.iter().for_each(|coalescing| coalescing.stop());
        drop(self.watch.take());
        self.watch_anew()
    }

    /// Which receive metadata listeners are given.
    pub(crate) fn report(&self, reported: Option<Reported>) {
        self.reported.set(reported);
    }

    pub(crate) fn reported(&self) -> Option<Reported> {
        self.reported.get()
    }

    /// Listeners get the error queue's entries from now on. That is never taken back: when errors and timestamps are turned off, entries
    /// may be left.
    pub(crate) fn expect_error_queue(&self) {
        self.has_error_queue.set(true);
    }

    pub(crate) fn has_error_queue(&self) -> bool {
        self.has_error_queue.get()
    }

    /// Other processes have the kernel's socket too, and must not get GRO packets.
    #[cfg(unix)]
    pub(crate) fn share(&self) -> Result<()> {
        self.is_shared.set(true);
        let received = self.udp.stop_gro()?.into_iter().map(|batch| Received::from(batch.map(Box::new)));
        self.with_pending(|pending| pending.undelivered.extend(received));
        self.rewatch();
        Ok(())
    }

    /// Whether a receive takes many messages. From a socket that other processes read too it takes one, since what is taken
    /// and not delivered, because a listener closes the socket, is lost for the others. A GRO packet is many by itself.
    pub(crate) fn reads_many(&self) -> bool {
        !self.is_shared.get() && !self.has_coalesced.get()
    }

    /// Learns from a receive.
    pub(crate) fn learn(&self, batch: &RecvBatch) {
        self.learn_coalesced(batch.has_coalesced());
        if self.reads_many() && batch.is_full() {
            auto_gro::start(&self.udp);
        }
    }

    /// Whether the last receive brought a GRO packet.
    pub(crate) fn learn_coalesced(&self, has_coalesced: bool) {
        self.has_coalesced.set(has_coalesced);
    }

    pub(crate) fn has_coalesced(&self) -> bool {
        self.has_coalesced.get()
    }

    /// Whether messages may share memory.
    pub(crate) fn shares_memory(&self) -> bool {
        self.pooled_buffers || self.takes_batches.get()
    }

    /// Whether listeners take batches whole.
    pub(crate) fn take_batches(&self, on: bool) {
        self.takes_batches.set(on);
    }

    pub(crate) fn takes_batches(&self) -> bool {
        self.takes_batches.get()
    }

    /// Keeps what is to be delivered in another turn, before anything that is received later.
    pub(crate) fn put_back(&self, received: Received) {
        if !self.udp.is_closed() {
            self.with_pending(|pending| pending.undelivered.push_front(received));
        }
    }

    pub(crate) fn take_undelivered(&self) -> Option<Received> {
        self.look_at_pending(|pending| pending.undelivered.pop_front()).flatten()
    }

    pub(crate) fn has_undelivered(&self) -> bool {
        self.look_at_pending(|pending| !pending.undelivered.is_empty()).unwrap_or(false)
    }

    /// Whether the socket keeps the loop running.
    pub(crate) fn reference(&self, on: bool) {
        self.is_referenced.set(on);
        self.keep_alive();
    }

    pub(crate) fn is_referenced(&self) -> bool {
        self.is_referenced.get()
    }

    /// Sends a batch, in which datagrams of one peer leave together if `group` says so; what the kernel has no room for waits, under the
    /// token that `token` gives it. A negative number of the system's says that nothing can wait, because the loop cannot watch the socket: then nothing is queued any more.
    pub(crate) fn send(
        &self,
        batch: &[Datagram<'_>],
        group: Group,
        token: impl FnMut(usize) -> u32,
        done: impl FnMut(usize, Result<usize>),
    ) -> i32 {
        self.with_pending(|pending| match group {
            Group::Peers => pending.queue.send_grouped(&self.udp, batch, token, done),
            Group::Nothing => pending.queue.send(&self.udp, batch, token, done),
        });
        if self.has_waiting() { self.watch_queue() } else { 0 }
    }

    /// Queues a datagram without trying to send it; 0, or a number as [`send`](Self::send)'s.
    pub(crate) fn enqueue(&self, datagram: &Datagram<'_>, token: u32) -> i32 {
        self.with_pending(|pending| pending.queue.wait(&self.udp, datagram, token));
        self.watch_queue()
    }

    fn watch_queue(&self) -> i32 {
        let status = self.rewatch();
        if status < 0 {
            self.with_pending(|pending| pending.queue.cancel(&self.udp, |_, _| ()));
        }
        status
    }

    /// Uses what waits; `act` must not call this again.
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
            pending.queue.flush(&self.udp, |token, outcome| outcomes.push((token, number(outcome))));
        });
        outcomes
    }

    /// Ends everything but the kernel's socket; gives back the tokens of the sends that will never leave.
    pub(crate) fn cancel(&self) -> Vec<u32> {
        self.unwatch();
        let mut lost = Vec::new();
        self.look_at_pending(|pending| {
            pending.undelivered.clear();
            pending.queue.cancel(&self.udp, |token, _| lost.push(token));
        });
        lost
    }

    /// Is no longer watched, and receives no more.
    pub(crate) fn unwatch(&self) {
        self.is_receiving.set(false);
        self.interest.set(Interest::NONE);
        self.coalescing.iter().for_each(|coalescing| coalescing.stop());
        drop(self.watch.take());
    }

    /// Makes the loop watch for what this socket waits for now. What is undelivered is delivered when the socket is writable, which
    /// it nearly always is: so other sockets have their turn before.
    pub(crate) fn rewatch(&self) -> i32 {
        let (receiving, coalescing) = (self.is_receiving.get(), self.is_coalescing());
        let wanted = Interest {
            readable: receiving && !coalescing,
            writable: self.has_waiting() || receiving && self.has_undelivered(),
            errors: receiving && coalescing,
        };
        let status = if self.interest.get() == wanted { 0 } else { self.watch_for(wanted) };
        self.interest.set(if status == 0 { wanted } else { Interest::NONE });
        self.keep_alive();
        status
    }

    fn watch_for(&self, interest: Interest) -> i32 {
        let mut watch = self.watch.borrow_mut();
        if watch.is_none() && interest != Interest::NONE {
            match self.new_watch() {
                Ok(new) => *watch = Some(new),
                Err(error) => return error,
            }
        }
        watch.as_ref().map_or(0, |watch| watch.watch(interest))
    }

    /// The loop has stopped watching.
    pub(crate) fn watch_anew(&self) -> i32 {
        self.interest.set(Interest::NONE);
        self.rewatch()
    }

    /// A socket keeps the loop running while it is referenced, and while a send is queued, as in Node.
    fn keep_alive(&self) {
        let on = self.is_referenced.get() || self.has_waiting();
        self.watch.borrow().iter().for_each(|watch| watch.keep_alive(on));
    }

    fn new_watch(&self) -> Result<Watch, i32> {
        self.try_watch(watchable(&self.udp)?)
    }

    /// A watch of a descriptor for this socket, of nothing yet; `EEXIST` if the loop has one that is at work.
    pub(crate) fn try_watch(&self, descriptor: Rc<dyn Watchable>) -> Result<Watch, i32> {
        self.watches.as_ref().ok_or(EBADF)?.watch(descriptor, Watched::Udp(self.number))
    }
}

/// The open sockets of one thread, by their numbers.
#[derive(Default)]
pub(crate) struct SocketTable {
    sockets: RefCell<Vec<Option<Rc<WatchedSocket>>>>,
    /// The numbers below the length of `sockets` that no socket has.
    free: RefCell<Vec<u32>>,
    lost: RefCell<Vec<u32>>,
    tokens: Cell<u32>,
}

impl SocketTable {
    /// Makes a socket, known by a number that is free.
    pub(crate) fn open(
        &self,
        watches: Option<Rc<Watches>>,
        options: &SocketOptions,
        receiving: Receiving,
    ) -> heliogram::Result<u32> {
        let mut sockets = self.sockets.borrow_mut();
        let number = self.free.borrow().last().copied().unwrap_or(sockets.len() as u32);
        let socket = Some(Rc::new(WatchedSocket::new(number, watches, options, receiving)?));
        match sockets.get_mut(number as usize) {
            Some(entry) => *entry = socket,
            None => sockets.push(socket),
        }
        self.free.borrow_mut().pop();
        Ok(number)
    }

    pub(crate) fn get(&self, number: u32) -> Option<Rc<WatchedSocket>> {
        self.sockets.borrow().get(number as usize).cloned().flatten()
    }

    /// Closes a socket, whose number is free from now on; how many sends will never leave. Their tokens are in
    /// [`take_lost`](Self::take_lost).
    pub(crate) fn close(&self, number: u32) -> i32 {
        let socket = self.sockets.borrow_mut().get_mut(number as usize).and_then(Option::take);
        let Some(socket) = socket else { return 0 };
        self.free.borrow_mut().push(number);
        let lost = socket.cancel();
        // A caller that is using the socket must not find another file under its descriptor, whose number stays reserved until
        // the last owner is gone. The only owner drops it, for one system call instead of two.
        if let Err(shared) = Rc::try_unwrap(socket) {
            // close(2) frees the descriptor even if it fails, and a second close has nothing left to free.
            drop(shared.udp.close());
        }
        let count = lost.len() as i32;
        self.lost.borrow_mut().extend(lost);
        count
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.sockets.borrow().len() - self.free.borrow().len()
    }

    /// The tokens of the sends that were waiting when their sockets were closed.
    pub(crate) fn take_lost(&self) -> Vec<u32> {
        self.lost.take()
    }

    /// A number for a send that has to wait.
    pub(crate) fn token(&self) -> u32 {
        self.tokens.replace(self.tokens.get().wrapping_add(1))
    }

    /// Nothing is watched any more.
    pub(crate) fn unwatch(&self) {
        self.sockets.borrow().iter().flatten().for_each(|socket| socket.unwatch());
    }

    /// Drops all sockets.
    pub(crate) fn clear(&self) {
        self.sockets.take();
        self.free.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bound socket that no loop can watch.
    fn unwatchable() -> WatchedSocket {
        let socket = WatchedSocket::new(0, None, &SocketOptions::new(SocketType::Udp4), Receiving::default()).unwrap();
        socket.udp.bind("127.0.0.1:0".parse().ok()).unwrap();
        socket
    }

    #[test]
    fn what_cannot_be_watched_is_an_error_and_no_silence() {
        let socket = unwatchable();
        assert_eq!(socket.receive(true), EBADF);
        assert_eq!(socket.receive(false), 0);
    }

    #[test]
    fn what_could_never_leave_is_not_queued() {
        let socket = unwatchable();
        let peer = socket.udp.local_addr().unwrap();
        assert_eq!(socket.enqueue(&Datagram::new(b"x").to(peer), 7), EBADF);
        assert!(!socket.has_waiting());
    }

    #[test]
    fn a_closed_socket_receives_nothing_and_reports_that() {
        let socket = WatchedSocket::closed();
        assert_eq!(socket.receive(true), EBADF);
        assert!(socket.udp.local_addr().is_err());
    }

    fn open(table: &SocketTable) -> u32 {
        table.open(None, &SocketOptions::new(SocketType::Udp4), Receiving::default()).unwrap()
    }

    #[test]
    fn a_number_is_free_once_its_socket_is_closed() {
        let table = SocketTable::default();
        assert_eq!([open(&table), open(&table), open(&table)], [0, 1, 2]);
        assert_eq!(table.close(1), 0);
        assert!(table.get(1).is_none() && table.get(9).is_none());
        assert_eq!([open(&table), open(&table)], [1, 3]);
        assert_eq!(table.close(9), 0);
    }

    #[test]
    fn a_socket_that_is_in_use_is_closed_all_the_same() {
        let table = SocketTable::default();
        let number = open(&table);
        let used = table.get(number).unwrap();
        used.udp.bind("127.0.0.1:0".parse().ok()).unwrap();
        table.close(number);
        assert!(used.udp.reactor_descriptor().is_err());
    }
}
