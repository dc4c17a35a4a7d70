//! Sockets with events: Node's `dgram` in Rust. Listeners instead of `EAGAIN`, in an [`EventLoop`] on one thread.
//!
//! A server and a client that end by themselves:
//!
//! ```
//! use heliogram::events::{EventLoop, event};
//! use heliogram::{SocketOptions, SocketType};
//!
//! let events = EventLoop::new()?;
//! let server = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
//! server.on(event::Message, |server, (msg, rinfo)| {
//!     println!("server got {} bytes from {}", msg.len(), rinfo.addr);
//!     server.close().expect("it is open");
//! });
//!
//! let client = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
//! server.on(event::Listening, move |server, ()| {
//!     let port = server.local_addr().expect("it is bound").port();
//!     client.send_then("Some bytes", port, |client, outcome| {
//!         assert_eq!(outcome.expect("it was sent"), 10);
//!         client.close().expect("it is open");
//!     }).expect("the port is good");
//! });
//! server.bind(("127.0.0.1", 0))?;
//!
//! events.run()?; // until both are closed
//! # Ok::<(), heliogram::Error>(())
//! ```
//!
//! # Order
//!
//! No method calls a listener or callback by itself, but [`EventSocket::emit`]. Outcomes are reported on a later *tick*: the
//! loop keeps a queue of ticks, as `process.nextTick` does, and empties it before it waits, after each datagram it has
//! delivered, and after every other report. So a send's callback runs before the next datagram's listeners,
//! and `'listening'` comes before the callback of the bind, and that before the callbacks of the sends that waited for it.
//!
//! Datagrams of one socket leave in the order of the calls. Those that must wait for a bind, a connect or room in the
//! kernel's buffer wait in that order too; only one whose host name must be looked up may be overtaken by others.
//!
//! # Where it is not Node
//!
//! * A datagram to an IP address leaves inside [`EventSocket::send`] if the socket is bound. Node keeps it until the next tick
//!   unless the socket is connected; there it is lost if the socket is closed in the same turn, here it is sent.
//! * Every send's callback is called exactly once. Where a bind fails that a send has started, Node forgets that send and
//!   a `close()` behind it; here the callbacks get the bind's error, after `'error'`, and the socket is closed.
//! * An `'error'` without a listener ends [`EventLoop::run`], which returns it, instead of the process.
//! * Listeners are removed when `'close'` has been emitted, so that one which holds its own socket is no leak.

mod arguments;
mod back_off;
mod bind;
mod connect;
pub mod event;
mod event_loop;
mod lookup;
mod receive;
mod send;
mod shared;
mod socket;

pub use arguments::{BindOptions, Destination, Payload};
pub use event_loop::EventLoop;
pub use socket::EventSocket;
