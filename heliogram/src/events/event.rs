//! The seven events, and the lists of their listeners.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::batch::RecvInfo;
use crate::error;
use crate::types::error_queue::{QueuedError, TransmitTimestamp};

/// An event that a [`EventSocket`](super::EventSocket) emits; its type says what its listeners are given. There are seven: Node's
/// five, and two for sockets that ask.
pub trait Event: slot::Slot {
    /// What a listener is given beside the socket.
    type Args<'a>: Copy;
}

/// The socket is closed; nothing comes after it, and all listeners are removed.
#[derive(Clone, Copy, Debug)]
pub struct Close;

/// The socket has a peer.
#[derive(Clone, Copy, Debug)]
pub struct Connect;

/// An error that no callback got. Without a listener it ends [`EventLoop::run`](super::EventLoop::run).
#[derive(Clone, Copy, Debug)]
pub struct Error;

/// A datagram that was sent met an error: an ICMP message, mostly. Of sockets with
/// [`set_recv_errors`](crate::SocketControl::set_recv_errors).
#[derive(Clone, Copy, Debug)]
pub struct Icmp;

/// A datagram has left. Of sockets with [`set_transmit_timestamps`](crate::SocketControl::set_transmit_timestamps).
#[derive(Clone, Copy, Debug)]
pub struct Sent;

/// The socket is bound and receives from now on.
#[derive(Clone, Copy, Debug)]
pub struct Listening;

/// A datagram has arrived: its bytes, and who sent it.
#[derive(Clone, Copy, Debug)]
pub struct Message;

impl Event for Close {
    type Args<'a> = ();
}

impl Event for Connect {
    type Args<'a> = ();
}

impl Event for Error {
    type Args<'a> = &'a error::Error;
}

impl Event for Icmp {
    type Args<'a> = &'a QueuedError;
}

impl Event for Sent {
    type Args<'a> = &'a TransmitTimestamp;
}

impl Event for Listening {
    type Args<'a> = ();
}

impl Event for Message {
    type Args<'a> = (&'a [u8], &'a RecvInfo);
}

/// What all events have in common. It is private, so that no other crate can define an event.
pub(super) mod slot {
    use super::*;

    pub trait Slot: Sized + 'static {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S>
        where
            Self: Event;

        /// The error in these arguments, if it must be reported even without a listener.
        fn error(_: <Self as Event>::Args<'_>) -> Option<error::Error>
        where
            Self: Event,
        {
            None
        }
    }

    impl Slot for Close {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.close
        }
    }

    impl Slot for Connect {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.connect
        }
    }

    impl Slot for Error {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.error
        }

        fn error(error: &error::Error) -> Option<error::Error> {
            Some(error.clone())
        }
    }

    impl Slot for Icmp {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.icmp
        }
    }

    impl Slot for Sent {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.sent
        }
    }

    impl Slot for Listening {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.listening
        }
    }

    impl Slot for Message {
        fn list<S>(listeners: &Listeners<S>) -> &List<Self, S> {
            &listeners.message
        }
    }
}

/// Names a listener, so that [`EventSocket::off`](super::EventSocket::off) can take it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// The listeners of one socket. Public because the trait behind [`Event`] names it.
#[doc(hidden)]
pub struct Listeners<S> {
    close: List<Close, S>,
    connect: List<Connect, S>,
    error: List<Error, S>,
    icmp: List<Icmp, S>,
    sent: List<Sent, S>,
    listening: List<Listening, S>,
    message: List<Message, S>,
    last_id: Cell<u64>,
}

impl<S> Listeners<S> {
    /// An id that no listener of this socket has had.
    pub(super) fn new_id(&self) -> ListenerId {
        self.last_id.set(self.last_id.get() + 1);
        ListenerId(self.last_id.get())
    }

    /// Lets all listeners go.
    pub(super) fn clear(&self) {
        self.close.clear();
        self.connect.clear();
        self.error.clear();
        self.icmp.clear();
        self.sent.clear();
        self.listening.clear();
        self.message.clear();
    }
}

/// Who listens to one event. Lists are copied when they change while somebody walks them, not when they are walked. Public because the
/// trait behind [`Event`] names it.
#[doc(hidden)]
pub struct List<E: Event, S>(RefCell<Rc<Vec<Listener<E, S>>>>);

type Call<E, S> = dyn for<'a> Fn(&S, <E as Event>::Args<'a>);

/// One listener.
pub(super) struct Listener<E: Event, S> {
    pub(super) id: ListenerId,
    pub(super) once: bool,
    pub(super) call: Rc<Call<E, S>>,
}

/// Where a listener joins the list.
#[derive(Clone, Copy)]
pub(super) enum Place {
    First,
    Last,
}

impl<E: Event, S> List<E, S> {
    /// The list as it is now; later changes do not reach it.
    pub(super) fn snapshot(&self) -> Rc<Vec<Listener<E, S>>> {
        Rc::clone(&self.0.borrow())
    }

    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn add(&self, place: Place, listener: Listener<E, S>) {
        let mut list = self.0.borrow_mut();
        let index = match place {
            Place::First => 0,
            Place::Last => list.len(),
        };
        Rc::make_mut(&mut list).insert(index, listener);
    }

    /// Takes a listener off and gives it back, so that what it holds is dropped when the list is free again.
    pub(super) fn remove(&self, id: ListenerId) -> Option<Listener<E, S>> {
        let mut list = self.0.borrow_mut();
        let index = list.iter().position(|listener| listener.id == id)?;
        Some(Rc::make_mut(&mut list).remove(index))
    }

    fn clear(&self) {
        let removed = self.0.take();
        drop(removed);
    }
}

impl<S> Default for Listeners<S> {
    fn default() -> Self {
        Listeners {
            close: List::default(),
            connect: List::default(),
            error: List::default(),
            icmp: List::default(),
            sent: List::default(),
            listening: List::default(),
            message: List::default(),
            last_id: Cell::new(0),
        }
    }
}

impl<E: Event, S> Default for List<E, S> {
    fn default() -> Self {
        List(RefCell::default())
    }
}

impl<E: Event, S> Clone for Listener<E, S> {
    fn clone(&self) -> Self {
        Listener { id: self.id, once: self.once, call: Rc::clone(&self.call) }
    }
}

impl<S> fmt::Debug for Listeners<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners")
            .field("close", &self.close.count())
            .field("connect", &self.connect.count())
            .field("error", &self.error.count())
            .field("icmp", &self.icmp.count())
            .field("sent", &self.sent.count())
            .field("listening", &self.listening.count())
            .field("message", &self.message.count())
            .finish()
    }
}
