//! [`EventLoop`]: waits for sockets and calls their listeners.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use super::socket::EventSocket;
use crate::error::{Error, Result};
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::family::SocketType;

/// The loop that waits for sockets and calls their listeners, on the thread that made it.
///
/// Not fork-safe, nor are its sockets: the child of a `fork(2)` that drops one changes what the kernel watches for the parent, whose
/// loop then receives nothing or fails. [`Socket`](crate::Socket#forks-and-signals) says what the child may do. Signals do not end a
/// [`run`](EventLoop::run).
#[derive(Debug)]
pub struct EventLoop {
    shared: Rc<Shared<EventSocket>>,
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

    /// Makes a socket of this loop: Node's `createSocket`. Nothing happens before it is bound, sends or connects.
    ///
    /// # Errors
    ///
    /// Those of [`EventSocket::new`](crate::Socket::new).
    #[doc(alias = "createSocket")]
    pub fn create_socket(&self, options: &SocketOptions) -> Result<EventSocket> {
        EventSocket::new(&self.shared, options)
    }

    /// Looks host names up with `lookup` instead of the system's resolver: Node's `lookup` option. It runs on another
    /// thread; the port of what it finds does not matter. IP addresses are never looked up.
    ///
    /// Its errors become `ENOTFOUND`, except those with an error number of the system.
    #[doc(alias = "lookup")]
    pub fn set_lookup(&self, lookup: impl Fn(&str, SocketType) -> io::Result<SocketAddr> + Send + Sync + 'static) {
        self.shared.set_lookup(Arc::new(lookup));
    }

    /// Runs until there is nothing to wait for: no socket is bound that is [referenced](EventSocket::ref_), no send waits for
    /// room, no name is being looked up, no tick is due. It may be called again then.
    ///
    /// # Errors
    ///
    /// An error that no [`event::Error`](super::event::Error) listener handled, as it was; `poll` with the system's error if waiting itself
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
