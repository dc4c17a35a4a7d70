//! Addresses as people type them: `9`, `127.0.0.1:9`, `[fe80::1%eth0]:9`, `host:9`, `unix:/run/log`.
//!
//! The form is checked when the arguments are read; names and interfaces are looked up when the command runs.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use heliogram::{Interface, SocketType};

use super::group;
use crate::failure::{Failure, Outcome};

/// Where a socket is, or its peer.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// A host, or without one every interface of this machine, and a port.
    Network { host: Option<String>, port: u16 },
    /// A Unix datagram socket, by its path or behind an `@` its abstract name.
    Unix(String),
}

/// `HOST:PORT` of a peer.
pub(crate) fn peer(text: &str) -> Result<Endpoint, String> {
    match local(text)? {
        Endpoint::Network { host: None, .. } => Err("the host is missing: HOST:PORT".into()),
        Endpoint::Network { port: 0, .. } => Err("a peer's port is 1 to 65535".into()),
        endpoint => Ok(endpoint),
    }
}

/// `[ADDRESS:]PORT` of a socket here, or `unix:PATH`.
pub(crate) fn local(text: &str) -> Result<Endpoint, String> {
    match text.strip_prefix("unix:") {
        Some("" | "@") => return Err("a Unix socket has a path, unix:/run/own, or a name, unix:@own".into()),
        Some(path) => return Ok(Endpoint::Unix(path.into())),
        None => {}
    }
    let (host, port) = split(text)?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if host.is_none() && !is_number(port) {
        return Err(format!("{text:?} has no port: 41234, localhost:41234, [::1]:41234"));
    }
    let port = port.parse().map_err(|_| format!("{port:?} is not a valid port (0 to 65535)"))?;
    Ok(Endpoint::Network { host: host.filter(|host| !host.is_empty()).map(Into::into), port })
}

fn split(text: &str) -> Result<(Option<&str>, &str), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once("]:").ok_or("an address in brackets needs a port: [::1]:9")?;
        return Ok((Some(host), port));
    }
    match text.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Err("write IPv6 addresses in brackets: [::1]:9".into()),
        Some((host, port)) => Ok((Some(host), port)),
        None => Ok((None, text)),
    }
}

impl Endpoint {
    /// The socket address, of this family if one is asked for.
    pub(crate) async fn resolve(&self, family: Option<SocketType>) -> Outcome<SocketAddr> {
        let (host, port) = match self {
            Endpoint::Network { host: Some(host), port } => (host, *port),
            Endpoint::Network { host: None, port } => {
                return Ok(SocketAddr::new(family.unwrap_or(SocketType::Udp4).unspecified(), *port));
            }
            Endpoint::Unix(path) => {
                return Err(Failure::Usage(format!("unix:{path}: only listen and send take Unix sockets")));
            }
        };
        let suits = |addr: &SocketAddr| family.is_none_or(|family| family.matches(addr.ip()));
        match literal(host, port)? {
            Some(addr) if suits(&addr) => Ok(addr),
            Some(_) => Err(Failure::Usage(format!("{host} is not of the address family that was asked for"))),
            None => {
                let suited = look_up(host, port).await?.into_iter().find(suits);
                suited.ok_or_else(|| Failure::Other(format!("getaddrinfo {host}: no address of the family asked for")))
            }
        }
    }

    /// Whether it is for the system, or a flag, to choose the family.
    pub(crate) const fn is_any(&self) -> bool {
        matches!(self, Endpoint::Network { host: None, .. })
    }

    /// The port; 0 of a Unix socket.
    pub(crate) const fn port(&self) -> u16 {
        match self {
            Endpoint::Network { port, .. } => *port,
            Endpoint::Unix(_) => 0,
        }
    }

    /// The path or name, if it is a Unix socket.
    #[cfg(unix)]
    pub(crate) fn as_unix(&self) -> Option<&str> {
        match self {
            Endpoint::Unix(path) => Some(path),
            Endpoint::Network { .. } => None,
        }
    }
}

/// An address that needs no look-up; an IPv6 zone must be an interface that exists.
fn literal(host: &str, port: u16) -> Outcome<Option<SocketAddr>> {
    let (ip, zone) = host.split_once('%').map_or((host, None), |(ip, zone)| (ip, Some(zone)));
    Ok(match (ip.parse(), zone) {
        (Ok(IpAddr::V6(ip)), Some(zone)) => Some(SocketAddrV6::new(ip, port, 0, index(zone)?).into()),
        (Ok(ip), None) => Some(SocketAddr::new(ip, port)),
        _ => None,
    })
}

fn index(zone: &str) -> Outcome<u32> {
    match group::interface(zone)? {
        Interface::Index(index) => Ok(index),
        _ => Err(Failure::Usage(format!("{zone:?} is not a zone: that is an interface's name or number"))),
    }
}

async fn look_up(host: &str, port: u16) -> Outcome<Vec<SocketAddr>> {
    match tokio::net::lookup_host((host, port)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(Failure::Other(format!("getaddrinfo {host}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_endpoint() {
        for (given, host, port) in [
            ("9", None, 9),
            (":9", None, 9),
            ("127.0.0.1:9", Some("127.0.0.1"), 9),
            ("[::1]:9", Some("::1"), 9),
            ("[fe80::1%eth0]:9", Some("fe80::1%eth0"), 9),
            ("localhost:0", Some("localhost"), 0),
        ] {
            let Endpoint::Network { host: found, port: number } = local(given).unwrap() else { panic!("{given}") };
            assert_eq!((found.as_deref(), number), (host, port), "{given}");
        }
    }

    #[test]
    fn what_is_no_endpoint() {
        for given in ["", "x", "host:", "host:65536", "::1", "::1:9", "[::1]", "[::1]9", "1:2:3"] {
            assert!(local(given).is_err(), "{given}");
        }
        assert!(peer("9").is_err() && peer("host:0").is_err() && peer("host:1").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn unix_sockets() {
        assert_eq!(peer("unix:/run/log").unwrap().as_unix(), Some("/run/log"));
        assert_eq!(local("unix:@name:1").unwrap().as_unix(), Some("@name:1"));
        assert_eq!(local("unixhost:9").unwrap().as_unix(), None);
    }
}
