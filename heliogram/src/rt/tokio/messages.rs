//! [`TokioMessages`]: a socket's datagrams as a stream.

use std::fmt;
use std::io::IoSliceMut;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::readiness::{READABLE, Waiter};
use super::socket::TokioSocket;
use crate::batch::{RecvInfo, RemoteInfo};
use crate::error::{ErrorKind, Result};
use crate::types::metadata::RecvMetadata;

/// The datagrams of a socket, as [`TokioSocket::messages`] gives them.
///
/// The bytes of those that were received together share one allocation, which is freed with the last of them, or used again:
/// a program that drops them before it asks for more makes one for all. Where they fill little of it, they are copied into one
/// that fits, so that a kept message keeps at most 16 times the bytes of those that came with it.
#[must_use = "a stream does nothing unless it is polled"]
pub struct TokioMessages<'a> {
    socket: &'a TokioSocket,
    /// What packets are received into, one each [`STRIDE`]; empty before the first, and while messages are kept.
    memory: Bytes,
    /// The packets received last, of which the first `begun` have been begun to be given out.
    packets: [RecvInfo; PACKETS],
    /// Where they begin in the memory.
    starts: [usize; PACKETS],
    received: usize,
    begun: usize,
    /// The packet that is being given out, and what is left of it.
    current: Option<RemoteInfo>,
    rest: Bytes,
    /// What is left of copied packets.
    copied: Option<Bytes>,
    waiter: Waiter,
}

/// How many packets are received at once.
const PACKETS: usize = 8;
/// What a packet has room for, and a line of the processor's cache more, so that packets do not push one another out of it.
const STRIDE: usize = ROOM + 64;
const ROOM: usize = 65_536;
/// Fewer bytes than this are copied.
const SHARED: usize = PACKETS * STRIDE / 16;

impl<'a> TokioMessages<'a> {
    pub(super) fn new(socket: &'a TokioSocket) -> Self {
        TokioMessages {
            socket,
            memory: Bytes::new(),
            packets: [RecvInfo::default(); PACKETS],
            starts: [0; PACKETS],
            received: 0,
            begun: 0,
            current: None,
            rest: Bytes::new(),
            copied: None,
            waiter: Waiter::default(),
        }
    }

    /// The receive metadata of the datagram that was given out last, as far as the socket
    /// [asked](crate::SocketControl::set_recv_metadata).
    pub fn metadata(&self) -> RecvMetadata {
        self.begun.checked_sub(1).map_or_else(RecvMetadata::default, |last| self.packets[last].metadata)
    }

    fn poll_packets(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            ready!(self.waiter.poll(&self.socket.readiness, context, READABLE))?;
            match self.receive() {
                Err(error) if error.is_would_block() => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn receive(&mut self) -> Result<()> {
        (self.received, self.begun) = (0, 0);
        (self.rest, self.copied) = (Bytes::new(), None);
        let kept = std::mem::take(&mut self.memory);
        let mut memory = kept.try_into_mut().unwrap_or_else(|_| BytesMut::zeroed(PACKETS * STRIDE));
        let base = memory.as_ptr() as usize;
        let mut places = memory.chunks_exact_mut(STRIDE);
        let mut buffers: [_; PACKETS] =
            std::array::from_fn(|_| IoSliceMut::new(places.next().map_or(&mut [], |place| &mut place[..ROOM])));
        let outcome = self.socket.try_recv_many(&mut buffers, &mut self.packets);
        // A block list may have made buffers change places.
        self.starts = buffers.map(|buffer| buffer.as_ptr() as usize - base);
        self.memory = memory.freeze();
        self.received = outcome?;
        self.copied = self.copy();
        Ok(())
    }

    /// The packets one behind the other, if they are few bytes.
    fn copy(&self) -> Option<Bytes> {
        let packets = &self.packets[..self.received];
        let bytes = packets.iter().map(|packet| packet.size).sum();
        (bytes < SHARED).then(|| {
            let mut copied = Vec::with_capacity(bytes);
            let places = packets.iter().zip(self.starts).map(|(packet, start)| start..start + packet.size);
            places.for_each(|place| copied.extend_from_slice(&self.memory[place]));
            copied.into()
        })
    }

    /// The next datagram of those that were received.
    fn next(&mut self) -> Option<(Bytes, RemoteInfo)> {
        let packet = match self.current {
            Some(packet) => packet,
            None => self.begin_packet()?,
        };
        let size = packet.segment_size.map_or(packet.size, usize::from).min(self.rest.len());
        let bytes = self.rest.split_to(size);
        self.current = Some(packet).filter(|_| !self.rest.is_empty());
        Some((bytes, RemoteInfo { size, ..packet }))
    }

    fn begin_packet(&mut self) -> Option<RemoteInfo> {
        let packet = self.packets[..self.received].get(self.begun)?.rinfo;
        let start = self.starts[self.begun];
        self.rest = match &mut self.copied {
            Some(copied) => copied.split_to(packet.size),
            None => self.memory.slice(start..start + packet.size),
        };
        self.begun += 1;
        Some(packet)
    }
}

impl Stream for TokioMessages<'_> {
    type Item = Result<(Bytes, RemoteInfo)>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.next() {
                return Poll::Ready(Some(Ok(message)));
            }
            match ready!(self.poll_packets(context)) {
                Ok(()) => {}
                Err(error) if error.reason() == ErrorKind::NotRunning => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl fmt::Debug for TokioMessages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packets = self.received - self.begun;
        f.debug_struct("TokioMessages").field("socket", self.socket).field("packets", &packets).finish_non_exhaustive()
    }
}
