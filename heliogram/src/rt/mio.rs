//! [`BoundSocket`] in a mio poll.

use std::io;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::bound::BoundSocket;

/// A bound socket is watched by a `mio::Poll`. As mio's events are edge-triggered, receive or send until the answer is `EAGAIN`
/// ([`Error::is_would_block`](crate::Error::is_would_block)). Deregister the socket before you close it.
///
/// ```
/// use heliogram::BoundSocket;
/// use mio::{Events, Interest, Poll, Token};
///
/// # fn main() -> std::io::Result<()> {
/// let mut socket = BoundSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
/// poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
///
/// socket.try_send_to(b"hello", socket.local_addr()?)?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.token() == Token(0) && event.is_readable()));
/// assert_eq!(socket.try_recv(&mut [0; 16])?, 5);
/// # Ok(())
/// # }
/// ```
impl Source for BoundSocket {
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.watched_descriptor().as_raw_fd()).register(registry, token, interest)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.watched_descriptor().as_raw_fd()).reregister(registry, token, interest)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        SourceFd(&self.watched_descriptor().as_raw_fd()).deregister(registry)
    }
}
