//! The socket of an [`EventLoop`](super::EventLoop): listeners, and calls whose outcome is reported later.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::rc::{Rc, Weak};

use super::arguments::{BindOptions, Destination, Payload, Target};
use super::event::{self, Event, Listener, ListenerId, Listeners, Place};
use super::shared::{self, Member, Shared, Tick, WeakMember};
use crate::error::{Error, ErrorKind, Result};
use crate::rt::delegate::delegate;
use crate::send_queue::SendQueue;
use crate::socket::SocketControl;
use crate::socket_options::SocketOptions;
use crate::state::{Connect, Rules};
use crate::sys;
use crate::types::datagram::Datagram;
use crate::types::multicast_interface::Interface;
use crate::types::send_options::SendOptions;

pub(super) type SendCallback = shared::SendCallback<EventSocket>;
pub(super) type BindCallback = Box<dyn FnOnce(&EventSocket)>;
pub(super) type ConnectCallback = Box<dyn FnOnce(&EventSocket, Result<()>)>;

/// A socket with events. Clones are the same socket.
///
/// All options and what else answers at once (`address`, `peer_addr`, `disconnect`, `set_ttl`, `join_multicast` ...)
/// is [`heliogram::Socket`](crate::Socket)'s, to which it dereferences.
///
/// Once it is bound, the loop holds it too: dropping the last handle does not close it, [`close`](Self::close) does, or
/// the end of the loop. Listeners are given the socket, so that they need not hold it.
#[derive(Clone)]
pub struct EventSocket {
    pub(super) inner: Rc<Inner>,
}

pub(super) struct Inner {
    pub(super) socket: crate::Socket,
    pub(super) shared: Rc<Shared<EventSocket>>,
    pub(super) key: usize,
    pub(super) listeners: Listeners<EventSocket>,
    pub(super) watch: RefCell<Option<sys::Watch>>,
    /// What was called while a bind or connect was under way, and waits for its end. While anything waits, all that comes
    /// waits behind it.
    pub(super) pending: RefCell<VecDeque<Pending>>,
    /// Datagrams that the kernel has no room for.
    pub(super) queue: RefCell<SendQueue<Option<SendCallback>>>,
    /// Whether they rest, because the device has none.
    pub(super) backs_off: Cell<bool>,
    pub(super) bind_callback: Cell<Option<ListenerId>>,
    pub(super) referenced: Cell<bool>,
    pub(super) closing: Cell<bool>,
}

/// A call that waits for a bind or connect.
pub(super) enum Pending {
    Send { message: Box<[u8]>, options: Option<SendOptions>, to: Target, callback: Option<SendCallback> },
    Connect { to: Target, callback: Option<ConnectCallback> },
    Close,
}

/// Listeners.
impl EventSocket {
    /// Adds a listener behind the others. It may call anything, `on` and [`close`](Self::close) included.
    ///
    /// ```
    /// # use heliogram::{SocketOptions, SocketType, events::{EventLoop, event}};
    /// # let socket = EventLoop::new()?.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.on(event::Message, |_, (msg, rinfo)| println!("{} bytes from {}", msg.len(), rinfo.addr));
    /// socket.on(event::Error, |socket, error| eprintln!("{error}"));
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    #[doc(alias = "addListener")]
    pub fn on<E: Event>(&self, event: E, listener: impl Fn(&EventSocket, E::Args<'_>) + 'static) -> ListenerId {
        self.add(event, Place::Last, false, listener)
    }

    /// Adds a listener for the next time alone; it is taken off before it is called.
    pub fn once<E: Event>(&self, event: E, listener: impl FnOnce(&EventSocket, E::Args<'_>) + 'static) -> ListenerId {
        self.add(event, Place::Last, true, only_once::<E>(listener))
    }

    /// As [`on`](Self::on), before the others.
    #[doc(alias = "prependListener")]
    pub fn prepend_listener<E: Event>(
        &self,
        event: E,
        listener: impl Fn(&EventSocket, E::Args<'_>) + 'static,
    ) -> ListenerId {
        self.add(event, Place::First, false, listener)
    }

    /// As [`once`](Self::once), before the others.
    #[doc(alias = "prependOnceListener")]
    pub fn prepend_once_listener<E: Event>(
        &self,
        event: E,
        listener: impl FnOnce(&EventSocket, E::Args<'_>) + 'static,
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
        if !listeners.is_empty() {
            return true;
        }
        if let Some(error) = E::error(args) {
            self.inner.shared.unhandled(error);
        }
        false
    }

    fn add<E: Event>(
        &self,
        _event: E,
        place: Place,
        once: bool,
        call: impl Fn(&EventSocket, E::Args<'_>) + 'static,
    ) -> ListenerId {
        let id = self.inner.listeners.new_id();
        E::list(&self.inner.listeners).add(place, Listener { id, once, call: Rc::new(call) });
        id
    }
}

/// Binding, connecting and closing.
impl EventSocket {
    pub(super) fn new(shared: &Rc<Shared<EventSocket>>, options: &SocketOptions) -> Result<Self> {
        let inner = Inner {
            socket: crate::Socket::new(&options.clone().rules(Rules::Node))?,
            shared: Rc::clone(shared),
            key: shared.new_key(),
            listeners: Listeners::default(),
            watch: RefCell::default(),
            pending: RefCell::default(),
            queue: RefCell::default(),
            backs_off: Cell::new(false),
            bind_callback: Cell::new(None),
            referenced: Cell::new(true),
            closing: Cell::new(false),
        };
        let inner = Rc::new(inner);
        shared.add(inner.key, Rc::downgrade(&inner));
        Ok(EventSocket { inner })
    }

    /// Binds: `'listening'` on a later tick, and then datagrams, or `'error'`. After an error the socket is unbound and may
    /// be bound again.
    ///
    /// ```no_run
    /// # use heliogram::{SocketOptions, SocketType, events::EventLoop};
    /// # let socket = EventLoop::new()?.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.bind(41234)?; // or () or ("localhost", 41234) or a SocketAddr or a descriptor
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// At once: `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`, and those of
    /// [`bind_descriptor`](crate::Socket::bind_descriptor). By `'error'`: `ENOTFOUND` and `EAI_AGAIN` of the look-up, and
    /// those of [`bind`](crate::Socket::bind). A buffer size that the system refuses is an `'error'` too, but the
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
        callback: impl FnOnce(&EventSocket) + 'static,
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

    /// As [`connect`](Self::connect); `callback` is a listener of the next `'connect'`, and gets the error instead of
    /// `'error'`. If the socket is closed before, it is not called.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_then<'a>(
        &self,
        remote: impl Into<Destination<'a>>,
        callback: impl FnOnce(&EventSocket, Result<()>) + 'static,
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
            return Err(Error::rule(ErrorKind::NotRunning));
        }
        self.inner.closing.set(true);
        if self.inner.pending.borrow().is_empty() {
            return self.close_now();
        }
        self.inner.pending.borrow_mut().push_back(Pending::Close);
        Ok(())
    }

    /// As [`close`](Self::close); `callback` is a listener of `'close'`.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn close_then(&self, callback: impl FnOnce(&EventSocket) + 'static) -> Result<()> {
        self.close()?;
        self.once(event::Close, |socket, ()| callback(socket));
        Ok(())
    }
}

/// Sending.
impl EventSocket {
    /// Sends one datagram. Unless the socket has a peer, `to` says where it goes; an unbound socket is bound first, to all
    /// interfaces and a free port.
    ///
    /// It leaves at once if the socket is bound, `to` needs no look-up and the kernel has room; else the message is copied
    /// and waits. As in Node, a failure is reported only if a look-up fails, by `'error'`;
    /// [`send_then`](Self::send_then) reports every outcome.
    ///
    /// ```no_run
    /// # use heliogram::{SocketOptions, SocketType, events::EventLoop};
    /// # use std::io::IoSlice;
    /// # let socket = EventLoop::new()?.create_socket(&SocketOptions::new(SocketType::Udp4))?;
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

    /// As [`send`](Self::send); `callback` gets the number of bytes sent, or the error, on a later tick. It is
    /// called exactly once, unless the loop ends first.
    ///
    /// It may get: the errors of [`try_send`](crate::Socket::try_send) but `EAGAIN`, those of the look-up, those of
    /// the bind that the send needed, and `ECANCELED` if the socket was closed first.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_then<'a, 'b>(
        &self,
        message: impl Into<Payload<'a>>,
        to: impl Into<Destination<'b>>,
        callback: impl FnOnce(&EventSocket, Result<usize>) + 'static,
    ) -> Result<()> {
        self.submit(message.into(), to.into(), Some(Box::new(callback)))
    }
}

// Node's names for what the socket dereferences to has by Rust's.
delegate! { EventSocket [inner.socket]: "SocketControl" {
    fn address = local_addr(&self) -> Result<SocketAddr>;
    fn remote_address = peer_addr(&self) -> Result<SocketAddr>;
    fn add_membership = join_multicast(&self, group: IpAddr, interface: Interface) -> Result<()>;
    fn drop_membership = leave_multicast(&self, group: IpAddr, interface: Interface) -> Result<()>;
    fn add_source_specific_membership = join_ssm(&self, source: IpAddr, group: IpAddr, interface: Interface) -> Result<()>;
    fn drop_source_specific_membership = leave_ssm(&self, source: IpAddr, group: IpAddr, interface: Interface) -> Result<()>;
    fn set_multicast_loopback = set_multicast_loop(&self, on: bool) -> Result<()>;
} }

delegate! { EventSocket [inner.socket]: "Socket" {
    fn disconnect(&self) -> Result<()>;
    fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize>;
} }

/// What the loop waits for.
impl EventSocket {
    /// Lets [`EventLoop::run`](super::EventLoop::run) wait for this socket while it is bound, as it does from the beginning.
    #[doc(alias = "ref")]
    pub fn ref_(&self) -> &Self {
        self.inner.referenced.set(true);
        self
    }

    /// Keeps [`EventLoop::run`](super::EventLoop::run) from waiting for this socket; it still delivers while it runs. Sends that wait
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
}

/// What the calls share.
impl EventSocket {
    pub(super) fn is_closing(&self) -> bool {
        self.inner.closing.get() || self.state().is_closed() || self.inner.shared.has_ended()
    }

    pub(super) fn check_running(&self) -> Result<()> {
        if self.is_closing() { Err(Error::rule(ErrorKind::NotRunning)) } else { Ok(()) }
    }

    pub(super) fn defer(&self, call: impl FnOnce(&EventSocket) + 'static) {
        let socket = self.clone();
        self.inner.shared.defer(Tick::Call(Box::new(move || call(&socket))));
    }

    pub(super) fn look_up(
        &self,
        host: Box<str>,
        port: u16,
        answered: impl FnOnce(&EventSocket, Result<SocketAddr>) + 'static,
    ) {
        let socket = self.clone();
        let answered = Box::new(move |found| answered(&socket, found));
        self.inner.shared.look_up(host, port, self.socket_type(), answered);
    }

    /// The bind or connect under way has ended: what waited for it happens, as far as it need not wait for another.
    pub(super) fn go_on(&self) {
        while let Some(waiting) = self.next_pending() {
            match waiting {
                Pending::Send { message, options, to, callback } => {
                    self.dispatch(Payload::again(&message, options), to, callback);
                }
                Pending::Connect { to, callback } => self.start_connecting(to, callback),
                Pending::Close => self.close_or_emit(),
            }
        }
    }

    fn next_pending(&self) -> Option<Pending> {
        let mut waiting = self.inner.pending.borrow_mut();
        let must_wait = match waiting.front()? {
            Pending::Send { to: Target::Peer, .. } => self.state().connect == Connect::Connecting,
            _ => false,
        };
        if must_wait { None } else { waiting.pop_front() }
    }

    pub(super) fn close_or_emit(&self) {
        if let Err(error) = self.close_now() {
            self.emit(event::Error, &error);
        }
    }

    pub(super) fn close_now(&self) -> Result<()> {
        self.inner.watch.take();
        self.inner.shared.unwatch(self.inner.key);
        self.inner.queue.borrow_mut().cancel(&self.inner.socket, |callback, error| self.sent(callback, Err(error)));
        let outcome = self.inner.socket.close();
        self.defer(|socket| {
            socket.emit(event::Close, ());
            socket.inner.listeners.clear();
        });
        outcome
    }
}

impl Member for EventSocket {
    type Weak = Weak<Inner>;

    fn ready(&self, readable: bool, writable: bool) {
        if writable && !self.inner.queue.borrow().is_empty() {
            self.flush();
            self.inner.shared.run_ticks();
        }
        if readable && self.expects_error_queue_entries() {
            self.take_error_queue();
        }
        if readable {
            self.inner.shared.with_batch(self.gro(), |batch| self.receive(batch));
        }
    }

    fn keeps_alive(&self) -> bool {
        !self.state().is_closed() && (self.has_ref() || !self.inner.queue.borrow().is_empty())
    }

    fn end(&self) {
        self.inner.closing.set(true);
        self.inner.watch.take();
        // There is nobody left to answer, and the descriptor goes with the socket in any case.
        let _ = self.inner.socket.close();
        self.inner.listeners.clear();
        let pending = (self.inner.pending.take(), self.inner.queue.take());
        drop(pending);
    }
}

impl WeakMember<EventSocket> for Weak<Inner> {
    fn upgrade(&self) -> Option<EventSocket> {
        Weak::upgrade(self).map(|inner| EventSocket { inner })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.remove(self.key);
    }
}

/// A listener that is called the first time only, however often an event within the event comes round.
fn only_once<E: Event>(
    listener: impl FnOnce(&EventSocket, E::Args<'_>) + 'static,
) -> impl Fn(&EventSocket, E::Args<'_>) + 'static {
    let listener = Cell::new(Some(listener));
    move |socket, args| {
        if let Some(listener) = listener.take() {
            listener(socket, args);
        }
    }
}

impl Deref for EventSocket {
    type Target = SocketControl;

    fn deref(&self) -> &SocketControl {
        &self.inner.socket
    }
}

impl fmt::Debug for EventSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSocket")
            .field("socket", &self.inner.socket)
            .field("listeners", &self.inner.listeners)
            .field("referenced", &self.has_ref())
            .finish_non_exhaustive()
    }
}
