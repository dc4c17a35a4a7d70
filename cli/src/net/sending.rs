//! A socket that speaks first, and its flags.

use std::net::IpAddr;

use clap::Args;
use heliogram::{SendOptions, Socket, SocketType, TokioSocket};
#[cfg(unix)]
use heliogram::{SocketAddrUnix, TokioUnixDatagram, UnixDatagramOptions};

use crate::failure::{Failure, Outcome};
use crate::net::endpoint::{self, Endpoint};
use crate::net::group;
use crate::net::route::Route;
use crate::net::socket_flags::SocketFlags;
#[cfg(unix)]
use crate::net::socket_flags::refuse;
use crate::session::Session;

/// A socket that speaks first.
#[derive(Args)]
pub(crate) struct Sending {
    /// Where to send: localhost:41234, [::1]:41234 or [fe80::1%eth0]:41234
    #[arg(value_name = "HOST:PORT", value_parser = endpoint::peer)]
    peer: Endpoint,

    #[command(flatten)]
    packet: PacketFlags,

    /// Send from this address and port
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = endpoint::local, help_heading = "Socket")]
    bind: Option<Endpoint>,

    #[command(flatten)]
    flags: SocketFlags,
}

#[derive(Args, Default)]
#[command(next_help_heading = "Packets")]
struct PacketFlags {
    /// How many routers the datagrams may pass; 0 keeps multicast on this host
    #[arg(long, value_name = "0-255", value_parser = clap::value_parser!(u32).range(0..=255))]
    ttl: Option<u32>,

    /// Send from this address of this host, whatever the socket is bound to
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,

    /// Traffic class, the byte of DSCP and ECN: 184 is EF, 1 and 2 are ECT
    #[arg(long, value_name = "0-255")]
    tos: Option<u8>,

    /// Forbid fragments: what exceeds the MTU fails
    #[arg(long)]
    dont_fragment: bool,

    /// The interface that multicast leaves by: name, number or IPv4 address
    #[arg(long, value_name = "IFACE", help_heading = "Multicast and broadcast")]
    interface: Option<String>,

    /// Keep multicast from this host's own members
    #[arg(long, help_heading = "Multicast and broadcast")]
    no_loopback: bool,

    /// Allow a broadcast address
    #[arg(long, help_heading = "Multicast and broadcast")]
    broadcast: bool,
}

impl Sending {
    /// To this peer, without any flag.
    pub(crate) fn to(peer: Endpoint) -> Self {
        Sending { peer, flags: SocketFlags::default(), bind: None, packet: PacketFlags::default() }
    }

    /// The socket, bound and set up, and where it sends.
    pub(crate) async fn open(&self, session: &Session) -> Outcome<Route> {
        session.or(self.resolve_and_open()).await.ok_or(Failure::Interrupted)?
    }

    /// Whether the local port is chosen, so that one socket alone can have it.
    pub(crate) fn has_port(&self) -> bool {
        self.bind.as_ref().is_some_and(|local| local.port() > 0)
    }

    /// The Unix socket, connected, if the peer is one. `flags` are the command's own that do not apply to it.
    #[cfg(unix)]
    pub(crate) fn open_unix(&self, flags: &[(bool, &str)]) -> Outcome<Option<TokioUnixDatagram>> {
        let Some(path) = self.peer.as_unix() else { return Ok(None) };
        refuse(flags)?;
        refuse(&[(self.bind.is_some(), "--bind")])?;
        self.packet.refuse()?;
        let socket = self.flags.unix_datagram(UnixDatagramOptions::new())?;
        socket.connect(&SocketAddrUnix::parse(path)?)?;
        Ok(Some(socket))
    }

    async fn resolve_and_open(&self) -> Outcome<Route> {
        let peer = self.peer.resolve(self.flags.family()).await?;
        let family = SocketType::of(peer.ip());
        let local = match &self.bind {
            Some(local) => Some(local.resolve(Some(family)).await?),
            None => None,
        };
        let socket = Socket::new(&self.flags.options(family))?;
        socket.bind(local)?;
        self.packet.set(&socket, peer.ip().is_multicast())?;
        let options = self.packet.source.map(|source| SendOptions::new().source(source));
        let route = Route::new(TokioSocket::from_socket(socket)?, peer, options);
        if self.packet.broadcast { Ok(route) } else { route.connect().await }
    }
}

impl PacketFlags {
    #[cfg(unix)]
    fn refuse(&self) -> Outcome {
        refuse(&[
            (self.ttl.is_some(), "--ttl"),
            (self.source.is_some(), "--source"),
            (self.tos.is_some(), "--tos"),
            (self.dont_fragment, "--dont-fragment"),
            (self.interface.is_some(), "--interface"),
            (self.no_loopback, "--no-loopback"),
            (self.broadcast, "--broadcast"),
        ])
    }

    fn set(&self, socket: &Socket, multicast: bool) -> Outcome {
        socket.set_broadcast(self.broadcast)?;
        socket.set_multicast_loop(!self.no_loopback)?;
        if let Some(tos) = self.tos {
            socket.set_tos(tos.into())?;
        }
        if self.dont_fragment {
            socket.set_dont_fragment(true)?;
        }
        if let Some(ttl) = self.ttl {
            let set = if multicast { socket.set_multicast_ttl(ttl) } else { socket.set_ttl(ttl) };
            set.map_err(Failure::about(ttl))?;
        }
        match &self.interface {
            Some(name) => socket.set_multicast_interface(group::interface(name)?).map_err(Failure::about(name)),
            None => Ok(()),
        }
    }
}
