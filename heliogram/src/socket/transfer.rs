//! Sending and receiving, one datagram or a batch.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::batch_mode::Permit;
use super::control::{SocketControl, rule};
use super::lifecycle::Socket;
use crate::batch::{RecvBatch, RecvInfo, RemoteInfo};
use crate::block_list::BlockList;
use crate::error::{Error, ErrorKind, Result};
use crate::state::{Action, Op};
use crate::sys;
use crate::types::datagram::{Datagram, MAX_GRO_PACKET, Run, runs};

/// Sending and receiving.
impl Socket {
    /// Sends one datagram to the connected peer. Returns its length in bytes.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; `ERR_SOCKET_DGRAM_NOT_CONNECTED` without a peer; `EMSGSIZE` over 65,507
    /// bytes, or over the path's MTU where fragments are forbidden; `ECONNREFUSED` if the peer is gone; `EAGAIN` while the
    /// kernel's buffer is full.
    ///
    /// `ENOBUFS` if the queue of the network device is full: on Linux only with
    /// [`set_recv_errors`](crate::SocketControl::set_recv_errors), else such a datagram is lost in silence. The socket counts as writable
    /// meanwhile, and nothing reports when the queue has room: try again after a millisecond or so, or take it for a lost datagram. Of a
    /// GSO batch some segments may be lost without an error.
    #[doc(alias = "send")]
    #[inline]
    pub fn try_send(&self, message: &[u8]) -> Result<usize> {
        self.send_one(&[IoSlice::new(message)], None)
    }

    /// Sends one datagram to `peer`. Returns its length in bytes.
    ///
    /// An unbound socket is bound first, to all interfaces and a free port. [`try_send_batch`](Self::try_send_batch) sends
    /// many datagrams in one system call.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](Self::try_send) but `ERR_SOCKET_DGRAM_NOT_CONNECTED`; `ERR_SOCKET_BAD_PORT` for port 0;
    /// `ERR_IP_BLOCKED`; `EINVAL` for an address of the other family. On a connected socket macOS and FreeBSD answer
    /// `EISCONN`, while Linux and Windows send to `peer`.
    #[doc(alias("send", "sendto"))]
    #[inline]
    pub fn try_send_to(&self, message: &[u8], peer: SocketAddr) -> Result<usize> {
        self.send_one(&[IoSlice::new(message)], Some(peer))
    }

    /// [`try_send`](Self::try_send) for a datagram in several buffers. Without buffers the datagram is empty.
    ///
    /// # Errors
    ///
    /// Those of [`try_send`](Self::try_send).
    #[doc(alias = "sendmsg")]
    pub fn try_send_vectored(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        self.send_one(buffers, None)
    }

    /// [`try_send_to`](Self::try_send_to) for a datagram in several buffers. Without buffers the datagram is empty.
    ///
    /// # Errors
    ///
    /// Those of [`try_send_to`](Self::try_send_to).
    #[doc(alias = "sendmsg")]
    pub fn try_send_to_vectored(&self, buffers: &[IoSlice<'_>], peer: SocketAddr) -> Result<usize> {
        self.send_one(buffers, Some(peer))
    }

    /// Sends datagrams in order, in as few system calls as the system allows; says how many were taken.
    ///
    /// Neighbours with one peer and one size leave as one GSO batch (`UDP_SEGMENT`), which a kernel, device or path that
    /// refuses it gets datagram by datagram, with the same outcome; what was refused once is not tried again. Nothing is
    /// allocated.
    ///
    /// # Errors
    ///
    /// Only if the *first* datagram cannot be sent: those of [`try_send`](Self::try_send), about that datagram. If a later
    /// one cannot, the count ends before it, and the next call returns the reason; except for an error that the kernel reports once, such
    /// as a gone peer's `ECONNREFUSED`, which `sendmmsg` keeps to itself there.
    #[doc(alias("sendmmsg", "UDP_SEGMENT"))]
    pub fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        self.send_all(batch, Op::SendTo)
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes. Bytes that do not fit `buffer` are lost.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if there is none; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; `ECONNREFUSED` on a
    /// connected socket whose peer is gone, once, and the socket works on; `ERR_HELIOGRAM_GRO`
    /// on a socket with [`gro`](crate::SocketOptions::gro), which receives through batches.
    #[doc(alias = "recv")]
    #[inline]
    pub fn try_recv(&self, buffer: &mut [u8]) -> Result<usize> {
        let single = |gro| if gro { Err(too_small()) } else { self.receiving(|sys| sys.recv_unnamed(buffer)) };
        match self.options.receive_block_list {
            Some(_) => self.try_recv_from(buffer).map(|(length, _)| length),
            None => self.with_gro(single).inspect(|&length| self.incoming.add(1, length, 0)),
        }
    }

    /// Receives one datagram into `buffer`. Returns its length in bytes and its sender.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    #[doc(alias = "recvfrom")]
    #[inline]
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let mut single = |gro| if gro { Err(too_small()) } else { self.receiving(|sys| sys.recv(buffer)) };
        loop {
            let (length, addr, _) = self.with_gro(&mut single)?;
            if self.options.receive_block_list.as_ref().is_none_or(|list| admits(list, addr)) {
                self.incoming.add(1, length, 0);
                return Ok((length, addr));
            }
        }
    }

    /// Receives one datagram into `buffer`. Returns its length, its sender, [whether it was cut](RemoteInfo::truncated), and
    /// the receive metadata that the socket [asks for](SocketControl::set_recv_metadata).
    ///
    /// [`try_recv_batch`](Self::try_recv_batch) receives many datagrams in one system call.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    #[doc(alias = "recvmsg")]
    pub fn try_recv_msg(&self, buffer: &mut [u8]) -> Result<RecvInfo> {
        self.admitted(|gro| if gro { Err(too_small()) } else { self.recv_one(buffer, false) })
    }

    /// Receives one datagram into the next chunk of `buffer`. Returns its length in bytes. Bytes that do not fit are lost.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    #[cfg(feature = "bytes")]
    pub fn try_recv_buf<B: bytes::BufMut>(&self, buffer: &mut B) -> Result<usize> {
        self.try_recv_buf_from(buffer).map(|(length, _)| length)
    }

    /// Receives one datagram into the next chunk of `buffer`. Returns its length in bytes and its sender. Bytes that do not
    /// fit are lost.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv).
    #[cfg(feature = "bytes")]
    pub fn try_recv_buf_from<B: bytes::BufMut>(&self, buffer: &mut B) -> Result<(usize, SocketAddr)> {
        sys::fill(buffer, |free| self.try_recv_from(free))
    }

    /// Receives one datagram into `buffer` and leaves it in the queue. Returns its length in bytes, as far as `buffer` has room.
    ///
    /// # Errors
    ///
    /// Those of [`try_peek_from`](Self::try_peek_from).
    #[doc(alias = "MSG_PEEK")]
    pub fn try_peek(&self, buffer: &mut [u8]) -> Result<usize> {
        self.try_peek_from(buffer).map(|(length, _)| length)
    }

    /// Receives one datagram into `buffer` and leaves it in the queue. Returns its length in bytes, as far as `buffer` has
    /// room, and its sender.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv); `ENOTSUP` on a socket with a [block list for
    /// receiving](crate::SocketOptions::receive_block_list), which is asked when datagrams are taken.
    #[doc(alias = "MSG_PEEK")]
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        self.peeking(|sys| sys.peek(buffer))
    }

    /// Says who has sent the next datagram, and leaves it in the queue.
    ///
    /// # Errors
    ///
    /// Those of [`try_peek_from`](Self::try_peek_from).
    #[doc(alias = "MSG_PEEK")]
    pub fn try_peek_sender(&self) -> Result<SocketAddr> {
        self.peeking(sys::Socket::peek_sender)
    }

    /// Receives one message of the kernel into `buffer`, a datagram or, with [`gro`](crate::SocketOptions::gro), a GRO packet,
    /// whose datagrams lie one behind the other: [`RemoteInfo::datagrams`] says where.
    ///
    /// For memory that is handed on as it is; a batch splits GRO packets by itself, in memory of its own.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv); `ERR_HELIOGRAM_GRO` if GRO is on and `buffer` has less than 65,527 bytes,
    /// which would lose the end of one.
    #[doc(alias = "UDP_GRO")]
    pub fn try_recv_gro(&self, buffer: &mut [u8]) -> Result<RecvInfo> {
        let packet = |gro| match gro && buffer.len() < MAX_GRO_PACKET {
            true => Err(too_small()),
            false => self.recv_one(buffer, gro),
        };
        self.admitted(packet)
    }

    /// Receives what there is, as far as `batch` has room; says how many datagrams that is, the segments of GRO packets counted
    /// one by one. Nothing is allocated. It is 0 only if a block list turned all of them away.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv); `ERR_HELIOGRAM_GRO` if GRO is on ([`gro`](crate::SocketOptions::gro)) and the
    /// batch's slots are too small for them.
    #[doc(alias("recvmmsg", "UDP_GRO"))]
    pub fn try_recv_batch(&self, batch: &mut RecvBatch) -> Result<usize> {
        batch.clear();
        let info = self.receive_info();
        let slots = self.with_gro(|gro| match gro && !batch.holds_gro_packets() {
            true => Err(too_small()),
            false => self.receiving(|sys| sys.recv_slots(&mut batch.receiver, gro, info)),
        })?;
        batch.fill(slots, self.options.receive_block_list.as_ref().map(|list| |addr| admits(list, addr)));
        self.incoming.add(batch.len(), batch.bytes(), batch.gro_packets());
        Ok(batch.len())
    }

    /// Receives what there is into the caller's buffers, in one system call and without copies or allocation: a datagram
    /// for each buffer, or with [`gro`](crate::SocketOptions::gro) several of one flow, of which
    /// [`RemoteInfo::datagrams`] says where they are. Returns how many buffers were used: the first ones, each described
    /// by the entry of `infos` at the same index. What exceeds the shorter of the two slices, or 32, is not used.
    ///
    /// For programs that keep received bytes, such as QUIC stacks; [`try_recv_batch`](Self::try_recv_batch) has memory of
    /// its own. Where a block list turns datagrams away, buffers change places, and the count may be 0.
    ///
    /// ```
    /// # use heliogram::{RecvInfo, Socket, SocketOptions, SocketType};
    /// use std::io::IoSliceMut;
    ///
    /// # let socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
    /// # socket.bind(Some("127.0.0.1:0".parse().unwrap()))?;
    /// # for part in [b"one", b"two"] { socket.try_send_to(part, socket.local_addr()?)?; }
    /// let (mut first, mut second) = ([0; 1500], [0; 1500]);
    /// let mut infos = [RecvInfo::default(); 2];
    /// let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    /// let count = socket.try_recv_many(&mut buffers, &mut infos)?;
    /// for (buffer, info) in buffers.iter().zip(&infos[..count]) {
    ///     println!("{:?} from {}", &buffer[..info.size], info.addr);
    /// }
    /// # Ok::<(), heliogram::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv); `ERR_HELIOGRAM_GRO` if GRO is on ([`gro`](crate::SocketOptions::gro))
    /// and a buffer has less than 65,527 bytes, which could lose the end of a GRO packet.
    #[doc(alias("recvmmsg", "UDP_GRO"))]
    pub fn try_recv_many(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo]) -> Result<usize> {
        let usable = buffers.len().min(infos.len());
        let buffers = &mut buffers[..usable];
        let received =
            self.with_gro(|gro| match gro && buffers.iter().any(|buffer| buffer.len() < MAX_GRO_PACKET) {
                true => Err(too_small()),
                false => self.recv_into(buffers, infos, gro),
            })?;
        let kept = self.keep_admitted(buffers, &mut infos[..received]);
        let (datagrams, bytes, packets) = totals(&infos[..kept]);
        self.incoming.add(datagrams, bytes, packets);
        Ok(kept)
    }
}

/// What sends and receives share.
impl SocketControl {
    /// Sends one datagram, to `to` or to the connected peer.
    #[inline]
    pub(crate) fn send_one(&self, buffers: &[IoSlice<'_>], to: Option<SocketAddr>) -> Result<usize> {
        let sys = self.sender(to, Op::SendTo)?;
        let sent = match self.past_queued(|| sys.send(buffers, to)) {
            Ok(sent) => sent,
            Err(error) => self.send_one_too_large(sys, buffers, to, error)?,
        };
        self.outgoing.add(1, sent, 0);
        Ok(sent)
    }

    /// A datagram has been refused, by mode `Do` perhaps.
    #[cold]
    fn send_one_too_large(
        &self,
        sys: &sys::Socket,
        buffers: &[IoSlice<'_>],
        to: Option<SocketAddr>,
        refusal: io::Error,
    ) -> Result<usize> {
        let length = buffers.iter().map(|buffer| buffer.len()).sum();
        let send = || self.past_queued(|| sys.send(buffers, to));
        let outcome = self.send_in_own_mode(sys, to, length, &refusal, send).unwrap_or(Err(refusal));
        if outcome.is_ok() {
            self.note_too_large(to, length);
        }
        outcome.map_err(|error| self.send_failed(&error).maybe_at(to))
    }

    /// Sends datagrams that were permitted before and have waited since, in a queue outside the kernel.
    pub(crate) fn try_send_queued(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        self.send_all(batch, Op::SendQueued)
    }

    /// The system's socket, if a datagram may go `to` there now; binds it if it is unbound. With an address it is `named`
    /// that is asked for.
    #[inline]
    fn sender(&self, to: Option<SocketAddr>, named: Op) -> Result<&sys::Socket> {
        let op = if to.is_some() { named } else { Op::Send };
        let step = self.step(op).map_err(|code| rule(code, "send"))?;
        if let Some(peer) = to {
            self.check_peer("send", peer)?;
        }
        match step.action {
            Action::Call => {}
            Action::Wait => return Err(Error::raw("send", sys::errno::EAGAIN).maybe_at(to)),
            _ => {
                let _control = self.control();
                // Another thread may have closed the socket meanwhile.
                self.asks(op)?;
                self.bind_if_needed()?;
            }
        }
        self.sys("send")
    }

    fn send_all(&self, batch: &[Datagram<'_>], named: Op) -> Result<usize> {
        let mut sent = 0;
        while sent < batch.len() {
            match self.send_some(&batch[sent..], named) {
                Ok(count) => sent += count,
                Err(error) if sent == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    /// Sends what one system call takes of a batch that is not empty, as far as the rules permit.
    fn send_some(&self, batch: &[Datagram<'_>], named: Op) -> Result<usize> {
        let first = batch[0].to;
        let sys = self.sender(first, named)?;
        self.narrow_paths.count_batch(first);
        let taken = match batch[0].dont_fragment() {
            None => self.offer(sys, batch, self.permit_batches(sys, batch)),
            Some(dont_fragment) => self
                .batch_mode
                .send_in(sys, dont_fragment.into(), || self.offer(sys, batch, Permit::ALL))
                .map_err(|error| self.failed("send", &error))?,
        }?;
        let sent = batch[..taken.datagrams].iter();
        let (count, bytes) =
            sent.fold((0, 0), |(count, bytes), sent| (count + sent.count(), bytes + sent.payload.len()));
        self.outgoing.add(count, bytes, taken.gso_batches);
        Ok(taken.datagrams)
    }

    /// Offers the kernel what may follow the first datagram in one call.
    fn offer(&self, sys: &sys::Socket, batch: &[Datagram<'_>], permit: Permit<'_>) -> Result<sys::Taken> {
        let first = &batch[0];
        let permitted = |run: &Run<'_>| {
            let next = &run.datagrams[0];
            self.permits(next.to, first.to) && next.dont_fragment() == first.dont_fragment()
        };
        let ipv4 = permit.ipv4();
        let limit = |peer| self.offered_limit(peer, ipv4);
        let outcome = self.past_queued(|| sys.send_runs(runs(batch, limit).take_while(permitted)));
        // A refusal may have the mode changed.
        drop(permit);
        outcome.or_else(|error| self.send_refused(sys, batch, ipv4, &error))
    }

    /// Whether the rules let a datagram follow the first, which has been asked about.
    fn permits(&self, to: Option<SocketAddr>, first: Option<SocketAddr>) -> bool {
        to == first || first.is_some() && to.is_some_and(|to| self.check_peer("send", to).is_ok())
    }

    #[cold]
    pub(super) fn send_failed(&self, error: &io::Error) -> Error {
        if error.kind() == io::ErrorKind::WouldBlock {
            self.outgoing.would_block();
        }
        self.failed("send", error)
    }

    /// Calls with whether the kernel may hand over GRO packets, which stays so during the call.
    ///
    /// A receive that takes it for granted that each message is one datagram holds the switch: the uncontended lock is two atomic
    /// operations beside a system call. The other way round needs no lock: memory for GRO packets holds single datagrams too.
    #[inline]
    fn with_gro<T>(&self, call: impl FnOnce(bool) -> T) -> T {
        // Asked once: between two questions GRO could be stopped, and started again during the call.
        let gro = self.gro();
        if gro || !self.options.offload || self.gro_is_settled.load(Ordering::Relaxed) {
            return call(gro);
        }
        let _off = self.gro_switch.read().unwrap_or_else(PoisonError::into_inner);
        call(self.gro())
    }

    /// Receives until the block list admits what has come; counts it.
    fn admitted(&self, mut receive: impl FnMut(bool) -> Result<RecvInfo>) -> Result<RecvInfo> {
        loop {
            let received = self.with_gro(&mut receive)?;
            let from = &received.rinfo;
            if self.options.receive_block_list.as_ref().is_none_or(|list| admits(list, from.addr)) {
                let datagrams = from.datagram_count();
                self.incoming.add(datagrams, from.size, usize::from(datagrams > 1));
                return Ok(received);
            }
        }
    }

    fn recv_one(&self, buffer: &mut [u8], gro: bool) -> Result<RecvInfo> {
        let asked = self.receive_info();
        if asked.is_empty() && !gro {
            let (size, addr, truncated) = self.receiving(|sys| sys.recv(buffer))?;
            return Ok(RemoteInfo::new(addr, size, truncated).into());
        }
        let (addr, received, metadata) = self.receiving(|sys| sys.recv_with_metadata(buffer, asked))?;
        Ok(RecvInfo { rinfo: remote_info(addr, received), metadata })
    }

    fn peeking<T>(&self, call: impl FnMut(&sys::Socket) -> io::Result<T>) -> Result<T> {
        if self.options.receive_block_list.is_some() {
            return Err(Error::raw("recvmsg", sys::errno::ENOTSUP));
        }
        self.with_gro(|gro| if gro { Err(too_small()) } else { self.receiving(call) })
    }

    fn recv_into(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo], gro: bool) -> Result<usize> {
        let metadata = self.receive_info();
        self.receiving(|sys| {
            sys.recv_into(buffers, gro, metadata, |index, addr, received, metadata| {
                infos[index] = RecvInfo { rinfo: remote_info(addr, received), metadata };
            })
        })
    }

    #[inline]
    fn receiving<T>(&self, mut call: impl FnMut(&sys::Socket) -> io::Result<T>) -> Result<T> {
        let outcome = self.call(Op::Recv, "recvmsg", |sys| {
            // An error that came behind a batch's messages, where the system cannot keep it.
            sys.late_error().map_or_else(|| self.past_queued(|| call(sys)), Err)
        });
        outcome.inspect_err(|error| {
            if error.is_would_block() {
                self.incoming.would_block();
            }
        })
    }

    /// Calls again if the error may be an earlier datagram's. The kernel gives such an error once, to whichever call comes next, and
    /// the error queue has it too. An error that comes twice is the call's own.
    #[inline]
    pub(super) fn past_queued<T>(&self, mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut outcome = call();
        if !self.receive_errors.load(Ordering::Relaxed) {
            return outcome;
        }
        for _ in 0..QUEUED_AT_ONCE {
            let Err(first) = &outcome else { break };
            let raw = first.raw_os_error();
            if first.kind() == io::ErrorKind::WouldBlock {
                break;
            }
            outcome = call();
            if outcome.as_ref().is_err_and(|second| second.raw_os_error() == raw) {
                self.repeated.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
        outcome
    }

    /// Moves what the block list admits to the front. Returns how many that are.
    fn keep_admitted(&self, buffers: &mut [IoSliceMut<'_>], infos: &mut [RecvInfo]) -> usize {
        let Some(list) = &self.options.receive_block_list else { return infos.len() };
        let mut kept = 0;
        for index in 0..infos.len() {
            if admits(list, infos[index].addr) {
                buffers.swap(kept, index);
                infos.swap(kept, index);
                kept += 1;
            }
        }
        kept
    }
}

fn admits(list: &BlockList, addr: SocketAddr) -> bool {
    !list.check(addr.ip())
}

fn remote_info(addr: SocketAddr, received: sys::Received) -> RemoteInfo {
    RemoteInfo { segment_size: received.segments(), ..RemoteInfo::new(addr, received.length, received.truncated) }
}

/// Memory that could not hold a GRO packet.
fn too_small() -> Error {
    Error::rule(ErrorKind::Gro)
}

/// How many datagrams, bytes and GRO packets these are.
fn totals(infos: &[RecvInfo]) -> (usize, usize, usize) {
    infos.iter().fold((0, 0, 0), |(datagrams, bytes, packets), info| {
        let segments = info.datagram_count();
        (datagrams + segments, bytes + info.size, packets + usize::from(segments > 1))
    })
}

/// How many errors of earlier datagrams may come to the calls of one send or receive.
const QUEUED_AT_ONCE: usize = 4;
