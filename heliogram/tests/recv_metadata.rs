//! Receive metadata, between hosts, which are network namespaces of this test.
#![cfg(target_os = "linux")]

mod common;

use std::net::SocketAddr;
use std::time::SystemTime;

use common::netns::{Host, Net};
use common::{LONG, at, bound, code, ip, new, recv_from, send, set_option, within};
use heliogram::{
    Datagram, Ecn, Interface, Message, RecvBatch, RecvInfo, RecvMetadata, RecvMetadataOptions, RemoteInfo, Socket,
    SocketOptions, SocketType, TrafficClass,
};

/// Sends one datagram, and returns its receive metadata.
fn metadata(from: &Socket, to: SocketAddr, receiver: &Socket) -> RecvMetadata {
    send(from, b"?", Some(to)).unwrap();
    recv_from(receiver).1.metadata
}

#[test]
fn who_does_not_ask_for_metadata_carries_none_along() {
    assert!(size_of::<RemoteInfo>() <= 48, "an address, a length, and what is left of a word");
    assert!(size_of::<Message<'_>>() <= 80, "that, the bytes, and where the rest is");
}

/// Receives `count` datagrams in batches.
fn recv_batches(socket: &Socket, count: usize) -> Vec<(Vec<u8>, RecvInfo)> {
    let (mut recv_batch, mut all) = (RecvBatch::for_gro(4), Vec::new());
    while all.len() < count {
        within(LONG, || socket.try_recv_batch(&mut recv_batch)).unwrap();
        all.extend(recv_batch.iter().map(|message| (message.data.to_vec(), message.info())));
    }
    all
}

#[test]
fn only_the_metadata_asked_for_is_reported() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let to = receiver.local_addr().unwrap();
    assert_eq!(metadata(&sender, to, &receiver), RecvMetadata::default());
    receiver.set_recv_metadata(RecvMetadataOptions::all()).unwrap();
    assert_ne!(metadata(&sender, to, &receiver), RecvMetadata::default());
    receiver.set_recv_metadata(RecvMetadataOptions::new().hop_limit(true)).unwrap();
    let mut only = RecvMetadata::default();
    only.hop_limit = Some(64);
    assert_eq!(metadata(&sender, to, &receiver), only);
    receiver.set_recv_metadata(RecvMetadataOptions::new()).unwrap();
    assert_eq!(metadata(&sender, to, &receiver), RecvMetadata::default());
}

#[test]
fn receive_metadata_needs_a_bound_socket() {
    let unbound = new(SocketType::Udp4);
    assert_eq!(unbound.set_recv_metadata(RecvMetadataOptions::all()).unwrap_err().to_string(), "setRecvMetadata EBADF");
    unbound.close().unwrap();
    assert_eq!(code(unbound.set_recv_metadata(RecvMetadataOptions::all())), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

#[test]
fn the_destination_address_and_interface_of_a_datagram() {
    let Some(net) = Net::new() else { return };
    let interface = |name: &str| net.middle.run(|| Interface::by_name(name)).unwrap();
    for (socket_type, near, far) in
        [(SocketType::Udp4, "10.77.1.2", "10.77.2.2"), (SocketType::Udp6, "fd77:1::2", "fd77:2::2")]
    {
        let (west, east) = (net.west.open_with_metadata(socket_type), net.east.open_with_metadata(socket_type));
        let server = net.middle.open_with_metadata(socket_type);
        for (client, address, name) in [(&west, near, "eth0"), (&west, far, "eth0"), (&east, far, "eth1")] {
            let metadata = metadata(client, at(address, &server), &server);
            assert_eq!((metadata.destination, metadata.local_ip), (Some(ip(address)), Some(ip(address))));
            assert_eq!(metadata.interface.map(Interface::Index), Some(interface(name)), "{address} by {name}");
            assert_eq!(net.middle.run(|| metadata.interface_name()).as_deref(), Some(name));
        }
    }
}

#[test]
fn a_multicast_group_is_the_destination_and_not_the_local_address() {
    let Some(net) = Net::new() else { return };
    let (sender, member) =
        (net.west.open_with_metadata(SocketType::Udp4), net.middle.open_with_metadata(SocketType::Udp4));
    let eth0 = |host: &Host| host.run(|| Interface::by_name("eth0")).unwrap();
    member.join_multicast(ip("239.77.0.1"), eth0(&net.middle)).unwrap();
    sender.set_multicast_interface(eth0(&net.west)).unwrap();
    let metadata = metadata(&sender, at("239.77.0.1", &member), &member);
    assert_eq!((metadata.destination, metadata.local_ip), (Some(ip("239.77.0.1")), Some(ip("10.77.1.2"))));
}

#[test]
fn ecn_dscp_and_the_remaining_hop_limit() {
    let Some(net) = Net::new() else { return };
    let class = TrafficClass::new(46, Ecn::Ect1);
    for (socket_type, level, option, address) in [
        (SocketType::Udp4, libc::IPPROTO_IP, libc::IP_TOS, "10.77.2.1"),
        (SocketType::Udp6, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, "fd77:2::1"),
    ] {
        let (sender, receiver) = (net.west.open_with_metadata(socket_type), net.east.open_with_metadata(socket_type));
        let plain = metadata(&sender, at(address, &receiver), &receiver);
        assert_eq!((plain.traffic_class, plain.ecn()), (Some(TrafficClass(0)), Ecn::NotEct));
        set_option(&sender.descriptor().unwrap(), level, option, class.0.into());
        sender.set_ttl(9).unwrap();
        let metadata = metadata(&sender, at(address, &receiver), &receiver);
        assert_eq!((metadata.traffic_class, metadata.ecn()), (Some(class), Ecn::Ect1));
        assert_eq!(metadata.hop_limit, Some(8), "one router lies between the two");
    }
}

#[test]
fn an_ipv6_socket_reports_the_metadata_of_ipv4_datagrams() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver) =
        (net.west.open_with_metadata(SocketType::Udp4), net.east.open_with_metadata(SocketType::Udp6));
    set_option(&sender.descriptor().unwrap(), libc::IPPROTO_IP, libc::IP_TOS, 0x2a);
    let metadata = metadata(&sender, at("10.77.2.1", &receiver), &receiver);
    assert_eq!(metadata.destination, Some(ip("::ffff:10.77.2.1")));
    assert_eq!((metadata.traffic_class, metadata.hop_limit), (Some(TrafficClass(0x2a)), Some(63)));
}

#[test]
fn timestamps_lie_between_send_and_receive_and_never_decrease() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver) =
        (net.west.open_with_metadata(SocketType::Udp4), net.middle.open_with_metadata(SocketType::Udp4));
    receiver.set_recv_metadata(RecvMetadataOptions::all().hardware_timestamp(true)).unwrap();
    let mut before = SystemTime::now();
    for _ in 0..20 {
        let metadata = metadata(&sender, at("10.77.1.2", &receiver), &receiver);
        let time = metadata.software_timestamp.expect("the kernel takes timestamps as soon as a socket asks");
        assert!(before <= time && time <= SystemTime::now(), "{time:?} is not between send and receive");
        assert_eq!(metadata.hardware_timestamp, None, "veth has no clock");
        before = time;
    }
}

#[test]
fn the_count_of_drops_is_what_was_sent_and_not_received() {
    const SENT: usize = 200;
    let options = SocketOptions::new(SocketType::Udp4).recv_buffer_size(16 << 10);
    let (sender, receiver) = (bound("127.0.0.1:0"), Socket::new(&options).unwrap());
    receiver.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    receiver.set_recv_metadata(RecvMetadataOptions::new().dropped_packets(true)).unwrap();
    let to = receiver.local_addr().unwrap();
    assert_eq!(metadata(&sender, to, &receiver).dropped_packets, Some(0));
    (0..SENT).for_each(|_| assert_eq!(send(&sender, &[7; 1000], Some(to)), Ok(1000)));
    let mut recv_batch = RecvBatch::new(8, 2048);
    let (mut arrived, mut dropped) = (0, Some(0));
    while let Ok(count) = receiver.try_recv_batch(&mut recv_batch) {
        arrived += count;
        for message in recv_batch.iter() {
            assert!(message.metadata().dropped_packets >= dropped, "the count of drops never decreases");
            dropped = message.metadata().dropped_packets;
        }
    }
    assert!(arrived < SENT, "the buffer holds them all");
    assert_eq!(metadata(&sender, to, &receiver).dropped_packets, Some((SENT - arrived) as u32));
}

#[test]
fn every_datagram_of_a_gro_packet_has_its_metadata() {
    let Some(net) = Net::new() else { return };
    let gro = |on| {
        net.middle.run(|| {
            let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(on)).unwrap();
            socket.bind(None).unwrap();
            socket.set_recv_metadata(RecvMetadataOptions::all()).unwrap();
            socket
        })
    };
    for (receiver, coalesced) in [(gro(true), GRO), (gro(false), false)] {
        let sender = net.west.open_with_metadata(SocketType::Udp4);
        let to = at("10.77.1.2", &receiver);
        let payloads: Vec<_> = (0..9_u8).map(|number| [number; 100]).collect();
        let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
        assert_eq!(sender.try_send_batch(&batch), Ok(9));
        let received = recv_batches(&receiver, 9);
        assert!(received.iter().map(|(bytes, _)| &bytes[..]).eq(payloads.iter().map(|bytes| &bytes[..])));
        for (_, rinfo) in &received {
            assert_eq!(rinfo.metadata.local_ip, Some(ip("10.77.1.2")));
            assert_eq!((rinfo.metadata.hop_limit, rinfo.metadata.dropped_packets), (Some(64), Some(0)));
            assert!(rinfo.metadata.software_timestamp.is_some());
            assert_eq!(rinfo.segment_size, if coalesced { Some(100) } else { None });
        }
    }
}

/// Whether this build uses GSO and GRO.
const GRO: bool = cfg!(not(heliogram_force_copy));

#[test]
fn one_batch_serves_sockets_with_and_without_receive_metadata() {
    let (sender, asking, silent) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    asking.set_recv_metadata(RecvMetadataOptions::all()).unwrap();
    let mut recv_batch = RecvBatch::new(2, 64);
    for _ in 0..3 {
        for (receiver, asked) in [(&silent, false), (&asking, true)] {
            for _ in 0..2 {
                send(&sender, b"?", Some(receiver.local_addr().unwrap())).unwrap();
            }
            assert_eq!(within(LONG, || receiver.try_recv_batch(&mut recv_batch)), Ok(2));
            assert!(recv_batch.iter().all(|message| message.metadata().local_ip.is_some() == asked));
        }
    }
}
