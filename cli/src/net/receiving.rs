//! A socket that waits for peers, and its flags.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use heliogram::{Interface, Socket, SocketOptions, SocketType, TokioSocket};
#[cfg(unix)]
use heliogram::{SocketAddrUnix, TokioUnixDatagram, UnixDatagramOptions};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::net::endpoint::{self, Endpoint};
use crate::net::group::Group;
use crate::net::socket_flags::SocketFlags;
#[cfg(unix)]
use crate::net::socket_flags::refuse;
use crate::report::output;
use crate::session::Session;

/// A socket that waits for peers.
#[derive(Args)]
pub(crate) struct Receiving {
    /// Where to listen: 41234 (every address, IPv4 and IPv6), 127.0.0.1:41234 or [::1]:41234; port 0 is any free one
    #[arg(value_name = "[ADDRESS:]PORT", value_parser = endpoint::local)]
    local: Endpoint,

    #[command(flatten)]
    membership: Membership,

    #[command(flatten)]
    flags: SocketFlags,
}

#[derive(Args)]
#[command(next_help_heading = "Multicast")]
struct Membership {
    /// Join a multicast group, on an interface by name, number or IPv4 address, or with * on all; may be repeated
    #[arg(long, value_name = "GROUP[@IFACE]")]
    join: Vec<Group>,

    /// Of the groups, take this sender's datagrams alone (source-specific multicast); may be repeated
    #[arg(long, value_name = "ADDRESS", requires = "join")]
    source: Vec<IpAddr>,

    /// Receive from the groups joined here alone, not from those that other programs of this host have joined
    #[arg(long, requires = "join")]
    only_joined: bool,
}

impl Receiving {
    /// The socket, bound and a member of its groups. With `gro` the kernel may hand over datagrams joined.
    pub(crate) async fn open(&self, gro: bool, session: &Session) -> Outcome<TokioSocket> {
        let family = self.family();
        let socket = match family {
            None if self.local.is_any() => self.bind_both(gro)?,
            _ => {
                let local = session.or(self.local.resolve(family)).await.ok_or(Failure::Interrupted)??;
                self.bind(local, gro)?
            }
        };
        self.membership.join(&socket, session)?;
        Ok(TokioSocket::from_socket(socket)?)
    }

    /// The Unix socket, bound, if it is one that is asked for; a path that nobody has open any longer is taken over.
    /// `flags` are the command's own that do not apply to it.
    #[cfg(unix)]
    pub(crate) fn open_unix(&self, flags: &[(bool, &str)]) -> Outcome<Option<TokioUnixDatagram>> {
        let Some(path) = self.local.as_unix() else { return Ok(None) };
        refuse(flags)?;
        refuse(&[(!self.membership.join.is_empty(), "--join")])?;
        let socket = self.flags.unix_datagram(UnixDatagramOptions::new().replace_stale(true))?;
        socket.bind(&SocketAddrUnix::parse(path)?)?;
        Ok(Some(socket))
    }

    /// A socket for both families, or for IPv4 where the host has no IPv6.
    fn bind_both(&self, gro: bool) -> Outcome<Socket> {
        let port = self.local.port();
        let any = |family: SocketType| SocketAddr::new(family.unspecified(), port);
        match self.bind(any(SocketType::Udp6), gro) {
            Err(Failure::Socket(error, _)) if matches!(error.code(), "EAFNOSUPPORT" | "EADDRNOTAVAIL") => {
                self.bind(any(SocketType::Udp4), gro)
            }
            outcome => outcome,
        }
    }

    fn bind(&self, local: SocketAddr, gro: bool) -> Outcome<Socket> {
        let options: SocketOptions = self.flags.options(SocketType::of(local.ip())).gro(gro);
        let options = if self.membership.join.is_empty() { options } else { options.reuse_addr(true) };
        let socket = Socket::new(&options)?;
        let about = |error| Failure::Socket(error, self.flags.device.clone());
        socket.bind(Some(local)).map_err(|error| if error.code() == "ENODEV" { about(error) } else { error.into() })?;
        Ok(socket)
    }

    /// The family asked for; where no address says it, the groups do.
    fn family(&self) -> Option<SocketType> {
        let groups =
            || self.membership.join.first().filter(|_| self.local.is_any()).map(|group| SocketType::of(group.ip));
        self.flags.family().or_else(groups)
    }
}

impl Membership {
    fn join(&self, socket: &Socket, session: &Session) -> Outcome {
        if self.only_joined {
            socket.set_multicast_all(false)?;
        }
        self.join.iter().try_for_each(|group| self.join_group(socket, group, session))
    }

    fn join_group(&self, socket: &Socket, group: &Group, session: &Session) -> Outcome {
        if let Some(ip) = self.of_other_family(socket, group) {
            return Err(Failure::Usage(format!("{ip} is not of the socket's family, {}", socket.socket_type())));
        }
        let interface = group.interface()?;
        let all = interface == Interface::All;
        if self.source.is_empty() {
            let join = |interface| socket.join_multicast(group.ip, interface);
            return if all {
                on_all(group, None, join, session)
            } else {
                join(interface).map_err(Failure::about(group))
            };
        }
        self.source.iter().try_for_each(|&source| {
            let join = |interface| socket.join_ssm(source, group.ip, interface);
            let about = || Failure::about(format!("{group} from {source}"));
            if all { on_all(group, Some(source), join, session) } else { join(interface).map_err(about()) }
        })
    }

    fn of_other_family(&self, socket: &Socket, group: &Group) -> Option<IpAddr> {
        self.source.iter().copied().chain([group.ip]).find(|&ip| !socket.socket_type().matches(ip))
    }
}

/// Joins on every interface, and says which these are. If any fails, so does the command: it would miss what others hear.
fn on_all(
    group: &Group,
    source: Option<IpAddr>,
    join: impl Fn(Interface) -> heliogram::Result<()>,
    session: &Session,
) -> Outcome {
    let (mut joined, mut failed) = (Vec::new(), Vec::new());
    for name in heliogram::multicast_interfaces()? {
        match name.parse().and_then(&join) {
            Err(error) if error.code() != "EADDRINUSE" => failed.push(format!("{name} ({})", error.code())),
            _ => joined.push(name),
        }
    }
    let list = |names: &[String]| if names.is_empty() { "no interface".into() } else { names.join(", ") };
    let from = source.map_or_else(String::new, |source| format!(" from {source}"));
    let text = format!("joined {}{from} on {}", group.ip, list(&joined));
    if failed.is_empty() && !joined.is_empty() {
        let event = || json!({ "group": group.ip, "source": source, "interfaces": joined });
        return session.note(&text, || output::event("joined", event()));
    }
    Err(Failure::Other(format!("{text}; not on {}", list(&failed))))
}
