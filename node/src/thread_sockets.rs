//! The sockets of one JavaScript thread (the main thread, a worker), and what follows when one is ready.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use heliogram::SocketOptions;
use napi::{Env, Unknown};

use crate::ffi::{AtEnd, Environment, Host, JsBridge, Parts, Ready, Scope, Watched, Watcher, Watches};
#[cfg(unix)]
use crate::layout::unix_ready;
use crate::receive::turn::{Receiver, Share};
use crate::send::{Destinations, Flush, Options};
use crate::socket::{Receiving, SocketTable, WatchedSocket};
#[cfg(unix)]
use crate::unix_datagram::UnixDatagrams;

pub(crate) struct ThreadSockets {
    environment: Rc<Environment>,
    bridge: Rc<JsBridge>,
    pub(crate) watches: Rc<Watches>,
    pub(crate) sockets: SocketTable,
    #[cfg(unix)]
    pub(crate) unix_datagrams: UnixDatagrams,
    receiver: Receiver,
    pub(crate) destinations: RefCell<Destinations>,
}

impl ThreadSockets {
    pub(crate) fn new(env: &Env, host: Host, parts: &Parts<'_>) -> napi::Result<Rc<Self>> {
        let environment = Environment::of(env, host)?;
        let bridge = Rc::new(JsBridge::new(&environment, parts)?);
        let turn_over = bridge.clone();
        let turn_over = Rc::new(move |is_needed| turn_over.turn_over(is_needed));
        let reports = Rc::new(Reports::default());
        let watches = Rc::new(Watches::new(env, &environment, turn_over, reports.clone())?);
        let thread = Rc::new(ThreadSockets {
            receiver: Receiver::new(&environment, &bridge),
            environment,
            bridge,
            watches,
            sockets: SocketTable::default(),
            #[cfg(unix)]
            unix_datagrams: UnixDatagrams::default(),
            destinations: RefCell::default(),
        });
        *reports.0.borrow_mut() = Rc::downgrade(&thread);
        let (flusher, closer) = (Rc::downgrade(&thread), Rc::downgrade(&thread));
        let flush = Rc::new(move || flusher.upgrade().iter().for_each(|thread| thread.flush(&[])));
        let close = Box::new(move || closer.upgrade().iter().for_each(|thread| thread.end()));
        thread.environment.at_end(AtEnd { flush, close });
        Ok(thread)
    }

    /// While a socket is open, what JavaScript has handed over is kept. To be called after each change of that.
    pub(crate) fn keep_parts(&self) {
        #[cfg(unix)]
        let unix_datagrams = self.unix_datagrams.count();
        #[cfg(not(unix))]
        let unix_datagrams = 0;
        self.bridge.keep(self.sockets.count() + unix_datagrams > 0);
    }

    /// Stops watching. Drops the sockets too in Deno, which does not collect JavaScript's objects at the end.
    fn end(&self) {
        self.sockets.unwatch();
        #[cfg(unix)]
        self.unix_datagrams.clear();
        self.watches.end();
        if self.environment.host() == Host::Deno {
            self.sockets.clear();
        }
    }

    /// Makes a socket; its number.
    pub(crate) fn open(&self, options: &SocketOptions, receiving: Receiving) -> heliogram::Result<u32> {
        let number = self.sockets.open(Some(self.watches.clone()), options, receiving);
        self.keep_parts();
        number
    }

    /// Closes a socket; how many sends will never leave.
    pub(crate) fn close(&self, number: u32) -> i32 {
        let lost = self.sockets.close(number);
        self.keep_parts();
        lost
    }

    /// Makes what was thrown an uncaught exception.
    pub(crate) fn raise(&self, thrown: &Unknown<'_>) {
        self.bridge.raise(thrown);
    }

    /// Sends what JavaScript has batched, with these options where rows name some.
    pub(crate) fn flush(&self, options: &Options) {
        if !self.bridge.is_kept() {
            return; // no socket is open, and the memory may be gone
        }
        let Some(scope) = self.environment.scope() else { return };
        let memory = self.bridge.sent.view(&scope);
        let (sockets, destinations) = (&self.sockets, &self.destinations.borrow());
        Flush { sockets, destinations, options, memory: memory.all() }.run();
    }

    /// Writes the text of the sender's address of a received row to its place; its length.
    pub(crate) fn write_address(&self, row: usize) -> Option<usize> {
        let scope = self.environment.scope()?;
        crate::receive::rows::write_address(self.bridge.received.view(&scope).all(), row)
    }

    /// A Unix datagram socket is ready: JavaScript reads or writes it.
    #[cfg(unix)]
    fn unix_datagram_ready(&self, scope: &mut Scope<'_>, number: u32, ready: Ready) {
        let Some(socket) = self.unix_datagrams.get(number) else { return };
        let readable = if ready.readable || ready.failed { unix_ready::READABLE } else { 0 };
        let writable = if ready.writable { unix_ready::WRITABLE } else { 0 };
        self.bridge.ready(scope, number, readable | writable);
        if ready.failed {
            socket.rewatch();
        }
    }

    /// A socket is ready; whether something is left to be read.
    fn ready(&self, scope: &mut Scope<'_>, socket: &WatchedSocket, ready: Ready) -> bool {
        self.bridge.flush(scope);
        if ready.writable || ready.failed {
            for (token, outcome) in socket.flush_queue() {
                self.bridge.settle(scope, token, outcome);
            }
        }
        if ready.failed && socket.has_error_queue() {
            self.bridge.report_errors(scope, socket.number);
        }
        let had_undelivered = socket.has_undelivered();
        let reads = ready.readable || ready.failed || had_undelivered;
        let share = if reads { self.receiver.receive(scope, socket) } else { Share::default() };
        let coalesces = ready.readable && share.messages > 0 && !share.left;
        let mut status = if coalesces { socket.coalesce() } else { 0 };
        if ready.failed {
            status = socket.watch_anew();
        } else if ready.writable && !had_undelivered || socket.has_undelivered() {
            // While GRO packets come, a turn that leaves nothing is followed by one that does: the watch stays for one more.
            status = socket.rewatch();
        }
        self.report_deaf(scope, socket, status);
        share.left
    }

    /// A socket that cannot be watched reports that to its listeners: it would never receive again.
    fn report_deaf(&self, scope: &mut Scope<'_>, socket: &WatchedSocket, status: i32) {
        if status < 0 {
            self.receiver.report(scope, socket, status);
        }
    }

    /// A socket whose datagrams wait for each other has its turn.
    fn timer_ready(&self, scope: &mut Scope<'_>, socket: &WatchedSocket) {
        let status = if self.receiver.is_delivering() {
            socket.coalesce() // a loop that is run inside a listener
        } else {
            self.bridge.flush(scope);
            match self.receiver.receive(scope, socket) {
                Share { messages: 1.., left: false } => socket.coalesce(),
                _ => socket.stop_coalescing(),
            }
        };
        self.report_deaf(scope, socket, status);
    }

    /// A watch has ended by itself: another takes its place, or an error is reported.
    fn watch_lost(&self, scope: &mut Scope<'_>, watched: Watched) {
        match watched {
            Watched::Udp(number) | Watched::Timer(number) => {
                let Some(socket) = self.sockets.get(number) else { return };
                self.report_deaf(scope, &socket, socket.renew_watch());
            }
            #[cfg(unix)]
            Watched::UnixDatagram(number) => {
                let Some(socket) = self.unix_datagrams.get(number) else { return };
                let status = socket.renew_watch(&self.watches);
                if status < 0 {
                    self.bridge.ready(scope, number, status);
                }
            }
        }
    }

    fn dispatch(&self, scope: &mut Scope<'_>, watched: Watched, ready: Ready) -> bool {
        match watched {
            Watched::Udp(number) => self.sockets.get(number).is_some_and(|socket| self.ready(scope, &socket, ready)),
            Watched::Timer(number) => {
                let socket = self.sockets.get(number).filter(|socket| socket.is_coalescing());
                socket.iter().for_each(|socket| self.timer_ready(scope, socket));
                false
            }
            #[cfg(unix)]
            Watched::UnixDatagram(number) => {
                self.unix_datagram_ready(scope, number, ready);
                false
            }
        }
    }
}

impl Drop for ThreadSockets {
    fn drop(&mut self) {
        self.environment.dismiss();
    }
}

/// Passes readiness on to the sockets, which may be gone by then.
#[derive(Default)]
struct Reports(RefCell<Weak<ThreadSockets>>);

impl Watcher for Reports {
    fn ready(&self, watched: Watched, ready: Ready) -> bool {
        self.with(|thread, scope| thread.dispatch(scope, watched, ready)).unwrap_or(false)
    }

    fn lost(&self, watched: Watched) {
        self.with(|thread, scope| thread.watch_lost(scope, watched));
    }
}

impl Reports {
    fn with<T>(&self, act: impl FnOnce(&ThreadSockets, &mut Scope<'_>) -> T) -> Option<T> {
        let thread = self.0.borrow().upgrade().filter(|thread| !thread.environment.is_ending())?;
        let mut scope = thread.environment.scope()?;
        Some(act(&thread, &mut scope))
    }
}
