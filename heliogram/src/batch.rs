//! What is sent and received many at a time: [`Datagram`], [`RecvBatch`], [`Message`]; and which datagrams may leave
//! as one train.

use std::fmt;
use std::net::SocketAddr;

use crate::addr::RemoteInfo;
use crate::info::{RecvMetadata, SendOptions};
use crate::sys;

/// The longest message that a UDP datagram over IPv4 can carry: 65,535 less the IP and UDP headers (RFC 768, RFC 791).
pub const MAX_MESSAGE: usize = 65_507;

/// How many datagrams one `UDP_SEGMENT` send may carry; Linux allows 64, newer kernels 128.
const MAX_SEGMENTS: usize = 64;

/// One datagram to send: its bytes and, on a socket that is not connected, where to.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) to: Option<SocketAddr>,
    pub(crate) options: Option<&'a SendOptions>,
}

impl<'a> Datagram<'a> {
    /// A datagram for the connected peer.
    pub const fn new(payload: &'a [u8]) -> Self {
        Datagram { payload, to: None, options: None }
    }

    /// The same datagram for this peer.
    #[must_use]
    pub const fn to(mut self, peer: SocketAddr) -> Self {
        self.to = Some(peer);
        self
    }

    /// The same datagram with these options.
    #[must_use]
    pub const fn with(mut self, options: &'a SendOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// The bytes.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The peer, if the datagram names one.
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.to
    }

    /// The options, if it has some.
    pub const fn options(&self) -> Option<&'a SendOptions> {
        self.options
    }

    pub(crate) fn dont_fragment(&self) -> Option<bool> {
        self.options.and_then(|options| options.dont_fragment)
    }

    /// Whether the two may be in one train, as far as peer and options go.
    fn joins(&self, other: &Datagram<'_>) -> bool {
        self.to == other.to
            && match (self.options, other.options) {
                (None, None) => true,
                (Some(one), Some(two)) => one.joins() && one == two,
                _ => false,
            }
    }
}

/// Datagrams that leave in one message: one, or a train that the kernel or the device cuts into segments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) datagrams: &'a [Datagram<'a>],
}

impl Run<'_> {
    /// The segment size, if this is a train.
    pub(crate) fn segment(&self) -> Option<u16> {
        match self.datagrams {
            [first, _, ..] => u16::try_from(first.payload.len()).ok(),
            _ => None,
        }
    }
}

/// Cuts a batch into runs, keeping its order.
///
/// A train has one peer, one set of options and one size; only its last datagram may be shorter. `limit` is the largest segment that may
/// travel in one: 0 sends everything by itself.
pub(crate) fn runs<'a>(mut rest: &'a [Datagram<'a>], limit: usize) -> impl Iterator<Item = Run<'a>> {
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let (datagrams, others) = rest.split_at(run_length(first, rest, limit));
        rest = others;
        Some(Run { datagrams })
    })
}

fn run_length(first: &Datagram<'_>, batch: &[Datagram<'_>], limit: usize) -> usize {
    let segment = first.payload.len();
    if segment == 0 || segment > limit {
        return 1;
    }
    let most = MAX_SEGMENTS.min(MAX_MESSAGE / segment).max(1).min(batch.len());
    let full = batch[..most].iter().skip(1).take_while(|next| next.payload.len() == segment && next.joins(first));
    let length = 1 + full.count();
    match batch[..most].get(length) {
        Some(last) if (1..segment).contains(&last.payload.len()) && last.joins(first) => length + 1,
        _ => length,
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

/// One message of the kernel: a datagram, or a train of `segment` bytes each.
#[derive(Clone, Copy)]
struct Slot {
    index: usize,
    length: usize,
    segment: usize,
    truncated: bool,
}

impl Slot {
    fn datagrams(&self) -> usize {
        self.length.div_ceil(self.segment).max(1)
    }

    /// The segments' size, if there are several.
    fn train(&self) -> Option<u16> {
        if self.length > self.segment { u16::try_from(self.segment).ok() } else { None }
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
            receiver: sys::Receiver::new(slots, slot_size.clamp(1, Self::TRAIN)),
            slots: Vec::with_capacity(slots),
            datagrams: 0,
            received: 0,
        }
    }

    /// Room for `slots` trains, or datagrams of any size: 64 KiB each.
    ///
    /// This is what a socket with [`SocketOptions::gro`](crate::SocketOptions::gro) receives into.
    pub fn for_gro(slots: usize) -> Self {
        RecvBatch::new(slots, Self::TRAIN)
    }

    /// The size of a slot that holds whatever UDP can carry.
    const TRAIN: usize = 65_536;

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

    /// The datagrams of the last receive, in the order of their arrival; trains taken apart.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.gro_packets_from(0).flat_map(|train| {
            train.rinfo.datagrams().map(move |place| {
                let rinfo = RemoteInfo { size: place.len(), ..train.rinfo };
                Message { data: &train.data[place], rinfo }
            })
        })
    }

    /// What the kernel gave from that datagram on, counted from 0, with trains whole: [`RemoteInfo::datagrams`] says where in
    /// the bytes each datagram is. The train to which that datagram belongs begins with it.
    pub fn gro_packets_from(&self, mut first: usize) -> impl Iterator<Item = Message<'_>> {
        self.slots.iter().filter_map(move |slot| {
            let passed = first.min(slot.datagrams());
            first -= passed;
            (passed < slot.datagrams()).then(|| self.train(slot, passed * slot.segment))
        })
    }

    /// What a slot holds from that byte on.
    fn train(&self, slot: &Slot, from: usize) -> Message<'_> {
        let data = &self.receiver.data(slot.index)[from..slot.length];
        let metadata = RecvMetadata { segment_size: slot.train(), ..self.receiver.metadata(slot.index) };
        Message { data, rinfo: RemoteInfo::new(self.receiver.peer(slot.index), data.len(), slot.truncated, metadata) }
    }

    /// Whether a train of any length fits each slot.
    pub(crate) fn holds_trains(&self) -> bool {
        self.slot_size() >= MAX_MESSAGE
    }

    /// Whether the last receive brought a train.
    pub const fn has_coalesced(&self) -> bool {
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

    /// How many trains there were.
    pub(crate) fn trains(&self) -> usize {
        self.slots.iter().filter(|slot| slot.train().is_some()).count()
    }

    /// Forgets the last receive.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.received = 0;
        self.datagrams = 0;
    }

    /// Takes over what the kernel put into the first `count` slots, less what `admit` turns away.
    pub(crate) fn fill(&mut self, count: usize, admit: impl Fn(SocketAddr) -> bool) {
        self.clear();
        self.received = count;
        for index in 0..count {
            let received = self.receiver.received(index);
            if admit(self.receiver.peer(index)) {
                let segment = received.segment.map_or(received.length, usize::from).max(1);
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

/// A received datagram, or train of datagrams, inside the batch that holds it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The bytes.
    pub data: &'a [u8],
    /// Who sent them.
    pub rinfo: RemoteInfo,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(sizes: &[usize], limit: usize) -> Vec<usize> {
        let bytes = [0; MAX_MESSAGE];
        let batch: Vec<_> = sizes.iter().map(|&size| Datagram::new(&bytes[..size])).collect();
        runs(&batch, limit).map(|run| run.datagrams.len()).collect()
    }

    #[test]
    fn equal_sizes_make_a_train_and_a_shorter_one_ends_it() {
        assert_eq!(lengths(&[9, 9, 9], 1000), [3]);
        assert_eq!(lengths(&[9, 9, 4, 4, 9], 1000), [3, 1, 1]);
        assert_eq!(lengths(&[4, 9, 9], 1000), [1, 2]);
    }

    #[test]
    fn empty_datagrams_travel_alone() {
        assert_eq!(lengths(&[0, 0, 9, 0, 9], 1000), [1, 1, 1, 1, 1]);
    }

    #[test]
    fn trains_end_at_64_segments_and_at_the_longest_message() {
        assert_eq!(lengths(&[1; 130], 1000), [64, 64, 2]);
        assert_eq!(lengths(&[1400; 50], 1400), [46, 4]);
        assert_eq!(lengths(&[MAX_MESSAGE; 2], MAX_MESSAGE), [1, 1]);
    }

    #[test]
    fn nothing_over_the_limit_is_joined() {
        assert_eq!(lengths(&[9, 9], 8), [1, 1]);
        assert_eq!(lengths(&[9, 9], 0), [1, 1]);
    }

    #[test]
    fn peers_are_not_mixed() {
        let (one, two) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let batch = [one, one, two, one].map(|peer| Datagram::new(b"abc").to(peer));
        assert_eq!(runs(&batch, 1000).map(|run| run.datagrams.len()).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn options_are_not_mixed_and_some_travel_alone() {
        let options =
            [SendOptions::new(), SendOptions::new().hop_limit(3), SendOptions::new().transmit_timestamp(true)];
        let batch = [0, 0, 1, 1, 2, 2].map(|index: usize| Datagram::new(b"abc").with(&options[index]));
        assert_eq!(runs(&batch, 1000).map(|run| run.datagrams.len()).collect::<Vec<_>>(), [2, 2, 1, 1]);
        let batch = [Datagram::new(b"abc"), Datagram::new(b"abc").with(&options[0])];
        assert_eq!(runs(&batch, 1000).count(), 2);
    }
}
