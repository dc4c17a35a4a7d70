//! The steps of a connect: look-up, bind, system call, `'connect'` or `'error'`.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::arguments::{Destination, Target};
use super::event::{self, ListenerId};
use super::socket::{ConnectCallback, EventSocket, Pending};
use crate::error::{Error, ErrorKind, Result};
use crate::state::Action;

/// The callback of a connect under way, which is a listener too.
pub(super) struct ConnectListener {
    id: ListenerId,
    callback: Rc<Cell<Option<ConnectCallback>>>,
}

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
        if action == Action::Call && self.inner.pending.borrow().is_empty() {
            self.start_connecting(to, callback);
        } else {
            self.inner.pending.borrow_mut().push_back(Pending::Connect { to, callback });
        }
        Ok(())
    }

    /// The socket is bound. The callback becomes a listener of `'connect'`; a failure is passed to it directly.
    pub(super) fn start_connecting(&self, to: Target, callback: Option<ConnectCallback>) {
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
            Err(error) => self.inner.socket.abort_connect().and(Err(error)),
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

    /// The bind that the connect needed has failed, which `'error'` reports.
    pub(super) fn connect_failed_to_bind(&self, callback: Option<ConnectCallback>, error: &Error) {
        if let Err(error) = self.inner.socket.abort_connect() {
            self.emit(event::Error, &error);
        }
        if let Some(callback) = callback {
            let error = error.clone();
            self.defer(move |socket| callback(socket, Err(error)));
        }
    }
}
