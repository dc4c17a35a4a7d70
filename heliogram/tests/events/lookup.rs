//! Host names, looked up on other threads.

use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use super::*;

/// A look-up that answers every name with this address, once for each unit sent to the channel.
fn answering(events: &EventLoop, address: SocketAddr) -> std::sync::mpsc::Sender<()> {
    let (sender, receiver) = channel();
    let receiver: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(receiver));
    events.set_lookup(move |_, _| {
        receiver.lock().unwrap().recv_timeout(LONG).map_err(io::Error::other)?;
        Ok(address)
    });
    sender
}

#[test]
fn b25_names_of_this_host_are_found_for_the_sockets_family() {
    let (events, log) = new_loop();
    for (family, expected) in [(SocketType::Udp4, "hello IPv4"), (SocketType::Udp6, "hello IPv6")] {
        let (server, address) = listening(&events, &SocketOptions::new(family));
        let to = log.clone();
        server.on(event::Message, move |_, (msg, rinfo)| {
            to.add(format!("{} {}", String::from_utf8_lossy(msg), rinfo.family()));
        });
        let client = logged(&events, &Log::default(), &SocketOptions::new(family));
        // Not every machine resolves localhost for IPv6.
        events.set_lookup(|host, family| {
            assert_eq!(host, "localhost");
            Ok(SocketAddr::new(family.localhost(), 0))
        });
        client.send("hello", ("localhost", address.port())).unwrap();
        turn_until(&events, || log.len() == 1);
        assert_eq!(log.take(), [expected]);
    }
}

#[test]
fn b25_the_systems_resolver_knows_localhost() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    let client = logged(&events, &log, &udp4());
    client.bind(("localhost", 0)).unwrap();
    client.send_then("hello", ("localhost", address.port()), log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["listening", "it sent 5"]);
    assert_eq!(client.local_addr().unwrap().ip().to_string(), "127.0.0.1");
}

#[test]
fn b11_a_bind_to_an_unknown_name_is_an_error_and_the_socket_may_be_bound_again() {
    let (events, log) = new_loop();
    events.set_lookup(|_, _| Err(io::ErrorKind::NotFound.into()));
    let socket = logged(&events, &log, &udp4());
    socket.bind(("nowhere.invalid", 9)).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["error getaddrinfo ENOTFOUND nowhere.invalid"]);
    socket.bind(0).unwrap();
    events.run_once(None).unwrap();
    assert_eq!(log.take(), ["listening"]);
}

#[test]
fn b29_b31_a_failed_lookup_of_a_send_goes_to_the_callback_or_else_to_the_error_event() {
    let (events, log) = new_loop();
    events.set_lookup(|_, _| Err(io::Error::other("Temporary failure in name resolution")));
    let socket = logged(&events, &log, &udp4());
    socket.send_then("x", ("nowhere.invalid", 9), log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["listening", "it failed: getaddrinfo EAI_AGAIN nowhere.invalid"]);
    socket.send("x", ("nowhere.invalid", 9)).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["error getaddrinfo EAI_AGAIN nowhere.invalid"]);
    socket.connect(("nowhere.invalid", 9)).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["error getaddrinfo EAI_AGAIN nowhere.invalid"]);
    assert!(!socket.state().is_connected());
}

#[test]
fn b12_a_lookup_that_ends_after_a_close_is_ignored() {
    let (events, log) = new_loop();
    let answer = answering(&events, "127.0.0.1:0".parse().unwrap());
    let socket = logged(&events, &log, &udp4());
    socket.bind(("somewhere.invalid", 0)).unwrap();
    socket.close().unwrap();
    turn_until(&events, || log.len() == 1);
    answer.send(()).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["close"]);
}

#[test]
fn b12_a_send_whose_lookup_ends_after_a_close_is_cancelled() {
    let (events, log) = new_loop();
    let (_server, address) = listening(&events, &udp4());
    _server.unref();
    let answer = answering(&events, address);
    let socket = logged(&events, &log, &udp4());
    socket.bind(0).unwrap();
    events.run_once(None).unwrap();
    socket.send_then("x", ("somewhere.invalid", 9), log.sent("it")).unwrap();
    socket.close().unwrap();
    turn_until(&events, || log.len() == 2);
    answer.send(()).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["listening", "close", "it failed: send ECANCELED"]);
}

#[test]
fn the_loop_turns_while_names_are_looked_up_and_waits_for_them() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let answer = answering(&events, address);
    let to = log.clone();
    server.on(event::Message, move |_, (msg, _)| to.add(String::from_utf8_lossy(msg)));
    let (client, _) = listening(&events, &udp4());
    // More names than there are threads.
    for _ in 0..9 {
        client.send("by name", ("somewhere.invalid", address.port())).unwrap();
    }
    client.send("by address", address).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["by address"]);
    server.unref();
    client.unref();
    (0..9).for_each(|_| answer.send(()).unwrap());
    events.run().unwrap();
    turn_until(&events, || log.len() == 9);
    assert_eq!(log.take(), ["by name"; 9]);
}

#[test]
fn a_look_up_that_panics_is_an_error_too() {
    let (events, log) = new_loop();
    events.set_lookup(|_, _| panic!("on purpose: this look-up panics"));
    let socket = logged(&events, &log, &udp4());
    socket.bind(("somewhere.invalid", 0)).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["error getaddrinfo ENOTFOUND somewhere.invalid"]);
}

#[cfg(unix)]
#[test]
fn an_error_of_the_system_keeps_its_code() {
    let (events, log) = new_loop();
    events.set_lookup(|_, _| Err(io::Error::from_raw_os_error(libc::EMFILE)));
    let socket = logged(&events, &log, &udp4());
    socket.bind(("somewhere.invalid", 0)).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["error getaddrinfo EMFILE somewhere.invalid"]);
}
