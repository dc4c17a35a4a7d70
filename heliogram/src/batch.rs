//! What a receive brings: [`RemoteInfo`] about one datagram, [`RecvInfo`] with its metadata; [`RecvBatch`], memory for many, and
//! [`Message`], one of them.

use std::fmt;
use std::net::SocketAddr;
use std::ops::{Deref, Range};

use crate::addr::{family, text};
use crate::sys;
use crate::types::datagram::MAX_GRO_PACKET;
use crate::types::family::SocketType;
use crate::types::metadata::RecvMetadata;

/// Who sent a datagram, and how much of it there is: Node's `rinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteInfo {
    /// The sender. On a `udp6` socket that takes IPv4 too, `::ffff:192.0.2.1`.
    pub addr: SocketAddr,
    /// The message's length in bytes, as far as it fitted the buffer.
    pub size: usize,
    /// It came in a GRO packet of datagrams of this many bytes, the last one perhaps shorter (`UDP_GRO`, Linux). Only on a
    /// socket with [`SocketOptions::gro`](crate::SocketOptions::gro).
    pub segment_size: Option<u16>,
    /// Whether the message was longer than the buffer and its end is lost (`MSG_TRUNC`).
    pub truncated: bool,
}

/// Nobody, and no bytes.
impl Default for RemoteInfo {
    fn default() -> Self {
        RemoteInfo::new(SocketType::Udp4.any(), 0, false)
    }
}

impl RemoteInfo {
    pub(crate) const fn new(addr: SocketAddr, size: usize, truncated: bool) -> Self {
        RemoteInfo { addr, size, segment_size: None, truncated }
    }

    /// The sender's address as Node prints it, with `%eth0` where it is link-local.
    pub fn address(&self) -> String {
        text(&self.addr)
    }

    /// `"IPv4"` or `"IPv6"`.
    pub const fn family(&self) -> &'static str {
        family(&self.addr)
    }

    /// The sender's port.
    pub const fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Where in the received bytes each datagram is: the one, or those of a GRO packet
    /// ([`Socket::try_recv_gro`](crate::Socket::try_recv_gro)).
    pub fn datagrams(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let size = self.size;
        let step = self.segment_size.map_or(size, usize::from).max(1);
        let mut next = Some(0);
        // Stepping over a range would divide once for each packet, most of which are one datagram.
        std::iter::from_fn(move || {
            let start = next?;
            let end = size.min(start + step);
            next = (end < size).then_some(end);
            Some(start..end)
        })
    }

    /// How many these are.
    pub(crate) fn datagram_count(&self) -> usize {
        self.segment_size.map_or(1, |step| self.size.div_ceil(usize::from(step).max(1)).max(1))
    }
}

/// A datagram's sender and its receive metadata. It dereferences to its [`RemoteInfo`].
///
/// Of the messages of a batch, [`Message::metadata`](crate::Message::metadata) says the latter when asked: most programs
/// never ask, and so carry nothing along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecvInfo {
    /// The sender, and how much there is.
    pub rinfo: RemoteInfo,
    /// How it arrived, as far as [`Socket::set_recv_metadata`](crate::SocketControl::set_recv_metadata) asked.
    pub metadata: RecvMetadata,
}

impl From<RemoteInfo> for RecvInfo {
    fn from(rinfo: RemoteInfo) -> Self {
        RecvInfo { rinfo, metadata: RecvMetadata::default() }
    }
}

impl Deref for RecvInfo {
    type Target = RemoteInfo;

    fn deref(&self) -> &RemoteInfo {
        &self.rinfo
    }
}

impl RecvMetadata {
    /// The name of the interface that it came through, such as `eth0`; `None` on Windows, and for an interface that is
    /// gone.
    pub fn interface_name(&self) -> Option<String> {
        self.interface.and_then(sys::interface_name)
    }
}

/// Room for the datagrams of one receive, made once and used again: receiving into it allocates nothing.
///
/// ```
/// # use heliogram::{RecvBatch, Socket, SocketOptions, SocketType};
/// # let socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// # socket.bind(None)?;
/// let mut batch = RecvBatch::new(32, 2048);
/// match socket.try_recv_batch(&mut batch) {
///     Ok(_) => batch.iter().for_each(|message| println!("{} bytes from {}", message.data.len(), message.rinfo.addr)),
///     Err(error) if error.is_would_block() => println!("nothing there"),
///     Err(error) => return Err(error),
/// }
/// # Ok::<(), heliogram::Error>(())
/// ```
pub struct RecvBatch {
    pub(crate) receiver: sys::Receiver,
    slots: Vec<Slot>,
    datagrams: usize,
    /// How many messages the kernel put in, those that were turned away included.
    received: usize,
}

/// One message of the kernel: a datagram, or a GRO packet of segments of `segment` bytes.
#[derive(Clone, Copy)]
struct Slot {
    index: usize,
    length: usize,
    /// 0 if it is one datagram.
    segment: u16,
    truncated: bool,
}

impl Slot {
    fn datagrams(&self) -> usize {
        if self.segment == 0 { 1 } else { self.length.div_ceil(self.segment.into()) }
    }

    /// The length of each datagram but the last.
    fn step(&self) -> usize {
        if self.segment == 0 { self.length } else { self.segment.into() }
    }
}

impl RecvBatch {
    /// Room for `slots` datagrams of at most `slot_size` bytes each; both are at least 1, `slots` at most 1,024 and
    /// `slot_size` at most 65,536.
    ///
    /// A longer datagram is cut, and its [`RemoteInfo::truncated`] says so. More than about eight slots win little.
    pub fn new(slots: usize, slot_size: usize) -> Self {
        let slots = slots.clamp(1, 1024);
        RecvBatch {
            receiver: sys::Receiver::new(slots, slot_size.clamp(1, Self::LARGEST)),
            slots: Vec::with_capacity(slots),
            datagrams: 0,
            received: 0,
        }
    }

    /// Room for `slots` GRO packets, or datagrams of any size: 64 KiB each.
    ///
    /// This is what a socket with [`SocketOptions::gro`](crate::SocketOptions::gro) receives into.
    pub fn for_gro(slots: usize) -> Self {
        RecvBatch::new(slots, Self::LARGEST)
    }

    /// The size of a slot that holds whatever UDP can carry.
    const LARGEST: usize = 65_536;

    /// How many datagrams the last receive brought.
    pub const fn len(&self) -> usize {
        self.datagrams
    }

    /// Whether the last receive brought nothing.
    pub const fn is_empty(&self) -> bool {
        self.datagrams == 0
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.slots.capacity()
    }

    /// The size of each slot in bytes.
    pub fn slot_size(&self) -> usize {
        self.receiver.slot_size()
    }

    /// The datagrams of the last receive, in the order of receipt; GRO packets are split.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.slots.iter().flat_map(|slot| {
            let packet = self.packet(slot, 0);
            packet.rinfo.datagrams().map(move |place| packet.part(place))
        })
    }

    /// What the kernel gave from that datagram on, counted from 0, with GRO packets whole: [`RemoteInfo::datagrams`] says where in
    /// the bytes each datagram is. The GRO packet to which that datagram belongs begins with it.
    pub fn gro_packets_from(&self, mut first: usize) -> impl Iterator<Item = Message<'_>> {
        self.slots.iter().filter_map(move |slot| {
            let datagrams = if first == 0 { 1 } else { slot.datagrams() };
            let passed = first.min(datagrams);
            first -= passed;
            (passed < datagrams).then(|| self.packet(slot, passed * slot.step()))
        })
    }

    /// A datagram of the last receive by its number.
    #[cfg(feature = "tokio")]
    pub(crate) fn datagram(&self, number: usize) -> Message<'_> {
        let packet = self.gro_packets_from(number).next().expect("a number below `len`");
        packet.part(packet.rinfo.datagrams().next().unwrap_or_default())
    }

    /// What a slot holds from that byte on.
    fn packet(&self, slot: &Slot, from: usize) -> Message<'_> {
        let data = &self.receiver.data(slot.index)[from..slot.length];
        let segment_size = Some(slot.segment).filter(|&segment| segment > 0);
        let rinfo =
            RemoteInfo { segment_size, ..RemoteInfo::new(self.receiver.peer(slot.index), data.len(), slot.truncated) };
        Message { data, rinfo, receiver: &self.receiver, index: slot.index }
    }

    /// Whether a GRO packet of any length fits each slot.
    pub(crate) fn holds_gro_packets(&self) -> bool {
        self.slot_size() >= MAX_GRO_PACKET
    }

    /// Whether the last receive brought a GRO packet.
    pub fn has_coalesced(&self) -> bool {
        self.datagrams > self.slots.len()
    }

    /// Whether the last receive had no slot to spare, so that there may be more.
    pub fn is_full(&self) -> bool {
        self.received == self.slots()
    }

    /// How many bytes the last receive brought.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.iter().map(|slot| slot.length).sum()
    }

    /// How many GRO packets there were.
    pub(crate) fn gro_packets(&self) -> usize {
        self.slots.iter().filter(|slot| slot.segment > 0).count()
    }

    /// Forgets the last receive.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.received = 0;
        self.datagrams = 0;
    }

    /// Takes over what the kernel put into the first `count` slots, less what `admit` turns away.
    pub(crate) fn fill(&mut self, count: usize, admit: Option<impl Fn(SocketAddr) -> bool>) {
        self.clear();
        self.received = count;
        for index in 0..count {
            if admit.as_ref().is_none_or(|admit| admit(self.receiver.peer(index))) {
                let received = self.receiver.received(index);
                let segment = received.segments().unwrap_or(0);
                let slot = Slot { index, length: received.length, segment, truncated: received.truncated };
                self.datagrams += slot.datagrams();
                self.slots.push(slot);
            }
        }
    }
}

impl fmt::Debug for RecvBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvBatch").field("datagrams", &self.datagrams).field("slot_size", &self.slot_size()).finish()
    }
}

/// A received datagram, or GRO packet, inside the batch that holds it.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The bytes.
    pub data: &'a [u8],
    /// Who sent them.
    pub rinfo: RemoteInfo,
    receiver: &'a sys::Receiver,
    index: usize,
}

impl<'a> Message<'a> {
    /// How it arrived, as far as [`set_recv_metadata`](crate::SocketControl::set_recv_metadata) asked. It is decoded here, from
    /// what the kernel wrote beside the bytes; datagrams of one GRO packet have the same.
    pub fn metadata(&self) -> RecvMetadata {
        self.receiver.metadata(self.index)
    }

    /// The sender and the metadata.
    pub fn info(&self) -> RecvInfo {
        RecvInfo { rinfo: self.rinfo, metadata: self.metadata() }
    }

    /// One datagram of a packet.
    fn part(self, place: Range<usize>) -> Message<'a> {
        Message { rinfo: RemoteInfo { size: place.len(), ..self.rinfo }, data: &self.data[place], ..self }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("data", &self.data).field("rinfo", &self.rinfo).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gro_packet_is_split_to_the_byte() {
        let cut = |bytes: &'static [u8], segment_size| {
            let packet = RemoteInfo { segment_size: Some(segment_size), size: bytes.len(), ..RemoteInfo::default() };
            let parts: Vec<_> = packet.datagrams().map(|place| &bytes[place]).collect();
            assert_eq!(packet.datagram_count(), parts.len());
            parts
        };
        assert_eq!(cut(b"aabbc", 2), [&b"aa"[..], b"bb", b"c"]);
        assert_eq!(cut(b"", 1), [b""]);
    }
}
