//! [`Socket`]: binding, connecting, single datagrams and batches of them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::sync::{Arc, RwLockReadGuard};

use socket2::{Domain, MaybeUninitSlice, Protocol, SockAddr, SockAddrStorage, Type};

use super::descriptor::{BorrowedDescriptor, Descriptor, OwnedDescriptor};
use super::receiver::Receiver;
use crate::sys::errno;
use crate::sys::family::domain;
use crate::sys::outcome::{Received, Taken};
use crate::types::datagram::{Datagram, Run};
use crate::types::family::SocketType;
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};
use crate::types::send_options::SendOptions;

/// A UDP socket of the system.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) inner: Arc<Descriptor>,
    /// The system's; that of an adopted one may not be what the socket was made for.
    pub(crate) family: SocketType,
    /// Whether it was adopted: libuv takes such a socket for one of IPv4 in some options.
    pub(crate) adopted: bool,
}

impl Socket {
    pub(crate) fn open(family: SocketType) -> io::Result<Self> {
        let inner = socket2::Socket::new(domain(family), Type::DGRAM, Some(Protocol::UDP))?;
        inner.set_nonblocking(true)?;
        if family == SocketType::Udp6 {
            // Windows alone begins without IPv4.
            inner.set_only_v6(false)?;
        }
        Ok(Socket { inner: Descriptor::new(inner), family, adopted: false })
    }

    /// Takes over a socket, as `bind({ fd })` does; says what it is if it is no UDP socket. One of another family than `only` is `EINVAL`.
    pub(crate) fn adopt(
        descriptor: OwnedDescriptor,
        only: Option<SocketType>,
    ) -> Result<io::Result<Self>, &'static str> {
        let inner = socket2::Socket::from(descriptor);
        let family = match (inner.r#type(), inner.local_addr().map(|local| local.domain())) {
            (Ok(Type::STREAM), _) => return Err("TCP"),
            (Ok(Type::DGRAM), Ok(Domain::IPV4)) => SocketType::Udp4,
            (Ok(Type::DGRAM), Ok(Domain::IPV6)) => SocketType::Udp6,
            _ => return Err("UNKNOWN"),
        };
        if only.is_some_and(|only| only != family) {
            return Ok(Err(io::Error::from_raw_os_error(errno::EINVAL)));
        }
        let prepared = inner.set_nonblocking(true);
        Ok(prepared.map(|()| Socket { inner: Descriptor::new(inner), family, adopted: true }))
    }

    /// A later error ends a batch, and comes again.
    pub(crate) const fn late_error(&self) -> Option<io::Error> {
        None
    }

    /// The handle, for one call.
    pub(crate) fn inner(&self) -> RwLockReadGuard<'_, socket2::Socket> {
        self.inner.socket()
    }

    /// The handle, for a reactor to register.
    pub(crate) const fn shared(&self) -> &Arc<Descriptor> {
        &self.inner
    }

    /// The socket's own handle, which is then open until the drop.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.inner.lend()
    }

    /// Another handle of the same socket: the number of this one may be known to whom it was lent.
    pub(crate) fn into_descriptor(self) -> io::Result<OwnedDescriptor> {
        self.inner.duplicate()
    }

    pub(crate) fn set_reuse_addr(&self) -> io::Result<()> {
        self.inner().set_reuse_address(true)
    }

    pub(crate) fn set_only_v6(&self) -> io::Result<()> {
        self.inner().set_only_v6(true)
    }

    pub(crate) fn bind(&self, local: SocketAddr) -> io::Result<()> {
        self.inner().bind(&local.into())
    }

    pub(crate) fn connect(&self, remote: SocketAddr) -> io::Result<()> {
        self.inner().connect(&remote.into())
    }

    /// Dissolves the connection: `connect` to an address of zeros, which is one of no family.
    pub(crate) fn disconnect(&self) -> io::Result<()> {
        const SOCKADDR: i32 = 16;
        // SAFETY: the storage is longer than a sockaddr, and zeros in it are an address of the family AF_UNSPEC.
        let nobody = unsafe { SockAddr::new(SockAddrStorage::zeroed(), SOCKADDR) };
        self.inner().connect(&nobody)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        internet(&self.inner().local_addr()?)
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        internet(&self.inner().peer_addr()?)
    }

    /// Sends one datagram made of these buffers.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>], to: Option<SocketAddr>) -> io::Result<usize> {
        match to.map(SockAddr::from) {
            Some(to) => retry(|| self.inner().send_to_vectored(buffers, &to)),
            None => retry(|| self.inner().send_vectored(buffers)),
        }
    }

    /// Receives one datagram: its length, its sender, whether its end did not fit.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, bool)> {
        let capacity = buffer.len();
        // SAFETY: a slice of bytes is a slice of maybe-uninitialised bytes, and the system writes only bytes into it.
        let buffer = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
        let mut parts = [MaybeUninitSlice::new(buffer)];
        let (length, flags, from) = retry(|| self.inner().recv_from_vectored(&mut parts))?;
        let truncated = flags.is_truncated();
        // The length is not written beside WSAEMSGSIZE, which says that the buffer is full.
        Ok((if truncated { capacity } else { length }, internet(&from)?, truncated))
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

    /// Receives one datagram without its sender: its length, as far as there is room.
    pub(crate) fn recv_unnamed(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer).map(|(length, _, _)| length)
    }

    pub(crate) fn recv_with_metadata(
        &self,
        buffer: &mut [u8],
        _info: RecvMetadataOptions,
    ) -> io::Result<(SocketAddr, Received, RecvMetadata)> {
        let (length, from, truncated) = self.recv(buffer)?;
        Ok((from, Received { length, segment: None, truncated }, RecvMetadata::default()))
    }

    /// Ends all traffic and frees the port, unless somebody has the handle's number.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.inner.release()
    }
}

/// `WSAENETRESET` and `WSAECONNRESET`: an earlier datagram died on its way, or met a closed port.
const FATES_OF_OTHERS: [Option<i32>; 2] = [Some(10_052), Some(10_054)];

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
