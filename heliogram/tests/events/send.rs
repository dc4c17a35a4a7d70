//! Sending: argument forms, what waits for a bind, outcomes.

use std::io::IoSlice;
use std::net::IpAddr;

use heliogram::events::Payload;
use heliogram::{RecvMetadataOptions, SendOptions};

use super::*;

#[test]
fn b21_messages_and_destinations_have_many_forms() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let server = _server.clone();
    let to = log.clone();
    server.on(event::Message, move |_, (msg, _)| to.add(String::from_utf8_lossy(msg)));
    let (client, _) = listening(&events, &udp4());
    let port = address.port();
    client.send("text", port).unwrap();
    client.send(&String::from("string"), address).unwrap();
    client.send(b"bytes", ("127.0.0.1", port)).unwrap();
    client.send(&vec![b'v'; 3], ("", port)).unwrap();
    client.send(&b"slice"[1..], (IpAddr::from([127, 0, 0, 1]), port)).unwrap();
    client.send(&[IoSlice::new(b"many "), IoSlice::new(b"buffers")], port).unwrap();
    client.send(&[] as &[IoSlice<'_>], port).unwrap();
    turn_until(&events, || log.len() == 7);
    assert_eq!(log.take(), ["text", "string", "bytes", "vvv", "lice", "many buffers", ""]);
}

#[test]
fn b22_b26_the_port_is_checked_before_the_state() {
    let events = EventLoop::new().unwrap();
    let (socket, address) = listening(&events, &udp4());
    assert_eq!(socket.send("x", 0).unwrap_err().code(), "ERR_SOCKET_BAD_PORT");
    assert_eq!(socket.send("x", ("localhost", 0)).unwrap_err().code(), "ERR_SOCKET_BAD_PORT");
    assert_eq!(socket.send("x", ()).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
    socket.close().unwrap();
    assert_eq!(socket.send("x", 0).unwrap_err().code(), "ERR_SOCKET_BAD_PORT");
    assert_eq!(socket.send("x", address).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

#[test]
fn b28_b76_callbacks_come_on_a_later_tick_in_the_order_of_the_calls() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let client = logged(&events, &log, &udp4());
    let to = log.clone();
    client.send_then("1", address, log.sent("first")).unwrap();
    client.send_then("22", address, log.sent("second")).unwrap();
    assert_eq!(client.bind(0).unwrap_err().code(), "ERR_SOCKET_ALREADY_BOUND");
    assert_eq!(log.take(), NOTHING);
    turn_until(&events, || to.len() == 3);
    assert_eq!(log.take(), ["listening", "first sent 1", "second sent 2"]);
    client.send_then("333", address, log.sent("third")).unwrap();
    assert_eq!(log.take(), NOTHING);
    events.run_once(Some(Duration::ZERO)).unwrap();
    assert_eq!(log.take(), ["third sent 3"]);
}

#[test]
fn b76_listening_then_the_binds_callback_then_the_sends() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let client = logged(&events, &log, &udp4());
    let to = log.clone();
    client.bind_then(0, move |_| to.add("bound")).unwrap();
    client.send_then("x", address, log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 3);
    assert_eq!(log.take(), ["listening", "bound", "it sent 1"]);
}

#[test]
fn b28_a_chain_of_callbacks_does_not_starve_receiving() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let (client, _) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |server, _| {
        to.add("message");
        if !server.state().is_closed() {
            server.close().unwrap();
        }
    });
    fn again(client: &EventSocket, address: SocketAddr, server: EventSocket) {
        if server.state().is_closed() {
            return client.close().unwrap();
        }
        client.send_then("x", address, move |client, _| again(client, address, server)).unwrap();
    }
    again(&client, address, server);
    events.run().unwrap();
    assert_eq!(log.take(), ["message"]);
}

#[test]
fn b29_b30_a_failure_is_reported_to_the_callback_only() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let client = logged(&events, &log, &udp4());
    let long = vec![0; 65_508];
    client.send_then(&long, address, log.sent("long")).unwrap();
    client.send(&long, address).unwrap();
    turn_until(&events, || log.len() == 2);
    events.run_once(Some(Duration::from_millis(10))).unwrap();
    assert_eq!(log.take(), ["listening".to_owned(), format!("long failed: send EMSGSIZE {address}")]);
}

#[test]
fn b32_a_blocked_destination_is_reported_to_the_callback_only() {
    let (events, log) = new_loop();
    let mut list = heliogram::BlockList::new();
    list.add_address("127.0.0.1".parse().unwrap());
    let socket = logged(&events, &log, &udp4().send_block_list(list));
    socket.send("x", 9).unwrap();
    socket.send_then("x", 9, log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["listening", "it failed: IP(127.0.0.1) is blocked by net.BlockList"]);
}

#[test]
fn b33_a_failed_bind_fails_the_queued_calls_and_a_queued_close_completes() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    socket.bind(("192.0.2.1", 9)).unwrap();
    socket.send_then("x", 9, log.sent("first")).unwrap();
    let to = log.clone();
    socket.connect_then(9, move |_, outcome| to.add(format!("connect {}", outcome.unwrap_err().code()))).unwrap();
    socket.send("without a callback", 9).unwrap();
    socket.send_then("x", (), log.sent("second")).unwrap();
    let to = log.clone();
    socket.close_then(move |_| to.add("closed")).unwrap();
    events.run().unwrap();
    assert_eq!(
        log.take(),
        [
            "error bind EADDRNOTAVAIL 192.0.2.1:9",
            "first failed: bind EADDRNOTAVAIL 192.0.2.1:9",
            "connect EADDRNOTAVAIL",
            "second failed: bind EADDRNOTAVAIL 192.0.2.1:9",
            "close",
            "closed",
        ]
    );
    assert!(socket.state().is_closed());
}

#[test]
fn b33_without_a_close_the_socket_may_send_again() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let socket = logged(&events, &log, &udp4());
    socket.bind(("192.0.2.1", 9)).unwrap();
    socket.connect(address).unwrap();
    turn_until(&events, || log.len() == 1);
    socket.connect(address).unwrap();
    socket.send_then("x", (), log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 4);
    assert_eq!(log.take(), ["error bind EADDRNOTAVAIL 192.0.2.1:9", "listening", "connect", "it sent 1"]);
}

#[test]
fn b34_the_queue_is_empty_after_a_send() {
    let events = EventLoop::new().unwrap();
    let (socket, address) = listening(&events, &udp4());
    socket.send("abc", address).unwrap();
    assert_eq!((socket.send_queue_size().unwrap(), socket.send_queue_count().unwrap()), (0, 0));
}

#[test]
fn b36_datagrams_of_one_socket_leave_in_the_order_of_the_calls() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |_, (msg, _)| to.add(String::from_utf8_lossy(msg)));
    let client = events.create_socket(&udp4()).unwrap();
    let expected: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    // A listener's sends leave after those that waited for 'listening'.
    let (late, early) = (expected[60..].to_vec(), &expected[..60]);
    client.on(event::Listening, move |client, ()| late.iter().for_each(|n| client.send(n, address).unwrap()));
    early.iter().for_each(|n| client.send(n, ("127.0.0.1", address.port())).unwrap());
    turn_until(&events, || log.len() == 100);
    assert_eq!(log.take(), expected);
}

#[cfg(unix)] // Windows reports no closed port
#[test]
fn b77_the_error_of_a_connected_send_has_no_address() {
    let (events, log) = new_loop();
    let (gone, address) = listening(&events, &udp4());
    gone.close().unwrap();
    let (client, _) = listening(&events, &udp4());
    client.connect(address).unwrap();
    turn_until(&events, || client.state().is_connected());
    client.send("x", ()).unwrap();
    client.send_then("x", (), log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["it failed: send ECONNREFUSED"]);
}

#[test]
fn b78_an_address_of_the_other_family_is_einval() {
    let (events, log) = new_loop();
    let (client, _) = listening(&events, &udp4());
    client.send_then("x", ("::1", 9), log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["it failed: send EINVAL ::1:9"]);
}

#[test]
fn b87_a_send_just_before_a_close_is_sent_and_its_callback_called() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.once(event::Message, move |server, (msg, _)| {
        to.add(format!("message {}", msg.len()));
        server.close().unwrap();
    });
    let client = logged(&events, &log, &udp4());
    client.bind(0).unwrap();
    events.run_once(None).unwrap();
    client.send_then("hello", address, log.sent("it")).unwrap();
    client.close().unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["listening", "it sent 5", "close", "message 5"]);
}

#[cfg(unix)] // Windows has no send options
#[test]
fn a_queued_message_keeps_its_options() {
    let events = EventLoop::new().unwrap();
    let server = events.create_socket(&SocketOptions::new(SocketType::Udp4)).unwrap();
    let client = events.create_socket(&SocketOptions::new(SocketType::Udp4)).unwrap();
    let hops = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&hops);
    server.on(event::Message, move |server, (_, rinfo)| {
        seen.borrow_mut().push(rinfo.metadata.hop_limit.unwrap());
        if seen.borrow().len() == 4 {
            server.close().unwrap();
        }
    });
    server.on(event::Listening, move |server, ()| {
        server.set_recv_metadata(RecvMetadataOptions::new().hop_limit(true)).unwrap();
        let port = server.local_addr().unwrap().port();
        let options = |hops| SendOptions::new().hop_limit(hops);
        let parts = [IoSlice::new(b"two "), IoSlice::new(b"parts")];
        // In turn: waits for the bind, waits for the look-up, is sent at once, has no options.
        client.send(Payload::from("x").with(&options(11)), port).unwrap();
        client.send(Payload::from("x").with(&options(12)), ("localhost", port)).unwrap();
        client.send_then(Payload::from(&parts).with(&options(13)), port, |_, sent| assert_eq!(sent, Ok(9))).unwrap();
        client.send("x", port).unwrap();
        client.unref();
    });
    server.bind(("127.0.0.1", 0)).unwrap();
    events.run().unwrap();
    hops.borrow_mut().sort_unstable();
    assert_eq!(*hops.borrow(), [11, 12, 13, 64]);
}
