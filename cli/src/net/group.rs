//! Multicast groups as people type them: `239.1.1.1`, `239.1.1.1@eth0`, `ff02::1%eth0`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use heliogram::Interface;

use crate::failure::{Failure, Outcome};

/// An interface by its name, number or IPv4 address; `*` is every one.
pub(crate) fn interface(text: &str) -> Outcome<Interface> {
    text.parse().map_err(Failure::about(text))
}

/// A multicast group, on one interface or the one that the system chooses.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) ip: IpAddr,
    interface: Option<String>,
}

impl Group {
    pub(crate) fn interface(&self) -> Outcome<Interface> {
        self.interface.as_deref().map_or(Ok(Interface::Default), interface)
    }
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (ip, interface) = text.split_once(['@', '%']).map_or((text, None), |(ip, name)| (ip, Some(name)));
        let ip: IpAddr = ip.parse().map_err(|_| format!("{ip:?} is not an IP address"))?;
        if !ip.is_multicast() {
            return Err(format!("{ip} is not a multicast address (224.0.0.0/4, ff00::/8)"));
        }
        Ok(Group { ip, interface: interface.map(Into::into) })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{}@{interface}", self.ip),
            None => self.ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        let group: Group = "ff02::1%eth0".parse().unwrap();
        assert_eq!(group.to_string(), "ff02::1@eth0");
        assert_eq!("239.1.1.1".parse::<Group>().unwrap().interface().unwrap(), Interface::Default);
        assert!("10.0.0.1".parse::<Group>().is_err() && "x@lo".parse::<Group>().is_err());
    }
}
