//! Where datagrams go: one peer, or a group of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use heliogram::{Datagram, RecvBatch, SendOptions, TokioSocket};

use crate::failure::{Failure, Outcome};
use crate::report::text;

/// A socket and a peer.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) socket: Arc<TokioSocket>,
    pub(crate) peer: SocketAddr,
    /// Each datagram's address; `None` on a connected socket, whose peer is known.
    to: Option<SocketAddr>,
    /// What each takes along.
    options: Option<SendOptions>,
}

impl Route {
    /// To one peer of many of a socket.
    pub(crate) fn new(socket: impl Into<Arc<TokioSocket>>, peer: SocketAddr, options: Option<SendOptions>) -> Self {
        Route { socket: socket.into(), peer, to: Some(peer), options }
    }

    /// Connects to a single peer, so that the kernel reports when nobody listens there (ICMP). A group cannot be
    /// connected to, because its answers come from its members' own addresses.
    pub(crate) async fn connect(mut self) -> Outcome<Self> {
        if !self.peer.ip().is_multicast() && self.peer.ip() != Ipv4Addr::BROADCAST {
            self.socket.connect(self.peer).await?;
            self.to = None;
        }
        Ok(self)
    }

    /// Whether any number of peers may answer.
    pub(crate) const fn is_group(&self) -> bool {
        self.to.is_some()
    }

    pub(crate) fn local(&self) -> Outcome<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// A datagram that takes this route.
    pub(crate) fn datagram<'a>(&'a self, payload: &'a [u8]) -> Datagram<'a> {
        let datagram = Datagram::new(payload);
        let datagram = self.options.as_ref().map_or(datagram, |options| datagram.with(options));
        self.to.map_or(datagram, |peer| datagram.to(peer))
    }

    /// What each datagram takes along.
    pub(crate) fn options(&self) -> SendOptions {
        self.options.unwrap_or_default()
    }

    pub(crate) async fn send(&self, payload: &[u8]) -> Outcome<usize> {
        self.send_batch(&[self.datagram(payload)]).await
    }

    pub(crate) async fn send_batch(&self, batch: &[Datagram<'_>]) -> Outcome<usize> {
        self.socket.send_batch(batch).await.map_err(|error| self.failure(error))
    }

    pub(crate) fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Outcome<usize> {
        self.socket.try_send_batch(batch).map_err(|error| self.failure(error))
    }

    pub(crate) async fn recv_batch(&self, batch: &mut RecvBatch) -> Outcome<usize> {
        self.socket.recv_batch(batch).await.map_err(|error| self.failure(error))
    }

    /// A connected socket's errors, like Node's, do not name the peer.
    fn failure(&self, error: heliogram::Error) -> Failure {
        if error.address().is_some() { error.into() } else { Failure::about(text::address(&self.peer))(error) }
    }
}
