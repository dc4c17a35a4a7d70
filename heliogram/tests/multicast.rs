//! Groups, source-specific groups, broadcast, hop limits, path MTU and ICMP between hosts, which are network namespaces
//! of this test.
#![cfg(target_os = "linux")]

mod common;

use std::net::{Ipv4Addr, SocketAddr};

use common::netns::{Host, Net};
use common::{LONG, at, bound, code, ip, new, port, recv, recv_error_queue, recv_from, send, set_option, within};
use heliogram::{Interface, Socket, SocketOptions, SocketType};

const GROUP4: &str = "239.77.0.1";
const GROUP6: &str = "ff15::77:1";

/// The interface of this name in this host.
fn interface(host: &Host, name: &str) -> Interface {
    host.run(|| Interface::by_name(name)).unwrap()
}

/// A family's groups and addresses in the test network.
#[derive(Clone, Copy)]
struct Family {
    socket_type: SocketType,
    group: &'static str,
    channel: &'static str,
    west: &'static str,
    west_too: &'static str,
    middle: &'static str,
    east: &'static str,
}

const V4: Family = Family {
    socket_type: SocketType::Udp4,
    group: GROUP4,
    channel: "232.77.0.1",
    west: "10.77.1.1",
    west_too: "10.77.1.3",
    middle: "10.77.1.2",
    east: "10.77.2.1",
};

const V6: Family = Family {
    socket_type: SocketType::Udp6,
    group: GROUP6,
    channel: "ff35::77:1",
    west: "fd77:1::1",
    west_too: "fd77:1::3",
    middle: "fd77:1::2",
    east: "fd77:2::1",
};

impl Family {
    fn open(self, host: &Host) -> Socket {
        host.open(self.socket_type)
    }
}

/// Sends to the group, then directly to the receiver; returns whether the datagram to the group arrived.
///
/// Both take the same path, so a datagram that has not come before the second one was not delivered.
fn arrives(from: &Socket, group: SocketAddr, direct: SocketAddr, receiver: &Socket) -> bool {
    send(from, b"group", Some(group)).unwrap();
    send(from, b"direct", Some(direct)).unwrap();
    match &recv(receiver)[..] {
        b"group" => {
            assert_eq!(recv(receiver), b"direct");
            true
        }
        b"direct" => false,
        other => panic!("{other:?} was never sent"),
    }
}

#[test]
fn a_group_is_received_from_join_to_leave() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let (sender, member) = (family.open(&net.west), family.open(&net.middle));
        sender.set_multicast_interface(interface(&net.west, "eth0")).unwrap();
        let (group, direct) = (at(family.group, &member), at(family.middle, &member));
        let eth0 = interface(&net.middle, "eth0");
        assert!(!arrives(&sender, group, direct, &member), "before joining");
        member.join_multicast(group.ip(), eth0).unwrap();
        assert!(arrives(&sender, group, direct, &member));
        assert_eq!(code(member.join_multicast(group.ip(), eth0)), "EADDRINUSE");
        member.leave_multicast(group.ip(), eth0).unwrap();
        assert!(!arrives(&sender, group, direct, &member), "after leaving");
        assert_eq!(code(member.leave_multicast(group.ip(), eth0)), "EADDRNOTAVAIL");
    }
}

#[test]
fn an_interface_is_named_by_address_index_or_text() {
    let Some(net) = Net::new() else { return };
    let eth0 = interface(&net.middle, "eth0");
    let eth1 = interface(&net.middle, "eth1");
    let of = |text: &str| net.middle.run(|| Interface::parse(text)).unwrap();
    assert_eq!((of("::%eth0"), of("fe80::1%eth1")), (eth0, eth1));
    let forms = [(V4, of("10.77.1.2"), of("10.77.2.2")), (V4, eth0, eth1), (V6, of("::%eth0"), of("::%eth1"))];
    for (family, right, wrong) in forms {
        let (sender, member) = (family.open(&net.west), family.open(&net.middle));
        sender.set_multicast_interface(interface(&net.west, "eth0")).unwrap();
        let (group, direct) = (at(family.group, &member), at(family.middle, &member));
        member.join_multicast(group.ip(), right).unwrap();
        assert!(arrives(&sender, group, direct, &member), "{right:?}");
        member.leave_multicast(group.ip(), right).unwrap();
        member.join_multicast(group.ip(), wrong).unwrap();
        let heard = arrives(&sender, group, direct, &member);
        // Linux hands a group's datagram to every bound IPv4 socket of a host that has joined it anywhere, unless
        // IP_MULTICAST_ALL is off; here the host has left the group on that interface, so that it drops the datagram
        // earlier.
        assert!(!heard, "{wrong:?}");
    }
}

#[test]
fn multicast_leaves_by_the_chosen_interface() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let sender = family.open(&net.middle);
        let members = [family.open(&net.west), family.open(&net.east)];
        let group = ip(family.group);
        for (member, host) in members.iter().zip([&net.west, &net.east]) {
            member.join_multicast(group, interface(host, "eth0")).unwrap();
        }
        for (name, hears) in [("eth0", [true, false]), ("eth1", [false, true])] {
            sender.set_multicast_interface(interface(&net.middle, name)).unwrap();
            for ((member, address), hears) in members.iter().zip([family.west, family.east]).zip(hears) {
                let (group, direct) = (at(family.group, member), at(address, member));
                assert_eq!(arrives(&sender, group, direct, member), hears, "{name}");
            }
        }
    }
}

#[test]
fn all_members_that_share_a_port_receive() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let sharing = SocketOptions::new(family.socket_type).reuse_addr(true);
        let eth0 = interface(&net.middle, "eth0");
        let join = |local: Option<SocketAddr>| {
            net.middle.run(|| {
                let socket = Socket::new(&sharing).unwrap();
                socket.bind(local).unwrap();
                socket.join_multicast(ip(family.group), eth0).unwrap();
                socket
            })
        };
        let first = join(None);
        let second = join(first.local_addr().ok());
        let sender = family.open(&net.west);
        sender.set_multicast_interface(interface(&net.west, "eth0")).unwrap();
        send(&sender, b"to each of you", Some(at(family.group, &first))).unwrap();
        assert_eq!([recv(&first), recv(&second)], [b"to each of you"; 2]);
        first.close().unwrap();
        send(&sender, b"to the one left", Some(at(family.group, &second))).unwrap();
        assert_eq!(recv(&second), b"to the one left");
    }
}

#[test]
fn an_ipv4_interface_is_chosen_by_its_address_on_both_types() {
    let Some(net) = Net::new() else { return };
    let member = net.west.open(SocketType::Udp4);
    member.join_multicast(ip(GROUP4), interface(&net.west, "eth0")).unwrap();
    let v4 = net.middle.open(SocketType::Udp4);
    let v6 = net.middle.open(SocketType::Udp6);
    for (socket, group, direct) in [
        (v4, GROUP4.to_owned(), "10.77.1.1".to_owned()),
        (v6, format!("::ffff:{GROUP4}"), "::ffff:10.77.1.1".to_owned()),
    ] {
        socket.set_multicast_interface(Interface::Address(Ipv4Addr::new(10, 77, 1, 2))).unwrap();
        assert!(arrives(&socket, at(&group, &member), at(&direct, &member), &member), "{group}");
    }
}

#[test]
fn unknown_interfaces_and_missing_routes_are_refused() {
    let Some(net) = Net::new() else { return };
    let v4 = net.west.open(SocketType::Udp4);
    let v6 = net.west.open(SocketType::Udp6);
    let nowhere = Interface::Index(4711);
    assert_eq!(code(v4.join_multicast(ip(GROUP4), nowhere)), "ENODEV");
    assert_eq!(code(v6.join_multicast(ip(GROUP6), nowhere)), "ENODEV");
    let stranger = Interface::Address(Ipv4Addr::new(192, 0, 2, 1));
    assert_eq!(code(v4.join_multicast(ip(GROUP4), stranger)), "ENODEV");
    // There is no route to the group, so the system cannot choose an interface.
    assert_eq!(code(v4.join_multicast(ip(GROUP4), Interface::Default)), "ENODEV");
    assert_eq!(code(send(&v4, b"x", Some(SocketAddr::new(ip(GROUP4), 9)))), "ENETUNREACH");
    net.west.ip("route add 224.0.0.0/4 dev eth0");
    v4.join_multicast(ip(GROUP4), Interface::Default).unwrap();
    send(&v4, b"x", Some(SocketAddr::new(ip(GROUP4), 9))).unwrap();
    assert_eq!(code(v6.set_multicast_interface(nowhere)), "ENODEV");
    assert_eq!(code(v4.set_multicast_interface(stranger)), "EADDRNOTAVAIL");
}

#[test]
fn a_source_specific_member_receives_from_its_source_only() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let [right, other] = [family.west, family.west_too].map(|address| {
            let socket = net.west.run(|| bound(&SocketAddr::new(ip(address), 0).to_string()));
            socket.set_multicast_interface(interface(&net.west, "eth0")).unwrap();
            socket
        });
        let member = family.open(&net.middle);
        let (channel, direct) = (at(family.channel, &member), at(family.middle, &member));
        let eth0 = interface(&net.middle, "eth0");
        member.join_ssm(ip(family.west), channel.ip(), eth0).unwrap();
        assert!(arrives(&right, channel, direct, &member), "{}", family.channel);
        assert!(!arrives(&other, channel, direct, &member), "{}", family.channel);
        assert_eq!(code(member.join_ssm(ip(family.west), channel.ip(), eth0)), "EADDRNOTAVAIL");
        member.join_ssm(ip(family.west_too), channel.ip(), eth0).unwrap();
        assert!(arrives(&other, channel, direct, &member), "a second source of the channel");
        member.leave_ssm(ip(family.west), channel.ip(), eth0).unwrap();
        assert!(!arrives(&right, channel, direct, &member), "{}", family.channel);
        assert_ne!(code(member.leave_ssm(ip(family.west), channel.ip(), eth0)), "ok");
    }
}

#[test]
fn a_source_specific_ipv4_group_is_joined_by_the_interfaces_address() {
    let Some(net) = Net::new() else { return };
    let sender = net.west.run(|| bound("10.77.1.1:0"));
    sender.set_multicast_interface(interface(&net.west, "eth0")).unwrap();
    let member = net.middle.open(SocketType::Udp4);
    let (channel, direct) = (at(V4.channel, &member), at(V4.middle, &member));
    let here = Interface::Address(Ipv4Addr::new(10, 77, 1, 2));
    member.join_ssm(ip(V4.west), channel.ip(), here).unwrap();
    assert!(arrives(&sender, channel, direct, &member));
    member.leave_ssm(ip(V4.west), channel.ip(), here).unwrap();
    assert!(!arrives(&sender, channel, direct, &member));
}

#[test]
fn multicast_loop_decides_whether_the_own_host_receives() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let (sender, member) = (family.open(&net.west), family.open(&net.west));
        let eth0 = interface(&net.west, "eth0");
        member.join_multicast(ip(family.group), eth0).unwrap();
        sender.set_multicast_interface(eth0).unwrap();
        let (group, direct) = (at(family.group, &member), at(family.west, &member));
        for (on, hears) in [(true, true), (false, false), (true, true)] {
            sender.set_multicast_loop(on).unwrap();
            assert_eq!(arrives(&sender, group, direct, &member), hears, "{} {on}", family.group);
        }
    }
}

#[test]
fn a_multicast_ttl_of_0_stays_on_the_host_and_1_reaches_the_neighbour() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let (sender, at_home) = (family.open(&net.west), family.open(&net.west));
        let neighbour = family.open(&net.middle);
        let group = ip(family.group);
        sender.set_multicast_interface(interface(&net.west, "eth0")).unwrap();
        at_home.join_multicast(group, interface(&net.west, "eth0")).unwrap();
        neighbour.join_multicast(group, interface(&net.middle, "eth0")).unwrap();
        for hops in [0, 1, 2, 255] {
            sender.set_multicast_ttl(hops).unwrap();
            let hears =
                |member: &Socket, address| arrives(&sender, at(family.group, member), at(address, member), member);
            assert!(hears(&at_home, family.west), "{hops}");
            assert_eq!(hears(&neighbour, family.middle), hops > 0, "{hops}");
        }
    }
}

#[test]
fn a_router_takes_one_hop() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let (sender, receiver) = (family.open(&net.west), family.open(&net.east));
        let to = at(family.east, &receiver);
        for (ttl, text) in [(1, "dies on the way"), (2, "arrives"), (64, "arrives too")] {
            sender.set_ttl(ttl).unwrap();
            send(&sender, text.as_bytes(), Some(to)).unwrap();
        }
        assert_eq!(recv(&receiver), b"arrives");
        assert_eq!(recv(&receiver), b"arrives too");
        // The router's "time exceeded" is not reported to a socket without a peer.
        assert_eq!(code(sender.try_recv_msg(&mut [0; 64])), "EAGAIN");
    }
}

#[test]
fn broadcast_needs_set_broadcast() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver) = (net.west.open(SocketType::Udp4), net.middle.open(SocketType::Udp4));
    for address in ["10.77.1.255", "255.255.255.255"] {
        let everybody = at(address, &receiver);
        net.west.ip("route replace 255.255.255.255/32 dev eth0");
        sender.set_broadcast(false).unwrap();
        let error = send(&sender, b"hello, all", Some(everybody)).unwrap_err();
        assert_eq!(error.to_string(), format!("send EACCES {everybody}"));
        sender.set_broadcast(true).unwrap();
        send(&sender, b"hello, all", Some(everybody)).unwrap();
        let (bytes, info) = recv_from(&receiver);
        assert_eq!((bytes, info.addr), (b"hello, all".to_vec(), at(V4.west, &sender)));
    }
}

#[test]
fn link_local_peers_have_a_zone() {
    let Some(net) = Net::new() else { return };
    for (host, address) in [(&net.west, "fe80::78"), (&net.middle, "fe80::77")] {
        host.ip(&format!("address add {address}/64 dev eth0"));
        host.await_addresses();
    }
    let receiver = net.middle.run(|| {
        let socket = new(SocketType::Udp6);
        socket.bind(Some(heliogram::addr::parse("fe80::77%eth0", 0).unwrap())).unwrap();
        assert_eq!(heliogram::addr::text(&socket.local_addr().unwrap()), "fe80::77%eth0");
        socket
    });
    let sender = net.west.open(SocketType::Udp6);
    let to = net.west.run(|| heliogram::addr::parse("fe80::77%eth0", port(&receiver))).unwrap();
    send(&sender, b"over the fence", Some(to)).unwrap();
    let (bytes, info) = recv_from(&receiver);
    assert_eq!(bytes, b"over the fence");
    let text = net.middle.run(|| info.address());
    assert!(text.starts_with("fe80::") && text.ends_with("%eth0"), "{text}");
    // The answer needs the zone, which the address has.
    send(&receiver, b"and back", Some(info.addr)).unwrap();
    assert_eq!(recv(&sender), b"and back");
}

/// A port that no socket of these hosts has had. A port that was just closed may still be open: a child process of
/// another test keeps the descriptor until its exec.
const CLOSED: u16 = 9;

#[test]
fn a_closed_port_of_another_host_is_reported_to_connected_sockets_only() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let to = SocketAddr::new(ip(family.east), CLOSED);
        let loner = family.open(&net.west);
        send(&loner, b"x", Some(to)).unwrap();
        let friend = family.open(&net.west);
        friend.connect(to).unwrap();
        send(&friend, b"x", None).unwrap();
        let error = recv_error_queue(&friend);
        assert_eq!(error.to_string(), "recvmsg ECONNREFUSED");
        assert_eq!(code(friend.try_recv_msg(&mut [0; 64])), "EAGAIN", "reported once");
        // By now the ICMP error of the first send has come too.
        assert_eq!(code(loner.try_recv_msg(&mut [0; 64])), "EAGAIN", "never reported");
        friend.disconnect().unwrap();
        let receiver = family.open(&net.east);
        for socket in [&loner, &friend] {
            send(socket, b"still here", Some(at(family.east, &receiver))).unwrap();
            assert_eq!(recv(&receiver), b"still here");
        }
    }
}

#[test]
fn a_send_too_may_report_a_closed_peer() {
    let Some(net) = Net::new() else { return };
    let (socket, canary) = (V4.open(&net.west), V4.open(&net.west));
    for socket in [&socket, &canary] {
        socket.connect(SocketAddr::new(ip(V4.middle), CLOSED)).unwrap();
        send(socket, b"x", None).unwrap();
    }
    // The ICMP errors come in the order of the sends, so ours is here when the canary has its own.
    assert_eq!(recv_error_queue(&canary).code(), "ECONNREFUSED");
    let error = send(&socket, b"x", None).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.address(), error.port()), ("send ECONNREFUSED", None, None));
    send(&socket, b"x", None).unwrap();
}

/// Forbids fragments.
fn dont_fragment(socket: &Socket) {
    let descriptor = socket.descriptor().unwrap();
    match socket.socket_type() {
        SocketType::Udp4 => set_option(&descriptor, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DO),
        SocketType::Udp6 => {
            set_option(&descriptor, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DO)
        }
    }
}

#[test]
fn messages_over_the_mtu_are_fragmented_unless_forbidden() {
    let Some(net) = Net::new() else { return };
    for family in [V4, V6] {
        let (sender, receiver) = (family.open(&net.west), family.open(&net.middle));
        let to = at(family.middle, &receiver);
        for size in [1472, 1473, 9000, 65_000] {
            let message: Vec<u8> = (0..size).map(|index| index as u8).collect();
            assert_eq!(send(&sender, &message, Some(to)), Ok(size));
            assert_eq!(recv(&receiver), message);
        }
        dont_fragment(&sender);
        let error = send(&sender, &[0; 1473], Some(to)).unwrap_err();
        assert_eq!(error.to_string(), format!("send EMSGSIZE {}:{}", to.ip(), to.port()));
        assert_eq!(send(&sender, &[7; 1400], Some(to)), Ok(1400));
        assert_eq!(recv(&receiver), [7; 1400]);
    }
}

#[test]
fn the_paths_mtu_is_learnt_from_the_router() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("link set eth1 mtu 1300");
    net.east.ip("link set eth0 mtu 1300");
    for family in [V4, V6] {
        let (sender, receiver) = (family.open(&net.west), family.open(&net.east));
        let to = at(family.east, &receiver);
        // The first is lost at the router, which reports it; then the kernel fragments.
        let arrived = within(LONG, || {
            send(&sender, &[9; 1400], Some(to))?;
            receiver.try_recv_msg(&mut [0; 2000])
        });
        assert_eq!(arrived.unwrap().size, 1400);
        dont_fragment(&sender);
        assert_eq!(code(send(&sender, &[9; 1400], Some(to))), "EMSGSIZE");
        send(&sender, b"short enough", Some(to)).unwrap();
        // More than one long message may have arrived before.
        while recv(&receiver) != b"short enough" {}
    }
}
