//! The steps of a bind: look-up, system call, `'listening'` or `'error'`.

use std::net::SocketAddr;

use super::arguments::{BindOptions, Binding};
use super::event;
use super::socket::{BindCallback, EventSocket, Pending};
use crate::error::{Error, Result};
use crate::state;

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
    pub(super) fn bind_implicitly(&self) -> Result<()> {
        self.inner.socket.begin_bind()?;
        self.defer(|socket| socket.bound(socket.inner.socket.finish_implicit_bind()));
        Ok(())
    }

    fn finish_binding(&self, local: Result<SocketAddr>) {
        let outcome = match local {
            Ok(local) => self.inner.socket.finish_bind(local),
            Err(error) => self.inner.socket.abort_bind().and(Err(error)),
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

    /// The socket is bound, and stays so if what follows the bind fails.
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

    /// The bind has failed: the calls that waited for it get its error, `'error'` is emitted, and a close that waited is done.
    fn bind_failed(&self, error: &Error) {
        if let Some(listener) = self.inner.bind_callback.take() {
            self.off(event::Listening, listener);
        }
        for waiting in self.inner.pending.take() {
            match waiting {
                Pending::Send { callback, .. } => self.sent(callback, Err(error.clone())),
                Pending::Connect { callback, .. } => self.connect_failed_to_bind(callback, error),
                Pending::Close => self.close_or_emit(),
            }
        }
        self.emit(event::Error, error);
    }

    fn watch(&self) -> Result<()> {
        let descriptor = self.inner.socket.shared_descriptor()?;
        let watch = self.inner.shared.watch(self.inner.key, self.clone(), descriptor);
        self.inner.watch.replace(Some(watch.map_err(|error| Error::system("poll", &error))?));
        Ok(())
    }
}
