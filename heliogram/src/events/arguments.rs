//! The forms that addresses and messages may have in calls: text or not, one buffer or many.

use std::borrow::Cow;
use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr};

use crate::addr;
use crate::batch::{RecvInfo, RemoteInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::sys;
use crate::types::family::SocketType;
use crate::types::send_options::SendOptions;

/// Where a datagram goes, or whom a socket connects to.
///
/// | from | means |
/// | --- | --- |
/// | `()` | the connected peer |
/// | `u16` | that port of this host: `127.0.0.1` or `::1` |
/// | `(&str, u16)` | a host name or an IP address as text (`fe80::1%eth0` too), and a port; an empty text is this host |
/// | `(IpAddr, u16)`, [`SocketAddr`], [`RemoteInfo`], [`RecvInfo`] | that address |
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a>(To<'a>);

#[derive(Clone, Copy, Debug)]
enum To<'a> {
    Peer,
    Port(u16),
    Address(SocketAddr),
    Text(&'a str, u16),
}

/// What a socket is bound to.
///
/// | from | means |
/// | --- | --- |
/// | `()` | all interfaces and a free port |
/// | `u16` | all interfaces and that port; 0 asks for a free one |
/// | `(&str, u16)` | a host name or an IP address as text, and a port; an empty text is all interfaces |
/// | `(IpAddr, u16)`, [`SocketAddr`] | that address |
/// | [`Descriptor`](crate::OwnedDescriptor) | a UDP socket that exists already: Node's `bind({ fd })` |
#[derive(Debug)]
pub struct BindOptions<'a>(Local<'a>);

#[derive(Debug)]
enum Local<'a> {
    Port(u16),
    Address(SocketAddr),
    Text(&'a str, u16),
    Descriptor(sys::OwnedDescriptor),
}

/// A message: one buffer, text, or many buffers that make one datagram; and [what it takes along](Payload::with).
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    buffers: Buffers<'a>,
    pub(super) options: Option<SendOptions>,
}

#[derive(Clone, Copy, Debug)]
enum Buffers<'a> {
    One(&'a [u8]),
    Many(&'a [IoSlice<'a>]),
}

/// A destination once its form is understood.
#[derive(Debug)]
pub(super) enum Target {
    Peer,
    Address(SocketAddr),
    Host(Box<str>, u16),
}

/// What to bind, once its form is understood.
pub(super) enum Binding {
    Address(SocketAddr),
    Host(Box<str>, u16),
    Descriptor(sys::OwnedDescriptor),
}

impl Destination<'_> {
    /// Understands the form, for a socket of this family.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BAD_PORT` for port 0.
    pub(super) fn target(self, family: SocketType) -> Result<Target> {
        let target = match self.0 {
            To::Peer => return Ok(Target::Peer),
            To::Port(port) | To::Text("", port) => Target::Address(SocketAddr::new(family.localhost(), port)),
            To::Address(address) => Target::Address(address),
            To::Text(text, port) => match addr::parse(text, port) {
                Ok(address) => Target::Address(address),
                Err(_) => Target::Host(text.into(), port),
            },
        };
        match target {
            Target::Host(_, 0) => Err(Error::rule(ErrorKind::BadPort)),
            Target::Address(address) if address.port() == 0 => Err(Error::rule(ErrorKind::BadPort)),
            target => Ok(target),
        }
    }
}

impl BindOptions<'_> {
    /// Understands the form, for a socket of this family.
    pub(super) fn binding(self, family: SocketType) -> Binding {
        match self.0 {
            Local::Port(port) | Local::Text("", port) => Binding::Address(SocketAddr::new(family.unspecified(), port)),
            Local::Address(address) => Binding::Address(address),
            Local::Text(text, port) => match addr::parse(text, port) {
                Ok(address) => Binding::Address(address),
                Err(_) => Binding::Host(text.into(), port),
            },
            Local::Descriptor(descriptor) => Binding::Descriptor(descriptor),
        }
    }
}

impl<'a> Payload<'a> {
    /// The same message with these options: `socket.send(Payload::from("hello").with(&options), peer)`.
    #[must_use]
    pub const fn with(mut self, options: &SendOptions) -> Self {
        self.options = Some(*options);
        self
    }

    const fn of(buffers: Buffers<'a>) -> Self {
        Payload { buffers, options: None }
    }

    /// These bytes, with the options that they were given at first.
    pub(super) const fn again(bytes: &'a [u8], options: Option<SendOptions>) -> Self {
        Payload { buffers: Buffers::One(bytes), options }
    }

    /// Calls with the buffers, which need no memory of their own.
    pub(super) fn with_slices<T>(self, call: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
        match self.buffers {
            Buffers::One(bytes) => call(&[IoSlice::new(bytes)]),
            Buffers::Many(slices) => call(slices),
        }
    }

    /// The bytes in one piece.
    pub(super) fn bytes(self) -> Cow<'a, [u8]> {
        match self.buffers {
            Buffers::One(bytes) => Cow::Borrowed(bytes),
            Buffers::Many(slices) => slices.iter().flat_map(|slice| slice.iter().copied()).collect(),
        }
    }
}

impl From<()> for Destination<'_> {
    fn from((): ()) -> Self {
        Destination(To::Peer)
    }
}

impl From<u16> for Destination<'_> {
    fn from(port: u16) -> Self {
        Destination(To::Port(port))
    }
}

impl<'a> From<(&'a str, u16)> for Destination<'a> {
    fn from((address, port): (&'a str, u16)) -> Self {
        Destination(To::Text(address, port))
    }
}

impl From<(IpAddr, u16)> for Destination<'_> {
    fn from(address: (IpAddr, u16)) -> Self {
        Destination(To::Address(address.into()))
    }
}

impl From<SocketAddr> for Destination<'_> {
    fn from(address: SocketAddr) -> Self {
        Destination(To::Address(address))
    }
}

impl From<&RemoteInfo> for Destination<'_> {
    fn from(rinfo: &RemoteInfo) -> Self {
        Destination(To::Address(rinfo.addr))
    }
}

impl From<&RecvInfo> for Destination<'_> {
    fn from(info: &RecvInfo) -> Self {
        Destination(To::Address(info.addr))
    }
}

impl From<()> for BindOptions<'_> {
    fn from((): ()) -> Self {
        BindOptions(Local::Port(0))
    }
}

impl From<u16> for BindOptions<'_> {
    fn from(port: u16) -> Self {
        BindOptions(Local::Port(port))
    }
}

impl<'a> From<(&'a str, u16)> for BindOptions<'a> {
    fn from((address, port): (&'a str, u16)) -> Self {
        BindOptions(Local::Text(address, port))
    }
}

impl From<(IpAddr, u16)> for BindOptions<'_> {
    fn from(address: (IpAddr, u16)) -> Self {
        BindOptions(Local::Address(address.into()))
    }
}

impl From<SocketAddr> for BindOptions<'_> {
    fn from(address: SocketAddr) -> Self {
        BindOptions(Local::Address(address))
    }
}

impl From<sys::OwnedDescriptor> for BindOptions<'_> {
    fn from(descriptor: sys::OwnedDescriptor) -> Self {
        BindOptions(Local::Descriptor(descriptor))
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Payload::of(Buffers::One(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Payload::of(Buffers::One(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Payload<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Payload::of(Buffers::One(bytes))
    }
}

impl<'a> From<&'a str> for Payload<'a> {
    fn from(text: &'a str) -> Self {
        Payload::of(Buffers::One(text.as_bytes()))
    }
}

impl<'a> From<&'a String> for Payload<'a> {
    fn from(text: &'a String) -> Self {
        Payload::of(Buffers::One(text.as_bytes()))
    }
}

impl<'a> From<&'a [IoSlice<'a>]> for Payload<'a> {
    fn from(buffers: &'a [IoSlice<'a>]) -> Self {
        Payload::of(Buffers::Many(buffers))
    }
}

impl<'a, const N: usize> From<&'a [IoSlice<'a>; N]> for Payload<'a> {
    fn from(buffers: &'a [IoSlice<'a>; N]) -> Self {
        Payload::of(Buffers::Many(buffers))
    }
}
