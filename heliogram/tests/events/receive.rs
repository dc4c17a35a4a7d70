//! Receiving: one event for each datagram, ticks between them, errors that do not end it.

use std::cell::Cell;

use super::*;

#[test]
fn b37_ticks_run_between_the_datagrams_of_one_batch() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |server, (msg, _)| {
        let name = String::from_utf8_lossy(msg).into_owned();
        to.add(format!("message {name}"));
        server.send_then("", 9, to.sent(&name)).unwrap();
    });
    let (client, _) = listening(&events, &udp4());
    ["a", "b", "c"].iter().for_each(|&name| client.send(name, address).unwrap());
    turn_until(&events, || log.len() >= 6);
    assert_eq!(log.take(), ["message a", "a sent 0", "message b", "b sent 0", "message c", "c sent 0"]);
}

#[test]
fn b38_an_error_without_a_listener_loses_no_datagram_of_the_batch() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let to = log.clone();
    server.on(event::Message, move |server, (msg, _)| {
        to.add(String::from_utf8_lossy(msg));
        server.emit(event::Error, &server.peer_addr().unwrap_err());
    });
    let (client, _) = listening(&events, &udp4());
    ["a", "b", "c"].iter().for_each(|&name| client.send(name, address).unwrap());
    while log.len() < 3 {
        assert_eq!(events.run_once(Some(LONG)).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
    }
    assert_eq!(log.take(), ["a", "b", "c"]);
}

#[test]
fn b39_after_a_close_in_a_listener_nothing_is_delivered() {
    let (events, log) = new_loop();
    for options in [udp4(), udp4().gro(true)] {
        let (server, address) = listening(&events, &options);
        let to = log.clone();
        server.on(event::Message, move |server, (msg, _)| {
            to.add(String::from_utf8_lossy(msg));
            if msg == b"b" {
                server.close().unwrap();
            }
        });
        let to = log.clone();
        server.on(event::Close, move |_, ()| to.add("close"));
        let (client, _) = listening(&events, &udp4());
        ["a", "b", "c", "d"].iter().for_each(|&name| client.send(name, address).unwrap());
        client.close().unwrap();
        events.run().unwrap();
        assert_eq!(log.take(), ["a", "b", "close"]);
    }
}

#[test]
fn b40_a_flooded_socket_does_not_starve_the_others() {
    let events = EventLoop::new().unwrap();
    let (flooded, address) = listening(&events, &udp4());
    let (quiet, quiet_address) = listening(&events, &udp4());
    let (client, _) = listening(&events, &udp4());
    let seen = Rc::new(Cell::new((0, 0)));
    let counter = Rc::clone(&seen);
    // Each datagram makes the listener send two, so that the socket never runs dry.
    let sender = client.clone();
    flooded.on(event::Message, move |_, _| {
        counter.set((counter.get().0 + 1, counter.get().1));
        (0..2).for_each(|_| sender.send("flood", address).unwrap());
    });
    let counter = Rc::clone(&seen);
    quiet.on(event::Message, move |_, _| counter.set((counter.get().0, counter.get().0)));
    client.send("flood", address).unwrap();
    events.run_once(Some(LONG)).unwrap();
    assert!((1..=2000).contains(&seen.get().0), "{} datagrams in one turn", seen.get().0);
    let before = seen.get().0;
    client.send("quiet", quiet_address).unwrap();
    while seen.get().1 == 0 {
        events.run_once(Some(LONG)).unwrap();
        assert!(seen.get().0 < before + 4000, "the quiet socket is starved");
    }
}

#[test]
fn b42_b43_b44_datagrams_of_any_size_arrive_whole_with_their_senders_address() {
    for options in [udp4(), udp4().gro(true), SocketOptions::new(SocketType::Udp6)] {
        let events = EventLoop::new().unwrap();
        let (server, address) = listening(&events, &options);
        let (client, from) = listening(&events, &SocketOptions::new(options.socket_type()));
        let got = Rc::new(RefCell::new(Vec::new()));
        let to = Rc::clone(&got);
        server.on(event::Message, move |_, (msg, rinfo)| to.borrow_mut().push((msg.to_vec(), *rinfo)));
        let sizes = [0, 1, 1472, 9000, 65_507];
        for size in sizes {
            client.send(&vec![7; size], address).unwrap();
            let before = got.borrow().len();
            turn_until(&events, || got.borrow().len() > before);
        }
        for (size, (msg, rinfo)) in sizes.into_iter().zip(got.take()) {
            assert_eq!((msg.len(), rinfo.size, rinfo.truncated, rinfo.addr), (size, size, false, from));
            assert!(msg.iter().all(|&byte| byte == 7));
        }
    }
}

#[test]
fn gro_packets_are_split_into_datagrams() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4().gro(true));
    let to = log.clone();
    server.on(event::Message, move |_, (msg, rinfo)| to.add(format!("{} {}", msg[0], rinfo.size)));
    let (client, _) = listening(&events, &udp4());
    let payloads: Vec<_> = (0..100).map(|n| [n; 50]).collect();
    let batch: Vec<_> = payloads.iter().map(|payload| heliogram::Datagram::new(payload).to(address)).collect();
    assert_eq!(client.try_send_batch(&batch).unwrap(), 100);
    turn_until(&events, || log.len() == 100);
    assert_eq!(log.take(), (0..100).map(|n| format!("{n} 50")).collect::<Vec<_>>());
}

#[test]
fn b45_only_datagrams_of_blocked_senders_are_dropped() {
    let (events, log) = new_loop();
    let mut list = heliogram::BlockList::new();
    list.add_address("127.0.0.2".parse().unwrap());
    let (server, address) = listening(&events, &udp4().receive_block_list(list));
    let to = log.clone();
    server.on(event::Message, move |_, (msg, _)| to.add(String::from_utf8_lossy(msg)));
    let blocked = events.create_socket(&udp4()).unwrap();
    blocked.bind(("127.0.0.2", 0)).unwrap();
    let (welcome, _) = listening(&events, &udp4());
    // More than one system call receives.
    (0..50).for_each(|_| blocked.send("blocked", address).unwrap());
    welcome.send("welcome", address).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["welcome"]);
}

#[cfg(unix)] // Windows reports no closed port
#[test]
fn b46_a_receive_error_is_an_event_and_the_socket_goes_on() {
    let (events, log) = new_loop();
    let (peer, address) = listening(&events, &udp4());
    peer.close().unwrap();
    let client = logged(&events, &log, &udp4());
    client.connect(address).unwrap();
    client.send("x", ()).unwrap();
    turn_until(&events, || log.len() == 3);
    assert_eq!(log.take(), ["listening", "connect", "error recvmsg ECONNREFUSED"]);
    let again = events.create_socket(&udp4()).unwrap();
    again.bind(address).unwrap();
    again.send("back", client.local_addr().unwrap()).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["message back"]);
}

#[test]
fn b46_an_unconnected_socket_gets_no_error_of_a_closed_peer() {
    let (events, log) = new_loop();
    let (peer, address) = listening(&events, &udp4());
    peer.close().unwrap();
    let (client, _) = listening(&events, &udp4());
    let to = log.clone();
    client.on(event::Error, move |_, error| to.add(error.to_string()));
    client.send("x", address).unwrap();
    events.run_once(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(log.take(), NOTHING);
}
