//! Segmentation offload: GSO batches out (`UDP_SEGMENT`), GRO packets in (`UDP_GRO`).

use std::io;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::batch_mode::Permit;
use super::control::SocketControl;
use super::lifecycle::Socket;
use crate::batch::RecvBatch;
use crate::error::Result;
use crate::state::Op;
use crate::sys;
use crate::types::datagram::{Datagram, MAX_MESSAGE, MAX_SEGMENTS, runs};
use crate::types::family::SocketType;
use crate::types::send_options::SendOptions;

impl SocketControl {
    /// The largest segment in bytes that [`try_send_batch`](Socket::try_send_batch) puts into a GSO batch to this peer, `None` being the
    /// connected one; 0 if datagrams leave one by one.
    ///
    /// It falls to 0 for all peers if the device or the kernel refuses GSO, and below a refused size for one peer if its path does;
    /// a path is tried again after 256 sends to it.
    ///
    /// Over IPv4 a batch needs mode [`Do`](crate::PathMtuDiscovery::Do) for the don't-fragment bit that each datagram alone has in mode
    /// [`Want`](crate::PathMtuDiscovery::Want), the default. The mode belongs to the open file. So it is 0 in mode `Want` where others may
    /// have the open file: a socket that was [taken over](Socket::bind_descriptor), or whose
    /// [descriptor](SocketControl::descriptor) was read. In any other mode, which the program
    /// [chooses](SocketControl::set_path_mtu_discovery), batches leave as single datagrams do.
    #[doc(alias("UDP_SEGMENT", "max_transmit_segments"))]
    pub fn max_gso_segment(&self, peer: Option<SocketAddr>) -> usize {
        self.segment_limit(peer)
    }

    pub(crate) fn segment_limit(&self, peer: Option<SocketAddr>) -> usize {
        let reaches = !self.is_by_ipv4(peer) || self.batch_mode.permits(self.sys.get());
        if reaches { self.size_limit(peer) } else { 0 }
    }

    /// As far as the system, the device and the path are concerned.
    pub(super) fn size_limit(&self, peer: Option<SocketAddr>) -> usize {
        let limit = self.segment_limit.load(Ordering::Relaxed);
        self.narrow_paths.limit(peer).map_or(limit, |narrow| narrow.min(limit)).into()
    }

    /// The first message was refused. A GSO batch is tried again datagram by datagram: if the first goes, the batch was the cause. What
    /// the device or the kernel refuses concerns the socket; a size concerns the path to that peer. `ipv4` says whether batches by IPv4
    /// were offered.
    #[cold]
    pub(super) fn send_refused(
        &self,
        sys: &sys::Socket,
        batch: &[Datagram<'_>],
        ipv4: bool,
        error: &io::Error,
    ) -> Result<sys::Taken> {
        let refusal = |error: &io::Error| self.send_failed(error).maybe_at(batch[0].to);
        if !error.raw_os_error().is_some_and(sys::errno::is_segment_refusal) {
            return Err(refusal(error));
        }
        if let Some(segment) = batch[0].options.and_then(|options| options.segment_size).filter(|&size| size > 0) {
            return self.send_segments(sys, &batch[0], segment, error);
        }
        let first = runs(batch, |peer| self.offered_limit(peer, ipv4)).next();
        let Some(segment) = first.and_then(|run| run.segment()) else {
            return self.send_too_large(sys, batch, error).unwrap_or_else(|| Err(refusal(error)));
        };
        let sent = self.send_alone(sys, &batch[..1]).map_err(|error| refusal(&error))?;
        self.remember_refusal(batch[0].to, segment, error);
        Ok(sent)
    }

    fn remember_refusal(&self, peer: Option<SocketAddr>, segment: u16, error: &io::Error) {
        self.outgoing.gso_refused();
        match sys::errno::is_size_refusal(error) {
            true => self.narrow_paths.add(peer, segment),
            false => self.segment_limit.store(0, Ordering::Relaxed),
        }
    }

    /// The largest segment of a batch to this peer in a call that has a [permit](Self::permit_batches) with this answer.
    pub(super) fn offered_limit(&self, peer: Option<SocketAddr>, ipv4: bool) -> usize {
        if ipv4 || !self.is_by_ipv4(peer) { self.size_limit(peer) } else { 0 }
    }

    /// Sends datagrams to one peer as single ones, whatever their size.
    fn send_alone(&self, sys: &sys::Socket, datagrams: &[Datagram<'_>]) -> io::Result<sys::Taken> {
        let send = || self.past_queued(|| sys.send_runs(runs(datagrams, |_| 0)));
        send().or_else(|error| self.send_whole(sys, &datagrams[0], &error, send).unwrap_or(Err(error)))
    }

    /// Sends a single datagram again that mode `Do` may have refused, and what follows it to the same peer. Batches to the peer have
    /// smaller segments from now on, or there are none. `None` says that the refusal stands.
    fn send_too_large(
        &self,
        sys: &sys::Socket,
        batch: &[Datagram<'_>],
        error: &io::Error,
    ) -> Option<Result<sys::Taken>> {
        let first = &batch[0];
        let alike = |next: &&Datagram<'_>| next.to == first.to && next.dont_fragment().is_none() && !is_segmented(next);
        let same = batch.iter().take_while(alike).count();
        let send = || self.past_queued(|| sys.send_runs(runs(&batch[..same], |_| 0)));
        let outcome = self.send_whole(sys, first, error, send)?;
        if outcome.is_ok() {
            self.note_too_large(first.to, first.payload.len());
        }
        Some(outcome.map_err(|error| self.send_failed(&error).maybe_at(first.to)))
    }

    /// Sends in the program's own mode, if the datagram has no rule of its own.
    fn send_whole<T>(
        &self,
        sys: &sys::Socket,
        datagram: &Datagram<'_>,
        error: &io::Error,
        send: impl FnMut() -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let free = datagram.dont_fragment().is_none();
        free.then(|| self.send_in_own_mode(sys, datagram.to, datagram.payload.len(), error, send)).flatten()
    }

    /// Sends again what was refused for its size, if mode `Do` may be the cause, in the program's own mode. `None` says that the refusal
    /// stands.
    pub(super) fn send_in_own_mode<T>(
        &self,
        sys: &sys::Socket,
        to: Option<SocketAddr>,
        length: usize,
        refusal: &io::Error,
        send: impl FnMut() -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let too_large = refusal.raw_os_error() == Some(sys::errno::EMSGSIZE) && length <= MAX_MESSAGE;
        if !too_large || !self.batch_mode.may_refuse() || !self.is_by_ipv4(to) || fits_path(sys, to, length) {
            return None;
        }
        let (refusals, outcome) = self.batch_mode.send_in_own(sys, send)?;
        if outcome.is_ok() && self.receive_errors.load(Ordering::Relaxed) {
            self.batch_mode.add_repaired(refusals);
        }
        Some(outcome)
    }

    /// A single datagram exceeds the path: mode `Do`, in which batches go, would refuse the next one too.
    pub(super) fn note_too_large(&self, to: Option<SocketAddr>, length: usize) {
        // It fits, as it has been a datagram.
        self.narrow_paths.add(to, u16::try_from(length).unwrap_or(u16::MAX));
    }

    /// Sends what the caller has segmented as single datagrams. Once some have left, what the kernel has no room for is lost, as it
    /// may be anywhere on the way.
    fn send_segments(
        &self,
        sys: &sys::Socket,
        datagram: &Datagram<'_>,
        segment: u16,
        error: &io::Error,
    ) -> Result<sys::Taken> {
        let options = datagram.options.map(|&options| SendOptions { segment_size: None, ..options });
        let single = |payload| Datagram { payload, to: datagram.to, options: options.as_ref() };
        let singles: Vec<_> = datagram.payload.chunks(segment.into()).map(single).collect();
        let first = self.send_alone(sys, &singles).map_err(|single| {
            let full = single.kind() == io::ErrorKind::WouldBlock;
            self.send_failed(if full { &single } else { error }).maybe_at(datagram.to)
        })?;
        // More than a batch may have is no refusal of batches.
        if datagram.payload.len() <= MAX_MESSAGE && singles.len() <= MAX_SEGMENTS {
            self.remember_refusal(datagram.to, segment, error);
        }
        let mut sent = first.datagrams;
        while let Some(rest) = singles.get(sent..).filter(|rest| !rest.is_empty()) {
            match self.send_alone(sys, rest) {
                Ok(taken) => sent += taken.datagrams,
                Err(_) => break,
            }
        }
        Ok(sys::Taken { datagrams: 1, gso_batches: 0 })
    }
}

/// The don't-fragment bit of GSO batches.
impl SocketControl {
    /// Permits the GSO batches of one call, if there are any.
    pub(super) fn permit_batches(&self, sys: &sys::Socket, batch: &[Datagram<'_>]) -> Permit<'_> {
        match batch {
            _ if !sys::SEGMENTS => Permit::BY_IPV6,
            [one] if !is_segmented(one) => Permit::BY_IPV6,
            _ => self.batch_mode.permit(sys, || self.has_gso_batch(batch)),
        }
    }

    /// Whether there is a GSO batch among these, made here or by the caller.
    fn has_gso_batch(&self, batch: &[Datagram<'_>]) -> bool {
        let mut runs = runs(batch, |peer| self.size_limit(peer));
        runs.any(|run| run.segment().is_some() || is_segmented(&run.datagrams[0]))
    }

    /// Whether datagrams to this peer are IPv4's, `None` being the connected one.
    fn is_by_ipv4(&self, peer: Option<SocketAddr>) -> bool {
        match (self.socket_type(), peer) {
            (SocketType::Udp4, _) => true,
            (SocketType::Udp6, Some(peer)) => is_mapped(peer),
            (SocketType::Udp6, None) => self.batch_mode.has_mapped_peer(),
        }
    }

    /// The socket has another peer.
    pub(super) fn note_peer(&self, peer: SocketAddr) {
        self.batch_mode.set_mapped_peer(is_mapped(peer));
    }

    /// All who have the open file are sockets of this crate, as the workers of a cluster are.
    #[doc(hidden)]
    pub fn share_batch_mode(&self) {
        self.batch_mode.share();
    }
}

/// Whether these are datagrams that the caller has joined.
fn is_segmented(datagram: &Datagram<'_>) -> bool {
    datagram.options.is_some_and(|options| options.segment_size.is_some())
}

/// Whether the datagram fits the path of a connected socket: then another one's error has been reported.
fn fits_path(sys: &sys::Socket, to: Option<SocketAddr>, length: usize) -> bool {
    to.is_none() && sys.mtu().is_ok_and(|mtu| length + HEADERS <= mtu)
}

fn is_mapped(peer: SocketAddr) -> bool {
    matches!(peer, SocketAddr::V6(peer) if peer.ip().to_ipv4_mapped().is_some())
}

/// The headers of IPv4, without options, and UDP in bytes.
const HEADERS: usize = 28;

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
