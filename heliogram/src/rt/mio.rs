//! [`Socket`] in a mio poll.

use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};

use crate::socket::Socket;
use crate::state::Op;

/// A bound socket is watched by a `mio::Poll`. As mio's events are edge-triggered, receive or send until the answer is `EAGAIN`
/// ([`Error::is_would_block`](crate::Error::is_would_block)). Deregister the socket before you close it.
///
/// ```
/// use heliogram::{Socket, SocketOptions, SocketType};
/// use mio::{Events, Interest, Poll, Token};
///
/// # fn main() -> std::io::Result<()> {
/// let mut socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// socket.bind(Some("127.0.0.1:0".parse().unwrap()))?;
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
///
/// An unbound socket is refused with `EBADF`, a closed one with `ERR_SOCKET_DGRAM_NOT_RUNNING`.
impl Source for Socket {
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        Ok(self.call(Op::Address, "register", |sys| sys.register(registry, token, interest))?)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        Ok(self.call(Op::Address, "reregister", |sys| sys.reregister(registry, token, interest))?)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        Ok(self.call(Op::Address, "deregister", |sys| sys.deregister(registry))?)
    }
}
