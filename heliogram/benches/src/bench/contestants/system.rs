//! The bare loops: the system calls as their manual pages describe them, with nothing around them.
//!
//! The others are compared with them, so they use nothing of the library; no crate offers the calls without a layer of its own.
//! This is why the bench has `unsafe` at all, and it has it in this file only.

use libc::{cmsghdr, iovec, mmsghdr, msghdr, sockaddr_in, socklen_t};
use std::ffi::c_int;
use std::fs;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{from_mut, from_ref, null_mut};
use std::thread::available_parallelism;
use std::time::Duration;

/// Space for two control messages that carry an int: the one that is expected, and one that a kernel may add.
const CONTROL_WORDS: usize = 6;

/// Pins this process to a core, if the machine has several, and raises its priority.
pub(crate) fn take_core(core: usize) -> io::Result<()> {
    raise_priority();
    if available_parallelism()?.get() > 1 { pin(core) } else { Ok(()) }
}

fn pin(core: usize) -> io::Result<()> {
    // SAFETY: cpu_set_t is plain bits, for which all zero is the empty set; the kernel reads as many bytes as we say.
    check(unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    })?;
    Ok(())
}

/// The priority that the bench asks for, so that other processes disturb it less.
const NICE: c_int = -15;

/// Raises this process's priority if it is allowed to, in a session of its own: with the kernel's autogroups a priority
/// counts only among the processes of one session.
fn raise_priority() {
    // SAFETY: integers only; 0 is this process. Neither call touches memory.
    unsafe {
        libc::setsid();
        libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
    }
    // A kernel without autogroups has no such file, and needs none.
    let _ = fs::write("/proc/self/autogroup", NICE.to_string());
}

/// User and system time of this process so far.
pub(crate) fn cpu_time() -> Duration {
    // SAFETY: rusage is plain numbers, for which all zero is a value; getrusage writes one rusage.
    let usage = unsafe {
        let mut usage: libc::rusage = zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// What to wait for.
#[derive(Clone, Copy)]
pub(crate) enum Ready {
    Read,
    Write,
}

/// Waits until the socket is ready, at most `limit`. The same wait for every contestant that has none of its own.
pub(crate) fn wait(socket: &impl AsFd, ready: Ready, limit: Duration) -> io::Result<()> {
    let events = match ready {
        Ready::Read => libc::POLLIN,
        Ready::Write => libc::POLLOUT,
    };
    let mut poll = libc::pollfd { fd: socket.as_fd().as_raw_fd(), events, revents: 0 };
    // SAFETY: one pollfd, which outlives the call; the descriptor is borrowed for as long.
    check(unsafe { libc::poll(&mut poll, 1, limit.as_millis() as c_int) })?;
    Ok(())
}

/// Waits until one of the sockets can be read, at most `limit`; which of them can.
pub(crate) fn wait_for_any(sockets: &[UdpSocket], limit: Duration) -> io::Result<Vec<usize>> {
    let poll = |socket: &UdpSocket| libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut polls: Vec<_> = sockets.iter().map(poll).collect();
    let count = polls.len() as libc::nfds_t;
    // SAFETY: `count` pollfds, which outlive the call; the sockets are borrowed for as long.
    check(unsafe { libc::poll(polls.as_mut_ptr(), count, limit.as_millis() as c_int) })?;
    Ok((0..polls.len()).filter(|&index| polls[index].revents != 0).collect())
}

/// Asks for `UDP_GRO`: datagrams of one flow may come joined into one buffer.
pub(crate) fn enable_gro(socket: &UdpSocket) -> io::Result<()> {
    let on: c_int = 1;
    let length = size_of::<c_int>() as socklen_t;
    // SAFETY: the kernel reads `length` bytes of `on`, which is an int.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_GRO, from_ref(&on).cast(), length) })?;
    Ok(())
}

/// A `recvmmsg` loop's buffers. The headers point into the other fields, whose heap blocks never move.
pub(crate) struct Receiver {
    slot: usize,
    bytes: Vec<u8>,
    _names: Vec<sockaddr_in>,
    vectors: Vec<iovec>,
    _control: Vec<[u64; CONTROL_WORDS]>,
    headers: Vec<mmsghdr>,
}

impl Receiver {
    pub(crate) fn new(slots: usize, slot: usize) -> Self {
        let mut bytes = vec![0_u8; slots * slot];
        // SAFETY: all three are plain C structs of numbers and pointers, for which all zero is a value.
        let (mut names, mut headers): (Vec<sockaddr_in>, Vec<mmsghdr>) =
            unsafe { (vec![zeroed(); slots], vec![zeroed(); slots]) };
        let mut control = vec![[0; CONTROL_WORDS]; slots];
        let mut vectors: Vec<iovec> = bytes.chunks_exact_mut(slot).map(vector).collect();
        for (i, header) in headers.iter_mut().enumerate() {
            header.msg_hdr.msg_name = from_mut(&mut names[i]).cast();
            header.msg_hdr.msg_iov = &mut vectors[i];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control[i].as_mut_ptr().cast();
        }
        Receiver { slot, bytes, _names: names, vectors, _control: control, headers }
    }

    /// One `recvmmsg`; `take` gets each datagram, those of a GRO packet one by one.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, gro: bool, mut take: impl FnMut(&[u8])) -> io::Result<usize> {
        let control = if gro { size_of::<[u64; CONTROL_WORDS]>() } else { 0 };
        for header in &mut self.headers {
            header.msg_hdr.msg_namelen = size_of::<sockaddr_in>() as socklen_t;
            header.msg_hdr.msg_controllen = control;
        }
        let slots = self.headers.len() as u32;
        // SAFETY: `slots` headers, whose pointers lead to live blocks of the lengths they name (see `new`).
        let count =
            check(unsafe { libc::recvmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), slots, 0, null_mut()) })?;
        for (header, bytes) in self.headers.iter().zip(self.bytes.chunks_exact(self.slot)).take(count as usize) {
            let bytes = &bytes[..header.msg_len as usize];
            match segment(&header.msg_hdr) {
                Some(segment) if gro => bytes.chunks(segment).for_each(&mut take),
                _ => take(bytes),
            }
        }
        Ok(count as usize)
    }
}

impl Receiver {
    /// One `recvmmsg`, and `sendmmsg` of what came, back to where it came from.
    pub(crate) fn answer(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let count = self.receive(socket, false, |_| ())?;
        for (header, vector) in self.headers.iter().zip(&mut self.vectors).take(count) {
            vector.iov_len = header.msg_len as usize;
        }
        let mut sent = 0;
        while sent < count {
            let answers = &mut self.headers[sent..count];
            let length = answers.len() as u32;
            // SAFETY: `length` headers, whose pointers lead to live blocks of the lengths they name (see `new`).
            sent += check(unsafe { libc::sendmmsg(socket.as_raw_fd(), answers.as_mut_ptr(), length, 0) })? as usize;
        }
        self.vectors.iter_mut().take(count).for_each(|vector| vector.iov_len = self.slot);
        Ok(count)
    }
}

/// The segment size, if the message is a GRO packet.
fn segment(header: &msghdr) -> Option<usize> {
    // SAFETY: the kernel has filled `msg_controllen` bytes at `msg_control` with whole control messages, and a UDP_GRO one holds an int.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header).as_ref()?;
        let is_gro = message.cmsg_level == libc::SOL_UDP && message.cmsg_type == libc::UDP_GRO;
        is_gro.then(|| libc::CMSG_DATA(message).cast::<c_int>().read_unaligned() as usize)
    }
}

/// One `sendmsg` with `UDP_SEGMENT`: `bytes` leave as datagrams of `segment` bytes to `to`.
pub(crate) fn send_segments(socket: &UdpSocket, to: SocketAddr, bytes: &mut [u8], segment: usize) -> io::Result<usize> {
    let mut name = socket_address(to);
    let mut vector = vector(bytes);
    let mut control = [0_u64; CONTROL_WORDS];
    // SAFETY: every pointer leads to a local or to `bytes`, all of which outlive the call; `control` is aligned for a
    // cmsghdr and longer than CMSG_SPACE of a u16; the kernel only reads them.
    let sent = unsafe {
        let mut header: msghdr = zeroed();
        header.msg_name = from_mut(&mut name).cast();
        header.msg_namelen = size_of::<sockaddr_in>() as socklen_t;
        header.msg_iov = &mut vector;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = libc::CMSG_SPACE(size_of::<u16>() as u32) as usize;
        let message: *mut cmsghdr = libc::CMSG_FIRSTHDR(&header);
        (*message).cmsg_level = libc::SOL_UDP;
        (*message).cmsg_type = libc::UDP_SEGMENT;
        (*message).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as usize;
        libc::CMSG_DATA(message).cast::<u16>().write_unaligned(segment as u16);
        libc::sendmsg(socket.as_raw_fd(), &header, 0)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(bytes.len() / segment) }
}

/// A `sendmmsg` loop's headers: one datagram to each of many peers. They point into the other fields.
pub(crate) struct Fan {
    _bytes: Vec<u8>,
    _names: Vec<sockaddr_in>,
    _vectors: Vec<iovec>,
    headers: Vec<mmsghdr>,
}

impl Fan {
    /// `count` datagrams of `size` bytes, to the peers in turn.
    pub(crate) fn new(peers: &[SocketAddr], count: usize, size: usize) -> Self {
        let mut bytes = vec![0_u8; count * size];
        let mut names: Vec<sockaddr_in> = peers.iter().cycle().take(count).map(|&peer| socket_address(peer)).collect();
        let mut vectors: Vec<iovec> = bytes.chunks_exact_mut(size).map(vector).collect();
        // SAFETY: an mmsghdr is numbers and pointers, for which all zero is a value.
        let mut headers: Vec<mmsghdr> = unsafe { vec![zeroed(); count] };
        for (i, header) in headers.iter_mut().enumerate() {
            header.msg_hdr.msg_name = from_mut(&mut names[i]).cast();
            header.msg_hdr.msg_namelen = size_of::<sockaddr_in>() as socklen_t;
            header.msg_hdr.msg_iov = &mut vectors[i];
            header.msg_hdr.msg_iovlen = 1;
        }
        Fan { _bytes: bytes, _names: names, _vectors: vectors, headers }
    }

    /// One `sendmmsg`: how many datagrams left.
    pub(crate) fn send(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let count = self.headers.len() as u32;
        // SAFETY: `count` headers, whose pointers lead to live blocks of the lengths they name (see `new`).
        let sent = check(unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, 0) })?;
        Ok(sent as usize)
    }
}

fn vector(bytes: &mut [u8]) -> iovec {
    iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() }
}

/// Loopback is all that the bench uses, and IPv4 is enough of it.
fn socket_address(address: SocketAddr) -> sockaddr_in {
    let SocketAddr::V4(address) = address else { panic!("the bench uses IPv4 only") };
    sockaddr_in {
        sin_family: libc::AF_INET as _,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
        sin_zero: [0; 8],
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
