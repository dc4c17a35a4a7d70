//! [`SmolSocket`].

use std::fmt;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::ops::Deref;

use super::lend::lend_descriptor;
use crate::batch::{RecvBatch, RecvInfo};
use crate::error::{Error, Result};
use crate::socket::{Socket, SocketControl};
use crate::socket_options::SocketOptions;
use crate::sys;
use crate::types::datagram::Datagram;
use crate::types::family::SocketType;

/// A bound UDP socket that waits by `.await` on any executor, by async-io's reactor: for smol and its relatives.
///
/// Not fork-safe, as [`Socket`](crate::Socket#forks-and-signals) says.
///
/// It dereferences to [`SocketControl`], which has the options, queries and memberships. Dropping it closes it. With
/// [`gro`](SocketOptions::gro) it receives by the methods for many datagrams. Every `async fn` is cancel safe: a dropped
/// future has sent and received nothing.
///
/// ```
/// use heliogram::SmolSocket;
///
/// # fn main() -> Result<(), heliogram::Error> {
/// async_io::block_on(async {
///     let server = SmolSocket::bind("127.0.0.1:0".parse().unwrap())?;
///     let client = SmolSocket::bind("127.0.0.1:0".parse().unwrap())?;
///     client.send_to(b"hello", server.local_addr()?).await?;
///     let mut buffer = [0; 1500];
///     let (length, peer) = server.recv_from(&mut buffer).await?;
///     server.send_to(&buffer[..length], peer).await.map(drop)
/// })
/// # }
/// ```
pub struct SmolSocket {
    // Dropped before the socket, whose descriptor it watches.
    watched: sys::Watched,
    socket: Socket,
}

macro_rules! waiting {
    ($($wait:ident: $(#[$doc:meta])* fn $name:ident = $attempt:ident(&self $(, $argument:ident: $type:ty)*) -> $output:ty;)*) => {
        impl SmolSocket {
            $(
                $(#[$doc])*
                ///
                /// # Cancel safety
                ///
                /// Cancel safe: a dropped future has sent and received nothing.
                ///
                /// # Errors
                ///
                #[doc = concat!("Those of [`Socket::", stringify!($attempt), "`] but `EAGAIN`.")]
                pub async fn $name(&self $(, $argument: $type)*) -> $output {
                    loop {
                        match self.socket.$attempt($($argument),*) {
                            Err(error) if error.is_would_block() => self.$wait().await?,
                            outcome => return outcome,
                        }
                    }
                }
            )*
        }
    };
}

waiting! {
    writable: /// Sends one datagram to the connected peer. Returns its length in bytes.
    fn send = try_send(&self, message: &[u8]) -> Result<usize>;
    writable: /// Sends one datagram to `peer`. Returns its length in bytes.
    fn send_to = try_send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize>;
    writable: /// Sends datagrams in order, as many as the kernel takes without waiting again. Returns how many.
    fn send_batch = try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize>;
    readable: /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit are lost.
    fn recv = try_recv(&self, buffer: &mut [u8]) -> Result<usize>;
    readable: /// Receives one datagram into `buffer`. Returns its length in bytes and its sender.
    fn recv_from = try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)>;
    readable: /// Receives one datagram into `buffer`. Returns its length, its sender and its receive metadata.
    fn recv_msg = try_recv_msg(&self, buffer: &mut [u8]) -> Result<RecvInfo>;
    readable: /// Receives what there is, as far as `batch` has room. Returns how many; 0 only if a block list turned all away.
    fn recv_batch = try_recv_batch(&self, batch: &mut RecvBatch) -> Result<usize>;
    readable: /// Receives what there is into the caller's buffers. Returns how many were used; 0 only if a block list turned all away.
    fn recv_many = try_recv_many(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo]) -> Result<usize>;
}

/// Making, connecting, waiting.
impl SmolSocket {
    /// Makes a socket of the address's family and binds it.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`] and of [`from_socket`](Self::from_socket).
    pub fn bind(local: SocketAddr) -> Result<Self> {
        SmolSocket::bind_with(&SocketOptions::new(SocketType::of(local.ip())), local)
    }

    /// Makes a socket with these options and binds it.
    ///
    /// # Errors
    ///
    /// Those of [`Socket::bind`] and of [`from_socket`](Self::from_socket).
    pub fn bind_with(options: &SocketOptions, local: SocketAddr) -> Result<Self> {
        let socket = Socket::new(options)?;
        socket.bind(Some(local))?;
        SmolSocket::from_socket(socket)
    }

    /// Has a bound socket watched by async-io's reactor.
    ///
    /// # Errors
    ///
    /// `EBADF` if it has no descriptor yet, `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed, and the system's if it cannot
    /// watch more descriptors.
    pub fn from_socket(socket: Socket) -> Result<Self> {
        socket.local_addr()?;
        socket.settle_gro();
        let watched = sys::Watched::new(socket.shared_descriptor()?);
        Ok(SmolSocket { watched: watched.map_err(|error| Error::system("register", &error))?, socket })
    }

    /// Makes `remote` the only peer; as [`Socket::connect`].
    ///
    /// # Errors
    ///
    /// Those of [`Socket::connect`].
    pub fn connect(&self, remote: SocketAddr) -> Result<()> {
        self.socket.connect(remote)
    }

    /// Waits until there is a datagram, or an error of the network, to receive.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn readable(&self) -> Result<()> {
        self.watched.readable().await.map_err(|error| Error::system("poll", &error))
    }

    /// Waits until the kernel has room for a datagram.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn writable(&self) -> Result<()> {
        self.watched.writable().await.map_err(|error| Error::system("poll", &error))
    }
}

impl Deref for SmolSocket {
    type Target = SocketControl;

    fn deref(&self) -> &SocketControl {
        &self.socket
    }
}

lend_descriptor!(SmolSocket[socket]);

impl fmt::Debug for SmolSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
