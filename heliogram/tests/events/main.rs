//! The events API. The name of a test begins with the number of the statement in docs/behaviour.md that it checks,
//! where there is one.

#[path = "../common/mod.rs"]
mod common;

mod bind;
mod connect;
mod lifetime;
mod listeners;
mod lookup;
mod receive;
mod send;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::LONG;
use common::ports::reserved;
use heliogram::events::{EventLoop, EventSocket, event};
use heliogram::{Result, SocketOptions, SocketType};

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn add(&self, entry: impl Into<String>) {
        self.0.borrow_mut().push(entry.into());
    }

    /// A callback of a send that records the outcome.
    fn sent(&self, name: &str) -> impl FnOnce(&EventSocket, Result<usize>) + 'static {
        let (log, name) = (self.clone(), name.to_owned());
        move |_, outcome| match outcome {
            Ok(bytes) => log.add(format!("{name} sent {bytes}")),
            Err(error) => log.add(format!("{name} failed: {error}")),
        }
    }

    fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

const NOTHING: [&str; 0] = [];

fn udp4() -> SocketOptions {
    SocketOptions::new(SocketType::Udp4)
}

fn new_loop() -> (EventLoop, Log) {
    (EventLoop::new().unwrap(), Log::default())
}

/// A socket whose events are recorded.
fn logged(events: &EventLoop, log: &Log, options: &SocketOptions) -> EventSocket {
    let socket = events.create_socket(options).unwrap();
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

/// A bound socket without listeners.
fn listening(events: &EventLoop, options: &SocketOptions) -> (EventSocket, SocketAddr) {
    let socket = events.create_socket(options).unwrap();
    socket.bind(reserved(options.socket_type().localhost())).unwrap();
    turn_until(events, || socket.local_addr().is_ok_and(|address| address.port() != 0));
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Turns the loop until the condition is true; fails after a time limit.
fn turn_until(events: &EventLoop, done: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "it did not happen");
        events.run_once(Some(Duration::from_millis(50))).unwrap();
    }
}
