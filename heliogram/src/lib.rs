//! Datagram sockets: Node's `node:dgram` `Socket` as a Rust library, with batches, trains and multicast.
//!
//! One socket, three ways to wait for it:
//!
//! | | waits | for |
//! | --- | --- | --- |
//! | [`Socket`] | never: `EAGAIN` is an answer | your own reactor, a thread, a game's frame |
//! | [`tokio::Socket`] | by `.await` | servers on tokio |
//! | [`events::Socket`] | by events, in a [`events::Loop`] | programs that come from Node |
//!
//! All options are [`Socket`]'s; the other two dereference to it. Names are the manual's in snake case, and each method is
//! found by its JavaScript name too (`setMulticastTTL`).
//!
//! # A server that answers
//!
//! ```
//! use heliogram::{Datagram, RecvBatch, Socket, SocketOptions, SocketType};
//!
//! let server = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true))?;
//! server.bind(Some("127.0.0.1:0".parse().unwrap()))?;
//! let mut batch = RecvBatch::for_trains(8);
//! match server.try_recv_batch(&mut batch) {
//!     Ok(_) => {
//!         let answers: Vec<_> = batch.iter().map(|message| Datagram::new(message.data).to(message.info.addr)).collect();
//!         server.try_send_batch(&answers)?;
//!     }
//!     Err(error) if error.is_would_block() => println!("nothing yet"),
//!     Err(error) => return Err(error),
//! }
//! # Ok::<(), heliogram::Error>(())
//! ```
//!
//! # Fast
//!
//! [`Socket::try_send_batch`] and [`Socket::try_recv_batch`] move many datagrams in a system call and allocate nothing.
//! Neighbours with one peer and one size leave as a train (`UDP_SEGMENT`), and with [`SocketOptions::gro`] trains are
//! received; both ten times cheaper than datagrams alone, and both taken apart to the byte.
//!
//! # What others do not tell
//!
//! By choice, and free for who does not choose it: [`Socket::set_receive_info`] tells where, when and how each datagram
//! came, [`Datagram::with`] says how one leaves, [`Socket::set_receive_errors`] and [`Socket::try_recv_error`] tell what
//! became of it, [`Socket::stats`] what has been counted. `unix` has sockets for the processes of one host.
//!
//! ```
//! # #[cfg(target_os = "linux")]
//! # fn main() -> Result<(), heliogram::Error> {
//! use heliogram::{Datagram, ReceiveInfo, SendOptions, Socket, SocketOptions, SocketType};
//!
//! let server = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
//! server.bind(None)?; // all addresses of this host
//! server.set_receive_info(ReceiveInfo::new().local(true).traffic_class(true))?;
//! # use std::io::IoSlice;
//! # server.try_send(&[IoSlice::new(b"?")], Some(([127, 0, 0, 9], server.address()?.port()).into()))?;
//! let rinfo = server.try_recv(&mut [0; 1500])?;
//! if let Some(asked) = rinfo.arrival.local {
//!     let options = SendOptions::new().source(asked); // and not whichever the route prefers
//!     server.try_send_batch(&[Datagram::new(b"here").to(rinfo.addr).with(&options)])?;
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(target_os = "linux"))]
//! # fn main() {}
//! ```
//!
//! # Errors
//!
//! [`Error`] has Node's code (`ERR_SOCKET_DGRAM_NOT_RUNNING`, `EADDRINUSE`), the errno, the system call and the address,
//! and displays as Node does: `bind EADDRINUSE 127.0.0.1:41234`.
//!
//! # What it is not
//!
//! No protocol (DNS, QUIC, DTLS), no raw sockets, no io_uring. Linux is where it runs; macOS, FreeBSD and
//! Windows compile, one datagram per system call, and refuse with `ENOTSUP` what they lack.
//!
//! # Features
//!
//! `events` and `tokio`, both on by default; without them the crate is [`Socket`] alone.
#![deny(unsafe_code, missing_docs)]

pub mod addr;
mod batch;
mod error;
#[cfg(feature = "events")]
pub mod events;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod info;
mod notice;
mod options;
pub mod queue;
mod socket;
pub mod state;
mod stats;
#[allow(unsafe_code, reason = "the one room for system calls")]
mod sys;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(unix)]
pub mod unix;

pub use addr::{Interface, RemoteInfo};
pub use batch::{Datagram, MAX_MESSAGE, Message, RecvBatch};
pub use error::{Code, Error, Result};
pub use info::{Arrival, Clock, Ecn, PathMtuDiscovery, ReceiveInfo, SendOptions, TrafficClass};
pub use notice::{Notice, Origin, QueuedError, TransmitTimestamp};
pub use options::{BlockList, Instruction, SocketOptions, SocketType, Steering};
pub use socket::Socket;
pub use stats::Stats;
pub use sys::{Borrowed, Descriptor};
