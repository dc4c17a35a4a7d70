//! The don't-fragment bit of GSO batches over IPv4: that of each datagram alone, seen on the link; and what does not fit a path.
#![cfg(target_os = "linux")]

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use common::capture::{Capture, Packet};
use common::netns::{Host, Net};
use common::{LONG, bound, code, new, recv_from, set_option, within};
use heliogram::{Datagram, PathMtuDiscovery, SendOptions, Socket, SocketType, TokioSocket};

/// Whether this build uses GSO.
const GSO: bool = cfg!(not(heliogram_force_copy));

const DATA: [u8; 8000] = [7; 8000];

/// The headers of IPv4 and UDP.
const HEADERS: usize = 28;

const NEIGHBOUR: &str = "10.77.1.2:9";

/// Two hosts whose link shows each segment: the device between them takes no GSO batch whole.
fn net() -> Option<Net> {
    let net = Net::new()?;
    net.west.ip("link set eth0 gso_max_segs 1");
    Some(net)
}

fn neighbour() -> SocketAddr {
    NEIGHBOUR.parse().unwrap()
}

fn batch(count: usize, size: usize, to: SocketAddr) -> Vec<Datagram<'static>> {
    vec![Datagram::new(&DATA[..size]).to(to); count]
}

/// Sends so many datagrams of a size; says whether they were a GSO batch.
fn sends(socket: &Socket, count: usize, size: usize, to: SocketAddr) -> bool {
    let before = socket.stats().gso_batches_out;
    assert_eq!(within(LONG, || socket.try_send_batch(&batch(count, size, to))), Ok(count));
    socket.stats().gso_batches_out > before
}

/// The packets of so many datagrams of this size.
fn packets(count: usize, size: usize, dont_fragment: bool) -> Vec<Packet> {
    vec![Packet { length: size + HEADERS, dont_fragment, is_fragment: false }; count]
}

/// Asserts that these packets are one datagram in fragments.
fn assert_fragments(packets: &[Packet], count: usize) {
    assert!(packets.len() > count, "{packets:?}");
    assert!(packets.iter().all(|packet| packet.is_fragment && !packet.dont_fragment), "{packets:?}");
}

fn opened(host: &Host, socket_type: SocketType) -> Socket {
    host.run(|| {
        let socket = new(socket_type);
        socket.bind(None).unwrap();
        socket
    })
}

#[test]
fn segments_have_the_bit_of_single_datagrams_in_every_mode() {
    let Some(net) = net() else { return };
    let mapped = "[::ffff:10.77.1.2]:9".parse().unwrap();
    for (socket_type, to) in [(SocketType::Udp4, neighbour()), (SocketType::Udp6, mapped)] {
        for mode in [None, Some(PathMtuDiscovery::Dont), Some(PathMtuDiscovery::Do), Some(PathMtuDiscovery::Probe)] {
            let (sender, capture) = (opened(&net.west, socket_type), Capture::new(&net.middle));
            mode.iter().for_each(|&mode| sender.set_path_mtu_discovery(mode).unwrap());
            let own = sender.path_mtu_discovery();
            assert!(!sends(&sender, 1, 1000, to));
            let bit = capture.packets()[0].dont_fragment;
            assert_eq!(bit, mode != Some(PathMtuDiscovery::Dont));
            for _ in 0..2 {
                assert_eq!(sends(&sender, 5, 1000, to), GSO, "{mode:?}");
                assert_eq!(capture.packets(), packets(5, 1000, bit), "{socket_type:?} {mode:?}");
            }
            assert_eq!(sender.path_mtu_discovery(), own);
            assert_eq!(own, Ok(mode.unwrap_or(PathMtuDiscovery::Want)));
        }
    }
}

#[test]
fn a_connected_sockets_segments_and_those_of_the_callers_have_it_too() {
    let Some(net) = net() else { return };
    let capture = Capture::new(&net.middle);
    let options = SendOptions::new().segment_size(500);
    for (socket_type, to) in [(SocketType::Udp4, NEIGHBOUR), (SocketType::Udp6, "[::ffff:10.77.1.2]:9")] {
        let sender = opened(&net.west, socket_type);
        sender.connect(to.parse().unwrap()).unwrap();
        // The neighbour refuses some, as nobody is there.
        within(LONG, || sender.try_send_batch(&[Datagram::new(&DATA[..1000]); 5])).unwrap();
        assert_eq!(capture.packets(), packets(5, 1000, true));
        let by_hand = Datagram::new(&DATA[..2000]).to(to.parse().unwrap()).with(&options);
        if GSO {
            assert_eq!(opened(&net.west, socket_type).try_send_batch(&[by_hand]), Ok(1));
            assert_eq!(capture.packets(), packets(4, 500, true));
        }
    }
}

#[test]
fn what_exceeds_the_path_is_sent_in_fragments_between_batches() {
    let Some(net) = net() else { return };
    let mapped = "[::ffff:10.77.1.2]:9".parse().unwrap();
    for (socket_type, to) in [(SocketType::Udp4, neighbour()), (SocketType::Udp6, mapped)] {
        let (sender, capture) = (opened(&net.west, socket_type), Capture::new(&net.middle));
        assert_eq!(sends(&sender, 5, 1000, to), GSO);
        assert_eq!(capture.packets(), packets(5, 1000, true));
        // One by one, of several buffers, and in a batch with others.
        assert_eq!(sender.try_send_to(&DATA[..3000], to), Ok(3000));
        assert_fragments(&capture.packets(), 2);
        assert_eq!(sends(&sender, 5, 1000, to), GSO);
        assert_eq!(capture.packets(), packets(5, 1000, true));
        assert!(!sends(&sender, 3, 4000, to));
        assert_fragments(&capture.packets(), 8);
        assert_eq!(sender.path_mtu_discovery(), Ok(PathMtuDiscovery::Want));
        assert_eq!(code(sender.try_send_to(&[0; 65_508], to)), "EMSGSIZE");
    }
}

#[test]
fn mixed_sizes_to_one_peer_end_its_batches_for_a_while() {
    let Some(net) = net() else { return };
    let (sender, capture, other) = (opened(&net.west, SocketType::Udp4), Capture::new(&net.middle), "10.77.1.2:10");
    let mut batches = 0;
    for _ in 0..50 {
        batches += u32::from(sends(&sender, 5, 1000, neighbour()));
        assert_eq!(sender.try_send_to(&DATA[..3000], neighbour()), Ok(3000));
    }
    assert_eq!(batches, if GSO { 2 } else { 0 }, "each of which has switched the mode");
    assert_eq!(sender.max_gso_segment(Some(neighbour())), 0);
    assert!(capture.packets().iter().all(|packet| packet.dont_fragment != packet.is_fragment));
    assert_eq!(sends(&sender, 5, 1000, other.parse().unwrap()), GSO, "another peer's");
    assert_eq!(capture.packets(), packets(5, 1000, true));
}

#[test]
fn behind_a_narrow_router_batches_are_lost_once_and_arrive_from_then_on() {
    let Some(net) = net() else { return };
    net.middle.ip("link set eth1 mtu 1300");
    net.east.ip("link set eth0 mtu 1300");
    let receiver = opened(&net.east, SocketType::Udp4);
    receiver.set_recv_buffer_size(1 << 20).unwrap();
    let to = common::at("10.77.2.1", &receiver);
    for socket_type in [SocketType::Udp4, SocketType::Udp6] {
        net.west.ip("route flush cache");
        let sender = opened(&net.west, socket_type);
        let to = if socket_type == SocketType::Udp4 {
            to
        } else {
            format!("[::ffff:{}]:{}", to.ip(), to.port()).parse().unwrap()
        };
        // The router answers "fragmentation needed", which it does only to packets that have the bit.
        sends(&sender, 5, 1400, to);
        thread::sleep(Duration::from_millis(20));
        while receiver.try_recv(&mut [0; 2000]).is_ok() {}
        for round in 0..20 {
            assert!(!sends(&sender, 5, 1400, to));
            (0..5).for_each(|_| assert_eq!(recv_from(&receiver).0.len(), 1400, "{round}"));
            let whole = sends(&sender, 5, 1200, to);
            assert!(GSO || !whole);
            (0..5).for_each(|_| assert_eq!(recv_from(&receiver).0.len(), 1200, "{round}"));
        }
    }
}

#[test]
fn a_datagrams_own_rule_holds_for_it_alone() {
    let Some(net) = net() else { return };
    let mapped = "[::ffff:10.77.1.2]:9".parse().unwrap();
    for (socket_type, to) in [(SocketType::Udp4, neighbour()), (SocketType::Udp6, mapped)] {
        let (sender, capture) = (opened(&net.west, socket_type), Capture::new(&net.middle));
        for (rule, outcome) in [(false, Ok(1)), (true, Err("EMSGSIZE"))] {
            assert_eq!(sends(&sender, 5, 1000, to), GSO);
            assert_eq!(capture.packets(), packets(5, 1000, true));
            let options = SendOptions::new().dont_fragment(rule);
            let of = |size| sender.try_send_batch(&[Datagram::new(&DATA[..size]).to(to).with(&options)]);
            assert_eq!(of(1000), Ok(1));
            assert_eq!(capture.packets(), packets(1, 1000, rule));
            assert_eq!(of(3000).map_err(|error| error.code()), outcome);
            capture.packets();
        }
        assert_eq!(sends(&sender, 5, 1000, to), GSO);
        assert_eq!(capture.packets(), packets(5, 1000, true));
        assert_eq!(sender.path_mtu_discovery(), Ok(PathMtuDiscovery::Want));
    }
}

#[test]
fn where_strangers_may_have_the_open_file_its_mode_is_left_alone() {
    let Some(net) = net() else { return };
    let std = || net.west.run(|| UdpSocket::bind("0.0.0.0:0").unwrap());
    let adopted = || Socket::try_from(std()).unwrap();
    let read = || {
        let socket = opened(&net.west, SocketType::Udp4);
        sends(&socket, 5, 1000, neighbour());
        assert_eq!(mode(&socket.descriptor().unwrap()), libc::IP_PMTUDISC_WANT, "put back before it is lent");
        socket
    };
    let capture = Capture::new(&net.middle);
    for socket in [adopted(), read()] {
        capture.packets();
        assert_eq!(socket.max_gso_segment(Some(neighbour())), 0);
        assert!(!sends(&socket, 5, 1000, neighbour()));
        assert_eq!(capture.packets(), packets(5, 1000, true));
        assert_eq!(mode(&socket.descriptor().unwrap()), libc::IP_PMTUDISC_WANT);
        // The program's choice is the program's.
        for (chosen, bit) in [(PathMtuDiscovery::Probe, true), (PathMtuDiscovery::Dont, false)] {
            socket.set_path_mtu_discovery(chosen).unwrap();
            assert_eq!(socket.max_gso_segment(Some(neighbour())), if GSO { 65_535 } else { 0 });
            assert_eq!(sends(&socket, 5, 1000, neighbour()), GSO);
            assert_eq!(capture.packets(), packets(5, 1000, bit));
            assert_eq!(socket.path_mtu_discovery(), Ok(chosen));
        }
        // Or a stranger's, who has just read the descriptor.
        let descriptor = socket.descriptor().unwrap();
        set_option(&descriptor, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_WANT);
        assert!(!sends(&socket, 5, 1000, neighbour()));
    }
    let watched = opened(&net.west, SocketType::Udp4);
    watched.reactor_descriptor().unwrap();
    assert_eq!(sends(&watched, 5, 1000, neighbour()), GSO);
}

/// The kernel's mode for IPv4.
fn mode(descriptor: &impl std::os::fd::AsFd) -> libc::c_int {
    let probe = Socket::try_from(descriptor.as_fd().try_clone_to_owned().unwrap()).unwrap();
    let mut value = [0; 4];
    probe.getsockopt(libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, &mut value).unwrap();
    i32::from_ne_bytes(value)
}

#[test]
fn ipv6_batches_need_no_mode() {
    let Some(net) = net() else { return };
    let to = "[fd77:1::2]:9".parse().unwrap();
    let socket = net.west.run(|| Socket::try_from(UdpSocket::bind("[::]:0").unwrap()).unwrap());
    assert_eq!(sends(&socket, 5, 1000, to), GSO);
    assert!(!sends(&socket, 5, 1000, "[::ffff:10.77.1.2]:9".parse().unwrap()));
}

#[tokio::test]
async fn a_tokio_socket_keeps_its_batches_until_its_descriptor_is_read() {
    use std::os::fd::AsFd;
    let peer = bound("127.0.0.1:0");
    let to = peer.local_addr().unwrap();
    let socket = TokioSocket::bind("127.0.0.1:0").await.unwrap();
    let sends = async || {
        let before = socket.stats().gso_batches_out;
        assert_eq!(socket.send_batch(&batch(5, 1000, to)).await, Ok(5));
        socket.stats().gso_batches_out > before
    };
    assert_eq!(sends().await, GSO);
    assert_eq!(mode(&socket.as_fd()), libc::IP_PMTUDISC_WANT);
    assert!(!sends().await);
}

#[test]
fn sockets_that_share_an_open_file_cope_with_the_others_mode() {
    let Some(net) = net() else { return };
    let capture = Capture::new(&net.middle);
    let first = opened(&net.west, SocketType::Udp4);
    let second = Socket::try_from(first.descriptor().unwrap().try_clone_to_owned().unwrap()).unwrap();
    let both = [&first, &second];
    both.iter().for_each(|socket| socket.share_batch_mode());
    for round in 0..3 {
        for (socket, other) in [(both[0], both[1]), (both[1], both[0])] {
            let batched = sends(socket, 5, 1000, neighbour());
            assert!(batched == GSO || round > 0, "the first refusals end them");
            assert_eq!(capture.packets(), packets(5, 1000, true));
            assert_eq!(other.try_send_to(&DATA[..3000], neighbour()), Ok(3000));
            assert_fragments(&capture.packets(), 2);
            assert_eq!(socket.path_mtu_discovery(), Ok(PathMtuDiscovery::Want));
        }
    }
    // What one program chooses holds for the other, as it would on any shared socket.
    first.set_dont_fragment(true).unwrap();
    assert_eq!(code(second.try_send_to(&DATA[..3000], neighbour())), "EMSGSIZE");
    first.set_dont_fragment(false).unwrap();
    assert_eq!(second.try_send_to(&DATA[..3000], neighbour()), Ok(3000));
}

#[test]
fn threads_see_no_other_bit_and_no_refusal() {
    let Some(net) = net() else { return };
    let (sender, capture) = (opened(&net.west, SocketType::Udp4), Capture::new(&net.middle));
    thread::scope(|scope| {
        for peer in 0..2 {
            let sender = &sender;
            scope.spawn(move || {
                let to = SocketAddr::new(neighbour().ip(), 100 + peer);
                for _ in 0..50 {
                    sends(sender, 5, 1000, to);
                }
            });
            scope.spawn(move || {
                let to = SocketAddr::new(neighbour().ip(), 200 + peer);
                for _ in 0..50 {
                    assert_eq!(within(LONG, || sender.try_send_to(&DATA[..3000], to)), Ok(3000));
                }
            });
        }
    });
    let all = capture.packets();
    assert!(all.iter().all(|packet| packet.dont_fragment != packet.is_fragment));
    assert_eq!(all.iter().filter(|packet| packet.dont_fragment).count(), 500);
}

#[test]
fn a_datagram_that_was_sent_after_all_leaves_no_error_behind() {
    let Some(net) = net() else { return };
    let sender = opened(&net.west, SocketType::Udp4);
    sender.set_recv_errors(true).unwrap();
    let receiver = net.middle.run(|| bound("10.77.1.2:0"));
    let to = receiver.local_addr().unwrap();
    for _ in 0..3 {
        sends(&sender, 5, 1000, to);
        assert_eq!(sender.try_send_to(&DATA[..3000], to), Ok(3000));
        assert_eq!(code(sender.try_recv_error_queue()), "EAGAIN");
    }
    assert_eq!(code(sender.try_send_to(&[0; 65_508], to)), "EMSGSIZE");
}

#[test]
fn an_error_of_an_earlier_datagram_is_reported_all_the_same() {
    let Some(net) = net() else { return };
    net.middle.ip("link set eth1 mtu 1300");
    let receiver = opened(&net.east, SocketType::Udp4);
    let outcomes = |batches: bool| {
        net.west.ip("route flush cache");
        let sender = opened(&net.west, SocketType::Udp4);
        sender.connect(common::at("10.77.2.1", &receiver)).unwrap();
        if batches {
            assert_eq!(sender.try_send_batch(&[Datagram::new(&DATA[..1200]); 2]), Ok(2));
        }
        // The router refuses the first, and the second, which would fit, reports that.
        [1400, 100, 100].map(|size| code(sender.try_send(&DATA[..size])))
    };
    assert_eq!(outcomes(false), ["ok", "EMSGSIZE", "ok"]);
    assert_eq!(outcomes(true), outcomes(false));
}
