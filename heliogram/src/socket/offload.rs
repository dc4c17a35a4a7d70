//! Segmentation offload: GSO batches out (`UDP_SEGMENT`), GRO packets in (`UDP_GRO`).

use std::io;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::control::SocketControl;
use super::lifecycle::Socket;
use crate::batch::RecvBatch;
use crate::error::Result;
use crate::state::Op;
use crate::sys;
use crate::types::datagram::{Datagram, Run, runs};
use crate::types::send_options::SendOptions;

impl SocketControl {
    /// The largest segment in bytes that [`try_send_batch`](Socket::try_send_batch) puts into a GSO batch to this peer, `None` being the
    /// connected one; 0 if datagrams leave one by one.
    ///
    /// It falls to 0 for all peers if the device or the kernel refuses GSO, and below a refused size for one peer if its path does;
    /// a path is tried again after 256 sends to it.
    #[doc(alias("UDP_SEGMENT", "max_transmit_segments"))]
    pub fn max_gso_segment(&self, peer: Option<SocketAddr>) -> usize {
        self.segment_limit(peer)
    }

    pub(crate) fn segment_limit(&self, peer: Option<SocketAddr>) -> usize {
        let limit = self.segment_limit.load(Ordering::Relaxed);
        self.narrow_paths.limit(peer).map_or(limit, |narrow| narrow.min(limit)).into()
    }

    /// The first message was refused. A GSO batch is tried again datagram by datagram: if the first goes, the batch was the cause. What
    /// the device or the kernel refuses concerns the socket; a size concerns the path to that peer.
    pub(super) fn send_refused(
        &self,
        sys: &sys::Socket,
        batch: &[Datagram<'_>],
        error: &io::Error,
    ) -> Result<sys::Taken> {
        let refusal = |error: &io::Error| self.send_failed(error).maybe_at(batch[0].to);
        if !error.raw_os_error().is_some_and(sys::errno::is_segment_refusal) {
            return Err(refusal(error));
        }
        if let Some(segment) = batch[0].options.and_then(|options| options.segment_size).filter(|&size| size > 0) {
            return self.send_segments(sys, &batch[0], segment.into(), error);
        }
        let first = runs(batch, |peer| self.segment_limit(peer)).next();
        let Some(segment) = first.and_then(|run| run.segment()) else { return Err(refusal(error)) };
        let alone = Run { datagrams: &batch[..1] };
        let sent = sys.send_runs(std::iter::once(alone)).map_err(|error| refusal(&error))?;
        self.outgoing.gso_refused();
        match sys::errno::is_size_refusal(error) {
            true => self.narrow_paths.add(batch[0].to, segment),
            false => self.segment_limit.store(0, Ordering::Relaxed),
        }
        Ok(sent)
    }

    /// Sends what the caller has segmented as single datagrams. Once some have left, what the kernel has no room for is lost, as it
    /// may be anywhere on the way.
    fn send_segments(
        &self,
        sys: &sys::Socket,
        datagram: &Datagram<'_>,
        segment: usize,
        error: &io::Error,
    ) -> Result<sys::Taken> {
        let options = datagram.options.map(|&options| SendOptions { segment_size: None, ..options });
        let single = |payload| Datagram { payload, to: datagram.to, options: options.as_ref() };
        let singles: Vec<_> = datagram.payload.chunks(segment).map(single).collect();
        let first = sys.send_runs(runs(&singles, |_| 0)).map_err(|_| self.send_failed(error).maybe_at(datagram.to))?;
        self.outgoing.gso_refused();
        let mut sent = first.datagrams;
        while let Some(rest) = singles.get(sent..).filter(|rest| !rest.is_empty()) {
            match sys.send_runs(runs(rest, |_| 0)) {
                Ok(taken) => sent += taken.datagrams,
                Err(_) => break,
            }
        }
        Ok(sys::Taken { datagrams: 1, gso_batches: 0 })
    }
}

/// Receiving GRO packets.
impl Socket {
    /// Turns GRO on (`UDP_GRO`), as [`SocketOptions::gro`](crate::SocketOptions::gro) does from the start.
    /// Without effect on a socket without [`offload`](crate::SocketOptions::offload).
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn start_gro(&self) -> Result<()> {
        if self.options.offload {
            let _switch = self.gro_switch.write().unwrap_or_else(PoisonError::into_inner);
            self.call(Op::Recv, "setsockopt", |sys| sys.set_gro(true))?;
            self.gro.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Turns GRO off: before others read from the same open file, who would receive GRO packets as single datagrams.
    ///
    /// What has come so far is received and given back, errors of the network included. What comes meanwhile is lost, as if
    /// the kernel's buffer were full.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn stop_gro(&self) -> Result<Vec<Result<RecvBatch>>> {
        if !self.gro() {
            return Ok(Vec::new());
        }
        let _switch = self.gro_switch.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have stopped it meanwhile. A receive of this one would then wait for the switch that it holds.
        if !self.gro() {
            return Ok(Vec::new());
        }
        self.call(Op::Recv, "setsockopt", |sys| sys.refuse_all(true))?;
        let received = self.drain();
        self.call(Op::Recv, "setsockopt", |sys| sys.set_gro(false).and(sys.refuse_all(false)))?;
        self.gro.store(false, Ordering::Relaxed);
        Ok(received)
    }

    /// Everything that has come. The kernel reports an error of the network once; one that comes again will not end.
    fn drain(&self) -> Vec<Result<RecvBatch>> {
        let mut received = Vec::new();
        loop {
            let mut batch = RecvBatch::for_gro(8);
            match self.try_recv_batch(&mut batch) {
                Ok(_) => received.push(Ok(batch)),
                Err(error) if error.is_would_block() => return received,
                Err(error) => {
                    let again = matches!(received.last(), Some(Err(_)));
                    received.push(Err(error));
                    if again {
                        return received;
                    }
                }
            }
        }
    }
}
