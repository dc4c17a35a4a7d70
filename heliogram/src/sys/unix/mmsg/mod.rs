//! Many datagrams in one system call: `recvmmsg`, `sendmmsg`, `UDP_SEGMENT`, `UDP_GRO`.
//!
//! On systems that have neither call, for kernels and sandboxes that refuse them, and under `heliogram_force_single`, the module
//! `single` does the same work message by message; everything else here is common to both.
//!
//! Sources: `recvmmsg(2)`, `sendmmsg(2)`, `udp(7)`, `seccomp(2)`.

mod into_buffers;

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::Ordering;

use socket2::SockAddr;

use super::call::{Name, check_long, decode, retry};
use super::cmsg::control::Control;
use super::cmsg::receive::{self, RECEIVE_SPACE};
use super::cmsg::send::{SEND_SPACE, encode_options, encode_segment};
use super::socket::Socket;
use crate::sys::outcome::{Received, Taken};
use crate::types::datagram::{MAX_SEGMENTS, Run};
use crate::types::family::SocketType;
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};

/// The most messages of one `sendmmsg`, and the most buffers that they have together.
const MESSAGES: usize = 64;
const BUFFERS: usize = 256;

/// Room for what goes along with a message: a GSO batch's segment size, or all that a datagram may take along.
type SendControl = Control<SEND_SPACE>;

/// Room for what comes with a received message: all that a socket may ask for. A socket that asks for nothing but GRO packets
/// may have been adopted with other options on, whose messages come before the size of the packets' datagrams.
type ReceiveControl = Control<RECEIVE_SPACE>;

/// Everything that `sendmmsg` looks at, on the stack: nothing is allocated, and only what is used is written.
struct Outgoing<const MESSAGES: usize, const BUFFERS: usize> {
    headers: [MaybeUninit<Header>; MESSAGES],
    names: [MaybeUninit<SockAddr>; MESSAGES],
    controls: [MaybeUninit<SendControl>; MESSAGES],
    buffers: [MaybeUninit<libc::iovec>; BUFFERS],
    /// How many datagrams each message carries.
    datagrams: [u8; MESSAGES],
    /// Whether each message is a GSO batch.
    gso_batches: [bool; MESSAGES],
    messages: usize,
    used: usize,
}

impl<const MESSAGES: usize, const BUFFERS: usize> Outgoing<MESSAGES, BUFFERS> {
    const fn new() -> Self {
        Outgoing {
            headers: [const { MaybeUninit::uninit() }; MESSAGES],
            names: [const { MaybeUninit::uninit() }; MESSAGES],
            controls: [const { MaybeUninit::uninit() }; MESSAGES],
            buffers: [const { MaybeUninit::uninit() }; BUFFERS],
            datagrams: [0; MESSAGES],
            gso_batches: [false; MESSAGES],
            messages: 0,
            used: 0,
        }
    }

    fn has_room_for(&self, run: &Run<'_>) -> bool {
        self.messages < MESSAGES && self.used + run.datagrams.len() <= BUFFERS
    }

    /// Adds a run. The pointers stored here stay good while neither self nor the run's bytes move: `send_runs` sees to it.
    /// An error is that the system does not have what the run's datagrams shall take along.
    fn push(&mut self, run: &Run<'_>, family: SocketType) -> io::Result<()> {
        let mut header = Header::new();
        if let Some(to) = run.datagrams[0].to {
            let name = self.names[self.messages].write(to.into());
            header.message.msg_name = name.as_ptr().cast_mut().cast();
            header.message.msg_namelen = name.len();
        }
        let (segment, options) = (run.segment(), run.datagrams[0].options);
        if segment.is_some() || options.is_some() {
            let control = self.controls[self.messages].write(SendControl::new());
            header.message.msg_controllen = match (options, segment) {
                (Some(options), _) => encode_options(control, options, segment, family, run.datagrams[0].to)?,
                (None, segment) => segment.map_or(0, |segment| encode_segment(control, segment)),
            } as _;
            header.message.msg_control = control.as_mut_ptr().cast();
        }
        let first = self.used;
        self.add_bytes(run);
        header.message.msg_iov = self.buffers[first].as_mut_ptr();
        header.message.msg_iovlen = (self.used - first) as _;
        self.headers[self.messages].write(header);
        // A GSO batch has at most 64.
        self.datagrams[self.messages] = run.datagrams.len() as u8;
        self.gso_batches[self.messages] = segment.is_some() || run.datagrams[0].own_segments().is_some();
        self.messages += 1;
        Ok(())
    }

    /// Adds the run's bytes; payloads that lie one behind the other become one buffer.
    fn add_bytes(&mut self, run: &Run<'_>) {
        let mut end = std::ptr::null();
        for datagram in run.datagrams {
            let bytes = datagram.payload.as_ptr_range();
            if bytes.start == end && !datagram.payload.is_empty() {
                // SAFETY: `end` is set only after the buffer before was written.
                unsafe { self.buffers[self.used - 1].assume_init_mut() }.iov_len += datagram.payload.len();
            } else {
                let (iov_base, iov_len) = (bytes.start.cast_mut().cast(), datagram.payload.len());
                self.buffers[self.used].write(libc::iovec { iov_base, iov_len });
                self.used += 1;
            }
            end = bytes.end;
        }
    }

    fn headers(&mut self) -> &mut [Header] {
        // SAFETY: `push` has written the first `messages` headers.
        unsafe { &mut *(std::ptr::from_mut(&mut self.headers[..self.messages]) as *mut [Header]) }
    }
}

impl Socket {
    /// Sends as many of the runs as one call takes, in order; says what that was. An error means that the first was refused.
    pub(crate) fn send_runs<'a>(&self, mut runs: impl Iterator<Item = Run<'a>>) -> io::Result<Taken> {
        let Some(first) = runs.next() else { return Ok(Taken::default()) };
        match runs.next() {
            // The room for many messages is many lines of the processor's cache.
            None => self.send_messages::<1, MAX_SEGMENTS>(std::iter::once(first)),
            Some(second) => self.send_messages::<MESSAGES, BUFFERS>([first, second].into_iter().chain(runs)),
        }
    }

    #[inline(never)]
    fn send_messages<'a, const MESSAGES: usize, const BUFFERS: usize>(
        &self,
        runs: impl Iterator<Item = Run<'a>>,
    ) -> io::Result<Taken> {
        let mut outgoing = Outgoing::<MESSAGES, BUFFERS>::new();
        for run in runs {
            if !outgoing.has_room_for(&run) {
                break;
            }
            match outgoing.push(&run, self.family) {
                Ok(()) => {}
                Err(error) if outgoing.messages == 0 => return Err(error),
                // The next call returns the error.
                Err(_) => break,
            }
        }
        let descriptor = self.descriptor().as_raw_fd();
        let headers = outgoing.headers();
        let messages = retry(|| transmit(descriptor, headers))?;
        let datagrams = outgoing.datagrams[..messages].iter().map(|&count| usize::from(count)).sum();
        let gso_batches = outgoing.gso_batches[..messages].iter().filter(|&&batch| batch).count();
        Ok(Taken { datagrams, gso_batches })
    }

    /// Keeps an error that came behind the messages of a batch for the next receive.
    fn keep_late(&self, late: Option<io::Error>) {
        if let Some(raw) = late.and_then(|error| error.raw_os_error()) {
            self.late.store(raw, Ordering::Relaxed);
        }
    }

    /// Takes the error that came behind a batch's messages. `recvmmsg` has the kernel keep it.
    pub(crate) fn late_error(&self) -> Option<io::Error> {
        if self.late.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Some(self.late.swap(0, Ordering::Relaxed)).filter(|&raw| raw != 0).map(io::Error::from_raw_os_error)
    }

    /// Receives as many messages as there are, at most one for each slot; says how many. `gro` says that
    /// there may be GRO packets, `info` which metadata the socket asked for.
    pub(crate) fn recv_slots(
        &self,
        receiver: &mut Receiver,
        gro: bool,
        info: RecvMetadataOptions,
    ) -> io::Result<usize> {
        receiver.info = info;
        receiver.prepare(gro || !info.is_empty());
        let descriptor = self.descriptor().as_raw_fd();
        let (count, late) = retry(|| collect(descriptor, &mut receiver.headers))?;
        self.keep_late(late);
        // The one after them may have been tried too.
        receiver.used = (count + 1).min(receiver.headers.len());
        Ok(count)
    }
}

/// What lies between two slots: a line of the processor's cache, so that slots of 64 KiB do not all begin in the same few
/// places of it, and push one another out.
const APART: usize = 64;

/// The memory that the kernel receives into: for each slot the bytes, the peer's address and the control messages.
pub(crate) struct Receiver {
    data: Box<[u8]>,
    slot_size: usize,
    names: Box<[Name]>,
    controls: Box<[ReceiveControl]>,
    buffers: Box<[libc::iovec]>,
    headers: Box<[Header]>,
    /// How many headers, the first ones, have lengths that the kernel may have written over.
    used: usize,
    /// Whether the other headers ask for control messages.
    control: bool,
    /// What the socket of the last receive asked for.
    info: RecvMetadataOptions,
}

// SAFETY: the pointers in `buffers` and `headers` lead into the receiver's own boxes, whose contents stay where they are
// when the receiver moves; so it may change threads, and shared references read only plain memory.
unsafe impl Send for Receiver {}
// SAFETY: as above: no method that takes a shared reference writes, or follows a stored pointer.
unsafe impl Sync for Receiver {}

impl Receiver {
    pub(crate) fn new(slots: usize, slot_size: usize) -> Self {
        let empty = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        let mut receiver = Receiver {
            data: vec![0; slots * (slot_size + APART)].into(),
            slot_size,
            names: vec![Name::empty(); slots].into(),
            controls: vec![ReceiveControl::new(); slots].into(),
            buffers: vec![empty; slots].into(),
            headers: (0..slots).map(|_| Header::new()).collect(),
            used: slots,
            control: false,
            info: RecvMetadataOptions::new(),
        };
        receiver.link();
        receiver
    }

    /// Leads each header to its slot.
    fn link(&mut self) {
        let slots = self.data.chunks_exact_mut(self.slot_size + APART).zip(&mut self.names).zip(&mut self.controls);
        for (((data, name), room), (header, buffer)) in slots.zip(self.headers.iter_mut().zip(&mut self.buffers)) {
            buffer.iov_base = data.as_mut_ptr().cast();
            buffer.iov_len = data.len() - APART;
            header.message.msg_iov = buffer;
            header.message.msg_iovlen = 1;
            header.message.msg_name = std::ptr::from_mut(name).cast();
            header.message.msg_control = room.as_mut_ptr().cast();
        }
    }

    /// Says how much room there is, where the last receive has changed it.
    fn prepare(&mut self, control: bool) {
        if self.control != control {
            (self.control, self.used) = (control, self.headers.len());
        }
        let room = if control { RECEIVE_SPACE } else { 0 };
        for header in &mut self.headers[..self.used] {
            header.message.msg_namelen = Name::SIZE;
            header.message.msg_controllen = room as _;
        }
    }

    pub(crate) fn slot_size(&self) -> usize {
        self.slot_size
    }

    pub(crate) fn data(&self, index: usize) -> &[u8] {
        &self.data[index * (self.slot_size + APART)..][..self.slot_size]
    }

    pub(crate) fn peer(&self, index: usize) -> SocketAddr {
        decode(&self.names[index])
    }

    pub(crate) fn received(&self, index: usize) -> Received {
        let header = &self.headers[index];
        Received {
            length: (header.length as usize).min(self.slot_size),
            segment: self.segment(index),
            truncated: header.message.msg_flags & libc::MSG_TRUNC != 0,
        }
    }

    fn segment(&self, index: usize) -> Option<u16> {
        receive::segment_size(self.control(index)?)
    }

    /// The receive metadata of this slot's message, as far as the socket asked for it.
    pub(crate) fn metadata(&self, index: usize) -> RecvMetadata {
        if self.info.is_empty() {
            return RecvMetadata::default();
        }
        receive::metadata(self.control(index).unwrap_or_default(), self.info)
    }

    /// The control messages of this slot, if there are any.
    fn control(&self, index: usize) -> Option<&[u8]> {
        let length = self.headers[index].control_length();
        if length == 0 { None } else { self.controls[index].get(..length) }
    }
}

/// A message and how much of it was moved: the layout of the kernel's `mmsghdr`, which not every system's libc has.
#[repr(C)]
pub(super) struct Header {
    pub(super) message: libc::msghdr,
    pub(super) length: libc::c_uint,
}

impl Header {
    pub(super) fn new() -> Self {
        // SAFETY: a msghdr of zeros is valid: integers, and pointers that may be null.
        Header { message: unsafe { MaybeUninit::zeroed().assume_init() }, length: 0 }
    }

    /// A `size_t` on Linux, a `socklen_t` elsewhere.
    #[allow(clippy::unnecessary_cast, reason = "the type differs from system to system")]
    pub(super) const fn control_length(&self) -> usize {
        self.message.msg_controllen as usize
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single)))]
mod many {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::sys::unix::call::check;

    const _: () = assert!(size_of::<Header>() == size_of::<libc::mmsghdr>());

    /// Whether this process may not use the two calls: found out by the first refusal.
    static REFUSED: AtomicBool = AtomicBool::new(false);

    /// Sends what one call takes; says how many messages that is.
    pub(crate) fn transmit(descriptor: RawFd, headers: &mut [Header]) -> io::Result<usize> {
        if let [header] = headers {
            // One message is cheaper without the list.
            return transmit_one(descriptor, header);
        }
        unless_refused(
            headers,
            |headers| {
                let (list, count) = (headers.as_mut_ptr().cast::<libc::mmsghdr>(), headers.len() as libc::c_uint);
                // SAFETY: Header has mmsghdr's layout; every pointer in the headers leads to memory that the caller keeps in
                // place and borrowed for this call, with the lengths beside them.
                check(unsafe { libc::sendmmsg(descriptor, list, count, FLAGS as _) })
            },
            |headers| single::transmit(descriptor, headers),
        )
    }

    /// Receives what there is; says how many messages that is. The kernel itself keeps an error that comes behind them.
    pub(crate) fn collect(descriptor: RawFd, headers: &mut [Header]) -> io::Result<(usize, Option<io::Error>)> {
        unless_refused(
            headers,
            |headers| {
                let (list, count) = (headers.as_mut_ptr().cast::<libc::mmsghdr>(), headers.len() as libc::c_uint);
                // SAFETY: as in transmit; whoever owns the memory has borrowed it mutably, so nobody else reads it.
                let count =
                    check(unsafe { libc::recvmmsg(descriptor, list, count, FLAGS as _, std::ptr::null_mut()) })?;
                Ok((count, None))
            },
            |headers| single::collect(descriptor, headers),
        )
    }

    /// Calls `many`; if the process may not, `single`, from then on. `EPERM` may also be a firewall's word about one datagram: then
    /// `single` is refused alike.
    fn unless_refused<T>(
        headers: &mut [Header],
        many: impl Fn(&mut [Header]) -> io::Result<T>,
        single: impl Fn(&mut [Header]) -> io::Result<T>,
    ) -> io::Result<T> {
        if REFUSED.load(Ordering::Relaxed) {
            return single(headers);
        }
        let outcome = many(headers);
        match outcome.as_ref().err().and_then(io::Error::raw_os_error) {
            Some(raw @ (libc::ENOSYS | libc::EPERM)) => {
                let outcome = single(headers);
                let refused_alike = outcome.as_ref().is_err_and(|error| error.raw_os_error() == Some(raw));
                REFUSED.fetch_or(!refused_alike, Ordering::Relaxed);
                outcome
            }
            _ => outcome,
        }
    }
}

#[cfg_attr(
    all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single)),
    allow(unused_imports, reason = "where both calls are there, this is for who is refused")
)]
mod single {
    use super::*;

    /// Sends until a message is refused; says how many went. That one is the first of the next call, and refused again, as
    /// with `sendmmsg`.
    pub(crate) fn transmit(descriptor: RawFd, headers: &mut [Header]) -> io::Result<usize> {
        one_by_one(headers, |header| transmit_one(descriptor, header)).map(|(count, _)| count)
    }

    /// Receives until there is nothing; says how many messages came, and the error that ended it.
    pub(crate) fn collect(descriptor: RawFd, headers: &mut [Header]) -> io::Result<(usize, Option<io::Error>)> {
        one_by_one(headers, |header| {
            // SAFETY: the header's pointers lead to memory whose owner has borrowed it mutably for this call.
            let length = unsafe { libc::recvmsg(descriptor, &mut header.message, FLAGS) };
            header.length = check_long(length)? as libc::c_uint;
            Ok(1)
        })
    }

    /// Goes on until a call fails. A failure after the first call comes beside the count, unless it is that nothing is left.
    fn one_by_one<T>(
        items: &mut [T],
        mut call: impl FnMut(&mut T) -> io::Result<usize>,
    ) -> io::Result<(usize, Option<io::Error>)> {
        for (index, item) in items.iter_mut().enumerate() {
            match retry(|| call(item)) {
                Ok(_) => {}
                Err(error) if index == 0 => return Err(error),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((index, None)),
                Err(error) => return Ok((index, Some(error))),
            }
        }
        Ok((items.len(), None))
    }

    #[test]
    fn a_failure_after_the_first_call_is_kept() {
        let fail_at = |at: usize, kind: io::ErrorKind| {
            let mut call = |item: &mut usize| if *item == at { Err(kind.into()) } else { Ok(1) };
            one_by_one(&mut [0, 1, 2], &mut call).map(|(count, late)| (count, late.map(|error| error.kind())))
        };
        let refused = io::ErrorKind::ConnectionRefused;
        assert_eq!(fail_at(2, refused).unwrap(), (2, Some(refused)));
        assert_eq!(fail_at(1, io::ErrorKind::WouldBlock).unwrap(), (1, None));
        assert_eq!(fail_at(0, refused).unwrap_err().kind(), refused);
        assert_eq!(fail_at(9, refused).unwrap(), (3, None));
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single)))]
pub(super) use many::{collect, transmit};
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single))))]
pub(super) use single::{collect, transmit};

/// Never wait, whatever the descriptor's own flags say by now; never a SIGPIPE.
const FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

fn transmit_one(descriptor: RawFd, header: &mut Header) -> io::Result<usize> {
    // SAFETY: every pointer in the header leads to memory that the caller keeps in place and borrowed for this call.
    check_long(unsafe { libc::sendmsg(descriptor, &header.message, FLAGS) })?;
    Ok(1)
}
