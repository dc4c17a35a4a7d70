//! The steps of a send: look-up, bind, system call or queue, callback.

use std::net::SocketAddr;

use super::arguments::{Destination, Payload, Target};
use super::event;
use super::shared::Tick;
use super::socket::{EventSocket, Pending, SendCallback};
use crate::error::{Error, Result};
use crate::state::{Action, Op};
use crate::sys;
use crate::types::datagram::Datagram;

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
        let action = self.inner.socket.step(op).map_err(Error::rule)?.action;
        if action == Action::BindFirst {
            self.bind_implicitly()?;
        }
        if action == Action::Call && self.inner.pending.borrow().is_empty() {
            self.dispatch(message, to, callback);
        } else {
            let (options, message) = (message.options, message.bytes().into());
            self.inner.pending.borrow_mut().push_back(Pending::Send { message, options, to, callback });
        }
        Ok(())
    }

    pub(super) fn dispatch(&self, message: Payload<'_>, to: Target, callback: Option<SendCallback>) {
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

    /// Sends the datagram, or queues it behind those that wait.
    fn transmit(&self, message: Payload<'_>, to: Option<SocketAddr>, callback: Option<SendCallback>) {
        if self.inner.queue.borrow().is_empty() {
            match self.offer(message, to) {
                Err(error) if error.is_full() => {}
                outcome => return self.sent(callback, outcome),
            }
        }
        let datagram = Datagram { payload: &message.bytes(), to, options: message.options.as_ref() };
        self.inner.queue.borrow_mut().wait(&self.inner.socket, &datagram, callback);
        if !self.inner.backs_off.get() {
            self.set_writable(true);
        }
    }

    /// Offers the datagram to the kernel; only one without options may be in several pieces.
    fn offer(&self, message: Payload<'_>, to: Option<SocketAddr>) -> Result<usize> {
        let Some(options) = &message.options else {
            return message.with_slices(|slices| self.inner.socket.send_one(slices, to));
        };
        let payload = &*message.bytes();
        self.inner.socket.try_send_batch(&[Datagram { payload, to, options: Some(options) }]).map(|_| payload.len())
    }

    pub(super) fn sent(&self, callback: Option<SendCallback>, outcome: Result<usize>) {
        if let Some(callback) = callback {
            self.inner.shared.defer(Tick::Sent(self.clone(), callback, outcome));
        }
    }

    /// The kernel has room again. If it takes nothing all the same, the device has none, and what waits rests a while.
    pub(super) fn flush(&self) {
        let mut queue = self.inner.queue.borrow_mut();
        let mut has_progress = false;
        let gone = queue.flush(&self.inner.socket, |callback, outcome| {
            has_progress = true;
            self.sent(callback, outcome);
        });
        let backs_off = !gone && !has_progress;
        if backs_off {
            self.inner.shared.try_again_later(self.inner.key);
        }
        let backed_off = self.inner.backs_off.replace(backs_off);
        if gone || backs_off != backed_off {
            self.set_writable(!gone && !backs_off);
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

fn canceled() -> Error {
    Error::raw("send", sys::errno::ECANCELED)
}
