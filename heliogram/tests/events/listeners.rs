//! Listeners: their order, and listeners that add and remove listeners.

use std::cell::Cell;

use super::*;

#[test]
fn listeners_are_called_in_order_and_prepended_ones_first() {
    let (events, log) = new_loop();
    let socket = events.create_socket(&udp4()).unwrap();
    let add = |name: &'static str| {
        let log = log.clone();
        move |_: &EventSocket, ()| log.add(name)
    };
    assert!(!socket.emit(event::Connect, ()));
    socket.on(event::Connect, add("first"));
    let second = socket.on(event::Connect, add("second"));
    socket.once(event::Connect, add("once"));
    socket.prepend_listener(event::Connect, add("before"));
    socket.prepend_once_listener(event::Connect, add("before all, once"));
    assert_eq!(socket.listener_count(event::Connect), 5);
    assert!(socket.emit(event::Connect, ()));
    assert_eq!(log.take(), ["before all, once", "before", "first", "second", "once"]);
    assert!(socket.off(event::Connect, second));
    assert!(!socket.off(event::Connect, second));
    socket.emit(event::Connect, ());
    assert_eq!(log.take(), ["before", "first"]);
    assert!(!socket.emit(event::Listening, ()), "another event has others");
}

#[test]
fn an_emit_calls_the_listeners_of_its_start() {
    let (events, log) = new_loop();
    let socket = events.create_socket(&udp4()).unwrap();
    let last = Rc::new(Cell::new(None));
    let (to, taken_off) = (log.clone(), Rc::clone(&last));
    socket.on(event::Connect, move |socket, ()| {
        to.add("first");
        let log = to.clone();
        socket.on(event::Connect, move |_, ()| log.add("added"));
        if let Some(id) = taken_off.take() {
            assert!(socket.off(event::Connect, id));
        }
    });
    let to = log.clone();
    last.set(Some(socket.on(event::Connect, move |_, ()| to.add("last"))));
    socket.emit(event::Connect, ());
    assert_eq!(log.take(), ["first", "last"]);
    socket.emit(event::Connect, ());
    assert_eq!(log.take(), ["first", "added"]);
}

#[test]
fn a_once_listener_is_removed_before_its_only_call() {
    let (events, log) = new_loop();
    let socket = events.create_socket(&udp4()).unwrap();
    let to = log.clone();
    socket.once(event::Connect, move |socket, ()| {
        to.add(format!("once, {} left", socket.listener_count(event::Connect)));
        socket.emit(event::Connect, ());
    });
    let to = log.clone();
    socket.prepend_once_listener(event::Connect, move |socket, ()| {
        to.add("emits again");
        socket.emit(event::Connect, ());
    });
    socket.emit(event::Connect, ());
    assert_eq!(log.take(), ["emits again", "once, 0 left"]);
}

#[test]
fn an_error_without_a_listener_is_returned_and_the_loop_goes_on() {
    let (events, log) = new_loop();
    let socket = events.create_socket(&udp4()).unwrap();
    let error = socket.local_addr().unwrap_err();
    assert!(!socket.emit(event::Error, &error));
    socket.bind(("192.0.2.1", 0)).unwrap();
    assert_eq!(events.run().unwrap_err(), error);
    assert_eq!(events.run().unwrap_err().code(), "EADDRNOTAVAIL");
    events.run().unwrap();
    let to = log.clone();
    socket.on(event::Error, move |_, error| to.add(error.code()));
    assert!(socket.emit(event::Error, &error));
    events.run().unwrap();
    assert_eq!(log.take(), ["EBADF"]);
}

#[test]
fn listeners_may_call_anything() {
    let (events, log) = new_loop();
    let (socket, address) = listening(&events, &udp4());
    let to = log.clone();
    socket.on(event::Message, move |socket, (msg, rinfo)| match msg {
        b"send" => socket.send("run", rinfo).unwrap(),
        b"run" => {
            let inner = EventLoop::new().unwrap();
            let other = inner.create_socket(&udp4()).unwrap();
            other.send("emit", rinfo.addr).unwrap();
            other.close().unwrap();
            inner.run().unwrap();
        }
        b"emit" => {
            socket.emit(event::Message, (b"close", rinfo));
            to.add("emitted");
        }
        _ => socket.close().unwrap(),
    });
    let to = log.clone();
    socket.on(event::Close, move |_, ()| to.add("close"));
    socket.send("send", address).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["emitted", "close"]);
}

#[test]
fn a_listener_may_run_the_loop_it_is_called_from() {
    let (events, log) = new_loop();
    let events = Rc::new(events);
    let (socket, address) = listening(&events, &udp4());
    let (inner, to) = (Rc::clone(&events), log.clone());
    socket.on(event::Message, move |socket, (msg, rinfo)| {
        to.add(format!("begin {}", msg.len()));
        if msg.len() == 1 {
            socket.send("22", rinfo).unwrap();
            turn_until(&inner, || to.len() == 3);
            socket.close().unwrap();
        }
        to.add(format!("end {}", msg.len()));
    });
    socket.send("1", address).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["begin 1", "begin 2", "end 2", "end 1"]);
}
