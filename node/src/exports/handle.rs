//! The class `Handle`: the calls of a socket that few sockets need.
//!
//! Outcomes are numbers as Node's own handles give them (0, a size, or a negative number of the system's); where a rule
//! of the socket forbids an operation, its code is returned as text, and `node/lib/common/errors.js` has the class.

use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};

use heliogram::{Interface, SocketType, Sockopt, addr};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::thread_sockets::JsThreadSockets;
use crate::adopted::NamedFd;
use crate::outcome::{EINVAL, OTHER_FAMILY, error_number, number, rule, status};
use crate::socket::WatchedSocket;
use crate::thread_sockets::ThreadSockets;

/// An address as `socket.address()` gives it.
#[napi(object, object_from_js = false)]
pub struct AddressInfo {
    /// The IP address.
    pub address: String,
    /// `IPv4` or `IPv6`.
    pub family: &'static str,
    /// The port.
    pub port: u32,
}

impl From<SocketAddr> for AddressInfo {
    fn from(addr: SocketAddr) -> Self {
        AddressInfo { address: addr::text(&addr), family: addr::family(&addr), port: addr.port().into() }
    }
}

/// One socket, for calls that few sockets need. It is made when the first of them is needed.
#[napi(js_name = "Handle")]
pub struct JsHandle {
    thread: Rc<ThreadSockets>,
    /// Weak, because not every runtime collects this object when the environment ends.
    socket: Weak<WatchedSocket>,
}

#[napi]
impl JsHandle {
    /// The socket of this number; a closed one, if there is none.
    #[napi(constructor, catch_unwind)]
    pub fn new(thread: &JsThreadSockets, number: i32) -> napi::Result<Self> {
        let thread = thread.0.clone();
        let socket = thread.sockets.get(number.cast_unsigned()).map_or_else(Weak::new, |socket| Rc::downgrade(&socket));
        Ok(JsHandle { thread, socket })
    }

    /// Begins a bind whose address is being looked up.
    #[napi(catch_unwind)]
    pub fn begin_bind(&self) -> Option<&'static str> {
        rule(self.socket().udp.begin_bind())
    }

    /// Ends a bind that found no address.
    #[napi(catch_unwind)]
    pub fn abort_bind(&self) {
        // An error says that no bind is under way, so that there is nothing to end.
        let _ = self.socket().udp.abort_bind();
    }

    /// Takes over a descriptor; with `copy`, one more descriptor of the same socket, so that the given one stays its
    /// owner's. `siblings` says that the others who have it are sockets of this package. The outcome is a number, or what the descriptor
    /// is instead of a UDP socket.
    #[napi(catch_unwind)]
    pub fn adopt(&self, descriptor: NamedFd, copy: bool, siblings: bool) -> Either<i32, String> {
        self.socket().adopt(descriptor, copy, siblings)
    }

    /// Begins a connect whose address is being looked up.
    #[napi(catch_unwind)]
    pub fn begin_connect(&self) -> Option<&'static str> {
        rule(self.socket().udp.begin_connect().map(drop))
    }

    /// Ends a connect with the address that was found.
    #[napi(catch_unwind)]
    pub fn finish_connect(&self, address: String, port: u32) -> i32 {
        match self.parse(&address, port) {
            Some(remote) => status(self.socket().udp.finish_connect(remote)),
            None => {
                self.abort_connect();
                EINVAL
            }
        }
    }

    /// Ends a connect that found no address.
    #[napi(catch_unwind)]
    pub fn abort_connect(&self) {
        // An error says that no connect is under way, so that there is nothing to end.
        let _ = self.socket().udp.abort_connect();
    }

    /// Disconnects.
    #[napi(catch_unwind)]
    pub fn disconnect(&self) -> i32 {
        status(self.socket().udp.disconnect())
    }

    /// Whether the socket keeps the loop running.
    #[napi(catch_unwind)]
    pub fn is_referenced(&self) -> bool {
        self.socket().is_referenced()
    }

    /// Queues a datagram without trying to send it; its token, or a negative number of the system's.
    #[napi(catch_unwind)]
    pub fn enqueue(&self, bytes: &[u8], address: Option<String>, port: u32) -> Either<u32, i32> {
        let datagram = heliogram::Datagram::new(bytes);
        let peer = address.map(|address| self.parse(&address, port));
        let datagram = match peer {
            Some(Some(peer)) => datagram.to(peer),
            Some(None) => return Either::B(EINVAL),
            None => datagram,
        };
        let token = self.thread.sockets.token();
        match self.socket().enqueue(&datagram, token) {
            0 => Either::A(token),
            error => Either::B(error),
        }
    }

    /// The local address, or a number.
    #[napi(catch_unwind)]
    pub fn address(&self) -> Either<AddressInfo, i32> {
        address_or_errno(self.socket().udp.local_addr())
    }

    /// The peer's address, or a number.
    #[napi(catch_unwind)]
    pub fn remote_address(&self) -> Either<AddressInfo, i32> {
        address_or_errno(self.socket().udp.peer_addr())
    }

    /// The descriptor, or `EBADF`.
    #[napi(catch_unwind)]
    pub fn descriptor(&self) -> i32 {
        self.socket().descriptor()
    }

    /// One more descriptor of the same kernel socket, for a handle of the host's; its owner closes it.
    #[napi(catch_unwind)]
    pub fn duplicate(&self) -> i32 {
        self.socket().duplicate()
    }

    /// Makes another descriptor one more of the same kernel socket, whatever it was before.
    #[napi(catch_unwind)]
    pub fn duplicate_onto(&self, descriptor: NamedFd) -> i32 {
        self.socket().duplicate_onto(&descriptor)
    }

    /// Sets `SO_REUSEADDR` back to this, after a host that takes over a descriptor has set it.
    #[napi(catch_unwind)]
    pub fn restore_sharing(&self, shared: bool) -> i32 {
        self.socket().restore_sharing(shared)
    }

    /// `SO_BROADCAST`.
    #[napi(catch_unwind)]
    pub fn set_broadcast(&self, on: bool) -> i32 {
        status(self.socket().udp.set_broadcast(on))
    }

    /// The TTL of unicast datagrams.
    #[napi(js_name = "setTTL", catch_unwind)]
    pub fn set_ttl(&self, ttl: i32) -> i32 {
        status(self.socket().udp.set_sockopt_unmapped(Sockopt::TTL, hops(ttl)))
    }

    /// The TTL of multicast datagrams.
    #[napi(js_name = "setMulticastTTL", catch_unwind)]
    pub fn set_multicast_ttl(&self, ttl: i32) -> i32 {
        status(self.socket().udp.set_sockopt_unmapped(Sockopt::MulticastTTL, multicast_hops(ttl)))
    }

    /// `IP_MULTICAST_LOOP`: whether multicast datagrams are delivered to this host too.
    #[napi(catch_unwind)]
    pub fn set_multicast_loopback(&self, on: bool) -> i32 {
        status(self.socket().udp.set_sockopt_unmapped(Sockopt::MulticastLoopback, on.into()))
    }

    /// The interface that multicast leaves by.
    #[napi(catch_unwind)]
    pub fn set_multicast_interface(&self, interface: String) -> i32 {
        let socket = self.socket();
        match (parse_interface(&interface), socket.udp.kernel_family()) {
            (Some(Interface::Index(_)), SocketType::Udp4) if socket.udp.local_addr().is_ok() => OTHER_FAMILY,
            (Some(interface), _) => status(socket.udp.set_multicast_interface(interface)),
            (None, _) => EINVAL,
        }
    }

    /// Joins or leaves a group.
    #[napi(catch_unwind)]
    pub fn membership(&self, join: bool, group: String, interface: Option<String>) -> i32 {
        let Ok(group) = addr::parse(&group, 0) else { return EINVAL };
        let socket = self.socket();
        let udp = &socket.udp;
        on_interface(group.ip(), interface.as_deref(), |group, interface| {
            if join { udp.join_multicast(group, interface) } else { udp.leave_multicast(group, interface) }
        })
    }

    /// Joins or leaves a group's datagrams of one source.
    #[napi(catch_unwind)]
    pub fn source_membership(&self, join: bool, source: String, group: String, interface: Option<String>) -> i32 {
        let (Ok(group), Ok(source)) = (addr::parse(&group, 0), addr::parse(&source, 0)) else { return EINVAL };
        if group.is_ipv4() != source.is_ipv4() {
            return EINVAL;
        }
        let socket = self.socket();
        let (udp, source) = (&socket.udp, source.ip());
        on_interface(group.ip(), interface.as_deref(), |group, interface| {
            if join { udp.join_ssm(source, group, interface) } else { udp.leave_ssm(source, group, interface) }
        })
    }

    /// The size of the kernel's receive or send buffer; a `size` other than 0 is set first.
    #[napi(catch_unwind)]
    pub fn buffer_size(&self, size: u32, receive: bool) -> i32 {
        let socket = self.socket();
        let udp = &socket.udp;
        let set = match (size, receive) {
            (0, _) => Ok(()),
            (size, true) => udp.set_recv_buffer_size(size),
            (size, false) => udp.set_send_buffer_size(size),
        };
        number(set.and_then(|()| if receive { udp.recv_buffer_size() } else { udp.send_buffer_size() }))
    }

    /// How many bytes are queued.
    #[napi(catch_unwind)]
    pub fn send_queue_size(&self) -> i32 {
        number(self.socket().udp.send_queue_size())
    }

    /// How many datagrams are queued.
    #[napi(catch_unwind)]
    pub fn send_queue_count(&self) -> i32 {
        number(self.socket().udp.send_queue_count())
    }

    pub(crate) fn socket(&self) -> Rc<WatchedSocket> {
        self.socket.upgrade().unwrap_or_else(|| Rc::new(WatchedSocket::closed()))
    }

    /// An address of this socket's family; Node refuses the other family before it asks the kernel.
    pub(crate) fn parse(&self, address: &str, port: u32) -> Option<SocketAddr> {
        let address = addr::parse(address, u16::try_from(port).ok()?).ok()?;
        self.socket().udp.socket_type().matches(address.ip()).then_some(address)
    }
}

fn address_or_errno(outcome: heliogram::Result<SocketAddr>) -> Either<AddressInfo, i32> {
    match outcome {
        Ok(address) => Either::A(address.into()),
        Err(error) => Either::B(error_number(&error)),
    }
}

/// A TTL that the crate refuses where the number is negative.
fn hops(ttl: i32) -> u32 {
    u32::try_from(ttl).unwrap_or(u32::MAX)
}

/// The same for multicast: on Windows -1 is the system's default.
fn multicast_hops(ttl: i32) -> u32 {
    if cfg!(windows) && ttl == -1 { 1 } else { hops(ttl) }
}

/// An interface as Node's handles read it: to them an empty zone is one that does not exist.
fn parse_interface(text: &str) -> Option<Interface> {
    let text = text.strip_suffix('%').filter(|address| address.contains(':')).unwrap_or(text);
    Interface::parse(text).ok()
}

/// Makes a membership call with an interface of the group's family: an IPv4 group takes an interface's address, an IPv6
/// group a zone. Anything else is `EINVAL`, but not before the call has bound the socket, as in Node; so the call is made
/// with an interface that does not exist.
fn on_interface(
    group: IpAddr,
    interface: Option<&str>,
    call: impl FnOnce(IpAddr, Interface) -> heliogram::Result<()>,
) -> i32 {
    match (group, interface.map_or(Some(Interface::Default), parse_interface)) {
        (_, Some(interface @ Interface::Default))
        | (IpAddr::V4(_), Some(interface @ Interface::Address(_)))
        | (IpAddr::V6(_), Some(interface @ Interface::Index(_))) => status(call(group, interface)),
        _ => {
            drop(call(group, Interface::Index(i32::MAX.cast_unsigned())));
            EINVAL
        }
    }
}
