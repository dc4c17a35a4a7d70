//! [`Receiver`]: the memory that datagrams are received into.

use std::net::SocketAddr;

use crate::sys::outcome::Received;
use crate::types::family::SocketType;
use crate::types::metadata::RecvMetadata;

/// The memory that datagrams are received into: for each slot the bytes, the peer, and what else is known.
pub(crate) struct Receiver {
    pub(super) data: Box<[u8]>,
    pub(super) slot_size: usize,
    pub(super) messages: Box<[(SocketAddr, Received)]>,
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
