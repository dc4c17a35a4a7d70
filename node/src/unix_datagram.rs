//! Unix datagram sockets as the loop sees them: the socket, and the watch of its descriptor.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use heliogram::UnixDatagram;

use crate::ffi::{Interest, Watch, Watched, Watches};

pub(crate) struct WatchedUnixDatagram {
    number: u32,
    pub(crate) socket: Rc<UnixDatagram>,
    watch: RefCell<Option<Watch>>,
    interest: Cell<Interest>,
    is_referenced: Cell<bool>,
}

impl WatchedUnixDatagram {
    fn new(number: u32, socket: UnixDatagram) -> Self {
        let (watch, interest) = Default::default();
        WatchedUnixDatagram { number, socket: Rc::new(socket), watch, interest, is_referenced: Cell::new(true) }
    }

    /// Watches for this from now on; 0, or a negative number of the system's.
    pub(crate) fn watch(&self, watches: &Watches, interest: Interest) -> i32 {
        self.interest.set(interest);
        if self.watch.borrow().is_none() {
            match watches.watch(self.socket.clone(), Watched::UnixDatagram(self.number)) {
                Ok(watch) => *self.watch.borrow_mut() = Some(watch),
                Err(error) => return error,
            }
        }
        self.rewatch()
    }

    /// Watches by another watch, in place of one that has ended by itself.
    pub(crate) fn renew_watch(&self, watches: &Watches) -> i32 {
        self.unwatch();
        self.watch(watches, self.interest.get())
    }

    /// Watches for the same, where the loop may have stopped.
    pub(crate) fn rewatch(&self) -> i32 {
        let watch = self.watch.borrow();
        let Some(watch) = watch.as_ref() else { return 0 };
        let interest = self.interest.get();
        let outcome = watch.watch(interest);
        // A message that waits keeps the loop alive, as in Node.
        watch.keep_alive(self.is_referenced.get() || interest.writable);
        outcome
    }

    /// Whether the loop goes on for this socket's sake.
    pub(crate) fn reference(&self, on: bool) {
        self.is_referenced.set(on);
        self.rewatch();
    }

    pub(crate) fn unwatch(&self) {
        drop(self.watch.take());
    }
}

/// The open Unix datagram sockets of a thread, by their numbers.
#[derive(Default)]
pub(crate) struct UnixDatagrams {
    all: RefCell<HashMap<u32, Rc<WatchedUnixDatagram>>>,
    last: Cell<u32>,
}

impl UnixDatagrams {
    pub(crate) fn add(&self, socket: UnixDatagram) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.all.borrow_mut().insert(number, Rc::new(WatchedUnixDatagram::new(number, socket)));
        number
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.all.borrow().len()
    }

    pub(crate) fn get(&self, number: u32) -> Option<Rc<WatchedUnixDatagram>> {
        self.all.borrow().get(&number).cloned()
    }

    /// Takes a socket out, which is no longer watched.
    pub(crate) fn take(&self, number: u32) -> Option<Rc<WatchedUnixDatagram>> {
        let socket = self.all.borrow_mut().remove(&number);
        socket.inspect(|socket| socket.unwatch())
    }

    /// The environment ends, and with it the sockets and their paths: not every runtime collects what JavaScript has of
    /// them.
    pub(crate) fn clear(&self) {
        for (_, socket) in self.all.take() {
            socket.unwatch();
        }
    }
}
