//! Helpers of the tests.
#![allow(dead_code, reason = "each test file uses some of it")]

#[cfg(target_os = "linux")]
pub(crate) mod capture;
#[cfg(target_os = "linux")]
pub(crate) mod netns;
pub(crate) mod ports;
#[cfg(all(target_os = "linux", target_endian = "little"))]
pub(crate) mod seccomp;

use std::net::{IpAddr, SocketAddr};
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::{Duration, Instant};

use heliogram::{Error, ErrorKind, RecvInfo, Result, Socket, SocketOptions, SocketType};

/// Longer than anything here takes on the slowest machine.
pub(crate) const LONG: Duration = Duration::from_secs(10);

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn port(socket: &Socket) -> u16 {
    socket.local_addr().unwrap().port()
}

/// This address of the socket's host, with the port of the socket.
pub(crate) fn at(address: &str, socket: &Socket) -> SocketAddr {
    SocketAddr::new(ip(address), port(socket))
}

/// A socket bound to this address.
pub(crate) fn bound(local: &str) -> Socket {
    bound_at(local.parse().unwrap())
}

/// A socket bound to a port of this address that stays free once it is closed.
pub(crate) fn bound_reserved(host: &str) -> Socket {
    bound_at(ports::reserved(ip(host)))
}

fn bound_at(local: SocketAddr) -> Socket {
    let socket = new(if local.is_ipv4() { SocketType::Udp4 } else { SocketType::Udp6 });
    socket.bind(Some(local)).unwrap();
    socket
}

/// An unbound socket.
pub(crate) fn new(socket_type: SocketType) -> Socket {
    Socket::new(&SocketOptions::new(socket_type)).unwrap()
}

/// Sends one buffer.
pub(crate) fn send(socket: &Socket, bytes: &[u8], to: Option<SocketAddr>) -> Result<usize> {
    match to {
        Some(peer) => socket.try_send_to(bytes, peer),
        None => socket.try_send(bytes),
    }
}

/// Repeats a call until it no longer would block.
pub(crate) fn within<T>(limit: Duration, mut ask: impl FnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        match ask() {
            Err(error) if error.is_would_block() && Instant::now() < end => thread::sleep(Duration::from_micros(200)),
            other => return other,
        }
    }
}

/// The next datagram, which must come.
pub(crate) fn recv(socket: &Socket) -> Vec<u8> {
    recv_from(socket).0
}

/// The next datagram, which must come, and where from.
pub(crate) fn recv_from(socket: &Socket) -> (Vec<u8>, RecvInfo) {
    let mut buffer = vec![0; 65_536];
    let info = within(LONG, || socket.try_recv_msg(&mut buffer)).unwrap();
    buffer.truncate(info.size);
    (buffer, info)
}

/// The next receive error, which must come.
pub(crate) fn recv_error_queue(socket: &Socket) -> Error {
    within(LONG, || socket.try_recv_msg(&mut [0; 64])).unwrap_err()
}

/// The code of an outcome as text; `ok` for success.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

/// The code that Node gives to a rule of the state machine.
pub(crate) fn rule_code(code: ErrorKind) -> &'static str {
    match code {
        ErrorKind::AlreadyBound => "ERR_SOCKET_ALREADY_BOUND",
        ErrorKind::IsConnected => "ERR_SOCKET_DGRAM_IS_CONNECTED",
        ErrorKind::NotConnected => "ERR_SOCKET_DGRAM_NOT_CONNECTED",
        ErrorKind::NotRunning => "ERR_SOCKET_DGRAM_NOT_RUNNING",
        ErrorKind::BadDescriptor => "EBADF",
        ErrorKind::BufferSize => "ERR_SOCKET_BUFFER_SIZE",
        other => panic!("{other:?} is no rule of the state machine"),
    }
}

/// Sets a kernel option that the library does not have.
#[cfg(target_os = "linux")]
pub(crate) fn set_option(socket: &impl AsFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) {
    let descriptor = socket.as_fd().as_raw_fd();
    let length = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the value is a live c_int and its length its size; the descriptor is open while it is borrowed.
    let answer = unsafe { libc::setsockopt(descriptor, level, option, std::ptr::from_ref(&value).cast(), length) };
    assert_eq!(answer, 0, "{}", std::io::Error::last_os_error());
}

/// Asserts that the socket, which has no peer, still sends and receives.
pub(crate) fn assert_works(socket: &Socket) {
    let local = socket.local_addr().unwrap();
    let probe = bound(if local.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" });
    let own = SocketAddr::new(socket.socket_type().localhost(), local.port());
    send(socket, b"out", Some(probe.local_addr().unwrap())).unwrap();
    assert_eq!(recv(&probe), b"out");
    send(&probe, b"in", Some(own)).unwrap();
    assert_eq!(recv(socket), b"in");
}

/// Pins this thread, and those that it starts, to its CPU: a loopback or veth interface keeps the order only of
/// datagrams that one CPU sends.
#[cfg(target_os = "linux")]
pub(crate) fn stay_on_this_cpu() -> std::io::Result<()> {
    use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
    let mut here = CpuSet::new();
    here.set(sched_getcpu()?)?;
    Ok(sched_setaffinity(nix::unistd::Pid::from_raw(0), &here)?)
}
