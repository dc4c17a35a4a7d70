//! The events face: order of events, binds and connects that are waited for, references. Names carry the number of the
//! statement about Node's behaviour that a test is about.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use heliogram::events::{Loop, Socket, event};
use heliogram::{SocketOptions, SocketType};

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn add(&self, entry: impl Into<String>) {
        self.0.borrow_mut().push(entry.into());
    }

    fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

fn udp4() -> SocketOptions {
    SocketOptions::new(SocketType::Udp4)
}

/// A socket that writes down each event.
fn logged(events: &Loop, log: &Log) -> Socket {
    let socket = events.create_socket(&udp4()).unwrap();
    let to = log.clone();
    socket.on(event::Listening, move |_, ()| to.add("listening"));
    let to = log.clone();
    socket.on(event::Connect, move |_, ()| to.add("connect"));
    let to = log.clone();
    socket.on(event::Message, move |_, (msg, _)| to.add(format!("message {}", String::from_utf8_lossy(msg))));
    let to = log.clone();
    socket.on(event::Error, move |_, error| to.add(format!("error {error}")));
    let to = log.clone();
    socket.on(event::Close, move |_, ()| to.add("close"));
    socket
}

/// Turns the loop until `done`; five seconds are enough for anything on loopback.
fn turn_until(events: &Loop, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !done() {
        assert!(Instant::now() < end, "it did not happen");
        events.run_once(Some(Duration::from_millis(50))).unwrap();
    }
}

#[test]
fn b6_listening_comes_on_a_later_tick_and_a_second_bind_is_refused() {
    let (events, log) = (Loop::new().unwrap(), Log::default());
    let socket = logged(&events, &log);
    socket.bind(("127.0.0.1", 0)).unwrap();
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(socket.bind(0).unwrap_err().code(), "ERR_SOCKET_ALREADY_BOUND");
    turn_until(&events, || log.0.borrow().len() == 1);
    assert_eq!(log.take(), ["listening"]);
    assert_eq!(socket.bind(0).unwrap_err().code(), "ERR_SOCKET_ALREADY_BOUND");
    socket.close().unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["close"]);
}

#[test]
fn b13_a_close_waits_behind_a_send_that_waits_for_its_bind() {
    let (events, log) = (Loop::new().unwrap(), Log::default());
    let server = logged(&events, &log);
    server.bind(("127.0.0.1", 0)).unwrap();
    turn_until(&events, || log.0.borrow().len() == 1);
    let client = logged(&events, &log);
    let to = log.clone();
    client
        .send_then("hello", server.address().unwrap(), move |_, outcome| to.add(format!("sent {outcome:?}")))
        .unwrap();
    client.close().unwrap();
    server.on(event::Message, |server, _| server.close().unwrap());
    log.take();
    events.run().unwrap();
    assert_eq!(log.take(), ["listening", "sent Ok(5)", "close", "message hello", "close"]);
}
