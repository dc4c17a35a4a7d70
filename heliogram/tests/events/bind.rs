//! Binding: on a later tick, with 'listening' or 'error'.

use std::net::UdpSocket;

use super::*;

#[test]
fn b6_listening_comes_on_a_later_tick_and_a_second_bind_is_refused() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    socket.bind(("127.0.0.1", 0)).unwrap();
    assert_eq!(log.take(), NOTHING);
    assert_eq!(socket.bind(0).unwrap_err().code(), "ERR_SOCKET_ALREADY_BOUND");
    events.run_once(None).unwrap();
    assert_eq!(log.take(), ["listening"]);
    assert_eq!(socket.bind(0).unwrap_err().code(), "ERR_SOCKET_ALREADY_BOUND");
    socket.close().unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["close"]);
}

#[test]
fn b7_the_callback_is_a_listener_of_listening_and_gets_no_errors() {
    let (events, log) = new_loop();
    let socket = events.create_socket(&udp4()).unwrap();
    let to = log.clone();
    socket.bind_then(("192.0.2.1", 9), move |_| to.add("never")).unwrap();
    assert_eq!(socket.listener_count(event::Error), 0);
    assert_eq!(socket.listener_count(event::Listening), 1);
    // There is no 'error' listener, so the loop returns the error.
    assert_eq!(events.run().unwrap_err().to_string(), "bind EADDRNOTAVAIL 192.0.2.1:9");
    assert_eq!(socket.listener_count(event::Listening), 0);

    let to = log.clone();
    socket.bind_then((), move |socket| to.add(format!("bound {}", socket.local_addr().is_ok()))).unwrap();
    events.run_once(None).unwrap();
    assert_eq!(log.take(), ["bound true"]);
    assert_eq!(socket.listener_count(event::Listening), 0);
}

#[test]
fn b8_the_default_is_all_interfaces_and_a_free_port() {
    let events = EventLoop::new().unwrap();
    for (family, unspecified) in [(SocketType::Udp4, "0.0.0.0"), (SocketType::Udp6, "::")] {
        for form in 0..3 {
            let socket = events.create_socket(&SocketOptions::new(family)).unwrap();
            match form {
                0 => socket.bind(()).unwrap(),
                1 => socket.bind(0).unwrap(),
                _ => socket.bind(("", 0)).unwrap(),
            }
            events.run_once(None).unwrap();
            let local = socket.local_addr().unwrap();
            assert_eq!((local.ip().to_string().as_str(), local.port() != 0), (unspecified, true));
        }
    }
}

#[test]
fn b9_a_refused_bind_is_an_error_event_and_the_socket_may_be_bound_again() {
    let (events, log) = new_loop();
    let (_taken, address) = listening(&events, &udp4());
    let socket = logged(&events, &log, &udp4());
    socket.bind(address).unwrap();
    events.run_once(None).unwrap();
    assert_eq!(log.take(), [format!("error bind EADDRINUSE {address}")]);
    socket.bind(("192.0.2.1", 0)).unwrap();
    events.run_once(None).unwrap();
    assert_eq!(log.take(), ["error bind EADDRNOTAVAIL 192.0.2.1"]);
    socket.bind(0).unwrap();
    events.run_once(None).unwrap();
    assert_eq!(log.take(), ["listening"]);
}

#[test]
fn b9_the_error_listener_may_bind_again() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    socket.once(event::Error, |socket, _| socket.bind(0).unwrap());
    socket.bind(("192.0.2.1", 9)).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["error bind EADDRNOTAVAIL 192.0.2.1:9", "listening"]);
}

#[test]
fn b10_an_address_of_the_other_family_is_einval() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    socket.bind(("::1", 0)).unwrap();
    events.run_once(None).unwrap();
    assert_eq!(log.take(), ["error bind EINVAL ::1"]);
}

#[test]
fn b13_a_close_after_a_send_waits_for_its_bind() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |server, (msg, _)| {
        to.add(format!("server got {}", msg.len()));
        server.close().unwrap();
    });
    let client = logged(&events, &log, &udp4());
    client.send_then("hello", address, log.sent("it")).unwrap();
    client.close().unwrap();
    assert_eq!(client.close().unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    assert_eq!(client.send("more", address).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    events.run().unwrap();
    assert_eq!(log.take(), ["listening", "it sent 5", "close", "server got 5"]);
}

#[test]
fn b13_a_listener_of_listening_may_close() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    socket.on(event::Listening, |socket, ()| socket.close().unwrap());
    socket.bind(0).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["listening", "close"]);
}

#[test]
fn b14_a_descriptor_is_adopted_and_one_that_is_not_udp_is_refused_at_once() {
    let (events, log) = new_loop();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let socket = logged(&events, &log, &udp4());
    socket.bind(heliogram::OwnedDescriptor::from(other)).unwrap();
    assert_eq!(log.take(), NOTHING, "not even for a descriptor inside the call");
    let (sender, _) = listening(&events, &udp4());
    sender.send("to the descriptor", address).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["listening", "message to the descriptor"]);

    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = events.create_socket(&udp4()).unwrap();
    assert_eq!(socket.bind(heliogram::OwnedDescriptor::from(tcp)).unwrap_err().code(), "ERR_INVALID_FD_TYPE");
    socket.bind(0).unwrap();
}

#[test]
fn b56_a_send_after_a_membership_keeps_its_port() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let socket = logged(&events, &log, &udp4());
    let here = heliogram::Interface::parse("127.0.0.1").unwrap();
    socket.join_multicast("239.255.7.7".parse().unwrap(), here).unwrap();
    let port = socket.local_addr().unwrap().port();
    socket.send_then("x", address, log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["listening", "it sent 1"]);
    assert_eq!(socket.local_addr().unwrap().port(), port);
}
