//! The error queue: ICMP errors with the destination of the datagram that caused them, and transmit timestamps; between
//! hosts, which are network namespaces of this test.
#![cfg(target_os = "linux")]

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::time::SystemTime;

use common::netns::{Host, Net};
use common::{LONG, bound, code, ip, new, recv, send, within};
use heliogram::{
    Datagram, ErrorOrigin, ErrorQueueEntry, PathMtuDiscovery, QueuedError, SendOptions, Socket, SocketType,
    TransmitTimestamp,
};

fn open(host: &Host, socket_type: SocketType) -> Socket {
    let socket = host.open(socket_type);
    socket.set_recv_errors(true).unwrap();
    socket
}

/// A port that refuses our datagrams: its owner is connected to another socket, and keeps others from taking the port.
fn refusing(host: &str) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.connect(UdpSocket::bind((host, 0)).unwrap().local_addr().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn next_error(socket: &Socket) -> QueuedError {
    match within(LONG, || socket.try_recv_error_queue()).unwrap() {
        ErrorQueueEntry::Error(error) => error,
        other => panic!("{other:?} is no error"),
    }
}

fn next_timestamp(socket: &Socket) -> TransmitTimestamp {
    match within(LONG, || socket.try_recv_error_queue()).unwrap() {
        ErrorQueueEntry::TransmitTimestamp(sent) => sent,
        other => panic!("{other:?} is no timestamp"),
    }
}

#[test]
fn the_error_of_a_closed_port_names_the_peer() {
    for (socket_type, host, origin, icmp) in [
        (SocketType::Udp4, "127.0.0.1", ErrorOrigin::Icmp, (3, 3)),
        (SocketType::Udp6, "::1", ErrorOrigin::Icmp6, (1, 4)),
    ] {
        let sender = new(socket_type);
        sender.bind(None).unwrap();
        sender.set_recv_errors(true).unwrap();
        assert_eq!(code(sender.try_recv_error_queue()), "EAGAIN");
        let refusing = [refusing(host), refusing(host)];
        for (_, peer) in &refusing {
            send(&sender, b"anybody there?", Some(*peer)).unwrap();
            let error = next_error(&sender);
            assert_eq!((error.peer, error.offender, error.origin), (Some(*peer), Some(ip(host)), origin));
            assert_eq!((error.icmp_type, error.icmp_code, error.mtu), (icmp.0, icmp.1, None));
            assert_eq!((error.errno, error.code()), (-libc::ECONNREFUSED, "ECONNREFUSED"));
            assert_eq!(error.to_string(), format!("ECONNREFUSED {peer}, says {host}"));
        }
        assert_eq!(code(sender.try_recv_error_queue()), "EAGAIN");
    }
}

#[test]
fn errors_of_closed_peers_do_not_disturb_sends_to_others() {
    let (server, client) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    server.set_recv_errors(true).unwrap();
    let (_owner, gone) = refusing("127.0.0.1");
    let there = client.local_addr().unwrap();
    for round in 0..50_u8 {
        assert_eq!(send(&server, b"gone?", Some(gone)), Ok(5));
        match round % 3 {
            0 => assert_eq!(send(&server, &[round], Some(there)), Ok(1)),
            1 => assert_eq!(server.try_send_batch(&[Datagram::new(&[round]).to(there)]), Ok(1)),
            _ => {
                assert_eq!(code(server.try_recv_msg(&mut [0])), "EAGAIN");
                assert_eq!(send(&server, &[round], Some(there)), Ok(1));
            }
        }
        assert_eq!(recv(&client), [round]);
    }
    let errors = (0..50).map(|_| next_error(&server)).filter(|error| error.peer == Some(gone));
    assert_eq!(errors.count(), 50);
}

#[test]
fn a_refusal_by_this_host_is_one_entry_and_names_the_peer() {
    let Some(net) = Net::new() else { return };
    let sender = open(&net.west, SocketType::Udp4);
    sender.set_dont_fragment(true).unwrap();
    let peer = SocketAddr::new(ip("10.77.1.2"), 9);
    let too_long = [0; 60_000];
    for _ in 0..3 {
        assert_eq!(code(send(&sender, &too_long, Some(peer))), "EMSGSIZE");
        assert_eq!(code(sender.try_send_batch(&[Datagram::new(&too_long).to(peer)])), "EMSGSIZE");
        let entries: Vec<_> = std::iter::from_fn(|| sender.try_recv_error_queue().ok()).collect();
        assert_eq!(entries.len(), 2, "one for each send: {entries:?}");
        for entry in entries {
            let ErrorQueueEntry::Error(error) = entry else { panic!("{entry:?}") };
            assert_eq!((error.origin, error.code()), (ErrorOrigin::Local, "EMSGSIZE"));
            assert_eq!(error.peer.map(|peer| peer.ip()), Some(peer.ip()));
        }
    }
}

#[test]
fn no_errors_are_queued_before_or_after_set_recv_errors() {
    let sender = bound("127.0.0.1:0");
    let (_owner, gone) = refusing("127.0.0.1");
    for _ in 0..2 {
        send(&sender, b"gone?", Some(gone)).unwrap();
        assert_eq!(code(sender.try_recv_error_queue()), "EAGAIN");
        sender.set_recv_errors(true).unwrap();
        send(&sender, b"gone?", Some(gone)).unwrap();
        next_error(&sender);
        sender.set_recv_errors(false).unwrap();
    }
    let unbound = new(SocketType::Udp4);
    assert_eq!(unbound.set_recv_errors(true).unwrap_err().to_string(), "setRecvErrors EBADF");
    assert_eq!(unbound.set_transmit_timestamps(true).unwrap_err().to_string(), "setTransmitTimestamps EBADF");
    assert_eq!(unbound.try_recv_error_queue().unwrap_err().to_string(), "recvmsg EBADF");
}

#[test]
fn a_connected_socket_reports_an_error_once_in_one_place() {
    let (_owner, gone) = refusing("127.0.0.1");
    let sender = bound("127.0.0.1:0");
    sender.connect(gone).unwrap();
    sender.set_recv_errors(true).unwrap();
    for _ in 0..3 {
        assert_eq!(send(&sender, b"gone?", None), Ok(5));
        assert_eq!(code(sender.try_recv_msg(&mut [0])), "EAGAIN");
        assert_eq!(next_error(&sender).peer, Some(gone));
    }
    sender.set_recv_errors(false).unwrap();
    send(&sender, b"gone?", None).unwrap();
    assert_eq!(code(within(LONG, || sender.try_recv_msg(&mut [0]))), "ECONNREFUSED");
}

#[test]
fn a_routers_errors_report_the_mtu_and_an_exceeded_hop_limit() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("link set eth1 mtu 1300");
    for (socket_type, peer, router, origin, exceeded) in [
        (SocketType::Udp4, "10.77.2.1", "10.77.1.2", ErrorOrigin::Icmp, 11),
        (SocketType::Udp6, "fd77:2::1", "fd77:1::2", ErrorOrigin::Icmp6, 3),
    ] {
        let (sender, receiver) = (open(&net.west, socket_type), open(&net.east, socket_type));
        let to = SocketAddr::new(ip(peer), receiver.local_addr().unwrap().port());
        let dont_fragment = SendOptions::new().dont_fragment(true);
        assert_eq!(sender.try_send_batch(&[Datagram::new(&[7; 1400]).to(to).with(&dont_fragment)]), Ok(1));
        let error = next_error(&sender);
        assert_eq!((error.code(), error.mtu, error.origin), ("EMSGSIZE", Some(1300), origin));
        assert_eq!((error.peer, error.offender), (Some(to), Some(ip(router))));

        let one_hop = SendOptions::new().hop_limit(1);
        assert_eq!(sender.try_send_batch(&[Datagram::new(b"far").to(to).with(&one_hop)]), Ok(1));
        let error = next_error(&sender);
        assert_eq!((error.code(), error.icmp_type, error.icmp_code), ("EHOSTUNREACH", exceeded, 0));
        assert_eq!((error.peer, error.offender), (Some(to), Some(ip(router))));
    }
}

#[test]
fn an_error_of_this_host_reports_the_mtu() {
    let Some(net) = Net::new() else { return };
    let sender = open(&net.west, SocketType::Udp4);
    let to = "10.77.1.2:9".parse().unwrap();
    let options = SendOptions::new().dont_fragment(true);
    assert_eq!(code(sender.try_send_batch(&[Datagram::new(&[7; 1600]).to(to).with(&options)])), "EMSGSIZE");
    let error = next_error(&sender);
    assert_eq!((error.origin, error.mtu, error.offender), (ErrorOrigin::Local, Some(1500), None));
    assert_eq!(PathMtuDiscovery::from(true), PathMtuDiscovery::Probe);
}

#[test]
fn transmit_timestamps_have_an_id_and_lie_within_the_send() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver) = (open(&net.west, SocketType::Udp4), open(&net.middle, SocketType::Udp4));
    sender.set_transmit_timestamps(true).unwrap();
    let to = SocketAddr::new(ip("10.77.1.2"), receiver.local_addr().unwrap().port());
    let options = SendOptions::new().transmit_timestamp(true);
    let mut before = SystemTime::now();
    for id in 0..10 {
        // A datagram sent without the option takes no id.
        let batch = [Datagram::new(b"tick").to(to).with(&options), Datagram::new(b"tock").to(to)];
        assert_eq!(sender.try_send_batch(&batch), Ok(2));
        let sent = next_timestamp(&sender);
        assert_eq!((sent.id, sent.hardware_timestamp), (id, None));
        let time = sent.software_timestamp.expect("the kernel's time");
        assert!(before <= time && time <= SystemTime::now(), "{time:?} is not within the send");
        before = time;
        assert_eq!((recv(&receiver), recv(&receiver)), (b"tick".to_vec(), b"tock".to_vec()));
    }
    sender.set_transmit_timestamps(false).unwrap();
    sender.try_send_batch(&[Datagram::new(b"tick").to(to).with(&options)]).unwrap();
    assert_eq!(recv(&receiver), b"tick");
    assert_eq!(code(sender.try_recv_error_queue()), "EAGAIN");
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn tokio_waits_for_the_error_queue_while_receiving() {
    use heliogram::SocketOptions;
    let socket = heliogram::TokioSocket::bind_with(&SocketOptions::new(SocketType::Udp4), "127.0.0.1:0").await.unwrap();
    socket.set_recv_errors(true).unwrap();
    let (_owner, gone) = refusing("127.0.0.1");
    for _ in 0..20 {
        socket.send_to(b"gone?", gone).await.unwrap();
        let mut buffer = [0; 9];
        tokio::select! {
            entry =  tokio::time::timeout(LONG, socket.recv_error_queue()) => match entry.unwrap().unwrap() {
                ErrorQueueEntry::Error(error) => assert_eq!(error.peer, Some(gone)),
                other => panic!("{other:?} is no error"),
            },
            received = socket.recv(&mut buffer) => panic!("{received:?}"),
        }
    }
    let own = socket.local_addr().unwrap();
    socket.send_to(b"still here", own).await.unwrap();
    assert_eq!(socket.recv(&mut [0; 64]).await.unwrap(), 10);
}

#[cfg(feature = "events")]
#[test]
fn events_report_the_entries_and_the_loop_then_sleeps() {
    use heliogram::SocketOptions;
    use heliogram::events::{EventLoop, event};
    use std::cell::RefCell;
    use std::rc::Rc;

    let events = EventLoop::new().unwrap();
    let socket = events.create_socket(&SocketOptions::new(SocketType::Udp4)).unwrap();
    let (_owner, gone) = refusing("127.0.0.1");
    let log_of_both = Rc::new(RefCell::new(Vec::new()));
    socket.bind(("127.0.0.1", 0)).unwrap();
    events.run_once(None).unwrap();
    socket.set_recv_errors(true).unwrap();
    socket.set_transmit_timestamps(true).unwrap();
    let log = Rc::clone(&log_of_both);
    socket.on(event::Icmp, move |_, error| log.borrow_mut().push(format!("{} {:?}", error.code(), error.peer)));
    let log = Rc::clone(&log_of_both);
    socket.on(event::Sent, move |_, sent| log.borrow_mut().push(format!("sent {}", sent.id)));
    socket.on(event::Message, |socket, (msg, _)| {
        assert_eq!(msg, b"the last");
        socket.close().unwrap();
    });
    let options = SendOptions::new().transmit_timestamp(true);
    socket.try_send_batch(&[Datagram::new(b"gone?").to(gone).with(&options)]).unwrap();
    while log_of_both.borrow().len() < 2 {
        events.run_once(Some(LONG)).unwrap();
    }
    assert!(
        log_of_both.borrow().contains(&format!("ECONNREFUSED {:?}", Some(gone)))
            && log_of_both.borrow().contains(&"sent 0".into())
    );
    // Nothing is left that would wake the loop.
    let start = std::time::Instant::now();
    events.run_once(Some(std::time::Duration::from_millis(50))).unwrap();
    assert!(start.elapsed() >= std::time::Duration::from_millis(50));
    socket.send("the last", socket.local_addr().unwrap()).unwrap();
    events.run().unwrap();
}
