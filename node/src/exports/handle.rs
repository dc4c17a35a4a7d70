//! The two classes that `node/lib` sees.
//!
//! Outcomes are numbers as Node's own handles give them (0, a size, or a negative number of the system's); where a rule
//! of the socket forbids an operation, its code is returned as text, and `node/lib/common/errors.js` has the class.

use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};

use heliogram::{Interface, SocketType, addr};
use napi::bindgen_prelude::{Either, JsObjectValue, Object};
use napi::{Env, JsValue, Unknown};
use napi_derive::napi;

use crate::exports::fast_calls::calls;
use crate::ffi::{Host, Parts};
use crate::outcome::{EINVAL, ENOPROTOOPT, error_number, number, rule, status};
use crate::socket::Endpoint;
use crate::thread_sockets::Environment;

/// The sockets of this thread, and the memory that they share with JavaScript.
#[napi(js_name = "Environment")]
pub struct JsEnvironment(pub(crate) Rc<Environment>);

#[napi]
impl JsEnvironment {
    /// `parts` has five functions and four arrays, which nobody else may have: `deliver(socket, count)`,
    /// `settle(token, outcome)`, `ready(local socket, what)`, `turnOver(isNeeded)`, which calls `turned` when the
    /// loop has turned, and `flush()`, which sends what has been gathered; `received`, where received bytes go, and
    /// `receivedTable`; `sent`, where sent bytes come from, and `sentTable`. `host` is `node`, `deno` or `bun`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, parts: Object, host: String) -> napi::Result<Self> {
        let part = |name| parts.get_named_property::<Unknown>(name).map(|part| part.raw());
        let parts = Parts {
            deliver: part("deliver")?,
            settle: part("settle")?,
            ready: part("ready")?,
            turn_over: part("turnOver")?,
            flush: part("flush")?,
            received: part("received")?,
            received_table: part("receivedTable")?,
            sent: part("sent")?,
            sent_table: part("sentTable")?,
        };
        let host = match host.as_str() {
            "deno" => Host::Deno,
            "bun" => Host::Bun,
            _ => Host::Node,
        };
        Environment::new(env.raw(), host, &parts).map(JsEnvironment)
    }

    /// The number of a destination for the table of sends; `EINVAL` for what is no address, and -1 where there is no
    /// more room for addresses.
    #[napi(catch_unwind)]
    pub fn destination(&self, address: String) -> i32 {
        match addr::parse(&address, 0) {
            Ok(address) => self.0.destinations.borrow_mut().add(address).map_or(-1, u32::cast_signed),
            Err(_) => EINVAL,
        }
    }

    /// Forgets all destinations.
    #[napi(catch_unwind)]
    pub fn forget_destinations(&self) {
        self.0.destinations.borrow_mut().clear();
    }

    /// Makes what was thrown an uncaught exception, as if the loop had called what threw it.
    #[napi(catch_unwind)]
    pub fn raise(&self, thrown: Unknown) {
        self.0.raise(thrown.raw());
    }

    /// The functions that are called so often that they are spared all conversions (`calls.rs`).
    #[napi(catch_unwind)]
    pub fn calls<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        calls(&self.0, env)
    }

    /// The tokens of the sends that will never leave, because their sockets have been closed.
    #[napi(catch_unwind)]
    pub fn lost(&self) -> Vec<u32> {
        self.0.lost()
    }
}

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

/// What is rarely asked of a socket, with all conversions: made for a socket that is asked so.
#[napi(js_name = "Handle")]
pub struct JsHandle {
    environment: Rc<Environment>,
    /// The environment has the endpoint while it is open, and drops it at its end: not every runtime collects this then.
    endpoint: Weak<Endpoint>,
}

#[napi]
impl JsHandle {
    /// The socket of this number; of none, one that is closed.
    #[napi(constructor, catch_unwind)]
    pub fn new(environment: &JsEnvironment, number: i32) -> napi::Result<Self> {
        let environment = environment.0.clone();
        let endpoint =
            environment.endpoint(number.cast_unsigned()).map_or_else(Weak::new, |known| Rc::downgrade(&known));
        Ok(JsHandle { environment, endpoint })
    }

    /// Begins a bind whose address is being looked up.
    #[napi(catch_unwind)]
    pub fn begin_bind(&self) -> Option<&'static str> {
        rule(self.endpoint().socket.begin_bind())
    }

    /// Ends a bind that found no address.
    #[napi(catch_unwind)]
    pub fn abandon_bind(&self) {
        // Without a bind under way there is nothing to abandon, which is what is asked for.
        let _ = self.endpoint().socket.abandon_bind();
    }

    /// Takes over a descriptor; with `copy`, one more descriptor of the same socket, so that the given one stays its
    /// owner's. The outcome is a number, or what the descriptor is instead of a UDP socket.
    #[napi(catch_unwind)]
    pub fn adopt(&self, descriptor: i32, copy: bool) -> Either<i32, String> {
        self.endpoint().adopt(descriptor, copy)
    }

    /// Begins a connect whose address is being looked up.
    #[napi(catch_unwind)]
    pub fn begin_connect(&self) -> Option<&'static str> {
        rule(self.endpoint().socket.begin_connect().map(drop))
    }

    /// Ends a connect with the address that was found.
    #[napi(catch_unwind)]
    pub fn finish_connect(&self, address: String, port: u32) -> i32 {
        match self.parse(&address, port) {
            Some(remote) => status(self.endpoint().socket.finish_connect(remote)),
            None => {
                self.abandon_connect();
                EINVAL
            }
        }
    }

    /// Ends a connect that found no address.
    #[napi(catch_unwind)]
    pub fn abandon_connect(&self) {
        // Without a connect under way there is nothing to abandon, which is what is asked for.
        let _ = self.endpoint().socket.abandon_connect();
    }

    /// Lets the peer go.
    #[napi(catch_unwind)]
    pub fn disconnect(&self) -> i32 {
        status(self.endpoint().socket.disconnect())
    }

    /// Whether the loop goes on for this socket's sake.
    #[napi(catch_unwind)]
    pub fn is_referenced(&self) -> bool {
        self.endpoint().is_referenced()
    }

    /// Lets a datagram wait without asking the kernel; the token under which it waits.
    #[napi(catch_unwind)]
    pub fn enqueue(&self, bytes: &[u8], address: Option<String>, port: u32) -> Either<u32, i32> {
        let datagram = heliogram::Datagram::new(bytes);
        let peer = address.map(|address| self.parse(&address, port));
        let datagram = match peer {
            Some(Some(peer)) => datagram.to(peer),
            Some(None) => return Either::B(EINVAL),
            None => datagram,
        };
        let token = self.environment.token();
        self.endpoint().enqueue(&datagram, token);
        Either::A(token)
    }

    /// The local address, or a number.
    #[napi(catch_unwind)]
    pub fn address(&self) -> Either<AddressInfo, i32> {
        told(self.endpoint().socket.local_addr())
    }

    /// The peer's address, or a number.
    #[napi(catch_unwind)]
    pub fn remote_address(&self) -> Either<AddressInfo, i32> {
        told(self.endpoint().socket.peer_addr())
    }

    /// The descriptor, or `EBADF`.
    #[napi(catch_unwind)]
    pub fn descriptor(&self) -> i32 {
        self.endpoint().descriptor()
    }

    /// One more descriptor of the same kernel socket, for a handle of the host's; its owner closes it.
    #[napi(catch_unwind)]
    pub fn duplicate(&self) -> i32 {
        self.endpoint().duplicate()
    }

    /// Makes another descriptor one more of the same kernel socket, whatever it was before.
    #[napi(catch_unwind)]
    pub fn duplicate_onto(&self, descriptor: i32) -> i32 {
        self.endpoint().duplicate_onto(descriptor)
    }

    /// Undoes what the host does to a descriptor that it takes over: it makes the address one that others may share.
    #[napi(catch_unwind)]
    pub fn restore_sharing(&self, shared: bool) -> i32 {
        self.endpoint().restore_sharing(shared)
    }

    /// `SO_BROADCAST`.
    #[napi(catch_unwind)]
    pub fn set_broadcast(&self, on: bool) -> i32 {
        status(self.endpoint().socket.set_broadcast(on))
    }

    /// The TTL of unicast datagrams.
    #[napi(js_name = "setTTL", catch_unwind)]
    pub fn set_ttl(&self, ttl: i32) -> i32 {
        status(self.endpoint().socket.set_ttl(hops(ttl)))
    }

    /// The TTL of multicast datagrams.
    #[napi(js_name = "setMulticastTTL", catch_unwind)]
    pub fn set_multicast_ttl(&self, ttl: i32) -> i32 {
        status(self.endpoint().socket.set_multicast_ttl(hops(ttl)))
    }

    /// Whether multicast comes back to this host.
    #[napi(catch_unwind)]
    pub fn set_multicast_loopback(&self, on: bool) -> i32 {
        status(self.endpoint().socket.set_multicast_loop(on))
    }

    /// The interface that multicast leaves by.
    #[napi(catch_unwind)]
    pub fn set_multicast_interface(&self, interface: String) -> i32 {
        let endpoint = self.endpoint();
        match (parse_interface(&interface), endpoint.socket.socket_type()) {
            (Some(Interface::Index(_)), SocketType::Udp4) if endpoint.descriptor() >= 0 => ENOPROTOOPT,
            (Some(interface), _) => status(endpoint.socket.set_multicast_interface(interface)),
            (None, _) => EINVAL,
        }
    }

    /// Joins or leaves a group.
    #[napi(catch_unwind)]
    pub fn membership(&self, join: bool, group: String, interface: Option<String>) -> i32 {
        let Ok(group) = addr::parse(&group, 0) else { return EINVAL };
        let endpoint = self.endpoint();
        let socket = &endpoint.socket;
        on_interface(group.ip(), interface.as_deref(), |group, interface| {
            if join { socket.join_multicast(group, interface) } else { socket.leave_multicast(group, interface) }
        })
    }

    /// Joins or leaves a group's datagrams of one source.
    #[napi(catch_unwind)]
    pub fn source_membership(&self, join: bool, source: String, group: String, interface: Option<String>) -> i32 {
        let (Ok(group), Ok(source)) = (addr::parse(&group, 0), addr::parse(&source, 0)) else { return EINVAL };
        if group.is_ipv4() != source.is_ipv4() {
            return EINVAL;
        }
        let endpoint = self.endpoint();
        let (socket, source) = (&endpoint.socket, source.ip());
        on_interface(group.ip(), interface.as_deref(), |group, interface| {
            if join { socket.join_ssm(source, group, interface) } else { socket.leave_ssm(source, group, interface) }
        })
    }

    /// The size of the kernel's receive or send buffer; a `size` other than 0 is set first.
    #[napi(catch_unwind)]
    pub fn buffer_size(&self, size: u32, receive: bool) -> i32 {
        let endpoint = self.endpoint();
        let socket = &endpoint.socket;
        let set = match (size, receive) {
            (0, _) => Ok(()),
            (size, true) => socket.set_recv_buffer_size(size),
            (size, false) => socket.set_send_buffer_size(size),
        };
        number(set.and_then(|()| if receive { socket.recv_buffer_size() } else { socket.send_buffer_size() }))
    }

    /// How many bytes wait to be sent.
    #[napi(catch_unwind)]
    pub fn send_queue_size(&self) -> i32 {
        number(self.endpoint().socket.send_queue_size())
    }

    /// How many datagrams wait to be sent.
    #[napi(catch_unwind)]
    pub fn send_queue_count(&self) -> i32 {
        number(self.endpoint().socket.send_queue_count())
    }

    pub(crate) fn endpoint(&self) -> Rc<Endpoint> {
        self.endpoint.upgrade().unwrap_or_else(|| Rc::new(Endpoint::closed()))
    }

    /// An address of this socket's family; Node refuses the other family before it asks the kernel.
    pub(crate) fn parse(&self, address: &str, port: u32) -> Option<SocketAddr> {
        let address = addr::parse(address, u16::try_from(port).ok()?).ok()?;
        self.endpoint().socket.socket_type().matches(address.ip()).then_some(address)
    }
}

fn told(outcome: heliogram::Result<SocketAddr>) -> Either<AddressInfo, i32> {
    match outcome {
        Ok(address) => Either::A(address.into()),
        Err(error) => Either::B(error_number(&error)),
    }
}

/// A TTL that the crate refuses where the number is negative.
fn hops(ttl: i32) -> u32 {
    u32::try_from(ttl).unwrap_or(u32::MAX)
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
