//! How what a [`EventSocket`] was asked for goes on: binds, connects, datagrams, the close.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::event;
use super::event::ListenerId;
use super::socket::{BindCallback, ConnectCallback, EventSocket, SendCallback, Waiting};
use super::target::{BindOptions, Binding, Destination, Payload, Target};
use super::{SLOTS, TRAIN_SLOTS, Tick};
use crate::batch::RecvBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::state::{self, Action, Connect, Op, step};
use crate::sys;
use crate::types::datagram::Datagram;
use crate::types::error_queue::ErrorQueueEntry;

/// How many datagrams one turn of the loop takes from one socket, at least if they are there, before others have theirs.
const TURN: usize = 256;

/// The callback of a connect under way, which is a listener too.
pub(super) struct ConnectListener {
    id: ListenerId,
    callback: Rc<Cell<Option<ConnectCallback>>>,
}

/// How a bind goes.
impl EventSocket {
    pub(super) fn begin_binding(&self, local: BindOptions<'_>, callback: Option<BindCallback>) -> Result<()> {
        self.check_running()?;
        match local.binding(self.socket_type()) {
            Binding::Descriptor(descriptor) => {
                self.inner.socket.bind_descriptor(descriptor)?;
                self.defer(|socket| socket.bound(Ok(())));
            }
            Binding::Address(local) => {
                self.inner.socket.begin_bind()?;
                self.defer(move |socket| socket.finish_binding(Ok(local)));
            }
            Binding::Host(host, port) => {
                self.inner.socket.begin_bind()?;
                self.look_up(host, port, EventSocket::finish_binding);
            }
        }
        let listener = callback.map(|callback| self.once(event::Listening, |socket, ()| callback(socket)));
        self.inner.bind_callback.set(listener);
        Ok(())
    }

    /// The bind that a send or connect needs.
    fn bind_implicitly(&self) -> Result<()> {
        self.inner.socket.begin_bind()?;
        self.defer(|socket| socket.bound(socket.inner.socket.finish_implicit_bind()));
        Ok(())
    }

    fn finish_binding(&self, local: Result<SocketAddr>) {
        let outcome = match local {
            Ok(local) => self.inner.socket.finish_bind(local),
            Err(error) => self.inner.socket.abandon_bind().and(Err(error)),
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
        let watch = shared.poller.watch(self.inner.socket.shared_descriptor()?, self.inner.key);
        self.inner.watch.replace(Some(watch.map_err(|error| Error::system("poll", &error))?));
        shared.sockets.borrow_mut().insert(self.inner.key, self.clone());
        Ok(())
    }
}

/// How a connect goes.
impl EventSocket {
    pub(super) fn begin_connecting(&self, remote: Destination<'_>, callback: Option<ConnectCallback>) -> Result<()> {
        let to = remote.target(self.socket_type())?;
        if let Target::Peer = to {
            return Err(Error::rule(ErrorKind::BadPort));
        }
        self.check_running()?;
        let action = self.inner.socket.begin_connect()?;
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
            Ok(remote) => self.inner.socket.finish_connect(remote),
            Err(error) => self.inner.socket.abandon_connect().and(Err(error)),
        };
        match outcome {
            Ok(()) => self.defer(EventSocket::connected),
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
        if let Err(error) = self.inner.socket.abandon_connect() {
            self.emit(event::Error, &error);
        }
        if let Some(callback) = callback {
            let error = error.clone();
            self.defer(move |socket| callback(socket, Err(error)));
        }
    }
}

/// How a datagram goes.
impl EventSocket {
    pub(super) fn submit(
        &self,
        message: Payload<'_>,
        to: Destination<'_>,
        callback: Option<SendCallback>,
    ) -> Result<()> {
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
            let (options, message) = (message.options, message.bytes().into());
            self.inner.waiting.borrow_mut().push_back(Waiting::Send { message, options, to, callback });
        }
        Ok(())
    }

    fn dispatch(&self, message: Payload<'_>, to: Target, callback: Option<SendCallback>) {
        match to {
            Target::Peer => self.transmit(message, None, callback),
            Target::Address(to) => self.transmit(message, Some(to), callback),
            Target::Host(host, port) => {
                let (options, bytes) = (message.options, message.bytes().into_owned());
                self.look_up(host, port, move |socket, found| {
                    socket.send_found(Payload::again(&bytes, options), found, callback);
                });
            }
        }
    }

    /// The look-up has answered.
    fn send_found(&self, message: Payload<'_>, to: Result<SocketAddr>, callback: Option<SendCallback>) {
        match (to, callback) {
            (_, callback) if self.state().is_closed() => self.sent(callback, Err(canceled())),
            (Ok(to), callback) => self.transmit(message, Some(to), callback),
            (Err(error), Some(callback)) => self.sent(Some(callback), Err(error)),
            (Err(error), None) => {
                self.emit(event::Error, &error);
            }
        }
    }

    /// Gives the datagram to the kernel, or to the queue behind those that wait already.
    fn transmit(&self, message: Payload<'_>, to: Option<SocketAddr>, callback: Option<SendCallback>) {
        if self.inner.queue.borrow().is_empty() {
            match self.offer(message, to) {
                Err(error) if error.is_full() => {}
                outcome => return self.sent(callback, outcome),
            }
        }
        let datagram = Datagram { payload: &message.bytes(), to, options: message.options.as_ref() };
        self.inner.queue.borrow_mut().wait(&self.inner.socket, &datagram, callback);
        self.set_writable(true);
    }

    /// Offers the datagram to the kernel; only one without options may be in several pieces.
    fn offer(&self, message: Payload<'_>, to: Option<SocketAddr>) -> Result<usize> {
        let Some(options) = &message.options else {
            return message.with_slices(|slices| self.inner.socket.send_one(slices, to));
        };
        let payload = &*message.bytes();
        self.inner.socket.try_send_batch(&[Datagram { payload, to, options: Some(options) }]).map(|_| payload.len())
    }

    fn sent(&self, callback: Option<SendCallback>, outcome: Result<usize>) {
        if let Some(callback) = callback {
            self.inner.shared.defer(Tick::Sent(self.clone(), callback, outcome));
        }
    }

    /// The kernel has room again.
    fn flush(&self) {
        let gone =
            self.inner.queue.borrow_mut().flush(&self.inner.socket, |callback, outcome| self.sent(callback, outcome));
        if gone {
            self.set_writable(false);
        }
    }

    fn set_writable(&self, on: bool) {
        let outcome = self.inner.watch.borrow().as_ref().map_or(Ok(()), |watch| watch.set_writable(on));
        if let Err(error) = outcome {
            self.defer(move |socket| {
                socket.emit(event::Error, &Error::system("poll", &error));
            });
        }
    }
}

/// How datagrams come.
impl EventSocket {
    /// The loop says what the socket is ready for.
    pub(super) fn ready(&self, readable: bool, writable: bool) {
        if writable && !self.inner.queue.borrow().is_empty() {
            self.flush();
            self.inner.shared.run_ticks();
        }
        if readable && self.expects_notices() {
            self.take_notices();
        }
        if readable {
            let shared = &self.inner.shared;
            let (room, slots) = if self.gro() { (&shared.trains, TRAIN_SLOTS) } else { (&shared.batch, SLOTS) };
            let mut batch = room.take().unwrap_or_else(|| RecvBatch::for_gro(slots));
            self.receive(&mut batch);
            room.set(Some(batch));
        }
    }

    /// Empties the error queue, which would keep the poller awake; as far as a turn allows.
    fn take_notices(&self) {
        for _ in 0..TURN {
            match self.inner.socket.try_recv_error_queue() {
                Ok(ErrorQueueEntry::Error(error)) => self.emit(event::Icmp, &error),
                Ok(ErrorQueueEntry::TransmitTimestamp(sent)) => self.emit(event::Sent, &sent),
                // EAGAIN, or a listener has closed the socket; what else there is the receive will tell.
                Err(_) => return,
            };
            self.inner.shared.run_ticks();
        }
    }

    fn receive(&self, batch: &mut RecvBatch) {
        let mut left = TURN;
        while left > 0 && !self.state().is_closed() {
            match self.inner.socket.try_recv_batch(batch) {
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
            self.emit(event::Message, (message.data, &message.rinfo));
            self.inner.shared.run_ticks();
        }
    }
}

/// What the calls share.
impl EventSocket {
    pub(super) fn is_closing(&self) -> bool {
        self.inner.closing.get() || self.state().is_closed() || self.inner.shared.ended.get()
    }

    fn check_running(&self) -> Result<()> {
        if self.is_closing() { Err(Error::rule(ErrorKind::NotRunning)) } else { Ok(()) }
    }

    fn defer(&self, call: impl FnOnce(&EventSocket) + 'static) {
        let socket = self.clone();
        self.inner.shared.defer(Tick::Call(Box::new(move || call(&socket))));
    }

    fn look_up(&self, host: Box<str>, port: u16, answered: impl FnOnce(&EventSocket, Result<SocketAddr>) + 'static) {
        let socket = self.clone();
        let answered = Box::new(move |found| answered(&socket, found));
        self.inner.shared.lookups.begin(host, port, self.socket_type(), answered);
    }

    /// The bind or connect under way has ended: what waited for it happens, as far as it need not wait for another.
    fn go_on(&self) {
        while let Some(waiting) = self.next_waiting() {
            match waiting {
                Waiting::Send { message, options, to, callback } => {
                    self.dispatch(Payload::again(&message, options), to, callback);
                }
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

    pub(super) fn close_now(&self) -> Result<()> {
        self.inner.watch.take();
        self.inner.shared.sockets.borrow_mut().remove(&self.inner.key);
        self.inner.queue.borrow_mut().cancel(&self.inner.socket, |callback, error| self.sent(callback, Err(error)));
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
