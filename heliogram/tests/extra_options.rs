//! Socket options that Node does not have, tested between hosts, which are network namespaces of this test.
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use common::netns::{Host, Net};
use common::{LONG, at, bound, code, ip, new, port, recv, recv_from, send, within};
use heliogram::{
    Ecn, Interface, PathMtuDiscovery, RecvMetadataOptions, Socket, SocketOptions, SocketType, Steering, TrafficClass,
};

const BOTH: [(SocketType, &str, &str); 2] =
    [(SocketType::Udp4, "10.77.1.2", "10.77.2.1"), (SocketType::Udp6, "fd77:1::2", "fd77:2::1")];

/// A socket of this host, bound to all interfaces and this port.
fn open_with(host: &Host, options: &SocketOptions, port: u16) -> Socket {
    host.run(|| {
        let socket = Socket::new(options).unwrap();
        socket.bind(Some(SocketAddr::new(options.socket_type().unspecified(), port))).unwrap();
        socket
    })
}

#[test]
fn unbound_and_closed_sockets_refuse_every_option() {
    type Call = fn(&Socket) -> heliogram::Result<()>;
    let calls: [(&str, Call); 8] = [
        ("setDontFragment", |socket| socket.set_dont_fragment(true)),
        ("setPathMtuDiscovery", |socket| socket.set_path_mtu_discovery(PathMtuDiscovery::Do)),
        ("pathMtuDiscovery", |socket| socket.path_mtu_discovery().map(drop)),
        ("getMTU", |socket| socket.mtu().map(drop)),
        ("bindToDevice", |socket| socket.bind_device(Some(b"lo"))),
        ("setReusePortSteering", |socket| socket.set_reuse_port_steering(Steering::Flow)),
        ("getsockopt", |socket| socket.getsockopt(1, 3, &mut [0; 4]).map(drop)),
        ("setsockopt", |socket| socket.setsockopt(1, 6, &[0; 4])),
    ];
    for (name, call) in calls {
        let socket = new(SocketType::Udp4);
        assert_eq!(call(&socket).unwrap_err().to_string(), format!("{name} EBADF"));
        socket.close().unwrap();
        assert_eq!(code(call(&socket)), "ERR_SOCKET_DGRAM_NOT_RUNNING", "{name}");
    }
}

#[test]
fn set_tos_sets_the_traffic_class_of_sent_datagrams() {
    let Some(net) = Net::new() else { return };
    for (socket_type, address, _) in BOTH {
        let (sender, receiver) = (net.west.open(socket_type), net.middle.open(socket_type));
        receiver.set_recv_metadata(RecvMetadataOptions::new().traffic_class(true)).unwrap();
        for class in [TrafficClass::new(46, Ecn::Ect1), TrafficClass(0)] {
            sender.set_tos(class.0.into()).unwrap();
            send(&sender, b"?", Some(at(address, &receiver))).unwrap();
            assert_eq!(recv_from(&receiver).1.metadata.traffic_class, Some(class));
        }
    }
}

#[test]
fn the_mtu_of_the_path_is_learnt_and_reported() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("link set eth1 mtu 1300");
    for (socket_type, _, peer) in BOTH {
        let (sender, receiver) = (net.west.open(socket_type), net.east.open(socket_type));
        assert_eq!(code(sender.mtu()), "ENOTCONN");
        assert_eq!(sender.path_mtu_discovery(), Ok(PathMtuDiscovery::Want));
        sender.connect(at(peer, &receiver)).unwrap();
        assert_eq!(sender.mtu(), Ok(1500));
        sender.set_path_mtu_discovery(PathMtuDiscovery::Do).unwrap();
        assert_eq!(send(&sender, &[7; 1400], None), Ok(1400), "the MTU of the path is not known yet");
        let error = within(LONG, || {
            sender.try_recv_msg(&mut [0]).map(drop)?;
            Ok(())
        });
        assert_eq!(code(error), "EMSGSIZE");
        assert_eq!(sender.mtu(), Ok(1300));
        assert_eq!(code(send(&sender, &[7; 1400], None)), "EMSGSIZE");
        sender.set_dont_fragment(true).unwrap();
        assert_eq!(sender.path_mtu_discovery(), Ok(PathMtuDiscovery::Probe));
        assert_eq!(send(&sender, &[7; 1400], None), Ok(1400), "a probe may exceed the known MTU");
        assert_eq!(code(send(&sender, &[7; 1500], None)), "EMSGSIZE");
        sender.set_dont_fragment(false).unwrap();
        assert_eq!(sender.path_mtu_discovery(), Ok(PathMtuDiscovery::Dont));
        // The error of the probe may come first.
        while send(&sender, &[7; 2000], None).is_err() {}
        assert_eq!(recv(&receiver).len(), 2000);
    }
}

#[test]
fn two_sockets_share_a_port_each_bound_to_an_interface() {
    let Some(net) = Net::new() else { return };
    for (socket_type, near, far) in [BOTH[0], BOTH[1]].map(|(socket_type, near, _)| (socket_type, near, far_of(near))) {
        let of = |name: &str, port| open_with(&net.middle, &SocketOptions::new(socket_type).device(name), port);
        let eth0 = of("eth0", 0);
        let eth1 = of("eth1", port(&eth0));
        let (west, east) = (net.west.open(socket_type), net.east.open(socket_type));
        send(&west, b"from west", Some(at(near, &eth0))).unwrap();
        send(&east, b"from east", Some(at(far, &eth1))).unwrap();
        assert_eq!((recv(&eth0), recv(&eth1)), (b"from west".to_vec(), b"from east".to_vec()));
    }
    let missing = Socket::new(&SocketOptions::new(SocketType::Udp4).device("no-such-if")).unwrap();
    assert_eq!(missing.bind(None).unwrap_err().to_string(), "bind ENODEV 0.0.0.0");
}

fn far_of(near: &str) -> &'static str {
    if near.contains(':') { "fd77:2::2" } else { "10.77.2.2" }
}

#[test]
fn the_device_option_holds_for_joined_and_adopted_sockets() {
    let Some(net) = Net::new() else { return };
    let options = SocketOptions::new(SocketType::Udp4).device("eth1");
    let joined = net.middle.run(|| {
        let socket = Socket::new(&options).unwrap();
        socket.join_multicast(ip("239.77.0.1"), Interface::by_name("eth1").unwrap()).unwrap();
        socket
    });
    let adopted = net.middle.run(|| {
        let first = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        let socket = Socket::new(&options).unwrap();
        socket.bind_descriptor(first.into()).unwrap();
        socket
    });
    let (west, east) = (net.west.open(SocketType::Udp4), net.east.open(SocketType::Udp4));
    for socket in [&joined, &adopted] {
        send(&west, b"not heard", Some(at("10.77.1.2", socket))).unwrap();
        send(&east, b"heard", Some(at("10.77.2.2", socket))).unwrap();
        assert_eq!(recv(socket), b"heard");
    }
}

#[test]
fn bind_device_binds_to_an_interface_and_releases_it() {
    let Some(net) = Net::new() else { return };
    let (server, west) = (net.middle.open(SocketType::Udp4), net.west.open(SocketType::Udp4));
    let eth1 = open_with(&net.middle, &SocketOptions::new(SocketType::Udp4).device("eth1"), 0);
    net.middle.run(|| server.bind_device(Some(b"eth1"))).unwrap();
    send(&west, b"not heard", Some(at("10.77.1.2", &server))).unwrap();
    assert_eq!(code(within(std::time::Duration::from_millis(50), || server.try_recv_msg(&mut [0]))), "EAGAIN");
    server.bind_device(None).unwrap();
    send(&west, b"heard", Some(at("10.77.1.2", &server))).unwrap();
    assert_eq!(recv(&server), b"heard");
    assert_eq!(code(server.bind_device(Some(b"no-such-if"))), "ENODEV");
    drop(eth1);
}

#[test]
fn a_group_is_joined_on_all_interfaces_at_once() {
    let Some(net) = Net::new() else { return };
    for (socket_type, group) in [(SocketType::Udp4, "239.77.0.9"), (SocketType::Udp6, "ff15::77:9")] {
        let member = net.middle.open(socket_type);
        let group = at(group, &member);
        let neighbours = [&net.west, &net.east].map(|host| {
            let sender = host.open(socket_type);
            sender.set_multicast_interface(host.run(|| Interface::by_name("eth0")).unwrap()).unwrap();
            sender
        });
        net.middle.run(|| member.join_multicast(group.ip(), Interface::All)).unwrap();
        assert_eq!(code(net.middle.run(|| member.join_multicast(group.ip(), Interface::All))), "EADDRINUSE");
        for sender in &neighbours {
            send(sender, b"hello", Some(group)).unwrap();
            assert_eq!(recv(&member), b"hello");
        }
        net.middle.run(|| member.leave_multicast(group.ip(), Interface::All)).unwrap();
        assert_eq!(code(net.middle.run(|| member.leave_multicast(group.ip(), Interface::All))), "EADDRNOTAVAIL");
        for sender in &neighbours {
            send(sender, b"not heard", Some(group)).unwrap();
        }
        assert_eq!(code(within(std::time::Duration::from_millis(50), || member.try_recv_msg(&mut [0]))), "EAGAIN");
        assert_eq!(code(member.set_multicast_interface(Interface::All)), "EINVAL");
    }
}

#[test]
fn without_multicast_all_two_groups_on_one_port_are_kept_apart() {
    let Some(net) = Net::new() else { return };
    let eth0 = |host: &Host| host.run(|| Interface::by_name("eth0")).unwrap();
    for (socket_type, groups) in
        [(SocketType::Udp4, ["239.77.0.1", "239.77.0.2"]), (SocketType::Udp6, ["ff15::77:1", "ff15::77:2"])]
    {
        let options = SocketOptions::new(socket_type).reuse_addr(true);
        let first = open_with(&net.middle, &options, 0);
        let members = [first.local_addr().unwrap().port(); 2].map(|port| open_with(&net.middle, &options, port));
        let sender = net.west.open(socket_type);
        sender.set_multicast_interface(eth0(&net.west)).unwrap();
        for (member, group) in members.iter().zip(groups) {
            member.join_multicast(ip(group), eth0(&net.middle)).unwrap();
        }
        let hear = |expected: [&[&str]; 2]| {
            for group in groups {
                send(&sender, group.as_bytes(), Some(at(group, &members[0]))).unwrap();
            }
            for (member, expected) in members.iter().zip(expected) {
                let heard: Vec<_> = expected.iter().map(|_| String::from_utf8(recv(member)).unwrap()).collect();
                assert_eq!(heard, expected);
                assert_eq!(code(member.try_recv_msg(&mut [0])), "EAGAIN", "{socket_type}");
            }
        };
        hear([&groups, &groups]);
        members.iter().for_each(|member| member.set_multicast_all(false).unwrap());
        hear([&groups[..1], &groups[1..]]);
    }
}

/// `count` sockets of this machine that share a port, in the order in which they were bound.
fn sharing(count: usize) -> Vec<Socket> {
    let options = SocketOptions::new(SocketType::Udp4).reuse_port(true);
    let mut local: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let open = |_| {
        let socket = Socket::new(&options).unwrap();
        socket.bind(Some(local)).unwrap();
        local = socket.local_addr().unwrap();
        socket
    };
    (0..count).map(open).collect()
}

/// The index of the socket that received, and the bytes.
fn receiver(sockets: &[Socket]) -> (usize, Vec<u8>) {
    let mut buffer = [0; 64];
    within(LONG, || {
        let mut outcomes = sockets.iter().map(|socket| socket.try_recv_msg(&mut buffer)).enumerate();
        let (index, info) = match outcomes.find(|(_, outcome)| outcome.is_ok()) {
            Some((index, info)) => (index, info?),
            None => return sockets[0].try_recv_msg(&mut [0]).map(|_| panic!("came meanwhile")),
        };
        drop(outcomes);
        Ok((index, buffer[..info.size].to_vec()))
    })
    .unwrap()
}

#[test]
fn steering_by_byte_chooses_the_socket_by_the_message() {
    let sockets = sharing(3);
    sockets[1].set_reuse_port_steering(Steering::Byte { offset: 2, sockets: 3 }).unwrap();
    let peer = sockets[0].local_addr().unwrap();
    for number in 0..30_u8 {
        let message = [0xff, 0xff, number];
        send(&bound("127.0.0.1:0"), &message, Some(peer)).unwrap();
        assert_eq!(receiver(&sockets), (usize::from(number % 3), message.to_vec()));
    }
    send(&bound("127.0.0.1:0"), b"xy", Some(peer)).unwrap();
    assert_eq!(receiver(&sockets), (0, b"xy".to_vec()), "too short");
}

#[test]
fn steering_by_cpu_and_back_to_flow() {
    let Ok(()) = common::stay_on_this_cpu() else { panic!("cannot pin the thread to its CPU") };
    let sockets = sharing(2);
    let peer = sockets[0].local_addr().unwrap();
    let sender = bound("127.0.0.1:0");
    let goes_to = |sender: &Socket| {
        send(sender, b"?", Some(peer)).unwrap();
        receiver(&sockets).0
    };
    let by_flow = goes_to(&sender);
    sockets[0].set_reuse_port_steering(Steering::Cpu { sockets: 2 }).unwrap();
    let cpu = nix::sched::sched_getcpu().unwrap();
    assert!((0..10).all(|_| goes_to(&bound("127.0.0.1:0")) == cpu % 2));
    sockets[0].set_reuse_port_steering(Steering::Flow).unwrap();
    assert_eq!(goes_to(&sender), by_flow);
    let flows: BTreeSet<_> = (0..64).map(|_| goes_to(&bound("127.0.0.1:0"))).collect();
    assert_eq!(flows.len(), 2, "the flow decides again");
}

#[test]
fn steering_over_no_sockets_is_refused() {
    let sockets = sharing(2);
    let refused = [Steering::Cpu { sockets: 0 }, Steering::Byte { offset: 0, sockets: 0 }];
    for steering in refused {
        assert_eq!(code(sockets[0].set_reuse_port_steering(steering)), "EINVAL", "{steering:?}");
    }
    sockets[0].set_reuse_port_steering(Steering::Flow).unwrap();
    let alone = bound("127.0.0.1:0");
    assert_eq!(code(alone.set_reuse_port_steering(Steering::Cpu { sockets: 1 })), "EINVAL");
}

#[test]
fn incoming_cpu_and_busy_poll_are_read_back_from_the_kernel() {
    let socket = bound("127.0.0.1:0");
    socket.set_incoming_cpu(1).unwrap();
    assert_eq!(socket.incoming_cpu(), Ok(1));
    let Ok(()) = common::stay_on_this_cpu() else { panic!("cannot pin the thread to its CPU") };
    socket.connect(socket.local_addr().unwrap()).unwrap();
    send(&socket, b"?", None).unwrap();
    recv(&socket);
    assert_eq!(socket.incoming_cpu(), Ok(nix::sched::sched_getcpu().unwrap() as u32));
    socket.set_busy_poll(50).unwrap();
    let mut value = [0; 4];
    assert_eq!(socket.getsockopt(libc::SOL_SOCKET, libc::SO_BUSY_POLL, &mut value), Ok(4));
    assert_eq!(i32::from_ne_bytes(value), 50);
    assert_eq!(code(socket.set_busy_poll(u32::MAX)), "EINVAL");
}

#[test]
fn getsockopt_and_setsockopt_take_raw_numbers() {
    let socket = bound("127.0.0.1:0");
    let mut value = [0; 8];
    assert_eq!(socket.getsockopt(libc::SOL_SOCKET, libc::SO_TYPE, &mut value), Ok(4));
    assert_eq!(value[..4], libc::SOCK_DGRAM.to_ne_bytes());
    socket.setsockopt(libc::SOL_SOCKET, libc::SO_PRIORITY, &5_i32.to_ne_bytes()).unwrap();
    assert_eq!(socket.getsockopt(libc::SOL_SOCKET, libc::SO_PRIORITY, &mut value), Ok(4));
    assert_eq!(value[..4], 5_i32.to_ne_bytes());
    assert_eq!(socket.setsockopt(libc::SOL_SOCKET, 9999, &[0; 4]).unwrap_err().to_string(), "setsockopt ENOPROTOOPT");
    assert_eq!(
        socket.getsockopt(libc::SOL_SOCKET, 9999, &mut value).unwrap_err().to_string(),
        "getsockopt ENOPROTOOPT"
    );
}
