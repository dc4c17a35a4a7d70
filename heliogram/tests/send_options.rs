//! Options of single sends, seen from other hosts, which are network namespaces of this test.
#![cfg(target_os = "linux")]

mod common;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use common::netns::{Host, Net};
use common::{LONG, at, bound, code, ip, new, recv, recv_from, send, within};
use heliogram::send_queue::SendQueue;
use heliogram::{
    Clock, Datagram, Ecn, Interface, RecvInfo, RecvMetadata, RecvMetadataOptions, Result, SendOptions, Socket,
    SocketType, TrafficClass,
};

fn send_with(socket: &Socket, bytes: &[u8], to: SocketAddr, options: SendOptions) -> Result<usize> {
    socket.try_send_batch(&[Datagram::new(bytes).to(to).with(&options)])
}

/// Answers the next datagram from the address that it was sent to.
fn answer(server: &Socket) {
    let (bytes, rinfo) = recv_from(server);
    let source = rinfo.metadata.local_ip.expect("the socket has asked");
    assert_eq!(send_with(server, &bytes, rinfo.addr, SendOptions::new().source(source)), Ok(1));
}

#[test]
fn an_answer_leaves_from_the_address_of_the_question() {
    let Some(net) = Net::new() else { return };
    for (socket_type, first, second) in
        [(SocketType::Udp4, "10.77.1.1", "10.77.1.3"), (SocketType::Udp6, "fd77:1::1", "fd77:1::3")]
    {
        let (server, client) = (net.west.open_with_metadata(socket_type), net.east.open_with_metadata(socket_type));
        for asked in [first, second] {
            send(&client, b"who?", Some(at(asked, &server))).unwrap();
            answer(&server);
            assert_eq!(recv_from(&client).1.addr, at(asked, &server));
        }
    }
}

#[test]
fn a_server_for_both_families_answers_ipv4_too() {
    let Some(net) = Net::new() else { return };
    let (server, client) =
        (net.west.open_with_metadata(SocketType::Udp6), net.middle.open_with_metadata(SocketType::Udp4));
    for asked in ["10.77.1.1", "10.77.1.3"] {
        send(&client, b"who?", Some(at(asked, &server))).unwrap();
        answer(&server);
        assert_eq!(recv_from(&client).1.addr, at(asked, &server));
    }
}

#[test]
fn an_interface_is_chosen_for_one_datagram() {
    let Some(net) = Net::new() else { return };
    let index = |name: &str| match net.middle.run(|| Interface::by_name(name)).unwrap() {
        Interface::Index(index) => index,
        other => panic!("a name is an index, not {other:?}"),
    };
    for (socket_type, group) in [(SocketType::Udp4, "239.77.0.1"), (SocketType::Udp6, "ff15::77:1")] {
        let sender = net.middle.open_with_metadata(socket_type);
        for (host, name) in [(&net.west, "eth0"), (&net.east, "eth1")] {
            let member = host.open_with_metadata(socket_type);
            member.join_multicast(ip(group), host.run(|| Interface::by_name("eth0")).unwrap()).unwrap();
            let options = SendOptions::new().interface(index(name));
            send_with(&sender, name.as_bytes(), at(group, &member), options).unwrap();
            assert_eq!(recv(&member), name.as_bytes());
        }
    }
}

/// Sends one datagram with these options, and returns its receive metadata.
fn metadata(from: &Socket, to: SocketAddr, receiver: &Socket, options: SendOptions) -> RecvMetadata {
    assert_eq!(send_with(from, b"?", to, options), Ok(1));
    recv_from(receiver).1.metadata
}

#[test]
fn traffic_class_and_hop_limit_are_set_per_datagram() {
    let Some(net) = Net::new() else { return };
    let class = TrafficClass::new(46, Ecn::Ect0);
    let options = SendOptions::new().traffic_class(class).hop_limit(7);
    for (from, to, address) in [
        (SocketType::Udp4, SocketType::Udp4, "10.77.2.1"),
        (SocketType::Udp6, SocketType::Udp6, "fd77:2::1"),
        (SocketType::Udp6, SocketType::Udp4, "::ffff:10.77.2.1"),
    ] {
        let (sender, receiver) = (net.west.open_with_metadata(from), net.east.open_with_metadata(to));
        let to = at(address, &receiver);
        for _ in 0..2 {
            let marked = metadata(&sender, to, &receiver, options);
            assert_eq!((marked.traffic_class, marked.hop_limit), (Some(class), Some(6)), "{address}");
            let plain = metadata(&sender, to, &receiver, SendOptions::new());
            assert_eq!((plain.traffic_class, plain.hop_limit), (Some(TrafficClass(0)), Some(63)), "{address}");
        }
    }
}

#[test]
fn a_connected_ipv6_socket_sets_the_traffic_class_for_ipv6_and_mapped_peers() {
    let Some(net) = Net::new() else { return };
    for (socket_type, address) in [(SocketType::Udp6, "fd77:2::1"), (SocketType::Udp4, "::ffff:10.77.2.1")] {
        let (sender, receiver) =
            (net.west.open_with_metadata(SocketType::Udp6), net.east.open_with_metadata(socket_type));
        sender.connect(at(address, &receiver)).unwrap();
        let options = SendOptions::new().traffic_class(Ecn::Ce.into()).hop_limit(7);
        assert_eq!(sender.try_send_batch(&[Datagram::new(b"?").with(&options)]), Ok(1));
        let metadata = recv_from(&receiver).1.metadata;
        assert_eq!((metadata.ecn(), metadata.hop_limit), (Ecn::Ce, Some(6)), "{address}");
    }
}

#[test]
fn a_source_address_of_another_host_is_refused() {
    let (sender, to) = (bound("0.0.0.0:0"), "127.0.0.1:9".parse().unwrap());
    for (wrong, code) in [("192.0.2.1", "ENETUNREACH"), ("::1", "EINVAL")] {
        let error = send_with(&sender, b"?", to, SendOptions::new().source(ip(wrong))).unwrap_err();
        assert_eq!(error.to_string(), format!("send {code} 127.0.0.1:9"));
    }
}

#[test]
fn each_datagram_of_a_batch_has_its_own_options_and_the_order_is_kept() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver) =
        (net.west.open_with_metadata(SocketType::Udp4), net.middle.open_with_metadata(SocketType::Udp4));
    let to = at("10.77.1.2", &receiver);
    let options = [3, 3, 3, 9, 5, 5].map(|hops| SendOptions::new().hop_limit(hops));
    let payloads: Vec<_> = (0..6_u8).map(|number| [number; 50]).collect();
    let mut batch: Vec<_> =
        payloads.iter().zip(&options).map(|(bytes, options)| Datagram::new(bytes).to(to).with(options)).collect();
    batch.push(Datagram::new(&[6; 50]).to(to));
    assert_eq!(sender.try_send_batch(&batch), Ok(7));
    let received: Vec<(Vec<u8>, RecvInfo)> = (0..7).map(|_| recv_from(&receiver)).collect();
    assert!(received.iter().enumerate().all(|(number, (bytes, _))| bytes[..] == [number as u8; 50]));
    let hops = received.iter().map(|(_, rinfo)| rinfo.metadata.hop_limit.unwrap());
    assert_eq!(hops.collect::<Vec<_>>(), [3, 3, 3, 9, 5, 5, 64]);
}

#[test]
fn queued_datagrams_keep_their_options() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    receiver.set_recv_metadata(RecvMetadataOptions::all()).unwrap();
    let options = SendOptions::new().hop_limit(33);
    let datagram = Datagram::new(b"?").to(receiver.local_addr().unwrap()).with(&options);
    let mut queue = SendQueue::new();
    queue.wait(&sender, &datagram, ());
    assert!(queue.flush(&sender, |(), outcome| assert_eq!(outcome, Ok(1))));
    assert_eq!(recv_from(&receiver).1.metadata.hop_limit, Some(33));
}

#[test]
fn dont_fragment_for_one_datagram() {
    let Some(net) = Net::new() else { return };
    for (socket_type, address) in [(SocketType::Udp4, "10.77.1.2"), (SocketType::Udp6, "fd77:1::2")] {
        let (sender, receiver) = (net.west.open_with_metadata(socket_type), net.middle.open_with_metadata(socket_type));
        let to = at(address, &receiver);
        let too_long = |on| send_with(&sender, &[7; 2000], to, SendOptions::new().dont_fragment(on));
        for _ in 0..2 {
            assert_eq!(code(too_long(true)), "EMSGSIZE");
            assert_eq!(send(&sender, &[7; 2000], Some(to)), Ok(2000), "the socket's own setting is unchanged");
            assert_eq!(recv(&receiver).len(), 2000);
            assert_eq!(too_long(false), Ok(1));
            assert_eq!(recv(&receiver).len(), 2000);
        }
        assert_eq!(send_with(&sender, &[7; 1000], to, SendOptions::new().dont_fragment(true)), Ok(1));
        assert_eq!(recv(&receiver).len(), 1000);
    }
}

#[test]
fn segment_size_splits_a_send_into_datagrams() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let bytes: Vec<u8> = (0..350).map(|number| number as u8).collect();
    let to = receiver.local_addr().unwrap();
    assert_eq!(send_with(&sender, &bytes, to, SendOptions::new().segment_size(100)), Ok(1));
    let received: Vec<_> = (0..4).map(|_| recv(&receiver)).collect();
    assert!(received.iter().map(Vec::as_slice).eq(bytes.chunks(100)));
    assert_eq!(
        code(send_with(&sender, &[0; 65], to, SendOptions::new().segment_size(0))),
        "ok",
        "0 turns segmentation off"
    );
    assert_eq!(recv(&receiver).len(), 65);
}

#[test]
fn a_transmit_time_needs_a_clock() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let to = receiver.local_addr().unwrap();
    let now = SendOptions::new().transmit_time(Clock::Monotonic.now().unwrap());
    assert_eq!(code(send_with(&sender, b"?", to, now)), "EINVAL");
    sender.set_transmit_time_clock(Clock::Monotonic).unwrap();
    assert_eq!(send_with(&sender, b"?", to, now), Ok(1));
    assert_eq!(recv(&receiver), b"?");
    assert_eq!(
        new(SocketType::Udp4).set_transmit_time_clock(Clock::Tai).unwrap_err().to_string(),
        "setTransmitTimeClock EBADF"
    );
}

/// Gives an interface the queueing discipline that holds datagrams back until their transmit time; or prints why it
/// cannot.
fn add_fq(host: &Host, interface: &str) -> bool {
    let tc = host.run(|| Command::new("tc").args(["qdisc", "add", "dev", interface, "root", "fq"]).output());
    let why = match tc {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let test = thread::current().name().unwrap_or_default().to_owned();
    let line = format!("\nSKIPPED {test}: tc qdisc add dev {interface} root fq: {why}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
    false
}

#[test]
fn datagrams_leave_at_their_transmit_time() {
    const GAP: u64 = 20_000_000;
    let Some(net) = Net::new() else { return };
    if !add_fq(&net.west, "eth0") {
        return;
    }
    let (sender, receiver) =
        (net.west.open_with_metadata(SocketType::Udp4), net.middle.open_with_metadata(SocketType::Udp4));
    sender.set_transmit_time_clock(Clock::Monotonic).unwrap();
    let start = Clock::Monotonic.now().unwrap() + GAP;
    let options: Vec<_> = (0..10).map(|number| SendOptions::new().transmit_time(start + number * GAP)).collect();
    let to = at("10.77.1.2", &receiver);
    let batch: Vec<_> = options.iter().map(|options| Datagram::new(b"tick").to(to).with(options)).collect();
    assert_eq!(within(LONG, || sender.try_send_batch(&batch)), Ok(10));
    let times: Vec<_> = (0..10).map(|_| recv_from(&receiver).1.metadata.software_timestamp.unwrap()).collect();
    let whole = times[9].duration_since(times[0]).unwrap().as_nanos() as u64;
    assert!(whole.abs_diff(9 * GAP) < 9 * GAP / 10, "{whole} ns from the first to the tenth");
}
