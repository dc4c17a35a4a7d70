//! What one system call has moved.

/// What the kernel said of one received message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// Bytes in the slot.
    pub(crate) length: usize,
    /// The size of the segments, if the message is a GRO packet.
    pub(crate) segment: Option<u16>,
    /// The end did not fit.
    pub(crate) truncated: bool,
}

impl Received {
    /// The segments' size, if there are several.
    pub(crate) fn segments(&self) -> Option<u16> {
        self.segment.filter(|&segment| self.length > usize::from(segment))
    }
}

/// What a send of several messages has taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) datagrams: usize,
    /// How many messages were several datagrams.
    pub(crate) gso_batches: usize,
}
