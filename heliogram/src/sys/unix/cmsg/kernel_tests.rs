//! What the kernel of this machine says and takes, over loopback.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, SystemTime};

use libc::{SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_UDP};
use socket2::{MaybeUninitSlice, MsgHdr, MsgHdrMut, SockRef};

use super::attribute::*;
use super::fuzzing::encoded;
use super::receive::*;
use super::received::{ErrorOrigin, ExtendedError, Received};
use crate::types::metadata::{Ecn, TrafficClass};
use std::ffi::c_int;

/// The software's times of reception: generate them, and report them (`linux/net_tstamp.h`).
const TIMESTAMPING_RX_SOFTWARE: c_int = 1 << 3;
const TIMESTAMPING_SOFTWARE: c_int = 1 << 4;

fn bound(ip: &str) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// A receiver with these options on.
fn listening(ip: &str, options: &[(c_int, c_int)]) -> UdpSocket {
    let socket = bound(ip);
    for &(level, option) in options {
        set(&socket, level, option, &1_i32);
    }
    socket
}

fn set<T: Copy>(socket: &UdpSocket, level: c_int, option: c_int, value: &T) {
    let (value, length) = (std::ptr::from_ref(value).cast(), size_of::<T>() as libc::socklen_t);
    // SAFETY: the value is live and its length its size; the socket is open.
    let answer = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, length) };
    assert_eq!(answer, 0, "level {level}, option {option}: {}", io::Error::last_os_error());
}

fn try_send(from: &UdpSocket, to: SocketAddr, data: &[u8], attributes: &[Attribute]) -> io::Result<usize> {
    let (control, buffers, to) = (encoded(attributes), [io::IoSlice::new(data)], to.into());
    let message = MsgHdr::new().with_addr(&to).with_buffers(&buffers).with_control(&control);
    SockRef::from(from).sendmsg(&message, 0)
}

fn send(from: &UdpSocket, to: SocketAddr, data: &[u8], attributes: &[Attribute]) {
    assert_eq!(try_send(from, to, data, attributes).unwrap(), data.len());
}

/// The length of a datagram, and what the kernel says of it, through every reader there is.
fn try_receive(socket: &UdpSocket, flags: c_int) -> io::Result<(usize, Received)> {
    let mut data = [MaybeUninit::new(0); 4096];
    let mut control = [MaybeUninit::new(0); RECEIVE_SPACE];
    let mut buffers = [MaybeUninitSlice::new(&mut data)];
    let mut message = MsgHdrMut::new().with_buffers(&mut buffers).with_control(&mut control);
    let length = SockRef::from(socket).recvmsg(&mut message, flags)?;
    let used = message.control_len();
    // SAFETY: the buffer was made of initialised bytes.
    let control = control.map(|byte| unsafe { byte.assume_init() });
    super::fuzzing::run(&control[..used]);
    Ok((length, decode(&control[..used])))
}

fn receive(socket: &UdpSocket) -> Received {
    try_receive(socket, 0).unwrap().1
}

/// Waits for an entry of the error queue, which no call of the kernel waits for.
fn receive_error(socket: &UdpSocket) -> ExtendedError {
    for _ in 0..500 {
        match try_receive(socket, libc::MSG_ERRQUEUE) {
            Ok((_, received)) => return received.error.expect("an entry of the error queue says what it is"),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(10)),
            Err(error) => panic!("the error queue: {error}"),
        }
    }
    panic!("no error within five seconds");
}

fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn loopback() -> u32 {
    crate::sys::interface_index("lo")
}

#[test]
fn nothing_asked_nothing_said() {
    let receiver = bound("127.0.0.1");
    send(&bound("127.0.0.1"), address(&receiver), b"plain", &[]);
    assert_eq!(receive(&receiver), Received::default());
}

#[test]
fn a_gso_batch_is_received_as_one_gro_packet() {
    for host in ["127.0.0.1", "::1"] {
        let receiver = listening(host, &[(SOL_UDP, libc::UDP_GRO)]);
        send(&bound(host), address(&receiver), &[7; 350], &[Attribute::SegmentSize(100)]);
        let (length, received) = try_receive(&receiver, 0).unwrap();
        assert_eq!((length, received.segment_size), (350, Some(100)), "{host}");
    }
}

#[test]
fn a_segment_size_cuts_for_receivers_without_gro() {
    let receiver = bound("127.0.0.1");
    send(&bound("127.0.0.1"), address(&receiver), &[7; 350], &[Attribute::SegmentSize(100)]);
    let lengths: Vec<_> = (0..4).map(|_| try_receive(&receiver, 0).unwrap().0).collect();
    assert_eq!(lengths, [100, 100, 100, 50]);
}

#[test]
fn where_it_came_to_by_ipv4() {
    let receiver = listening("0.0.0.0", &[(SOL_IP, libc::IP_PKTINFO)]);
    let to = SocketAddr::new(ip("127.0.0.9"), address(&receiver).port());
    send(&bound("127.0.0.1"), to, b"", &[]);
    let received = receive(&receiver);
    assert_eq!(
        (received.metadata.destination, received.metadata.local_ip),
        (Some(ip("127.0.0.9")), Some(ip("127.0.0.9")))
    );
    assert_eq!(received.metadata.interface, Some(loopback()));
}

#[test]
fn where_it_came_to_by_ipv6() {
    let receiver = listening("::", &[(SOL_IPV6, libc::IPV6_RECVPKTINFO)]);
    let to = SocketAddr::new(ip("::1"), address(&receiver).port());
    send(&bound("::1"), to, b"", &[]);
    let received = receive(&receiver);
    assert_eq!((received.metadata.destination, received.metadata.local_ip), (Some(ip("::1")), Some(ip("::1"))));
    assert_eq!(received.metadata.interface, Some(loopback()));
}

#[test]
fn a_groups_address_is_not_ours() {
    let group = std::net::Ipv4Addr::new(239, 255, 7, 7);
    let receiver = listening("0.0.0.0", &[(SOL_IP, libc::IP_PKTINFO)]);
    receiver.join_multicast_v4(&group, &std::net::Ipv4Addr::LOCALHOST).unwrap();
    let sender = bound("127.0.0.1");
    SockRef::from(&sender).set_multicast_if_v4(&std::net::Ipv4Addr::LOCALHOST).unwrap();
    send(&sender, SocketAddr::new(group.into(), address(&receiver).port()), b"", &[]);
    let received = receive(&receiver);
    assert_eq!(
        (received.metadata.destination, received.metadata.local_ip),
        (Some(group.into()), Some(ip("127.0.0.1")))
    );
}

#[test]
fn an_ipv6_socket_that_takes_ipv4() {
    let options =
        [(SOL_IPV6, libc::IPV6_RECVPKTINFO), (SOL_IPV6, libc::IPV6_RECVTCLASS), (SOL_IPV6, libc::IPV6_RECVHOPLIMIT)];
    let receiver = listening("::", &options);
    set(&receiver, SOL_IP, libc::IP_RECVTOS, &1_i32);
    set(&receiver, SOL_IP, libc::IP_RECVTTL, &1_i32);
    let to = SocketAddr::new(ip("127.0.0.1"), address(&receiver).port());
    send(&bound("127.0.0.1"), to, b"", &[Attribute::Tos(0x2a), Attribute::Ttl(9)]);
    let received = receive(&receiver);
    assert_eq!(received.metadata.destination, Some(ip("::ffff:127.0.0.1")));
    assert_eq!((received.metadata.traffic_class, received.metadata.hop_limit), (Some(TrafficClass(0x2a)), Some(9)));
}

#[test]
fn an_ipv6_socket_that_sends_to_ipv4() {
    let receiver = listening("127.0.0.1", &[(SOL_IP, libc::IP_RECVTOS), (SOL_IP, libc::IP_RECVTTL)]);
    let to = SocketAddr::new(ip("::ffff:127.0.0.1"), address(&receiver).port());
    send(&bound("::"), to, b"", &[Attribute::Tos(0x2a), Attribute::Ttl(9)]);
    let received = receive(&receiver);
    assert_eq!((received.metadata.traffic_class, received.metadata.hop_limit), (Some(TrafficClass(0x2a)), Some(9)));
}

#[test]
fn the_byte_of_dscp_and_ecn_and_the_hops_that_are_left() {
    let receiver = listening("127.0.0.1", &[(SOL_IP, libc::IP_RECVTOS), (SOL_IP, libc::IP_RECVTTL)]);
    send(&bound("127.0.0.1"), address(&receiver), b"", &[Attribute::Tos(0xb9), Attribute::Ttl(255)]);
    let received = receive(&receiver);
    assert_eq!((received.metadata.traffic_class, received.metadata.hop_limit), (Some(TrafficClass(0xb9)), Some(255)));

    let options = [(SOL_IPV6, libc::IPV6_RECVTCLASS), (SOL_IPV6, libc::IPV6_RECVHOPLIMIT)];
    let receiver = listening("::1", &options);
    send(&bound("::1"), address(&receiver), b"", &[Attribute::TrafficClass(0x03), Attribute::HopLimit(0)]);
    let received = receive(&receiver);
    assert_eq!(received.metadata.traffic_class.map(TrafficClass::ecn), Some(Ecn::Ce));
    assert_eq!(received.metadata.hop_limit, Some(0));
}

#[test]
fn the_source_that_the_sender_chose() {
    let receiver = bound("127.0.0.1");
    let source = Attribute::Source4 { address: Ipv4Addr::new(127, 0, 0, 5), interface: 0 };
    send(&bound("0.0.0.0"), address(&receiver), b"", &[source]);
    assert_eq!(receiver.recv_from(&mut []).unwrap().1.ip(), ip("127.0.0.5"));

    let receiver = bound("::1");
    let source = Attribute::Source6 { address: Ipv6Addr::LOCALHOST, interface: loopback() };
    send(&bound("::"), address(&receiver), b"", &[source]);
    assert_eq!(receiver.recv_from(&mut []).unwrap().1.ip(), ip("::1"));
}

#[test]
fn when_it_came() {
    let receiver = listening("127.0.0.1", &[(SOL_SOCKET, libc::SO_TIMESTAMPNS)]);
    let before = SystemTime::now();
    send(&bound("127.0.0.1"), address(&receiver), b"", &[]);
    let received = receive(&receiver);
    let time = received.metadata.software_timestamp.expect("a time");
    assert!(before <= time && time <= SystemTime::now(), "{time:?} lies outside of the test");
    assert_eq!(received.metadata.hardware_timestamp, None);
}

#[test]
fn when_it_came_in_software_and_hardware() {
    let receiver = bound("127.0.0.1");
    set(&receiver, SOL_SOCKET, libc::SO_TIMESTAMPING, &(TIMESTAMPING_RX_SOFTWARE | TIMESTAMPING_SOFTWARE));
    let sender = bound("127.0.0.1");
    let before = SystemTime::now();
    // The kernel starts to take times a moment after the first socket has asked for them.
    let received = (0..500).find_map(|_| {
        thread::sleep(Duration::from_millis(10));
        send(&sender, address(&receiver), b"", &[]);
        Some(receive(&receiver)).filter(|received| received.metadata.software_timestamp.is_some())
    });
    let received = received.expect("a time within five seconds");
    let time = received.metadata.software_timestamp.unwrap();
    assert!(before <= time && time <= SystemTime::now(), "{time:?} lies outside of the test");
    assert_eq!(received.metadata.hardware_timestamp, None, "loopback has no clock of its own");
}

#[test]
fn how_many_were_lost() {
    let receiver = listening("127.0.0.1", &[(SOL_SOCKET, libc::SO_RXQ_OVFL)]);
    SockRef::from(&receiver).set_recv_buffer_size(1).unwrap();
    let sender = bound("127.0.0.1");
    (0..64).for_each(|_| send(&sender, address(&receiver), &[7; 1000], &[]));
    let mut arrived = 0;
    while try_receive(&receiver, libc::MSG_DONTWAIT).is_ok() {
        arrived += 1;
    }
    send(&sender, address(&receiver), b"the next reports", &[]);
    assert_eq!(receive(&receiver).metadata.dropped_packets, Some(64 - arrived));
}

/// A port on which nobody answers us: its owner listens to somebody else, and keeps others from taking it.
fn deaf(host: &str) -> UdpSocket {
    let socket = bound(host);
    socket.connect(address(&bound(host))).unwrap();
    socket
}

#[test]
fn a_closed_port_by_ipv4() {
    let sender = listening("127.0.0.1", &[(SOL_IP, libc::IP_RECVERR)]);
    send(&sender, address(&deaf("127.0.0.1")), b"anybody there?", &[]);
    let error = receive_error(&sender);
    assert_eq!((error.errno, error.origin), (libc::ECONNREFUSED, ErrorOrigin::Icmp));
    assert_eq!((error.kind, error.code), (3, 3), "ICMP: destination unreachable, port unreachable");
    assert_eq!(error.offender, Some(SocketAddr::new(ip("127.0.0.1"), 0)));
    assert_eq!(error.mtu(), None);
}

#[test]
fn a_closed_port_by_ipv6() {
    let sender = listening("::1", &[(SOL_IPV6, libc::IPV6_RECVERR)]);
    send(&sender, address(&deaf("::1")), b"anybody there?", &[]);
    let error = receive_error(&sender);
    assert_eq!((error.errno, error.origin), (libc::ECONNREFUSED, ErrorOrigin::Icmp6));
    assert_eq!((error.kind, error.code), (1, 4), "ICMPv6: destination unreachable, port unreachable");
    assert_eq!(error.offender.map(|offender| offender.ip()), Some(ip("::1")));
}

#[test]
fn a_closed_port_by_ipv4_from_an_ipv6_socket() {
    let sender = listening("::", &[(SOL_IPV6, libc::IPV6_RECVERR), (SOL_IP, libc::IP_RECVERR)]);
    let deaf = deaf("127.0.0.1");
    let to = SocketAddr::new(ip("::ffff:127.0.0.1"), address(&deaf).port());
    send(&sender, to, b"anybody there?", &[]);
    let error = receive_error(&sender);
    assert_eq!((error.errno, error.origin), (libc::ECONNREFUSED, ErrorOrigin::Icmp));
    assert_eq!(error.offender.map(|offender| offender.ip().to_canonical()), Some(ip("127.0.0.1")));
}

#[test]
fn a_datagram_that_is_too_long() {
    let sender = listening("127.0.0.1", &[(SOL_IP, libc::IP_RECVERR)]);
    set(&sender, SOL_IP, libc::IP_MTU_DISCOVER, &libc::IP_PMTUDISC_DO);
    let receiver = bound("127.0.0.1");
    let refused = try_send(&sender, address(&receiver), &[7; 65_508], &[]).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EMSGSIZE));
    let error = receive_error(&sender);
    assert_eq!((error.errno, error.origin, error.offender), (libc::EMSGSIZE, ErrorOrigin::Local, None));
    assert!(error.mtu().is_some_and(|mtu| mtu >= 1280), "{error:?}");
}

#[test]
fn a_time_to_leave_needs_a_clock() {
    let (sender, receiver) = (bound("127.0.0.1"), bound("127.0.0.1"));
    let now = [Attribute::TransmitTime(1)];
    let refused = try_send(&sender, address(&receiver), b"", &now).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EINVAL));
    set(&sender, SOL_SOCKET, libc::SO_TXTIME, &[libc::CLOCK_MONOTONIC, 0]);
    send(&sender, address(&receiver), b"", &now);
    assert_eq!(try_receive(&receiver, 0).unwrap().0, 0);
}
