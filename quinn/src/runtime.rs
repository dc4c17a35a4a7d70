//! [`HeliogramRuntime`].

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, TokioRuntime};

use crate::socket::QuicSocket;

/// quinn on tokio, with heliogram's sockets. Timers and tasks are tokio's, as with [`TokioRuntime`].
#[derive(Clone, Copy, Debug, Default)]
pub struct HeliogramRuntime;

impl Runtime for HeliogramRuntime {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    #[track_caller]
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        TokioRuntime.spawn(future);
    }

    /// Takes over a bound socket, as [`QuicSocket::from_std`].
    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(QuicSocket::from_std(socket)?))
    }

    fn now(&self) -> Instant {
        TokioRuntime.now()
    }
}
