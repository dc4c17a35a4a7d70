//! What Node's socket does not have: more socket options, groups by the interface's name or number, and
//! what the socket has done so far.

use std::net::IpAddr;

use heliogram::{Sockopt, Stats, Steering, addr};
use napi::bindgen_prelude::{BufferSlice, Either};
use napi_derive::napi;

use super::handle::JsHandle;
use crate::outcome::{EINVAL, error_number, number, status};

/// [`heliogram::Stats`] in numbers of JavaScript's.
#[napi(object, object_from_js = false)]
pub struct SocketStats {
    /// Datagrams received.
    pub datagrams_in: f64,
    /// Their bytes.
    pub bytes_in: f64,
    /// System calls that brought some.
    pub batches_in: f64,
    /// GRO packets received.
    pub gro_packets_in: f64,
    /// Receives that found no datagram.
    pub would_block_in: f64,
    /// Datagrams sent.
    pub datagrams_out: f64,
    /// Their bytes.
    pub bytes_out: f64,
    /// System calls that took some.
    pub batches_out: f64,
    /// GSO batches sent.
    pub gso_batches_out: f64,
    /// Sends that found the kernel's buffer full.
    pub would_block_out: f64,
    /// GSO batches that the kernel refused, whose datagrams were sent one by one.
    pub gso_refusals: f64,
    /// Datagrams that the kernel dropped, if it counts them.
    pub dropped: Option<u32>,
    /// The most bytes that were queued at a time.
    pub queue_size_peak: f64,
    /// The most datagrams that were queued at a time.
    pub queue_count_peak: f64,
}

impl From<Stats> for SocketStats {
    fn from(stats: Stats) -> Self {
        SocketStats {
            datagrams_in: stats.datagrams_in as f64,
            bytes_in: stats.bytes_in as f64,
            batches_in: stats.batches_in as f64,
            gro_packets_in: stats.gro_packets_in as f64,
            would_block_in: stats.would_block_in as f64,
            datagrams_out: stats.datagrams_out as f64,
            bytes_out: stats.bytes_out as f64,
            batches_out: stats.batches_out as f64,
            gso_batches_out: stats.gso_batches_out as f64,
            would_block_out: stats.would_block_out as f64,
            gso_refusals: stats.gso_refusals as f64,
            dropped: stats.dropped_packets,
            queue_size_peak: stats.queue_size_peak as f64,
            queue_count_peak: stats.queue_count_peak as f64,
        }
    }
}

#[napi]
impl JsHandle {
    /// Reads the socket option of this row of the library's table (`SOCKOPTS` in `layout.js`); a boolean as 0 or 1.
    #[napi(catch_unwind)]
    pub fn get_sockopt(&self, row: u32) -> f64 {
        let value = sockopt(row).map(|option| self.socket().udp.sockopt(option));
        value.map_or(EINVAL.into(), |value| value.map_or_else(|error| error_number(&error).into(), f64::from))
    }

    /// Sets it.
    #[napi(catch_unwind)]
    pub fn set_sockopt(&self, row: u32, value: u32) -> i32 {
        sockopt(row).map_or(EINVAL, |option| status(self.socket().udp.set_sockopt(option, value)))
    }

    /// Reads an option by the system's own numbers into `value`; its size, a negative number of the system's, or the code of the
    /// rule that forbids it.
    #[napi(catch_unwind)]
    pub fn get_option(&self, level: i32, name: i32, mut value: BufferSlice) -> Either<i32, &'static str> {
        outcome(self.socket().udp.getsockopt(level, name, &mut value))
    }

    /// Sets it.
    #[napi(catch_unwind)]
    pub fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Either<i32, &'static str> {
        outcome(self.socket().udp.setsockopt(level, name, value).map(|()| 0))
    }

    /// Whether what is sent may be fragmented.
    #[napi(catch_unwind)]
    pub fn set_dont_fragment(&self, on: bool) -> i32 {
        status(self.socket().udp.set_dont_fragment(on))
    }

    /// The MTU of the path to the peer.
    #[napi(js_name = "getMTU", catch_unwind)]
    pub fn mtu(&self) -> i32 {
        number(self.socket().udp.mtu())
    }

    /// Keeps the socket to the interface of this name; without one, to none.
    #[napi(catch_unwind)]
    pub fn bind_to_device(&self, name: Option<String>) -> i32 {
        status(self.socket().udp.bind_device(name.as_deref().map(str::as_bytes)))
    }

    /// The interface that multicast leaves by.
    #[napi(catch_unwind)]
    pub fn set_group_interface(&self, interface: String) -> i32 {
        status(interface.parse().and_then(|interface| self.socket().udp.set_multicast_interface(interface)))
    }

    /// The names of the interfaces that are up and can multicast; a number where the system does not list them.
    #[napi(catch_unwind)]
    pub fn multicast_interfaces(&self) -> Either<Vec<String>, i32> {
        match heliogram::multicast_interfaces() {
            Ok(names) => Either::A(names),
            Err(error) => Either::B(error_number(&error)),
        }
    }

    /// Ends a bind because a send or connect needs it; a socket that has joined a group keeps its port.
    #[napi(catch_unwind)]
    pub fn finish_implicit_bind(&self) -> i32 {
        status(self.socket().udp.finish_implicit_bind())
    }

    /// Joins or leaves a group, or what one source sends to it.
    #[napi(catch_unwind)]
    pub fn group(&self, join: bool, group: String, source: Option<String>, interface: String) -> i32 {
        let socket = self.socket();
        let udp = &socket.udp;
        let interface = match interface.parse() {
            Ok(interface) => interface,
            Err(error) => return error_number(&error),
        };
        let Some(group) = ip(&group) else { return EINVAL };
        status(match (join, source.as_deref().map(ip)) {
            (_, Some(None)) => return EINVAL,
            (true, None) => udp.join_multicast(group, interface),
            (false, None) => udp.leave_multicast(group, interface),
            (true, Some(Some(source))) => udp.join_ssm(source, group, interface),
            (false, Some(Some(source))) => udp.leave_ssm(source, group, interface),
        })
    }

    /// Which of the `sockets` that share the port gets a datagram: by the processor (`cpu`), by the message's byte at
    /// `offset` (`byte`), else by the flow.
    #[napi(catch_unwind)]
    pub fn steer(&self, by: String, sockets: u32, offset: u32) -> i32 {
        status(self.socket().udp.set_reuse_port_steering(match by.as_str() {
            "cpu" => Steering::Cpu { sockets },
            "byte" => Steering::Byte { offset, sockets },
            _ => Steering::Flow,
        }))
    }

    /// What the socket has done so far.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> SocketStats {
        self.socket().udp.stats().into()
    }
}

/// A size or a number; the code of a rule that has no number of the system's.
fn outcome(outcome: heliogram::Result<usize>) -> Either<i32, &'static str> {
    match outcome {
        Err(error) if error.errno().is_none() => Either::B(error.code()),
        other => Either::A(number(other)),
    }
}

pub(super) fn sockopt(row: u32) -> Option<Sockopt> {
    Sockopt::ALL.get(usize::try_from(row).ok()?).copied()
}

pub(crate) fn ip(text: &str) -> Option<IpAddr> {
    addr::parse(text, 0).ok().map(|address| address.ip())
}
