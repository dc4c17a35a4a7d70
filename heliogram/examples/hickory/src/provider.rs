//! [`HeliogramProvider`]: hickory's resolver on heliogram's sockets. Tasks, timers and TCP stay tokio's.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use heliogram::TokioSocket;
use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioRuntimeProvider, TokioTime};
use tokio::io::ReadBuf;

type Opening<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// For hickory's `Resolver::builder_with_config`.
#[derive(Clone, Default)]
pub(crate) struct HeliogramProvider(TokioRuntimeProvider);

impl RuntimeProvider for HeliogramProvider {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = TokioTime;
    type Udp = DnsSocket;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        local: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Opening<Self::Tcp> {
        self.0.connect_tcp(server, local, timeout)
    }

    fn bind_udp(&self, local: SocketAddr, _server: SocketAddr) -> Opening<DnsSocket> {
        Box::pin(async move { Ok(DnsSocket(TokioSocket::bind(local).await?)) })
    }
}

/// The socket of one query.
pub(crate) struct DnsSocket(TokioSocket);

impl DnsUdpSocket for DnsSocket {
    type Time = TokioTime;

    fn poll_recv_from(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        let peer = ready!(self.0.poll_recv_from(context, &mut buffer))?;
        Poll::Ready(Ok((buffer.filled().len(), peer)))
    }

    fn poll_send_to(&self, context: &mut Context<'_>, message: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(context, message, to).map_err(io::Error::from)
    }
}
