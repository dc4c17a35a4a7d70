//! The socket of a [`Loop`](super::Loop): listeners, and calls whose outcome is told later.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use super::event::{self, Event, Listener, ListenerId, Listeners, Place};
use super::target::{BindOptions, Binding, Destination, Payload, Target};
use super::{SLOTS, Shared, Tick};
use crate::batch::{Datagram, RecvBatch};
use crate::error::{Code, Error, Result};
use crate::options::SocketOptions;
use crate::queue::SendQueue;
use crate::state::{self, Action, Connect, Op, step};
use crate::sys;

/// How many datagrams one turn of the loop takes from one socket, at least if they are there, before others have theirs.
const TURN: usize = 256;

pub(super) type SendCallback = Box<dyn FnOnce(&Socket, Result<usize>)>;
type BindCallback = Box<dyn FnOnce(&Socket)>;
type ConnectCallback = Box<dyn FnOnce(&Socket, Result<()>)>;

/// The callback of a connect under way, which is a listener too.
struct ConnectListener {
    id: ListenerId,
    callback: Rc<Cell<Option<ConnectCallback>>>,
}

/// A socket with events. Clones are the same socket.
///
/// All options and what else answers at once (`address`, `remote_address`, `disconnect`, `set_ttl`, `add_membership` ...)
/// is [`heliogram::Socket`](crate::Socket)'s, to which it dereferences.
///
/// Once it is bound, the loop holds it too: dropping the last handle does not close it, [`close`](Self::close) does, or
/// the end of the loop. Listeners are given the socket, so that they need not hold it.
#[derive(Clone)]
pub struct Socket {
    inner: Rc<Inner>,
}

struct Inner {
    socket: Arc<crate::Socket>,
    shared: Rc<Shared>,
    key: usize,
    listeners: Listeners,
    watch: RefCell<Option<sys::Watch>>,
    /// What was called while a bind or connect was under way, and waits for its end. While anything waits, all that comes
    /// waits behind it.
    waiting: RefCell<VecDeque<Waiting>>,
    /// Datagrams that the kernel has no room for.
    queue: RefCell<SendQueue<Option<SendCallback>>>,
    bind_callback: Cell<Option<ListenerId>>,
    referenced: Cell<bool>,
    closing: Cell<bool>,
}

enum Waiting {
    Send { message: Box<[u8]>, to: Target, callback: Option<SendCallback> },
    Connect { to: Target, callback: Option<ConnectCallback> },
    Close,
}

/// Listeners.
impl Socket {
    /// Adds a listener behind the others. It may call anything, `on` and [`close`](Self::close) included.
    ///
    /// ```
    /// # use heliogram::{SocketOptions, SocketType, events::{Loop, event}};
    /// # let socket = Loop::new()?.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.on(event::Message, |_, (msg, rinfo)| println!("{} bytes from {}", msg.len(), rinfo.addr));
    /// socket.on(event::Error, |socket, error| eprintln!("{error}"));
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    #[doc(alias = "addListener")]
    pub fn on<E: Event>(&self, event: E, listener: impl Fn(&Socket, E::Args<'_>) + 'static) -> ListenerId {
        self.add(event, Place::Last, false, listener)
    }

    /// Adds a listener for the next time alone; it is taken off before it is called.
    pub fn once<E: Event>(&self, event: E, listener: impl FnOnce(&Socket, E::Args<'_>) + 'static) -> ListenerId {
        self.add(event, Place::Last, true, only_once::<E>(listener))
    }

    /// As [`on`](Self::on), before the others.
    #[doc(alias = "prependListener")]
    pub fn prepend_listener<E: Event>(
        &self,
        event: E,
        listener: impl Fn(&Socket, E::Args<'_>) + 'static,
    ) -> ListenerId {
        self.add(event, Place::First, false, listener)
    }

    /// As [`once`](Self::once), before the others.
    #[doc(alias = "prependOnceListener")]
    pub fn prepend_once_listener<E: Event>(
        &self,
        event: E,
        listener: impl FnOnce(&Socket, E::Args<'_>) + 'static,
    ) -> ListenerId {
        self.add(event, Place::First, true, only_once::<E>(listener))
    }

    /// Takes a listener off; says whether it was there. An event that is being emitted still reaches it.
    #[doc(alias = "removeListener")]
    pub fn off<E: Event>(&self, _event: E, listener: ListenerId) -> bool {
        E::list(&self.inner.listeners).remove(listener).is_some()
    }

    /// How many listen to an event.
    #[doc(alias = "listenerCount")]
    pub fn listener_count<E: Event>(&self, _event: E) -> usize {
        E::list(&self.inner.listeners).count()
    }

    /// Calls the listeners of an event, in order and at once; says whether there are any. Those that are added meanwhile
    /// are not called, those that are taken off meanwhile are.
    ///
    /// An [`event::Error`] without listeners is returned by the loop's `run`.
    pub fn emit<E: Event>(&self, _event: E, args: E::Args<'_>) -> bool {
        let list = E::list(&self.inner.listeners);
        let listeners = list.snapshot();
        for listener in listeners.iter() {
            if listener.once {
                list.remove(listener.id);
            }
            (listener.call)(self, args);
        }
        if listeners.is_empty()
            && let Some(error) = E::error(args)
        {
            self.inner.shared.unheard(error);
        }
        !listeners.is_empty()
    }

    fn add<E: Event>(
        &self,
        _event: E,
        place: Place,
        once: bool,
        call: impl Fn(&Socket, E::Args<'_>) + 'static,
    ) -> ListenerId {
        let id = self.inner.listeners.new_id();
        E::list(&self.inner.listeners).add(place, Listener { id, once, call: Rc::new(call) });
        id
    }
}

/// Binding, connecting and closing.
impl Socket {
    pub(super) fn new(shared: &Rc<Shared>, options: &SocketOptions) -> Result<Self> {
        let inner = Inner {
            socket: Arc::new(crate::Socket::new(options)?),
            shared: Rc::clone(shared),
            key: shared.new_key(),
            listeners: Listeners::default(),
            watch: RefCell::default(),
            waiting: RefCell::default(),
            queue: RefCell::default(),
            bind_callback: Cell::new(None),
            referenced: Cell::new(true),
            closing: Cell::new(false),
        };
        Ok(Socket { inner: Rc::new(inner) })
    }

    /// Binds: `'listening'` on a later tick, and then datagrams, or `'error'`. After an error the socket is unbound and may
    /// be bound again.
    ///
    /// ```no_run
    /// # use heliogram::{SocketOptions, SocketType, events::Loop};
    /// # let socket = Loop::new()?.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.bind(41234)?; // or () or ("localhost", 41234) or a SocketAddr or a descriptor
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// At once: `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`, and those of
    /// [`bind_descriptor`](crate::Socket::bind_descriptor). By `'error'`: `ENOTFOUND` and `EAI_AGAIN` of the look-up, and
    /// those of [`bind`](crate::Socket::bind). A buffer size that the system refuses is told by `'error'` too, but the
    /// socket is bound; `poll` with `ENOSPC` or `ENOMEM` if it cannot be watched.
    pub fn bind<'a>(&self, local: impl Into<BindOptions<'a>>) -> Result<()> {
        self.begin_binding(local.into(), None)
    }

    /// As [`bind`](Self::bind); `callback` is a listener of the next `'listening'`, unless the bind fails. It hears no
    /// errors.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn bind_then<'a>(
        &self,
        local: impl Into<BindOptions<'a>>,
        callback: impl FnOnce(&Socket) + 'static,
    ) -> Result<()> {
        self.begin_binding(local.into(), Some(Box::new(callback)))
    }

    /// Makes `remote` the only peer: `'connect'` on a later tick, or `'error'`. Binds first if need be.
    ///
    /// # Errors
    ///
    /// At once: `ERR_SOCKET_BAD_PORT`, `ERR_SOCKET_DGRAM_IS_CONNECTED`, `ERR_SOCKET_DGRAM_NOT_RUNNING`. By `'error'`:
    /// `ENOTFOUND` and `EAI_AGAIN` of the look-up, and those of [`connect`](crate::Socket::connect); the socket is without
    /// a peer then.
    pub fn connect<'a>(&self, remote: impl Into<Destination<'a>>) -> Result<()> {
        self.begin_connecting(remote.into(), None)
    }

    /// As [`connect`](Self::connect); `callback` is a listener of the next `'connect'`, and is told the error instead of
    /// `'error'`. If the socket is closed before, it is not called.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_then<'a>(
        &self,
        remote: impl Into<Destination<'a>>,
        callback: impl FnOnce(&Socket, Result<()>) + 'static,
    ) -> Result<()> {
        self.begin_connecting(remote.into(), Some(Box::new(callback)))
    }

    /// Closes the socket, behind the sends that wait for a bind: `'close'` on a later tick. Nothing is received from now
    /// on; sends that wait for room in the kernel's buffer fail with `ECANCELED`.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed or being closed already.
    pub fn close(&self) -> Result<()> {
        if self.is_closing() {
            return Err(Error::rule(Code::NotRunning));
        }
        self.inner.closing.set(true);
        if self.inner.waiting.borrow().is_empty() {
            return self.close_now();
        }
        self.inner.waiting.borrow_mut().push_back(Waiting::Close);
        Ok(())
    }

    /// As [`close`](Self::close); `callback` is a listener of `'close'`.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn close_then(&self, callback: impl FnOnce(&Socket) + 'static) -> Result<()> {
        self.close()?;
        self.once(event::Close, |socket, ()| callback(socket));
        Ok(())
    }
}

/// Sending.
impl Socket {
    /// Sends one datagram. Unless the socket has a peer, `to` says where it goes; an unbound socket is bound first, to all
    /// interfaces and a free port.
    ///
    /// It leaves at once if the socket is bound, `to` needs no look-up and the kernel has room; else the message is copied
    /// and waits. What comes of it is told to nobody, as in Node, but a look-up that fails, by `'error'`;
    /// [`send_then`](Self::send_then) tells.
    ///
    /// ```no_run
    /// # use heliogram::{SocketOptions, SocketType, events::Loop};
    /// # use std::io::IoSlice;
    /// # let socket = Loop::new()?.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.send("hello", 41234)?; // to this host
    /// socket.send(b"hello", ("example.org", 41234))?;
    /// socket.send(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")], ("::1", 41234))?;
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// At once: `ERR_SOCKET_BAD_PORT`, `ERR_SOCKET_DGRAM_NOT_RUNNING`, `ERR_SOCKET_DGRAM_IS_CONNECTED` with an address too
    /// many, `ERR_SOCKET_DGRAM_NOT_CONNECTED` without one.
    pub fn send<'a, 'b>(&self, message: impl Into<Payload<'a>>, to: impl Into<Destination<'b>>) -> Result<()> {
        self.submit(message.into(), to.into(), None)
    }

    /// As [`send`](Self::send); `callback` is told on a later tick how many bytes were sent, or why they were not. It is
    /// called exactly once, unless the loop ends first.
    ///
    /// What it is told: the errors of [`try_send`](crate::Socket::try_send) but `EAGAIN`, those of the look-up, those of
    /// the bind that the send needed, and `ECANCELED` if the socket was closed first.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_then<'a, 'b>(
        &self,
        message: impl Into<Payload<'a>>,
        to: impl Into<Destination<'b>>,
        callback: impl FnOnce(&Socket, Result<usize>) + 'static,
    ) -> Result<()> {
        self.submit(message.into(), to.into(), Some(Box::new(callback)))
    }
}

/// What the loop waits for.
impl Socket {
    /// Lets [`Loop::run`](super::Loop::run) wait for this socket while it is bound, as it does from the beginning.
    #[doc(alias = "ref")]
    pub fn ref_(&self) -> &Self {
        self.inner.referenced.set(true);
        self
    }

    /// Keeps [`Loop::run`](super::Loop::run) from waiting for this socket; it still delivers while it runs. Sends that wait
    /// for room are waited for all the same.
    pub fn unref(&self) -> &Self {
        self.inner.referenced.set(false);
        self
    }

    /// Whether the loop waits for this socket while it is bound.
    #[doc(alias = "hasRef")]
    pub fn has_ref(&self) -> bool {
        self.inner.referenced.get()
    }

    pub(super) fn keeps_alive(&self) -> bool {
        !self.state().is_closed() && (self.has_ref() || !self.inner.queue.borrow().is_empty())
    }
}

/// How a bind goes.
impl Socket {
    fn begin_binding(&self, local: BindOptions<'_>, callback: Option<BindCallback>) -> Result<()> {
        self.check_running()?;
        match local.binding(self.socket_type()) {
            Binding::Descriptor(descriptor) => {
                self.inner.socket.bind_descriptor(descriptor)?;
                self.defer(|socket| socket.bound(Ok(())));
            }
            Binding::Address(local) => {
                self.begin_bind()?;
                self.defer(move |socket| socket.finish_binding(Ok(local)));
            }
            Binding::Host(host, port) => {
                self.begin_bind()?;
                self.look_up(host, port, Socket::finish_binding);
            }
        }
        let listener = callback.map(|callback| self.once(event::Listening, |socket, ()| callback(socket)));
        self.inner.bind_callback.set(listener);
        Ok(())
    }

    /// The bind that a send or connect needs.
    fn bind_implicitly(&self) -> Result<()> {
        self.begin_bind()?;
        self.defer(|socket| socket.bound(socket.finish_implicit_bind()));
        Ok(())
    }

    fn finish_binding(&self, local: Result<SocketAddr>) {
        let outcome = match local {
            Ok(local) => self.finish_bind(local),
            Err(error) => self.abandon_bind().and(Err(error)),
        };
        self.bound(outcome);
    }

    fn bound(&self, outcome: Result<()>) {
        match (self.state().is_closed(), self.state().bind, outcome) {
            (true, ..) => {}
            (_, state::Bind::Bound, outcome) => self.listening(outcome.and(self.watch())),
            (.., Err(error)) => self.bind_failed(&error),
            (.., Ok(())) => {}
        }
    }

    /// The socket is bound. Something beside it may have gone wrong, which does not make it unbound.
    fn listening(&self, outcome: Result<()>) {
        self.inner.bind_callback.set(None);
        if let Err(error) = outcome {
            self.emit(event::Error, &error);
        }
        if !self.state().is_closed() {
            self.emit(event::Listening, ());
        }
        self.go_on();
    }

    /// Everybody who waited for the bind is told, then `'error'`; a close that waited happens.
    fn bind_failed(&self, error: &Error) {
        if let Some(listener) = self.inner.bind_callback.take() {
            self.off(event::Listening, listener);
        }
        for waiting in self.inner.waiting.take() {
            match waiting {
                Waiting::Send { callback, .. } => self.sent(callback, Err(error.clone())),
                Waiting::Connect { callback, .. } => self.connect_abandoned(callback, error),
                Waiting::Close => self.close_or_tell(),
            }
        }
        self.emit(event::Error, error);
    }

    fn watch(&self) -> Result<()> {
        let shared = &self.inner.shared;
        let watch = shared.poller.watch(&self.inner.socket, self.inner.key);
        self.inner.watch.replace(Some(watch.map_err(|error| Error::system("poll", &error))?));
        shared.sockets.borrow_mut().insert(self.inner.key, self.clone());
        Ok(())
    }
}

/// How a connect goes.
impl Socket {
    fn begin_connecting(&self, remote: Destination<'_>, callback: Option<ConnectCallback>) -> Result<()> {
        let to = remote.target(self.socket_type())?;
        if let Target::Peer = to {
            return Err(Error::rule(Code::BadPort));
        }
        self.check_running()?;
        let action = self.begin_connect()?;
        if action == Action::BindFirst {
            self.bind_implicitly()?;
        }
        if action == Action::Call && self.inner.waiting.borrow().is_empty() {
            self.start_connecting(to, callback);
        } else {
            self.inner.waiting.borrow_mut().push_back(Waiting::Connect { to, callback });
        }
        Ok(())
    }

    /// The socket is bound. The callback is a listener from now on, which only a failure reaches in another way.
    fn start_connecting(&self, to: Target, callback: Option<ConnectCallback>) {
        let listener = callback.map(|callback| self.listen_for_connect(callback));
        match to {
            Target::Host(host, port) => {
                self.look_up(host, port, |socket, remote| socket.finish_connecting(remote, listener));
            }
            Target::Address(remote) => self.defer(move |socket| socket.finish_connecting(Ok(remote), listener)),
            Target::Peer => {}
        }
    }

    fn listen_for_connect(&self, callback: ConnectCallback) -> ConnectListener {
        let callback = Rc::new(Cell::new(Some(callback)));
        let listener = Rc::clone(&callback);
        let id = self.once(event::Connect, move |socket, ()| {
            if let Some(callback) = listener.take() {
                callback(socket, Ok(()));
            }
        });
        ConnectListener { id, callback }
    }

    fn finish_connecting(&self, remote: Result<SocketAddr>, listener: Option<ConnectListener>) {
        if self.state().is_closed() {
            return;
        }
        let outcome = match remote {
            Ok(remote) => self.finish_connect(remote),
            Err(error) => self.abandon_connect().and(Err(error)),
        };
        match outcome {
            Ok(()) => self.defer(Socket::connected),
            Err(error) => self.connect_failed(error, listener),
        }
        self.go_on();
    }

    fn connected(&self) {
        if !self.state().is_closed() {
            self.emit(event::Connect, ());
        }
    }

    fn connect_failed(&self, error: Error, listener: Option<ConnectListener>) {
        let callback = listener.and_then(|listener| {
            self.off(event::Connect, listener.id);
            listener.callback.take()
        });
        self.defer(move |socket| match callback {
            Some(callback) => callback(socket, Err(error)),
            None => {
                socket.emit(event::Error, &error);
            }
        });
    }

    /// The bind failed that the connect needed, which `'error'` tells.
    fn connect_abandoned(&self, callback: Option<ConnectCallback>, error: &Error) {
        if let Err(error) = self.abandon_connect() {
            self.emit(event::Error, &error);
        }
        if let Some(callback) = callback {
            let error = error.clone();
            self.defer(move |socket| callback(socket, Err(error)));
        }
    }
}

/// How a datagram goes.
impl Socket {
    fn submit(&self, message: Payload<'_>, to: Destination<'_>, callback: Option<SendCallback>) -> Result<()> {
        let to = to.target(self.socket_type())?;
        self.check_running()?;
        let op = if let Target::Peer = to { Op::Send } else { Op::SendTo };
        let action = step(self.state(), op).map_err(Error::rule)?.action;
        if action == Action::BindFirst {
            self.bind_implicitly()?;
        }
        if action == Action::Call && self.inner.waiting.borrow().is_empty() {
            self.dispatch(message, to, callback);
        } else {
            let message = message.bytes().into();
            self.inner.waiting.borrow_mut().push_back(Waiting::Send { message, to, callback });
        }
        Ok(())
    }

    fn dispatch(&self, message: Payload<'_>, to: Target, callback: Option<SendCallback>) {
        match to {
            Target::Peer => self.transmit(message, None, callback),
            Target::Address(to) => self.transmit(message, Some(to), callback),
            Target::Host(host, port) => {
                let message = message.bytes().into_owned();
                self.look_up(host, port, move |socket, found| socket.send_found(&message, found, callback));
            }
        }
    }

    /// The look-up has answered.
    fn send_found(&self, message: &[u8], to: Result<SocketAddr>, callback: Option<SendCallback>) {
        match (to, callback) {
            (_, callback) if self.state().is_closed() => self.sent(callback, Err(canceled())),
            (Ok(to), callback) => self.transmit(message.into(), Some(to), callback),
            (Err(error), Some(callback)) => self.sent(Some(callback), Err(error)),
            (Err(error), None) => {
                self.emit(event::Error, &error);
            }
        }
    }

    /// Gives the datagram to the kernel, or to the queue behind those that wait already.
    fn transmit(&self, message: Payload<'_>, to: Option<SocketAddr>, callback: Option<SendCallback>) {
        if self.inner.queue.borrow().is_empty() {
            match message.with_slices(|slices| self.try_send(slices, to)) {
                Err(error) if error.is_full() => {}
                outcome => return self.sent(callback, outcome),
            }
        }
        let datagram = Datagram { payload: &message.bytes(), to };
        self.inner.queue.borrow_mut().wait(self, &datagram, callback);
        self.set_writable(true);
    }

    fn sent(&self, callback: Option<SendCallback>, outcome: Result<usize>) {
        if let Some(callback) = callback {
            self.inner.shared.defer(Tick::Sent(self.clone(), callback, outcome));
        }
    }

    /// The kernel has room again.
    fn flush(&self) {
        let gone = self.inner.queue.borrow_mut().flush(self, |callback, outcome| self.sent(callback, outcome));
        if gone {
            self.set_writable(false);
        }
    }

    fn set_writable(&self, on: bool) {
        let outcome = self.inner.watch.borrow().as_ref().map_or(Ok(()), |watch| watch.set_writable(on));
        if let Err(error) = outcome {
            self.emit(event::Error, &Error::system("poll", &error));
        }
    }
}

/// How datagrams come.
impl Socket {
    /// The loop says what the socket is ready for.
    pub(super) fn ready(&self, readable: bool, writable: bool) {
        if writable && !self.inner.queue.borrow().is_empty() {
            self.flush();
            self.inner.shared.run_ticks();
        }
        if readable {
            let shared = &self.inner.shared;
            let mut batch = shared.batch.take().unwrap_or_else(|| RecvBatch::for_trains(SLOTS));
            self.receive(&mut batch);
            shared.batch.set(Some(batch));
        }
    }

    fn receive(&self, batch: &mut RecvBatch) {
        let mut left = TURN;
        while left > 0 && !self.state().is_closed() {
            match self.try_recv_batch(batch) {
                Ok(count) => {
                    left = left.saturating_sub(count.max(1));
                    self.deliver(batch);
                    if !batch.is_full() {
                        return;
                    }
                }
                Err(error) if error.is_would_block() => return,
                Err(error) => {
                    left -= 1;
                    self.emit(event::Error, &error);
                    self.inner.shared.run_ticks();
                }
            }
        }
    }

    fn deliver(&self, batch: &RecvBatch) {
        for message in batch.iter() {
            if self.state().is_closed() {
                return;
            }
            self.emit(event::Message, (message.data, &message.info));
            self.inner.shared.run_ticks();
        }
    }
}

/// What the calls share.
impl Socket {
    fn is_closing(&self) -> bool {
        self.inner.closing.get() || self.state().is_closed() || self.inner.shared.ended.get()
    }

    fn check_running(&self) -> Result<()> {
        if self.is_closing() { Err(Error::rule(Code::NotRunning)) } else { Ok(()) }
    }

    fn defer(&self, call: impl FnOnce(&Socket) + 'static) {
        let socket = self.clone();
        self.inner.shared.defer(Tick::Call(Box::new(move || call(&socket))));
    }

    fn look_up(&self, host: Box<str>, port: u16, answered: impl FnOnce(&Socket, Result<SocketAddr>) + 'static) {
        let socket = self.clone();
        let answered = Box::new(move |found| answered(&socket, found));
        self.inner.shared.lookups.begin(host, port, self.socket_type(), answered);
    }

    /// The bind or connect under way has ended: what waited for it happens, as far as it need not wait for another.
    fn go_on(&self) {
        while let Some(waiting) = self.next_waiting() {
            match waiting {
                Waiting::Send { message, to, callback } => self.dispatch((&*message).into(), to, callback),
                Waiting::Connect { to, callback } => self.start_connecting(to, callback),
                Waiting::Close => self.close_or_tell(),
            }
        }
    }

    fn next_waiting(&self) -> Option<Waiting> {
        let mut waiting = self.inner.waiting.borrow_mut();
        let must_wait = match waiting.front()? {
            Waiting::Send { to: Target::Peer, .. } => self.state().connect == Connect::Connecting,
            _ => false,
        };
        if must_wait { None } else { waiting.pop_front() }
    }

    fn close_or_tell(&self) {
        if let Err(error) = self.close_now() {
            self.emit(event::Error, &error);
        }
    }

    fn close_now(&self) -> Result<()> {
        self.inner.watch.take();
        self.inner.shared.sockets.borrow_mut().remove(&self.inner.key);
        self.inner.queue.borrow_mut().cancel(self, |callback, error| self.sent(callback, Err(error)));
        let outcome = self.inner.socket.close();
        self.defer(|socket| {
            socket.emit(event::Close, ());
            socket.inner.listeners.clear();
        });
        outcome
    }

    /// The loop is gone: closes without telling anybody.
    pub(super) fn abandon(&self) {
        self.inner.closing.set(true);
        self.inner.watch.take();
        // There is nobody left to tell, and the descriptor goes with the socket in any case.
        let _ = self.inner.socket.close();
        self.inner.listeners.clear();
        let waiting = (self.inner.waiting.take(), self.inner.queue.take());
        drop(waiting);
    }
}

fn canceled() -> Error {
    Error::raw("send", sys::errno::ECANCELED)
}

/// A listener that is called the first time only, however often an event within the event comes round.
fn only_once<E: Event>(
    listener: impl FnOnce(&Socket, E::Args<'_>) + 'static,
) -> impl Fn(&Socket, E::Args<'_>) + 'static {
    let listener = Cell::new(Some(listener));
    move |socket, args| {
        if let Some(listener) = listener.take() {
            listener(socket, args);
        }
    }
}

impl Deref for Socket {
    type Target = crate::Socket;

    fn deref(&self) -> &crate::Socket {
        &self.inner.socket
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("socket", &self.inner.socket)
            .field("listeners", &self.inner.listeners)
            .field("referenced", &self.has_ref())
            .finish_non_exhaustive()
    }
}
