//! The face for tokio: `.await` instead of `EAGAIN`.
//!
//! ```
//! use heliogram::{Datagram, RecvBatch, SocketOptions, SocketType, TokioSocket};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), heliogram::Error> {
//! let options = SocketOptions::new(SocketType::Udp4);
//! let server = TokioSocket::bind(&options.clone().gro(true), "127.0.0.1:0").await?;
//! let client = TokioSocket::bind(&options, "127.0.0.1:0").await?;
//! client.connect(server.local_addr()?).await?;
//! client.send_batch(&[Datagram::new(b"Some"), Datagram::new(b"more"), Datagram::new(b"bytes")]).await?;
//!
//! let mut batch = RecvBatch::for_gro(8);
//! server.recv_batch(&mut batch).await?;
//! for message in batch.iter() {
//!     server.send_to(message.data, message.rinfo.addr).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every `async fn` here is cancel safe: a future that is dropped before it is ready has sent and received nothing, so
//! each can stand in `select!`.

#[cfg(unix)]
mod unix;

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use ::tokio::io::Interest;
use ::tokio::net::ToSocketAddrs;
use ::tokio::sync::Notify;
use ::tokio::task::coop::consume_budget;
use futures_core::Stream;

use crate::addr::RemoteInfo;
use crate::batch::RecvBatch;
use crate::delegate::delegate;
use crate::error::{Error, ErrorKind, Result};
use crate::socket::SocketControl;
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::datagram::Datagram;
use crate::types::error_queue::ErrorQueueEntry;
use crate::types::family::SocketType;

#[cfg(unix)]
pub use unix::TokioUnixDatagram;

/// A pending error, such as a peer's `ECONNREFUSED`, is an answer to a receive too.
const READABLE: Interest = Interest::READABLE.add(Interest::ERROR);

/// A bound socket that waits by `.await`.
///
/// All options and what else never waits is [`heliogram::Socket`](crate::Socket)'s, to which it dereferences. Sends and
/// receives may go on at the same time, from any task.
pub struct TokioSocket {
    // Before `socket`, and so dropped before it: it stands for the socket's descriptor.
    waiting: Waiting,
    socket: crate::Socket,
}

impl TokioSocket {
    /// Makes a socket and binds it to the first address of its family that `local` stands for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no socket stays behind.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`](crate::Socket::bind); `ENOTFOUND` for a name without an address of this family.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub async fn bind(options: &SocketOptions, local: impl ToSocketAddrs) -> Result<Self> {
        let socket = crate::Socket::new(options)?;
        socket.bind(Some(look_up(local, options.socket_type()).await?))?;
        TokioSocket::from_socket(socket)
    }

    /// Takes a socket that is bound, by a bind, an adopted descriptor or a membership, into the runtime.
    ///
    /// # Errors
    ///
    /// `EBADF` if it has no descriptor yet, `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed, `ENOSPC` or `ENOMEM` if the
    /// system cannot watch more descriptors.
    ///
    /// # Panics
    ///
    /// As tokio's own sockets outside of a runtime with I/O enabled.
    pub fn from_socket(socket: crate::Socket) -> Result<Self> {
        socket.local_addr()?;
        let registration = sys::Registration::new(&socket).map_err(|error| Error::system("register", &error))?;
        Ok(TokioSocket { waiting: Waiting::new(registration), socket })
    }

    /// Makes the first address of the socket's family that `remote` stands for its only peer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is connected only once the future is ready.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`](crate::Socket::connect); `ENOTFOUND` for a name without an address of this family.
    pub async fn connect(&self, remote: impl ToSocketAddrs) -> Result<()> {
        let remote = look_up(remote, self.socket_type()).await?;
        self.socket.connect(remote)
    }

    /// Sends one datagram to the connected peer; says how many bytes it has. Waits while the kernel's buffer is full.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](crate::Socket::try_send) but `EAGAIN`.
    pub async fn send(&self, message: &[u8]) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send(message)).await
    }

    /// Sends one datagram to `peer`; as [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](crate::Socket::try_send) but `EAGAIN`.
    pub async fn send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send_to(message, peer)).await
    }

    /// Sends datagrams in order, as many as the kernel takes without waiting again; says how many. At least one is sent
    /// unless the batch is empty, and the rest is for the next call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_send_batch`](crate::Socket::try_send_batch) but `EAGAIN`, about the first datagram.
    pub async fn send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        self.when(Interest::WRITABLE, || self.socket.try_send_batch(batch)).await
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit `buffer` are lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv(&self, buffer: &mut [u8]) -> Result<usize> {
        self.when(READABLE, || self.socket.try_recv(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes and its sender; as [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        self.when(READABLE, || self.socket.try_recv_from(buffer)).await
    }

    /// Receives one datagram into `buffer`. Returns its length, its sender and its receive metadata; as
    /// [`try_recv_msg`](crate::Socket::try_recv_msg).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](crate::Socket::try_recv) but `EAGAIN`.
    pub async fn recv_msg(&self, buffer: &mut [u8]) -> Result<RemoteInfo> {
        self.when(READABLE, || self.socket.try_recv_msg(buffer)).await
    }

    /// Receives what there is, at least one datagram, as far as `batch` has room; says how many.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has received nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv_batch`](crate::Socket::try_recv_batch) but `EAGAIN`.
    pub async fn recv_batch(&self, batch: &mut RecvBatch) -> Result<usize> {
        loop {
            let readiness = self.waiting.ready(READABLE, || self.state().is_closed()).await?;
            match self.socket.try_recv_batch(batch) {
                Err(error) if error.is_would_block() => readiness.clear(),
                Err(error) => return Err(error),
                Ok(count) => {
                    if !batch.is_full() {
                        readiness.clear_readable();
                    }
                    // A block list may have turned all of them away.
                    if count > 0 {
                        return Ok(count);
                    }
                }
            }
        }
    }

    /// Takes the next entry out of the error queue: what became of a datagram that was sent earlier. For
    /// [`set_recv_errors`](crate::SocketControl::set_recv_errors) and
    /// [`set_transmit_timestamps`](crate::SocketControl::set_transmit_timestamps).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future has taken nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv_error_queue`](crate::Socket::try_recv_error_queue) but `EAGAIN`.
    pub async fn recv_error_queue(&self) -> Result<ErrorQueueEntry> {
        // Asked first: a receive that found nothing may have used up the readiness that told of an entry.
        match self.socket.try_recv_error_queue() {
            Err(error) if error.is_would_block() => {
                self.when(Interest::ERROR, || self.socket.try_recv_error_queue()).await
            }
            outcome => outcome,
        }
    }

    /// The datagrams as a stream, each with its own copy of the bytes. It ends when the socket is closed;
    /// [`recv_batch`](Self::recv_batch) is the way without copies.
    ///
    /// An error is an item like another, and the stream goes on after it. Datagrams that the stream has read and not yet
    /// given out are lost with it.
    pub fn messages(&self) -> TokioMessages<'_> {
        TokioMessages { socket: self, arrived: VecDeque::new(), state: Receiving::Idle(RecvBatch::for_gro(8)) }
    }

    /// Closes the socket; everybody who waits for it is told that it is closed.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed already.
    pub fn close(&self) -> Result<()> {
        let outcome = self.socket.close();
        self.waiting.end();
        outcome
    }

    fn when<R>(&self, interest: Interest, call: impl FnMut() -> Result<R>) -> impl Future<Output = Result<R>> {
        self.waiting.when(interest, || self.state().is_closed(), call)
    }
}

delegate! { TokioSocket [socket]: "Socket" {
    fn disconnect(&self) -> Result<()>;
    fn try_send(&self, message: &[u8]) -> Result<usize>;
    fn try_send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize>;
    fn try_send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize>;
    fn try_send_to_vectored(&self, buffers: &[IoSlice<'_>], peer: SocketAddr) -> Result<usize>;
    fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize>;
    fn try_recv(&self, buffer: &mut [u8]) -> Result<usize>;
    fn try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)>;
    fn try_recv_msg(&self, buffer: &mut [u8]) -> Result<RemoteInfo>;
    fn try_recv_gro(&self, buffer: &mut [u8]) -> Result<RemoteInfo>;
    fn try_recv_batch(&self, batch: &mut RecvBatch) -> Result<usize>;
    fn try_recv_error_queue(&self) -> Result<ErrorQueueEntry>;
} }

/// What a socket waits with.
struct Waiting {
    registration: sys::Registration,
    closed: Notify,
}

impl Waiting {
    fn new(registration: sys::Registration) -> Self {
        Waiting { registration, closed: Notify::new() }
    }

    /// Calls when the socket is ready, again and again until the call need not wait.
    async fn when<R>(
        &self,
        interest: Interest,
        is_closed: impl Fn() -> bool,
        mut call: impl FnMut() -> Result<R>,
    ) -> Result<R> {
        loop {
            let readiness = self.ready(interest, &is_closed).await?;
            match call() {
                Err(error) if error.is_would_block() => readiness.clear(),
                outcome => return outcome,
            }
        }
    }

    /// Waits until the socket is said to be ready; an error if it is closed, now or meanwhile.
    async fn ready(&self, interest: Interest, is_closed: impl Fn() -> bool) -> Result<sys::Readiness<'_>> {
        // A socket that is always ready must not keep its task from yielding.
        consume_budget().await;
        // Made before the state is asked, so that a close in between is not missed.
        let closed = self.closed.notified();
        if is_closed() {
            return Err(Error::rule(ErrorKind::NotRunning));
        }
        let (mut ready, mut closed) = (pin!(self.registration.ready(interest)), pin!(closed));
        poll_fn(|context| match ready.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| Error::system("poll", &error))),
            Poll::Pending => closed.as_mut().poll(context).map(|()| Err(Error::rule(ErrorKind::NotRunning))),
        })
        .await
    }

    /// Tells everybody who waits that the socket is closed.
    fn end(&self) {
        self.closed.notify_waiters();
    }
}

/// The first address of this family.
async fn look_up(host: impl ToSocketAddrs, family: SocketType) -> Result<SocketAddr> {
    let mut addresses = ::tokio::net::lookup_host(host).await.map_err(|error| Error::failed_lookup("", &error))?;
    addresses.find(|address| family.matches(address.ip())).ok_or_else(|| Error::lookup("", ErrorKind::NotFound))
}

impl Deref for TokioSocket {
    type Target = SocketControl;

    fn deref(&self) -> &SocketControl {
        &self.socket
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for TokioSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.reserved_descriptor()
    }
}

impl fmt::Debug for TokioSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

type Wait<'a> = Pin<Box<dyn Future<Output = (RecvBatch, Result<usize>)> + Send + 'a>>;

enum Receiving<'a> {
    Idle(RecvBatch),
    Waiting(Wait<'a>),
    Ended,
}

/// The datagrams of a socket, as [`TokioSocket::messages`] gives them.
#[must_use = "a stream does nothing unless it is polled"]
pub struct TokioMessages<'a> {
    socket: &'a TokioSocket,
    arrived: VecDeque<(Vec<u8>, RemoteInfo)>,
    state: Receiving<'a>,
}

impl<'a> TokioMessages<'a> {
    /// The receive under way, begun if there is none; `None` once the stream has ended.
    fn wait(&mut self) -> Option<&mut Wait<'a>> {
        let socket = self.socket;
        self.state = match std::mem::replace(&mut self.state, Receiving::Ended) {
            Receiving::Idle(mut batch) => Receiving::Waiting(Box::pin(async move {
                let outcome = socket.recv_batch(&mut batch).await;
                (batch, outcome)
            })),
            other => other,
        };
        match &mut self.state {
            Receiving::Waiting(wait) => Some(wait),
            Receiving::Idle(_) | Receiving::Ended => None,
        }
    }
}

impl Stream for TokioMessages<'_> {
    type Item = Result<(Vec<u8>, RemoteInfo)>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.arrived.pop_front() {
                return Poll::Ready(Some(Ok(message)));
            }
            let Some(wait) = self.wait() else { return Poll::Ready(None) };
            let (batch, outcome) = ready!(wait.as_mut().poll(context));
            if let Err(error) = &outcome
                && error.kind() == ErrorKind::NotRunning
            {
                self.state = Receiving::Ended;
                return Poll::Ready(None);
            }
            self.arrived.extend(batch.iter().map(|message| (message.data.to_vec(), message.rinfo)));
            self.state = Receiving::Idle(batch);
            if let Err(error) = outcome {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for TokioMessages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioMessages").field("socket", self.socket).field("arrived", &self.arrived.len()).finish()
    }
}
