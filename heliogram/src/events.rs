//! The face with events: Node's `dgram` in Rust. Listeners instead of `EAGAIN`, in a [`EventLoop`] on one thread.
//!
//! A server and a client that end by themselves:
//!
//! ```
//! use heliogram::events::{EventLoop, event};
//! use heliogram::{SocketOptions, SocketType};
//!
//! let events = EventLoop::new()?;
//! let server = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
//! server.on(event::Message, |server, (msg, rinfo)| {
//!     println!("server got {} bytes from {}", msg.len(), rinfo.addr);
//!     server.close().expect("it is open");
//! });
//!
//! let client = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
//! server.on(event::Listening, move |server, ()| {
//!     let port = server.local_addr().expect("it is bound").port();
//!     client.send_then("Some bytes", port, |client, outcome| {
//!         assert_eq!(outcome.expect("it was sent"), 10);
//!         client.close().expect("it is open");
//!     }).expect("the port is good");
//! });
//! server.bind(("127.0.0.1", 0))?;
//!
//! events.run()?; // until both are closed
//! # Ok::<(), heliogram::Error>(())
//! ```
//!
//! # Order
//!
//! No method calls a listener or callback by itself, but [`EventSocket::emit`]. What happened is told on a later *tick*: the
//! loop keeps a queue of ticks, as `process.nextTick` does, and empties it before it waits, after each datagram it has
//! delivered, and whenever it has anything else to tell. So a send's callback runs before the next datagram's listeners,
//! and `'listening'` comes before the callback of the bind, and that before the callbacks of the sends that waited for it.
//!
//! Datagrams of one socket leave in the order of the calls. Those that must wait for a bind, a connect or room in the
//! kernel's buffer wait in that order too; only one whose host name must be looked up may be overtaken by others.
//!
//! # Where it is not Node
//!
//! * A datagram to an IP address leaves inside [`EventSocket::send`] if the socket is bound. Node keeps it until the next tick
//!   unless the socket is connected; there it is lost if the socket is closed in the same turn, here it is sent.
//! * Every send's callback is called exactly once. Where a bind fails that a send has started, Node forgets that send and
//!   a `close()` behind it; here the callbacks get the bind's error, after `'error'`, and the socket is closed.
//! * An `'error'` without a listener ends [`EventLoop::run`], which returns it, instead of the process.
//! * Listeners are let go when `'close'` has been emitted, so that one which holds its own socket is no leak.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::RecvBatch;
use crate::error::{Error, Result};
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::family::SocketType;

pub mod event;
mod lookup;
mod progress;
mod socket;
mod target;

pub use socket::EventSocket;
pub use target::{BindOptions, Destination, Payload};

use lookup::Lookups;
use socket::SendCallback;

/// How many ticks may follow one another before the sockets are asked again, so that callbacks which send with callbacks
/// keep no socket from receiving.
const TICKS: usize = 1024;

/// How many messages one system call may bring: datagrams, or trains, of which few are many datagrams already. All slots are
/// 64 KiB, so that no datagram is cut; what is not written to costs no memory.
const SLOTS: usize = 32;
const TRAIN_SLOTS: usize = 8;

/// The loop that waits for sockets and calls their listeners, on the thread that made it.
#[derive(Debug)]
pub struct EventLoop {
    shared: Rc<Shared>,
}

impl EventLoop {
    /// Makes a loop without sockets.
    ///
    /// # Errors
    ///
    /// `EMFILE` or `ENFILE` if the process or the system has no descriptor left.
    pub fn new() -> Result<Self> {
        let poller = sys::Poller::new().map_err(|error| Error::system("poll", &error))?;
        Ok(EventLoop { shared: Rc::new(Shared::new(poller)) })
    }

    /// Makes a socket of this loop: the manual's `createSocket`. Nothing happens before it is bound, sends or connects.
    ///
    /// # Errors
    ///
    /// Those of [`EventSocket::new`](crate::Socket::new).
    #[doc(alias = "createSocket")]
    pub fn create_socket(&self, options: &SocketOptions) -> Result<EventSocket> {
        EventSocket::new(&self.shared, options)
    }

    /// Looks host names up with `lookup` instead of the system's resolver: the manual's `lookup` option. It runs on another
    /// thread; the port of what it finds does not matter. IP addresses are never looked up.
    ///
    /// Its errors are told as `ENOTFOUND`, unless they have a number of the system's, which stays.
    #[doc(alias = "lookup")]
    pub fn set_lookup(&self, lookup: impl Fn(&str, SocketType) -> io::Result<SocketAddr> + Send + Sync + 'static) {
        self.shared.lookups.set(Arc::new(lookup));
    }

    /// Runs until there is nothing to wait for: no socket is bound that is [referenced](EventSocket::ref_), no send waits for
    /// room, no name is being looked up, no tick is due. It may be called again then.
    ///
    /// # Errors
    ///
    /// An error that no [`event::Error`] listener heard, as it was; `poll` with the system's error if waiting itself
    /// failed. Nothing is lost by it: another `run` goes on.
    pub fn run(&self) -> Result<()> {
        loop {
            self.shared.run_ticks();
            self.shared.check()?;
            if !self.shared.is_alive() {
                return Ok(());
            }
            self.shared.poll(None)?;
        }
    }

    /// Runs one turn: what is due, then what is ready. If nothing is due, it waits for at most `timeout` (`None` is no
    /// limit) until something is ready. Says whether [`run`](Self::run) would go on.
    ///
    /// It waits only if there is something to wait for, but delivers what unreferenced sockets have too.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_once(&self, timeout: Option<Duration>) -> Result<bool> {
        let had_ticks = self.shared.run_ticks();
        self.shared.check()?;
        let timeout = if had_ticks || !self.shared.is_alive() { Some(Duration::ZERO) } else { timeout };
        self.shared.poll(timeout)?;
        self.shared.run_ticks();
        self.shared.check()?;
        Ok(self.shared.is_alive())
    }
}

impl Drop for EventLoop {
    /// Closes the loop's sockets, without a word to their listeners.
    fn drop(&mut self) {
        self.shared.end();
    }
}

/// Something to be called later, on the loop's thread.
enum Tick {
    Call(Box<dyn FnOnce()>),
    /// A send's outcome for its callback; apart so that it needs no box of its own.
    Sent(EventSocket, SendCallback, Result<usize>),
}

impl Tick {
    fn run(self) {
        match self {
            Tick::Call(call) => call(),
            Tick::Sent(socket, callback, outcome) => callback(&socket, outcome),
        }
    }
}

/// What a loop and its sockets have in common.
struct Shared {
    poller: sys::Poller,
    lookups: Lookups,
    /// The sockets that are being watched. This is what keeps an open socket alive whose last handle was dropped.
    sockets: RefCell<HashMap<usize, EventSocket>>,
    last_key: Cell<usize>,
    ticks: RefCell<VecDeque<Tick>>,
    unheard: RefCell<VecDeque<Error>>,
    /// Taken by whoever uses them, so that a listener may run the loop.
    batch: Cell<Option<RecvBatch>>,
    trains: Cell<Option<RecvBatch>>,
    events: Cell<Option<sys::Events>>,
    ended: Cell<bool>,
}

impl Shared {
    fn new(poller: sys::Poller) -> Self {
        Shared {
            lookups: Lookups::new(poller.clone()),
            poller,
            sockets: RefCell::default(),
            last_key: Cell::new(0),
            ticks: RefCell::default(),
            unheard: RefCell::default(),
            batch: Cell::new(None),
            trains: Cell::new(None),
            events: Cell::new(None),
            ended: Cell::new(false),
        }
    }

    /// Puts something off until a later tick. When the loop is gone, there is none.
    fn defer(&self, tick: Tick) {
        if !self.ended.get() {
            self.ticks.borrow_mut().push_back(tick);
        }
    }

    /// Keeps an error that nobody has heard for whoever runs the loop.
    fn unheard(&self, error: Error) {
        self.unheard.borrow_mut().push_back(error);
    }

    /// Runs what is due, new ticks included, unless an error that nobody heard is waiting to be returned; says whether
    /// there was anything.
    fn run_ticks(&self) -> bool {
        for count in 0..TICKS {
            let tick = if self.unheard.borrow().is_empty() { self.ticks.borrow_mut().pop_front() } else { None };
            let Some(tick) = tick else { return count > 0 };
            tick.run();
        }
        true
    }

    fn check(&self) -> Result<()> {
        self.unheard.borrow_mut().pop_front().map_or(Ok(()), Err)
    }

    fn is_alive(&self) -> bool {
        self.is_due() || self.lookups.is_pending() || self.sockets.borrow().values().any(EventSocket::keeps_alive)
    }

    fn is_due(&self) -> bool {
        !self.ticks.borrow().is_empty() || !self.unheard.borrow().is_empty()
    }

    /// Waits once, and tells what came.
    fn poll(&self, timeout: Option<Duration>) -> Result<()> {
        let timeout = if self.is_due() { Some(Duration::ZERO) } else { timeout };
        let mut events = self.events.take().unwrap_or_default();
        let outcome = self.poller.wait(&mut events, timeout);
        for event in events.iter() {
            let socket = self.sockets.borrow().get(&event.key).cloned();
            if let Some(socket) = socket {
                socket.ready(event.readable, event.writable);
            }
        }
        while let Some((answered, found)) = self.lookups.next_answer() {
            answered(found);
            self.run_ticks();
        }
        self.events.set(Some(events));
        outcome.map_err(|error| Error::system("poll", &error))
    }

    /// A key that no socket has had, so that readiness which comes late meets nobody else.
    fn new_key(&self) -> usize {
        self.last_key.set(self.last_key.get() + 1);
        self.last_key.get()
    }

    /// Lets everything go. What is dropped may hold sockets, and those come back here; so nothing is borrowed then.
    fn end(&self) {
        self.ended.set(true);
        for (_, socket) in self.sockets.take() {
            socket.abandon();
        }
        self.lookups.clear();
        let ticks = self.ticks.take();
        drop(ticks);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("sockets", &self.sockets.borrow().len())
            .field("ticks", &self.ticks.borrow().len())
            .field("lookups", &self.lookups)
            .finish_non_exhaustive()
    }
}
