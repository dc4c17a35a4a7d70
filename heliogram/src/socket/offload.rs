//! Segmentation offload: GSO batches out (`UDP_SEGMENT`), GRO packets in (`UDP_GRO`).

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::control::SocketControl;
use super::lifecycle::Socket;
use crate::batch::RecvBatch;
use crate::error::Result;
use crate::state::Op;
use crate::sys;
use crate::types::datagram::{Datagram, Run, runs};

impl SocketControl {
    /// Whether the kernel may deliver GRO packets: as [`SocketOptions::gro`](crate::SocketOptions::gro) said at first.
    pub fn gro(&self) -> bool {
        self.gro.load(Ordering::Relaxed)
    }

    /// Calls with whether the kernel may hand over GRO packets, which stays so during the call.
    ///
    /// A receive that takes it for granted that each message is one datagram holds the switch: the uncontended lock is two atomic
    /// operations beside a system call. The other way round needs no lock: memory for GRO packets holds single datagrams too.
    pub(super) fn with_gro<T>(&self, call: impl FnOnce(bool) -> T) -> T {
        if self.gro() || !self.options.offload {
            return call(self.gro());
        }
        let _off = self.gro_switch.read().unwrap_or_else(PoisonError::into_inner);
        call(self.gro())
    }

    /// The largest segment that may travel in a GSO batch now.
    pub(crate) fn segment_limit(&self) -> usize {
        self.segment_limit.load(Ordering::Relaxed).into()
    }

    /// The first message was refused. A GSO batch is tried again as its first datagram alone: if that goes, the batch was the
    /// cause, and no batch with segments of that size is tried again.
    pub(super) fn send_refused(
        &self,
        sys: &sys::Socket,
        batch: &[Datagram<'_>],
        limit: usize,
        error: &io::Error,
    ) -> Result<sys::Taken> {
        let refusal = |error: &io::Error| self.send_failed(error).maybe_at(batch[0].to);
        let segments = runs(batch, limit).next().and_then(|run| run.segment());
        let Some(segment) = segments.filter(|_| error.raw_os_error().is_some_and(sys::errno::is_segment_refusal))
        else {
            return Err(refusal(error));
        };
        let alone = Run { datagrams: &batch[..1] };
        let sent = sys.send_runs(std::iter::once(alone)).map_err(|error| refusal(&error))?;
        self.outgoing.gso_refused();
        self.segment_limit.fetch_min(sys::errno::segment_limit(error, segment), Ordering::Relaxed);
        Ok(sent)
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
