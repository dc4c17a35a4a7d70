//! The flags that several commands share, and the sockets that they make.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
#[cfg(unix)]
use heliogram::TokioUnixDatagram;
use heliogram::{SendOptions, Socket, SocketOptions, SocketType, TokioSocket};
#[cfg(unix)]
use heliogram::{SocketAddrUnix, UnixDatagramOptions};

use crate::failure::{Failure, Outcome};
use crate::net::endpoint::{self, Endpoint, Group, family_of};
use crate::net::route::Route;
use crate::quantity;
use crate::report::Tally;
use crate::report::progress::Goal;
use crate::session::Session;

/// How every socket is made.
#[derive(Args)]
struct Making {
    /// IPv4 only, also where a host name has IPv6 addresses
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,

    /// IPv6; listening without an address, both families
    #[arg(short = '6', long)]
    ipv6: bool,

    /// Share the local address with other sockets that do the same; listening, --join implies it
    #[arg(long)]
    reuse_addr: bool,

    /// Share the local port: the kernel spreads peers over the sockets
    #[arg(long)]
    reuse_port: bool,

    /// Use this interface alone, by name, whatever the routes say
    #[arg(long, value_name = "IFACE")]
    device: Option<String>,

    /// The kernel's receive buffer (the kernel sets the limit)
    #[arg(long, value_name = "BYTES")]
    recv_buffer: Option<u32>,

    /// The kernel's send buffer (the kernel sets the limit)
    #[arg(long, value_name = "BYTES")]
    send_buffer: Option<u32>,
}

impl Making {
    fn family(&self) -> Option<SocketType> {
        match (self.ipv4, self.ipv6) {
            (true, _) => Some(SocketType::Udp4),
            (_, true) => Some(SocketType::Udp6),
            _ => None,
        }
    }

    /// The flags given that mean nothing to a local socket.
    #[cfg(unix)]
    const fn of_network(&self) -> [(bool, &'static str); 5] {
        [
            (self.ipv4, "--ipv4"),
            (self.ipv6, "--ipv6"),
            (self.reuse_addr, "--reuse-addr"),
            (self.reuse_port, "--reuse-port"),
            (self.device.is_some(), "--device"),
        ]
    }

    #[cfg(unix)]
    fn local(&self, options: UnixDatagramOptions) -> Outcome<TokioUnixDatagram> {
        refuse(&self.of_network())?;
        let socket = TokioUnixDatagram::new(&options)?;
        self.recv_buffer.map_or(Ok(()), |bytes| socket.set_recv_buffer_size(bytes))?;
        self.send_buffer.map_or(Ok(()), |bytes| socket.set_send_buffer_size(bytes))?;
        Ok(socket)
    }

    fn options(&self, family: SocketType) -> SocketOptions {
        let options = SocketOptions::new(family);
        let options = match &self.device {
            Some(device) => options.device(device),
            None => options,
        };
        options
            .reuse_addr(self.reuse_addr)
            .reuse_port(self.reuse_port)
            .recv_buffer_size(self.recv_buffer.unwrap_or(0))
            .send_buffer_size(self.send_buffer.unwrap_or(0))
    }
}

/// Fails if a flag is given that means nothing to a local socket.
#[cfg(unix)]
fn refuse(flags: &[(bool, &str)]) -> Outcome {
    match flags.iter().find(|flag| flag.0) {
        Some((_, name)) => Err(Failure::Usage(format!("{name} is nothing for a local socket"))),
        None => Ok(()),
    }
}

/// A socket that waits for peers.
#[derive(Args)]
pub(crate) struct Receiving {
    /// Where to listen, for example 41234, 127.0.0.1:41234 or [::1]:41234; port 0 is any free one. `listen` takes local
    /// sockets too: unix:/run/own, unix:@name
    #[arg(value_name = "[ADDRESS:]PORT", value_parser = endpoint::local)]
    local: Endpoint,

    /// Join a multicast group, on an interface by name, number or IPv4 address, or with * on all; may be repeated
    #[arg(long, value_name = "GROUP[@IFACE]")]
    join: Vec<Group>,

    /// Of the groups, take this sender's datagrams alone (source-specific multicast); may be repeated
    #[arg(long, value_name = "ADDRESS", requires = "join")]
    source: Vec<IpAddr>,

    /// Hear the groups joined here alone, and not those that other programs of this host have joined
    #[arg(long, requires = "join")]
    only_joined: bool,

    #[command(flatten)]
    making: Making,
}

impl Receiving {
    /// The socket, bound and a member of its groups. With `trains` the kernel may hand over datagrams joined (GRO).
    pub(crate) async fn open(&self, trains: bool, session: &Session) -> Outcome<TokioSocket> {
        let local = self.local.resolve(self.family(), session).await?;
        let options = self.making.options(family_of(local.ip())).gro(trains);
        let options = if self.join.is_empty() { options } else { options.reuse_addr(true) };
        let socket = Socket::new(&options)?;
        socket.bind(Some(local))?;
        if self.only_joined {
            socket.set_multicast_all(false)?;
        }
        self.join.iter().try_for_each(|group| self.join_group(&socket, group))?;
        Ok(TokioSocket::from_socket(socket)?)
    }

    /// The local socket, bound, if it is one that is asked for; a path that nobody has open any longer is taken over.
    /// `flag` is the command's own that means nothing to it.
    #[cfg(unix)]
    pub(crate) fn open_local(&self, flag: (bool, &str)) -> Outcome<Option<TokioUnixDatagram>> {
        let Some(path) = self.local.as_local() else { return Ok(None) };
        refuse(&[flag, (!self.join.is_empty(), "--join")])?;
        let socket = self.making.local(UnixDatagramOptions::new().replace_stale(true))?;
        socket.bind(&SocketAddrUnix::parse(path)?)?;
        Ok(Some(socket))
    }

    /// The family asked for; where no address says it, the groups do.
    fn family(&self) -> Option<SocketType> {
        let groups = || self.join.first().filter(|_| self.local.is_any()).map(|group| family_of(group.ip));
        self.making.family().or_else(groups)
    }

    fn join_group(&self, socket: &Socket, group: &Group) -> Outcome {
        if let Some(stranger) = self.stranger(socket, group) {
            return Err(Failure::Usage(format!("{stranger} is not of the socket's family, {}", socket.socket_type())));
        }
        let interface = group.interface()?;
        if self.source.is_empty() {
            socket.join_multicast(group.ip, interface).map_err(Failure::about(group))?;
        }
        self.source.iter().try_for_each(|&source| {
            let joined = socket.join_ssm(source, group.ip, interface);
            joined.map_err(Failure::about(format!("{group} from {source}")))
        })
    }

    fn stranger(&self, socket: &Socket, group: &Group) -> Option<IpAddr> {
        self.source.iter().copied().chain([group.ip]).find(|&ip| !socket.socket_type().matches(ip))
    }
}

/// A socket that speaks first.
#[derive(Args)]
pub(crate) struct Sending {
    /// Where to send, for example localhost:41234, [::1]:41234 or [fe80::1%eth0]:41234. `send` takes local sockets too:
    /// unix:/run/own, unix:@name
    #[arg(value_name = "HOST:PORT", value_parser = endpoint::peer)]
    peer: Endpoint,

    /// Send from this address and port
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = endpoint::local)]
    bind: Option<Endpoint>,

    /// How many routers the datagrams may pass; 0 keeps multicast on this host
    #[arg(long, value_name = "0-255", value_parser = clap::value_parser!(u32).range(0..=255))]
    ttl: Option<u32>,

    /// Leave from this address of this host, whatever the socket is bound to
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,

    /// The byte of DSCP and ECN: 184 is EF, 1 and 2 are ECT
    #[arg(long, value_name = "0-255")]
    tos: Option<u8>,

    /// Keep routers and this host from fragmenting; what exceeds the MTU fails
    #[arg(long)]
    dont_fragment: bool,

    /// The interface that multicast leaves by: name, number or IPv4 address
    #[arg(long, value_name = "IFACE")]
    interface: Option<String>,

    /// Keep multicast from this host's own members
    #[arg(long)]
    no_loopback: bool,

    /// Allow a broadcast address
    #[arg(long)]
    broadcast: bool,

    #[command(flatten)]
    making: Making,
}

impl Sending {
    /// The socket, bound and set up, and where it sends.
    pub(crate) async fn open(&self, session: &Session) -> Outcome<Route> {
        let peer = self.peer.resolve(self.making.family(), session).await?;
        let family = family_of(peer.ip());
        let local = match &self.bind {
            Some(local) => Some(local.resolve(Some(family), session).await?),
            None => None,
        };
        let socket = Socket::new(&self.making.options(family))?;
        socket.bind(local)?;
        self.set_up(&socket, peer.ip().is_multicast())?;
        let options = self.source.map(|source| SendOptions::new().source(source));
        Route::new(TokioSocket::from_socket(socket)?, peer, self.broadcast, options).await
    }

    /// The local socket, connected, if the peer is one. `flag` is the command's own that means nothing to it.
    #[cfg(unix)]
    pub(crate) fn open_local(&self, flag: (bool, &str)) -> Outcome<Option<TokioUnixDatagram>> {
        let Some(path) = self.peer.as_local() else { return Ok(None) };
        refuse(&[
            flag,
            (self.bind.is_some(), "--bind"),
            (self.ttl.is_some(), "--ttl"),
            (self.source.is_some(), "--source"),
            (self.tos.is_some(), "--tos"),
            (self.dont_fragment, "--dont-fragment"),
            (self.interface.is_some(), "--interface"),
            (self.no_loopback, "--no-loopback"),
            (self.broadcast, "--broadcast"),
        ])?;
        let socket = self.making.local(UnixDatagramOptions::new())?;
        socket.connect(&SocketAddrUnix::parse(path)?)?;
        Ok(Some(socket))
    }

    fn set_up(&self, socket: &Socket, multicast: bool) -> Outcome {
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
            Some(name) => socket.set_multicast_interface(endpoint::interface(name)?).map_err(Failure::about(name)),
            None => Ok(()),
        }
    }
}

/// When a command that waits for peers ends by itself.
#[derive(Args)]
pub(crate) struct Bounds {
    /// End after this many datagrams
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End after this time; with --count, fail if not all have come by then
    #[arg(long, value_parser = quantity::seconds)]
    pub(crate) seconds: Option<Duration>,
}

impl Bounds {
    /// How many datagrams are still to come.
    pub(crate) fn left(&self, tally: &Tally) -> usize {
        let left = self.count.map_or(u64::MAX, |count| count.saturating_sub(tally.datagrams));
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// What the command runs towards.
    pub(crate) fn goal(&self) -> Goal {
        Goal::of(self.count, self.seconds)
    }

    /// Fails if the time ran out before all had come. Who presses Ctrl-C knows that not all have.
    pub(crate) fn check(&self, tally: &Tally, session: &Session) -> Outcome {
        match self.count {
            Some(count) if tally.datagrams < count && !session.is_interrupted() => {
                Err(Failure::Other(format!("only {} of {count} datagrams came in time", tally.datagrams)))
            }
            _ => Ok(()),
        }
    }
}
