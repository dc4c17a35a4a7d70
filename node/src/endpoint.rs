//! One socket as the reactor sees it: the crate's socket, the sends that wait, and the handle that watches it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use heliogram::queue::SendQueue;
use heliogram::{Borrowed, Datagram, Result, Socket, SocketOptions};

use crate::environment::Environment;
use crate::numbers::{EBADF, error_number, number};
use crate::reactor::Poll;

/// A socket of an environment, known there by its number.
pub(crate) struct Endpoint {
    pub(crate) number: u32,
    pub(crate) socket: Socket,
    environment: Weak<Environment>,
    queue: RefCell<SendQueue<u32>>,
    poll: RefCell<Option<Poll>>,
    receiving: Cell<bool>,
    referenced: Cell<bool>,
    shared: Cell<bool>,
}

impl Endpoint {
    pub(crate) fn new(number: u32, environment: &Rc<Environment>, options: &SocketOptions) -> Result<Self> {
        Ok(Endpoint {
            number,
            socket: Socket::new(options)?,
            environment: Rc::downgrade(environment),
            queue: RefCell::default(),
            poll: RefCell::new(None),
            receiving: Cell::new(false),
            referenced: Cell::new(true),
            shared: Cell::new(false),
        })
    }

    /// What is left of a socket that is closed: its number and its options, and no descriptor.
    pub(crate) fn husk(&self) -> Result<Self> {
        let husk = Endpoint {
            number: self.number,
            socket: Socket::new(self.socket.options())?,
            environment: Weak::new(),
            queue: RefCell::default(),
            poll: RefCell::new(None),
            receiving: Cell::new(false),
            referenced: self.referenced.clone(),
            shared: Cell::new(false),
        };
        husk.socket.close()?;
        Ok(husk)
    }

    /// Starts or stops receiving; 0 or a negative number of the system's, `EEXIST` if the loop watches the descriptor
    /// already.
    pub(crate) fn receive(&self, on: bool) -> i32 {
        self.receiving.set(on);
        self.rewatch()
    }

    pub(crate) fn is_receiving(&self) -> bool {
        self.receiving.get()
    }

    /// Other processes have the kernel's socket too.
    pub(crate) fn share(&self) {
        self.shared.set(true);
    }

    /// Whether other processes may read from the kernel's socket. What one of them takes and then drops, because its
    /// listener closes the socket, is lost for the others.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.get()
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
        self.queue.borrow_mut().send(&self.socket, batch, token, done);
        if !self.queue.borrow().is_empty() {
            self.rewatch();
        }
    }

    /// Lets a datagram wait without asking the kernel.
    pub(crate) fn enqueue(&self, datagram: &Datagram<'_>, token: u32) {
        self.queue.borrow_mut().wait(&self.socket, datagram, token);
        self.rewatch();
    }

    /// The kernel has room again: sends what waits, and gives back the outcomes.
    pub(crate) fn flush_queue(&self) -> Vec<(u32, i32)> {
        let mut outcomes = Vec::new();
        self.queue.borrow_mut().flush(&self.socket, |token, outcome| outcomes.push((token, number(outcome))));
        outcomes
    }

    /// Closes the socket; gives back the tokens of the sends that will never leave.
    pub(crate) fn close(&self) -> Vec<u32> {
        self.receiving.set(false);
        // The handle first: a loop must not watch a descriptor that is closed.
        drop(self.poll.borrow_mut().take());
        let mut lost = Vec::new();
        self.queue.borrow_mut().cancel(&self.socket, |token, _| lost.push(token));
        // close(2) has freed the descriptor whatever it says, and a second close has nothing left to free.
        drop(self.socket.close());
        lost
    }

    /// Lets go of the loop, which is ending.
    pub(crate) fn unwatch(&self) {
        self.receiving.set(false);
        drop(self.poll.borrow_mut().take());
    }

    /// Makes the loop watch what this socket waits for now.
    pub(crate) fn rewatch(&self) -> i32 {
        let waiting = !self.queue.borrow().is_empty();
        let mut poll = self.poll.borrow_mut();
        if poll.is_none() && (waiting || self.receiving.get()) {
            match self.new_poll() {
                Ok(new) => *poll = Some(new),
                Err(error) => return error,
            }
        }
        let status = poll.as_ref().map_or(0, |poll| poll.watch(self.receiving.get(), waiting));
        drop(poll);
        self.keep_alive();
        status
    }

    /// A socket keeps the loop alive while it is referenced, and while a send waits, as in Node.
    fn keep_alive(&self) {
        let on = self.referenced.get() || !self.queue.borrow().is_empty();
        self.poll.borrow().iter().for_each(|poll| poll.keep_alive(on));
    }

    fn new_poll(&self) -> Result<Poll, i32> {
        self.watch_nothing(self.socket.descriptor().map_err(|error| error_number(&error))?)
    }

    /// A handle of the loop for a descriptor of this socket; `EEXIST` if the loop has one that is at work.
    pub(crate) fn watch_nothing(&self, descriptor: Borrowed<'_>) -> Result<Poll, i32> {
        self.environment.upgrade().ok_or(EBADF)?.poll(descriptor, self.number)
    }

    pub(crate) fn set_poll(&self, poll: Poll) {
        *self.poll.borrow_mut() = Some(poll);
    }
}
