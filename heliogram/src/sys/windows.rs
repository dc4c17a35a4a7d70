//! One socket on Windows, over `socket2`.
//!
//! What Windows lacks here, and how that shows:
//!
//! * batches are datagram after datagram, one call each, and there is no GSO or GRO;
//! * two sockets cannot share a port's load (`reusePort`): `ENOTSUP`;
//! * source-specific membership is for IPv4 only: `ENOTSUP` for IPv6;
//! * a peer's closed port is no error, on a connected socket either, as in Node: see [`retry`];
//! * there is no receive metadata but the sender, and there are no send options: `ENOTSUP`;
//! * a closed socket keeps its port until it is dropped: there is no `dup2`, and a number that somebody may have
//!   borrowed cannot be given back.
//!
//! Sources: "Winsock Functions", "IPPROTO_IP Socket Options", "IPPROTO_IPV6 Socket Options", "Windows Sockets Error
//! Codes".

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::ops::Deref;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};
use std::sync::Arc;

use socket2::{Domain, InterfaceIndexOrAddress, MaybeUninitSlice, Protocol, SockAddr, SockAddrStorage, Type};
use windows_sys::Win32::Networking::WinSock;

use crate::sys::errno;
use crate::sys::family::domain;
use crate::sys::outcome::{Received, Taken};
use crate::types::clock::Clock;
use crate::types::datagram::{Datagram, Run};
use crate::types::family::SocketType;
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};
use crate::types::multicast_interface::Interface;
use crate::types::send_options::SendOptions;

/// An owned socket, as `Socket::bind_descriptor` takes it.
pub type OwnedDescriptor = OwnedSocket;

/// A borrowed socket, as `Socket::descriptor` lends it.
pub type BorrowedDescriptor<'a> = BorrowedSocket<'a>;

/// `WSAENETRESET` and `WSAECONNRESET`: an earlier datagram died on its way, or met a closed port.
const FATES_OF_OTHERS: [Option<i32>; 2] = [Some(10_052), Some(10_054)];

/// A socket's handle.
#[derive(Debug)]
pub(crate) struct Descriptor(socket2::Socket);

impl Descriptor {
    fn new(socket: socket2::Socket) -> Arc<Self> {
        Arc::new(Descriptor(socket))
    }

    /// Ends all traffic. The port is given back with the handle, at the drop.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Both)
    }

    /// Keeps the handle open until the lease is dropped.
    pub(crate) fn lease(self: &Arc<Self>) -> io::Result<Lease> {
        Ok(Lease(Arc::clone(self)))
    }

    /// A lease for a thread that is about to wait.
    pub(crate) fn waiting(self: &Arc<Self>) -> io::Result<Lease> {
        self.lease()
    }
}

impl Deref for Descriptor {
    type Target = socket2::Socket;

    fn deref(&self) -> &socket2::Socket {
        &self.0
    }
}

impl AsSocket for Descriptor {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.0.as_socket()
    }
}

/// The right to have a handle registered with a reactor.
#[derive(Debug)]
pub(crate) struct Lease(Arc<Descriptor>);

impl AsRawSocket for Lease {
    fn as_raw_socket(&self) -> RawSocket {
        self.0.as_raw_socket()
    }
}

#[cfg(feature = "events")]
impl AsSocket for Lease {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.0.as_socket()
    }
}

/// A UDP socket of the system.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) inner: Arc<Descriptor>,
    pub(crate) family: SocketType,
}

impl Socket {
    pub(crate) fn open(family: SocketType) -> io::Result<Self> {
        let inner = socket2::Socket::new(domain(family), Type::DGRAM, Some(Protocol::UDP))?;
        inner.set_nonblocking(true)?;
        if family == SocketType::Udp6 {
            // Windows alone begins without IPv4.
            inner.set_only_v6(false)?;
        }
        Ok(Socket { inner: Descriptor::new(inner), family })
    }

    /// Takes over a socket, as `bind({ fd })` does; says what it is if it is no UDP socket of this family.
    pub(crate) fn adopt(descriptor: OwnedDescriptor, family: SocketType) -> Result<io::Result<Self>, &'static str> {
        let inner = socket2::Socket::from(descriptor);
        match (inner.r#type(), inner.local_addr().map(|local| local.domain())) {
            (Ok(Type::STREAM), _) => Err("TCP"),
            (Ok(Type::DGRAM), Ok(found)) if found == domain(family) => {
                Ok(inner.set_nonblocking(true).map(|()| Socket { inner: Descriptor::new(inner), family }))
            }
            (Ok(Type::DGRAM), Ok(Domain::IPV4 | Domain::IPV6)) => Ok(Err(io::Error::from_raw_os_error(errno::EINVAL))),
            _ => Err("UNKNOWN"),
        }
    }

    /// A later error ends a batch, and comes again.
    pub(crate) const fn late_error(&self) -> Option<io::Error> {
        None
    }

    /// The handle, for a reactor to register.
    pub(crate) const fn shared(&self) -> &Arc<Descriptor> {
        &self.inner
    }

    /// The socket's own handle.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.inner.as_socket()
    }

    pub(crate) fn set_reuse_addr(&self) -> io::Result<()> {
        self.inner.set_reuse_address(true)
    }

    pub(crate) fn set_only_v6(&self) -> io::Result<()> {
        self.inner.set_only_v6(true)
    }

    pub(crate) fn bind(&self, local: SocketAddr) -> io::Result<()> {
        self.inner.bind(&local.into())
    }

    pub(crate) fn connect(&self, remote: SocketAddr) -> io::Result<()> {
        self.inner.connect(&remote.into())
    }

    /// Dissolves the connection: `connect` to an address of zeros, which is one of no family.
    pub(crate) fn disconnect(&self) -> io::Result<()> {
        const SOCKADDR: i32 = 16;
        // SAFETY: the storage is longer than a sockaddr, and zeros in it are an address of the family AF_UNSPEC.
        let nobody = unsafe { SockAddr::new(SockAddrStorage::zeroed(), SOCKADDR) };
        self.inner.connect(&nobody)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        internet(&self.inner.local_addr()?)
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        internet(&self.inner.peer_addr()?)
    }

    /// Sends one datagram made of these buffers.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>], to: Option<SocketAddr>) -> io::Result<usize> {
        match to.map(SockAddr::from) {
            Some(to) => retry(|| self.inner.send_to_vectored(buffers, &to)),
            None => retry(|| self.inner.send_vectored(buffers)),
        }
    }

    /// Receives one datagram: its length, its sender, whether its end did not fit.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, bool)> {
        // SAFETY: a slice of bytes is a slice of maybe-uninitialised bytes, and the system writes only bytes into it.
        let buffer = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
        let mut parts = [MaybeUninitSlice::new(buffer)];
        let (length, flags, from) = retry(|| self.inner.recv_from_vectored(&mut parts))?;
        Ok((length, internet(&from)?, flags.is_truncated()))
    }

    /// Sends runs, which are single datagrams here, until one is refused; says how many went. An error means that the
    /// first was refused.
    pub(crate) fn send_runs<'a>(&self, runs: impl Iterator<Item = Run<'a>>) -> io::Result<Taken> {
        let mut sent = 0;
        for datagram in runs.flat_map(|run| run.datagrams) {
            match self.send_datagram(datagram) {
                Ok(_) => sent += 1,
                Err(error) if sent == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(Taken { datagrams: sent, gso_batches: 0 })
    }

    fn send_datagram(&self, datagram: &Datagram<'_>) -> io::Result<usize> {
        match datagram.options {
            Some(options) if *options != SendOptions::new() => Err(errno::unsupported()),
            _ => self.send(&[IoSlice::new(datagram.payload)], datagram.to),
        }
    }

    /// Receives as many datagrams as there are, at most one for each slot; says how many.
    pub(crate) fn recv_slots(
        &self,
        receiver: &mut Receiver,
        _gro: bool,
        _info: RecvMetadataOptions,
    ) -> io::Result<usize> {
        let slots = receiver.data.chunks_exact_mut(receiver.slot_size).zip(&mut receiver.messages);
        for (index, (slot, message)) in slots.enumerate() {
            match self.recv(slot) {
                Ok((length, peer, truncated)) => *message = (peer, Received { length, segment: None, truncated }),
                Err(error) if index == 0 => return Err(error),
                Err(_) => return Ok(index),
            }
        }
        Ok(receiver.messages.len())
    }

    /// Receives one datagram into the first buffer, so that no error can come behind a datagram.
    pub(crate) fn recv_into(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        _gro: bool,
        _info: RecvMetadataOptions,
        mut each: impl FnMut(usize, SocketAddr, Received, RecvMetadata),
    ) -> io::Result<usize> {
        let Some(buffer) = buffers.first_mut() else { return Ok(0) };
        let (length, peer, truncated) = self.recv(buffer)?;
        each(0, peer, Received { length, segment: None, truncated }, RecvMetadata::default());
        Ok(1)
    }

    pub(crate) fn recv_with_metadata(
        &self,
        buffer: &mut [u8],
        _info: RecvMetadataOptions,
    ) -> io::Result<(SocketAddr, Received, RecvMetadata)> {
        let (length, from, truncated) = self.recv(buffer)?;
        Ok((from, Received { length, segment: None, truncated }, RecvMetadata::default()))
    }

    /// Ends all traffic. The port is given back with the handle, at the drop.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.inner.release()
    }
}

/// Multicast, as this system has it; the options that are the same everywhere are in `sys/options.rs`.
impl Socket {
    pub(crate) fn set_multicast_interface(&self, interface: Interface) -> io::Result<()> {
        match self.family {
            _ if interface == Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
            SocketType::Udp4 => self.inner.set_multicast_if_v4(&v4_address(interface)?),
            SocketType::Udp6 => self.inner.set_multicast_if_v6(v6_index(interface)?),
        }
    }

    pub(crate) fn join(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.inner.join_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner.join_multicast_v6(&group, v6_index(interface)?),
        }
    }

    pub(crate) fn leave(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.inner.leave_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner.leave_multicast_v6(&group, v6_index(interface)?),
        }
    }

    pub(crate) fn join_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        let (source, group) = v4_source(source, group)?;
        self.inner.join_ssm_v4(&source, &group, &v4_address(interface)?)
    }

    pub(crate) fn leave_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        let (source, group) = v4_source(source, group)?;
        self.inner.leave_ssm_v4(&source, &group, &v4_address(interface)?)
    }
}

fn v4_interface(interface: Interface) -> InterfaceIndexOrAddress {
    match interface {
        Interface::Default | Interface::All => InterfaceIndexOrAddress::Address(Ipv4Addr::UNSPECIFIED),
        Interface::Address(address) => InterfaceIndexOrAddress::Address(address),
        Interface::Index(index) => InterfaceIndexOrAddress::Index(index),
    }
}

/// An interface as an address: Windows reads one of the block 0.0.0.0/8 as the interface's index.
fn v4_address(interface: Interface) -> io::Result<Ipv4Addr> {
    match interface {
        Interface::Default => Ok(Ipv4Addr::UNSPECIFIED),
        Interface::Address(address) => Ok(address),
        Interface::Index(index @ 0..0x0100_0000) => Ok(Ipv4Addr::from_bits(index)),
        Interface::Index(_) | Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}

fn v6_index(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Default => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(_) | Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}

fn v4_source(source: IpAddr, group: IpAddr) -> io::Result<(Ipv4Addr, Ipv4Addr)> {
    match (source, group) {
        (IpAddr::V4(source), IpAddr::V4(group)) => Ok((source, group)),
        (IpAddr::V6(_), IpAddr::V6(_)) => Err(errno::unsupported()),
        _ => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}

/// Whether an option is managed: none can be set here.
pub(crate) const fn is_managed(_level: i32, _name: i32) -> bool {
    false
}

/// The interfaces that can multicast: who they are is not known here.
pub(crate) fn multicast_interfaces() -> io::Result<Vec<u32>> {
    Err(errno::unsupported())
}

/// The time by a clock.
pub(crate) fn now(_clock: Clock) -> io::Result<u64> {
    Err(errno::unsupported())
}

/// An option whose value is a C `int`.
pub(super) fn set_option(socket: &socket2::Socket, level: i32, option: i32, value: &i32) -> io::Result<()> {
    let (handle, length) = (socket.as_raw_socket() as usize, size_of_val(value) as i32);
    // SAFETY: the value is a live integer and its length its size; the handle is open while socket lives.
    match unsafe { WinSock::setsockopt(handle, level, option, std::ptr::from_ref(value).cast(), length) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// An option whose value is a C `int`.
pub(super) fn get_option(socket: &socket2::Socket, level: i32, option: i32) -> io::Result<i32> {
    let mut value = 0_i32;
    let mut length = size_of_val(&value) as i32;
    let (handle, place) = (socket.as_raw_socket() as usize, (&raw mut value).cast());
    // SAFETY: the value is live memory of that length, of which the system writes at most so much.
    match unsafe { WinSock::getsockopt(handle, level, option, place, &raw mut length) } {
        0 => Ok(value),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The address as the standard library has it; anything but IPv4 and IPv6 is `EINVAL`.
fn internet(address: &SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::Error::from_raw_os_error(errno::EINVAL))
}

/// Calls again for as long as the answer is the fate of a datagram sent earlier, which Windows reports once for each, to
/// whichever call comes next. Node turns these reports off (`SIO_UDP_CONNRESET`): one closed peer must not fail the
/// traffic with all others.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if FATES_OF_OTHERS.contains(&error.raw_os_error()) => {}
            other => return other,
        }
    }
}

/// An interface's zone is its index in digits on Windows; 0 for anything else.
pub(crate) fn interface_index(name: &str) -> u32 {
    name.parse().unwrap_or(0)
}

/// No names: the index itself is the zone.
pub(crate) fn interface_name(_index: u32) -> Option<String> {
    None
}

/// The memory that datagrams are received into: for each slot the bytes, the peer, and what else is known.
pub(crate) struct Receiver {
    data: Box<[u8]>,
    slot_size: usize,
    messages: Box<[(SocketAddr, Received)]>,
}

impl Receiver {
    pub(crate) fn new(slots: usize, slot_size: usize) -> Self {
        let nothing = Received { length: 0, segment: None, truncated: false };
        let messages = vec![(SocketType::Udp4.any(), nothing); slots].into();
        Receiver { data: vec![0; slots * slot_size].into(), slot_size, messages }
    }

    pub(crate) fn slot_size(&self) -> usize {
        self.slot_size
    }

    pub(crate) fn data(&self, index: usize) -> &[u8] {
        &self.data[index * self.slot_size..][..self.slot_size]
    }

    pub(crate) fn peer(&self, index: usize) -> SocketAddr {
        self.messages[index].0
    }

    pub(crate) fn received(&self, index: usize) -> Received {
        self.messages[index].1
    }

    pub(crate) fn metadata(&self, _index: usize) -> RecvMetadata {
        RecvMetadata::default()
    }
}
