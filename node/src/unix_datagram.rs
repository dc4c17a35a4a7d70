//! Unix datagram sockets as the loop sees them: the socket, and the watch of its descriptor.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use heliogram::UnixDatagram;

use crate::ffi::{Interest, Poll, Ready, Watched};
use crate::thread_sockets::Environment;

/// A socket, and what watches it.
pub(crate) struct Local {
    number: u32,
    pub(crate) socket: UnixDatagram,
    poll: RefCell<Option<Poll>>,
    wanted: Cell<(bool, bool)>,
    referenced: Cell<bool>,
}

impl Local {
    pub(crate) fn new(number: u32, socket: UnixDatagram) -> Self {
        Local {
            number,
            socket,
            poll: RefCell::new(None),
            wanted: Cell::new((false, false)),
            referenced: Cell::new(true),
        }
    }

    /// Whether the loop goes on for this socket's sake.
    pub(crate) fn reference(&self, on: bool) {
        self.referenced.set(on);
        self.rewatch();
    }

    pub(crate) fn watch(&self, environment: &Environment, readable: bool, writable: bool) -> i32 {
        self.wanted.set((readable, writable));
        if self.poll.borrow().is_none() {
            match environment.watch(self.socket.descriptor(), Watched::Local(self.number)) {
                Ok(poll) => *self.poll.borrow_mut() = Some(poll),
                Err(error) => return error,
            }
        }
        self.rewatch()
    }

    fn rewatch(&self) -> i32 {
        let (readable, writable) = self.wanted.get();
        let poll = self.poll.borrow();
        let Some(poll) = poll.as_ref() else { return 0 };
        let outcome = poll.watch(Interest { readable, writable, ..Interest::NONE });
        // A message that waits keeps the loop alive, as in Node.
        poll.keep_alive(self.referenced.get() || writable);
        outcome
    }

    /// After what JavaScript was told. The loop has stopped watching what has failed.
    pub(crate) fn was_ready(&self, ready: Ready) {
        if ready.failed {
            self.rewatch();
        }
    }

    /// Lets go of the loop: it must not watch a descriptor that is closed.
    pub(crate) fn unwatch(&self) {
        drop(self.poll.borrow_mut().take());
    }
}

/// The open local sockets of an environment, by their numbers.
#[derive(Default)]
pub(crate) struct Locals {
    all: RefCell<HashMap<u32, Rc<Local>>>,
    last: Cell<u32>,
}

impl Locals {
    pub(crate) fn add(&self, local: impl FnOnce(u32) -> Local) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.all.borrow_mut().insert(number, Rc::new(local(number)));
        number
    }

    pub(crate) fn get(&self, number: u32) -> Option<Rc<Local>> {
        self.all.borrow().get(&number).cloned()
    }

    pub(crate) fn take(&self, number: u32) -> Option<Rc<Local>> {
        self.all.borrow_mut().remove(&number)
    }

    /// The environment ends, and with it the sockets and their paths: not every runtime collects what JavaScript has of
    /// them.
    pub(crate) fn clear(&self) {
        for (_, local) in self.all.take() {
            local.unwatch();
        }
    }
}
