//! [`RemoteInfo`]: the sender of a datagram; [`RecvInfo`]: that, and its receive metadata.

use std::net::SocketAddr;
use std::ops::{Deref, Range};

use super::zone::{family, text};
use crate::sys;
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
