//! Waiting in a thread.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::socket::Socket;
use crate::state::Op;

/// Waiting, for programs without a reactor: the thread sleeps in `poll(2)`.
impl Socket {
    /// Blocks the thread until there is a datagram, or an error of the network, to receive, for at most `timeout`; `None` is
    /// for ever. Returns whether there is: the end of the time is no failure, and `false`.
    ///
    /// An entry of the [error queue](crate::SocketControl::set_recv_errors) is something to receive too. As with every
    /// report of readiness, the receive that follows may still answer `EAGAIN`: another thread was faster, or a datagram's
    /// checksum was wrong.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use heliogram::{Socket, SocketOptions, SocketType};
    ///
    /// let socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
    /// socket.bind(Some("127.0.0.1:0".parse().unwrap()))?;
    /// assert!(!socket.wait_readable(Some(Duration::from_millis(5)))?);
    ///
    /// socket.try_send_to(b"hello", socket.local_addr()?)?;
    /// let mut buffer = [0; 16];
    /// if socket.wait_readable(Some(Duration::from_secs(1)))? {
    ///     assert_eq!(socket.try_recv(&mut buffer)?, 5);
    /// }
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed, meanwhile too: on Linux at once, elsewhere within
    /// 100 ms.
    #[doc(alias("poll", "set_read_timeout"))]
    pub fn wait_readable(&self, timeout: Option<Duration>) -> Result<bool> {
        self.wait(false, timeout)
    }

    /// Blocks the thread until the kernel has room for a datagram, for at most `timeout`; `None` is for ever. Returns whether
    /// there is, as [`wait_readable`](Self::wait_readable).
    ///
    /// # Errors
    ///
    /// Those of [`wait_readable`](Self::wait_readable).
    #[doc(alias("poll", "set_write_timeout"))]
    pub fn wait_writable(&self, timeout: Option<Duration>) -> Result<bool> {
        self.wait(true, timeout)
    }

    fn wait(&self, writable: bool, timeout: Option<Duration>) -> Result<bool> {
        let ready = self.call(Op::Address, "poll", |sys| sys.wait(writable, timeout, || !self.is_closed()))?;
        if self.is_closed() { Err(Error::rule(ErrorKind::NotRunning)) } else { Ok(ready) }
    }
}
