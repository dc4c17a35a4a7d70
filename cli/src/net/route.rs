//! Where datagrams go: one peer, or a group of them.

use std::net::{Ipv4Addr, SocketAddr};

use heliogram::TokioSocket;
use heliogram::{Datagram, RecvBatch, SendOptions};

use crate::failure::{Failure, Outcome};
use crate::net::endpoint;

/// A socket and its peer.
pub(crate) struct Route {
    socket: TokioSocket,
    pub(crate) peer: SocketAddr,
    /// Each datagram's address; `None` on a connected socket, whose peer is known.
    to: Option<SocketAddr>,
    /// What each takes along.
    options: Option<SendOptions>,
}

impl Route {
    /// Connects to a single peer, so that the kernel tells when nobody listens there (ICMP). A group cannot be connected
    /// to, because its answers come from its members' own addresses.
    pub(crate) async fn new(
        socket: TokioSocket,
        peer: SocketAddr,
        broadcast: bool,
        options: Option<SendOptions>,
    ) -> Outcome<Self> {
        let group = broadcast || peer.ip().is_multicast() || peer.ip() == Ipv4Addr::BROADCAST;
        if !group {
            socket.connect(peer).await?;
        }
        Ok(Route { socket, peer, to: group.then_some(peer), options })
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

    pub(crate) async fn send(&self, payload: &[u8]) -> Outcome<usize> {
        self.send_batch(&[self.datagram(payload)]).await
    }

    pub(crate) async fn send_batch(&self, batch: &[Datagram<'_>]) -> Outcome<usize> {
        self.socket.send_batch(batch).await.map_err(|error| self.failure(error))
    }

    pub(crate) async fn recv_batch(&self, batch: &mut RecvBatch) -> Outcome<usize> {
        self.socket.recv_batch(batch).await.map_err(|error| self.failure(error))
    }

    /// A connected socket's errors, like Node's, do not name the peer.
    fn failure(&self, error: heliogram::Error) -> Failure {
        if error.address().is_some() { error.into() } else { Failure::about(endpoint::text(&self.peer))(error) }
    }
}
