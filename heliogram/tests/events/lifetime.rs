//! What keeps a loop running, and how sockets end.

use super::*;

#[test]
fn b62_a_second_close_is_refused() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    let to = log.clone();
    socket.close_then(move |_| to.add("closed")).unwrap();
    let error = socket.close().unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("ERR_SOCKET_DGRAM_NOT_RUNNING", "Not running"));
    assert_eq!(log.take(), NOTHING);
    events.run().unwrap();
    assert_eq!(log.take(), ["close", "closed"]);
    assert_eq!(socket.bind(0).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    assert_eq!(socket.close_then(|_| ()).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    assert_eq!(socket.local_addr().unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

#[test]
fn b63_only_referenced_bound_sockets_keep_the_loop_running() {
    let (events, log) = new_loop();
    events.run().unwrap();
    let unbound = events.create_socket(&udp4()).unwrap();
    assert!(unbound.has_ref());
    events.run().unwrap();
    // unref() before the bind counts, and twice is the same as once.
    assert!(!unbound.unref().unref().has_ref());
    unbound.bind(0).unwrap();
    events.run().unwrap();
    assert!(unbound.local_addr().is_ok());
    assert!(unbound.ref_().has_ref());
    assert!(events.run_once(Some(Duration::ZERO)).unwrap());
    unbound.unref();
    assert!(!events.run_once(Some(Duration::ZERO)).unwrap());

    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |server, (msg, _)| {
        to.add(String::from_utf8_lossy(msg));
        server.unref();
    });
    unbound.send("hello", address).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["hello"]);
    server.close().unwrap();
    server.ref_().unref();
    events.run().unwrap();
}

#[test]
fn unreferenced_sockets_receive_while_the_loop_runs() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |_, (msg, _)| to.add(String::from_utf8_lossy(msg)));
    server.unref();
    let (client, _) = listening(&events, &udp4());
    client.send("hello", address).unwrap();
    turn_until(&events, || log.len() == 1);
    client.unref();
    client.send("again", address).unwrap();
    // The loop does not wait for them, but delivers datagrams that are there.
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["hello", "again"]);
}

#[test]
fn run_once_ends_after_its_timeout() {
    let events = EventLoop::new().unwrap();
    let (_socket, _) = listening(&events, &udp4());
    let start = Instant::now();
    assert!(events.run_once(Some(Duration::from_millis(30))).unwrap());
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(29) && waited < LONG, "{waited:?}");
}

#[test]
fn an_open_socket_outlives_its_last_handle() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |server, (msg, _)| {
        to.add(String::from_utf8_lossy(msg));
        server.close().unwrap();
    });
    drop(server);
    let client = events.create_socket(&udp4()).unwrap();
    client.send("hello", address).unwrap();
    client.close().unwrap();
    drop(client);
    events.run().unwrap();
    assert_eq!(log.take(), ["hello"]);
}

#[test]
fn a_closed_socket_drops_listeners_that_hold_the_socket() {
    let events = EventLoop::new().unwrap();
    let witness = Rc::new(());
    let (socket, address) = listening(&events, &udp4());
    let (held, own) = (Rc::clone(&witness), socket.clone());
    socket.on(event::Message, move |_, _| {
        let _ = (&held, &own);
        own.close().unwrap();
    });
    socket.send("x", address).unwrap();
    events.run().unwrap();
    assert_eq!(Rc::strong_count(&witness), 1);
}

#[test]
fn dropping_the_loop_closes_its_sockets_and_drops_pending_callbacks() {
    let (events, log) = new_loop();
    let witness = Rc::new(());
    let (socket, address) = listening(&events, &udp4());
    let to = log.clone();
    socket.on(event::Close, move |_, ()| to.add("close"));
    let (held, own) = (Rc::clone(&witness), socket.clone());
    socket.on(event::Message, move |_, _| drop((held.clone(), own.clone())));
    let unbound = events.create_socket(&udp4()).unwrap();
    let (held, own) = (Rc::clone(&witness), unbound.clone());
    unbound.bind_then(0, move |_| drop((held, own))).unwrap();
    socket.send_then("x", address, log.sent("it")).unwrap();
    drop(events);
    assert_eq!(log.take(), NOTHING);
    assert!(socket.state().is_closed());
    std::net::UdpSocket::bind(address).expect("the port is free");
    assert_eq!(socket.send("x", address).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    assert_eq!(unbound.send("x", address).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    assert_eq!(unbound.close().unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    drop((socket, unbound));
}

#[test]
fn a_port_is_free_as_soon_as_its_socket_is_closed() {
    let events = EventLoop::new().unwrap();
    let (socket, address) = listening(&events, &udp4());
    socket.close().unwrap();
    std::net::UdpSocket::bind(address).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_loop_ends_with_its_descriptors_though_an_unbound_socket_holds_itself() {
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let make = || {
        let events = EventLoop::new().unwrap();
        let socket = events.create_socket(&SocketOptions::new(SocketType::Udp4)).unwrap();
        let itself = socket.clone();
        socket.on(event::Listening, move |_, ()| drop(itself.clone()));
    };
    make();
    let before = open();
    (0..50).for_each(|_| make());
    // Other tests of this process open and close descriptors meanwhile; a leak would be 150.
    assert!(open() < before + 50, "{} descriptors instead of {before}", open());
}
