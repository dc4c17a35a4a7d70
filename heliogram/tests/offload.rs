//! GSO batches (`UDP_SEGMENT`) that the kernel, the device or the path refuses: the datagrams leave one by one, in
//! order, with the same outcomes, and the refused size is not tried again.
#![cfg(target_os = "linux")]

mod common;

use std::net::{SocketAddr, UdpSocket};

use common::netns::Net;
use common::{LONG, bound, code, set_option, within};
use heliogram::{Datagram, PathMtuDiscovery, RecvBatch, SendOptions, Socket, SocketOptions, SocketType};

/// Whether this build uses GSO and GRO.
const GSO: bool = cfg!(not(heliogram_force_copy));

const UDP_GRO: libc::c_int = 104;

/// A receiver with GRO, to which the kernel hands a GSO batch as one message.
fn observer(local: &str) -> UdpSocket {
    let socket = UdpSocket::bind(local).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    set_option(&socket, libc::SOL_UDP, UDP_GRO, 1);
    socket
}

/// The lengths of the messages in which `payloads` are received; asserts that their bytes are whole and in order.
fn shape(observer: &UdpSocket, payloads: &[Vec<u8>]) -> Vec<usize> {
    let expected = payloads.concat();
    let (mut received, mut lengths) = (Vec::new(), Vec::new());
    let mut buffer = vec![0; 65_536];
    while received.len() < expected.len() {
        let length = observer.recv(&mut buffer).unwrap();
        received.extend_from_slice(&buffer[..length]);
        lengths.push(length);
    }
    assert!(received == expected, "not the bytes that were sent, or not in their order");
    lengths
}

/// Whether the payloads were received one by one, not as a GRO packet.
fn one_by_one(observer: &UdpSocket, payloads: &[Vec<u8>]) -> bool {
    let lengths = shape(observer, payloads);
    let single = lengths.iter().eq(payloads.iter().map(Vec::len).collect::<Vec<_>>().iter());
    assert!(single || lengths.len() < payloads.len(), "{lengths:?}");
    single
}

/// `count` payloads of one size, each with its number in front.
fn payloads(count: usize, size: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| [&(number as u32).to_le_bytes()[..], &vec![number as u8; size - 4]].concat()).collect()
}

fn send_all(socket: &Socket, payloads: &[Vec<u8>], to: SocketAddr) {
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
    let mut sent = 0;
    while sent < batch.len() {
        sent += within(LONG, || socket.try_send_batch(&batch[sent..])).unwrap();
    }
}

/// A sender in the west, and an observer at `host`'s address.
fn link(net: &Net, address: &str) -> (Socket, UdpSocket, SocketAddr) {
    let host = if address == "10.77.2.1" { &net.east } else { &net.middle };
    let ip: std::net::IpAddr = address.parse().unwrap();
    let observer = host.run(|| observer(&SocketAddr::new(ip, 0).to_string()));
    let sender = net.west.run(|| bound(if ip.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }));
    let to = observer.local_addr().unwrap();
    (sender, observer, to)
}

const NEIGHBOURS: [&str; 2] = ["10.77.1.2", "fd77:1::2"];

#[test]
fn a_gso_batch_crosses_a_link_whole() {
    let Some(net) = Net::new() else { return };
    for address in NEIGHBOURS {
        let (sender, observer, to) = link(&net, address);
        let payloads = payloads(20, 1400);
        send_all(&sender, &payloads, to);
        assert_eq!(one_by_one(&observer, &payloads), !GSO);
    }
}

#[test]
fn after_a_refusal_by_the_devices_mtu_datagrams_leave_one_by_one() {
    let Some(net) = Net::new() else { return };
    for address in NEIGHBOURS {
        let (sender, observer, to) = link(&net, address);
        let (long, short) = (payloads(20, 1400), payloads(20, 1200));
        net.west.ip("link set eth0 mtu 1300");
        send_all(&sender, &long, to);
        assert!(one_by_one(&observer, &long), "each datagram in fragments");
        net.west.ip("link set eth0 mtu 1500");
        send_all(&sender, &long, to);
        assert!(one_by_one(&observer, &long), "not tried again, although it would succeed now");
        send_all(&sender, &short, to);
        assert_eq!(one_by_one(&observer, &short), !GSO, "a smaller size was never refused");
    }
}

#[test]
fn datagrams_larger_than_the_mtu_of_the_path_leave_one_by_one() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("link set eth1 mtu 1300");
    net.east.ip("link set eth0 mtu 1300");
    let (sender, observer, to) = link(&net, "10.77.2.1");
    observer.set_nonblocking(true).unwrap();
    // Datagrams sent before the kernel knows the MTU of the path are lost; the first to arrive shows that it does.
    let probe = within(LONG, || {
        common::send(&sender, &[1; 1400], Some(to))?;
        if observer.recv(&mut [0; 2000]).is_ok() { Ok(()) } else { Err(sender.try_recv_msg(&mut [0]).unwrap_err()) }
    });
    probe.unwrap();
    while observer.recv(&mut [0; 2000]).is_ok() {}
    observer.set_nonblocking(false).unwrap();
    let payloads = payloads(20, 1400);
    send_all(&sender, &payloads, to);
    assert!(one_by_one(&observer, &payloads));
}

#[test]
fn a_narrow_path_ends_gso_for_its_own_peer_alone_and_is_tried_again() {
    let Some(net) = Net::new() else { return };
    let (sender, near, to_near) = link(&net, NEIGHBOURS[0]);
    let far = net.middle.run(|| observer("10.77.2.2:0"));
    let to_far = far.local_addr().unwrap();
    net.west.ip("route add 10.77.2.2/32 via 10.77.1.2 mtu lock 1300");
    let payloads = payloads(20, 1400);
    let full = sender.max_gso_segment(Some(to_far));
    send_all(&sender, &payloads, to_far);
    assert!(one_by_one(&far, &payloads), "each datagram in fragments");
    assert_eq!(sender.max_gso_segment(Some(to_near)), full);
    assert_eq!(sender.max_gso_segment(Some(to_far)), if GSO { 1399 } else { full });
    send_all(&sender, &payloads, to_near);
    assert_eq!(one_by_one(&near, &payloads), !GSO, "another peer's path is as it was");
    net.west.ip("route del 10.77.2.2/32");
    // After so many sends to the peer the path is tried again, and is wide now.
    for _ in 0..256 {
        send_all(&sender, &payloads[..1], to_far);
        far.recv(&mut [0; 2000]).unwrap();
    }
    send_all(&sender, &payloads, to_far);
    assert_eq!(one_by_one(&far, &payloads), !GSO);
}

#[test]
fn what_the_caller_segments_leaves_as_single_datagrams_where_gso_is_refused() {
    let Some(net) = Net::new() else { return };
    let (sender, observer, to) = link(&net, NEIGHBOURS[0]);
    let payloads = payloads(20, 1400);
    let bytes = payloads.concat();
    let options = SendOptions::new().segment_size(1400);
    net.west.ip("link set eth0 mtu 1300");
    assert_eq!(sender.try_send_batch(&[Datagram::new(&bytes).to(to).with(&options)]), Ok(1));
    assert!(one_by_one(&observer, &payloads));
    net.west.ip("link set eth0 mtu 1500");
}

#[test]
fn a_refused_single_datagram_is_an_error_and_does_not_turn_gso_off() {
    let Some(net) = Net::new() else { return };
    let (sender, observer, to) = link(&net, NEIGHBOURS[0]);
    sender.set_path_mtu_discovery(PathMtuDiscovery::Do).unwrap();
    let payloads = payloads(20, 1400);
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
    net.west.ip("link set eth0 mtu 1300");
    assert_eq!(sender.try_send_batch(&batch).unwrap_err().to_string(), format!("send EMSGSIZE {to}"));
    net.west.ip("link set eth0 mtu 1500");
    send_all(&sender, &payloads, to);
    assert_eq!(one_by_one(&observer, &payloads), !GSO);
}

/// A socket whose GSO batches the kernel refuses (`EINVAL`), because checksums are off.
fn without_checksums() -> Socket {
    let socket = bound("127.0.0.1:0");
    checksums(&socket, false);
    socket
}

fn checksums(socket: &Socket, on: bool) {
    socket.setsockopt(libc::SOL_SOCKET, libc::SO_NO_CHECK, &i32::from(!on).to_ne_bytes()).unwrap();
}

#[test]
fn after_a_refusal_by_the_kernel_datagrams_leave_one_by_one() {
    let observer = observer("127.0.0.1:0");
    let to = observer.local_addr().unwrap();
    let (refused, other) = (payloads(64, 100), payloads(64, 90));
    let sender = without_checksums();
    send_all(&sender, &refused, to);
    assert!(one_by_one(&observer, &refused));
    checksums(&sender, true);
    send_all(&sender, &refused, to);
    assert!(one_by_one(&observer, &refused), "not tried again, although it would succeed now");
    send_all(&sender, &other, to);
    assert_eq!(one_by_one(&observer, &other), !GSO);
    let fresh = bound("127.0.0.1:0");
    send_all(&fresh, &refused, to);
    assert_eq!(one_by_one(&observer, &refused), !GSO, "a refusal counts for its own socket only");
}

/// Sends all of a batch; returns the number sent and the codes of the refused datagrams.
fn outcomes(socket: &Socket, batch: &[Datagram<'_>]) -> (usize, Vec<&'static str>) {
    let (mut done, mut sent, mut codes) = (0, 0, Vec::new());
    while done < batch.len() {
        match socket.try_send_batch(&batch[done..]) {
            Ok(count) => {
                assert!(count > 0);
                (done, sent) = (done + count, sent + count);
            }
            Err(error) => {
                codes.push(error.code());
                done += 1;
            }
        }
    }
    (sent, codes)
}

fn drain(socket: &Socket) -> Vec<Vec<u8>> {
    let mut recv_batch = RecvBatch::for_gro(4);
    let mut all = Vec::new();
    while let Ok(1..) = socket.try_recv_batch(&mut recv_batch) {
        all.extend(recv_batch.iter().map(|message| message.data.to_vec()));
    }
    assert_eq!(code(socket.try_recv_batch(&mut recv_batch)), "EAGAIN");
    all
}

#[test]
fn outcomes_are_the_same_with_and_without_gso() {
    let gro = |on| {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(on).recv_buffer_size(1 << 20)).unwrap();
        socket.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        socket
    };
    let receivers = [gro(false), gro(true)];
    let peers = receivers.each_ref().map(|receiver| receiver.local_addr().unwrap());
    let bytes = vec![5; 65_508];
    let sizes = [100, 100, 100, 40, 0, 0, 100, 100, 65_508, 100, 100, 7, 7, 7, 1200, 1200, 65_508, 65_508, 3];
    let mut batch: Vec<_> = sizes.iter().map(|&size| Datagram::new(&bytes[..size]).to(peers[size % 3 % 2])).collect();
    batch.insert(11, Datagram::new(b"to another family").to("[::1]:9".parse().unwrap()));
    batch.insert(5, Datagram::new(b"to nobody"));
    let [plain, refusing] = [bound("127.0.0.1:0"), without_checksums()].map(|sender| {
        let outcomes = outcomes(&sender, &batch);
        (outcomes, receivers.each_ref().map(drain))
    });
    assert_eq!(plain.0, (16, vec!["ERR_SOCKET_DGRAM_NOT_CONNECTED", "EMSGSIZE", "EINVAL", "EMSGSIZE", "EMSGSIZE"]));
    assert_eq!(plain, refusing);
}

#[test]
fn a_connected_socket_too_sends_one_by_one_after_a_refusal() {
    let observer = observer("127.0.0.1:0");
    let sender = without_checksums();
    sender.connect(observer.local_addr().unwrap()).unwrap();
    let payloads = payloads(100, 64);
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes)).collect();
    assert_eq!(sender.try_send_batch(&batch), Ok(100));
    assert!(one_by_one(&observer, &payloads));
}

#[test]
fn without_offload_nothing_is_joined_in_either_direction() {
    let observer = observer("127.0.0.1:0");
    let plain = SocketOptions::new(SocketType::Udp4).offload(false).gro(true);
    let (sender, payloads) = (Socket::new(&plain).unwrap(), payloads(20, 200));
    send_all(&sender, &payloads, observer.local_addr().unwrap());
    assert!(one_by_one(&observer, &payloads));

    let receiver = Socket::new(&plain).unwrap();
    receiver.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    receiver.start_gro().unwrap();
    assert!(!receiver.gro());
    send_all(&bound("127.0.0.1:0"), &payloads, receiver.local_addr().unwrap());
    let mut batch = RecvBatch::for_gro(32);
    assert_eq!(receiver.try_recv_batch(&mut batch).unwrap(), 20);
    assert!(!batch.has_coalesced() && batch.iter().map(|message| message.data).eq(payloads.iter()));
}

#[test]
fn the_environment_turns_offload_off_for_whoever_asks_it() {
    const TEST: &str = "the_environment_turns_offload_off_for_whoever_asks_it";
    if std::env::var_os("HELIOGRAM_OFFLOAD").is_none() {
        // The variable is read once in a process, so the test runs in another one.
        let program = std::env::current_exe().unwrap();
        let status = std::process::Command::new(program).args(["--exact", TEST]).env("HELIOGRAM_OFFLOAD", "0").status();
        assert!(status.unwrap().success());
        return;
    }
    let options = SocketOptions::new(SocketType::Udp4).gro(true);
    for (options, offload) in [(options.clone(), true), (options.environment(), false)] {
        let (observer, payloads) = (observer("127.0.0.1:0"), payloads(20, 200));
        let socket = Socket::new(&options).unwrap();
        socket.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        assert_eq!(socket.gro(), offload);
        send_all(&socket, &payloads, observer.local_addr().unwrap());
        assert_eq!(one_by_one(&observer, &payloads), !offload || cfg!(heliogram_force_copy));
    }
}

#[test]
fn gro_starts_and_stops_on_an_open_socket() {
    let (receiver, sender, payloads) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"), payloads(20, 200));
    let to = receiver.local_addr().unwrap();
    let mut batch = RecvBatch::for_gro(32);
    receiver.start_gro().unwrap();
    send_all(&sender, &payloads, to);
    let drained: Vec<_> = receiver.stop_gro().unwrap().into_iter().map(Result::unwrap).collect();
    assert!(receiver.stop_gro().unwrap().is_empty());
    assert_eq!(drained.iter().any(RecvBatch::has_coalesced), GSO);
    let messages = drained.iter().flat_map(RecvBatch::iter).map(|message| message.data.to_vec());
    assert_eq!(messages.collect::<Vec<_>>(), payloads, "a GRO packet received before is split");
    send_all(&sender, &payloads, to);
    assert_eq!(receiver.try_recv_batch(&mut batch).unwrap(), 20);
    assert!(!receiver.gro() && !batch.has_coalesced());
}

#[test]
fn gro_cannot_start_or_stop_without_a_descriptor() {
    let socket = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    assert_eq!(code(socket.start_gro()), "EBADF");
    socket.close().unwrap();
    assert_eq!(code(socket.start_gro()), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    let closed = bound("127.0.0.1:0");
    closed.start_gro().unwrap();
    closed.close().unwrap();
    assert_eq!(code(closed.stop_gro()), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}
