//! [`QuicSocket`].

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use heliogram::{PathMtuDiscovery, RecvMetadataOptions, Result, Socket, TokioSocket};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use crate::poller::Poller;
use crate::{receive, send};

/// A socket that carries QUIC. It dereferences to the heliogram socket, for statistics and options.
///
/// ```
/// use std::sync::Arc;
///
/// use heliogram::{Socket, SocketOptions, SocketType};
/// use heliogram_quinn::{HeliogramRuntime, QuicSocket};
/// use quinn::{Endpoint, EndpointConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).recv_buffer_size(1 << 20))?;
/// socket.bind(Some("127.0.0.1:0".parse().unwrap()))?;
/// let socket = Arc::new(QuicSocket::new(socket)?);
/// let endpoint =
///     Endpoint::new_with_abstract_socket(EndpointConfig::default(), None, socket.clone(), Arc::new(HeliogramRuntime))?;
/// println!("{:?}", socket.stats());
/// # drop(endpoint);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct QuicSocket {
    socket: TokioSocket,
    may_fragment: bool,
}

impl QuicSocket {
    /// Takes a bound socket into the runtime and sets what QUIC needs: GRO, packet information, traffic class, and no
    /// fragmentation. What the system lacks of it is left out.
    ///
    /// # Errors
    ///
    /// Those of [`TokioSocket::from_socket`], and the system's.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub fn new(socket: Socket) -> Result<Self> {
        socket.start_gro()?;
        prefer(&[metadata(), RecvMetadataOptions::new().packet_info(true)], |wanted| socket.set_recv_metadata(wanted))?;
        let may_fragment = !prefer(&[PathMtuDiscovery::Probe], |mode| socket.set_path_mtu_discovery(mode))?;
        Ok(QuicSocket { socket: TokioSocket::from_socket(socket)?, may_fragment })
    }

    /// [`new`](Self::new) for a socket of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new) and of [`Socket::bind_descriptor`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub fn from_std(socket: std::net::UdpSocket) -> Result<Self> {
        QuicSocket::new(Socket::try_from(socket)?)
    }
}

fn metadata() -> RecvMetadataOptions {
    RecvMetadataOptions::new().packet_info(true).traffic_class(true)
}

/// Sets the first value that the system has; says whether there is one.
fn prefer<T: Copy>(values: &[T], set: impl Fn(T) -> Result<()>) -> Result<bool> {
    for &value in values {
        match set(value) {
            Err(error) if error.code() == "ENOTSUP" => {}
            outcome => return outcome.map(|()| true),
        }
    }
    Ok(false)
}

impl std::ops::Deref for QuicSocket {
    type Target = TokioSocket;

    fn deref(&self) -> &TokioSocket {
        &self.socket
    }
}

impl AsyncUdpSocket for QuicSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller::new(self, |socket| async move { Ok(socket.writable().await?) }))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        send::transmit(&self.socket, transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        receive::poll(&self.socket, context, buffers, metas)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    fn max_transmit_segments(&self) -> usize {
        send::MAX_SEGMENTS
    }

    /// A GRO packet has at most 64 datagrams, and quinn makes buffers of that many.
    fn max_receive_segments(&self) -> usize {
        if self.socket.gro() { 64 } else { 1 }
    }

    fn may_fragment(&self) -> bool {
        self.may_fragment
    }
}
