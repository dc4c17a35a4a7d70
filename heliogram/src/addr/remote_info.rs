//! [`RemoteInfo`]: the sender of a datagram.

use std::net::SocketAddr;
use std::ops::Range;

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
    /// Whether the message was longer than the buffer and its end is lost (`MSG_TRUNC`).
    pub truncated: bool,
    /// How it arrived, as far as [`Socket::set_recv_metadata`](crate::SocketControl::set_recv_metadata) asked.
    pub metadata: RecvMetadata,
}

/// A place for a receive to write to: nobody, and no bytes.
impl Default for RemoteInfo {
    fn default() -> Self {
        RemoteInfo::new(SocketType::Udp4.any(), 0, false, RecvMetadata::default())
    }
}

impl RemoteInfo {
    pub(crate) const fn new(addr: SocketAddr, size: usize, truncated: bool, metadata: RecvMetadata) -> Self {
        RemoteInfo { addr, size, truncated, metadata }
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
        let step = self.metadata.segment_size.map_or(size, usize::from).max(1);
        (0..size.max(1)).step_by(step).map(move |start| start..size.min(start + step))
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
            let metadata = RecvMetadata { segment_size: Some(segment_size), ..RecvMetadata::default() };
            let packet = RemoteInfo::new("127.0.0.1:1".parse().unwrap(), bytes.len(), false, metadata);
            packet.datagrams().map(|place| &bytes[place]).collect::<Vec<_>>()
        };
        assert_eq!(cut(b"aabbc", 2), [&b"aa"[..], b"bb", b"c"]);
        assert_eq!(cut(b"", 1), [b""]);
    }
}
