//! Datagram sockets: Node's `node:dgram` `Socket` as a Rust library, with batches, GSO/GRO and multicast.
//!
//! One socket, three ways to wait for it:
//!
//! | | waits | for |
//! | --- | --- | --- |
//! | [`Socket`] | never: `EAGAIN` is an answer | your own reactor ([`BoundSocket`] lends its descriptor), a thread ([`Socket::wait_readable`]), a game's frame |
//! | [`TokioSocket`] | by `.await` | servers on tokio |
//! | [`events::EventSocket`] | by events, in a [`events::EventLoop`] | programs that come from Node |
//!
//! All three dereference to [`SocketControl`], which has the options. Names are those of std, tokio and socket2, and each method is
//! found by its JavaScript name too (`setMulticastTTL`).
//!
//! # A server that answers
//!
//! ```
//! use heliogram::{Datagram, RecvBatch, Socket, SocketOptions, SocketType};
//!
//! let server = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true))?;
//! server.bind(Some("127.0.0.1:0".parse().unwrap()))?;
//! let mut batch = RecvBatch::for_gro(8);
//! match server.try_recv_batch(&mut batch) {
//!     Ok(_) => {
//!         let answers: Vec<_> = batch.iter().map(|message| Datagram::new(message.data).to(message.rinfo.addr)).collect();
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
//! Neighbours with one peer and one size leave as one GSO batch (`UDP_SEGMENT`), and with [`SocketOptions::gro`] GRO packets are
//! received; both ten times cheaper than datagrams alone, and both taken apart to the byte.
//!
//! # Receive metadata and the error queue
//!
//! Opt-in, at no cost when off: [`SocketControl::set_recv_metadata`] reports where, when and how each datagram
//! came, [`Datagram::with`] says how one leaves, [`SocketControl::set_recv_errors`] and [`Socket::try_recv_error_queue`] report what
//! became of it, [`SocketControl::stats`] what has been counted. `unix` has sockets for the processes of one host.
//!
//! ```
//! # #[cfg(target_os = "linux")]
//! # fn main() -> Result<(), heliogram::Error> {
//! use heliogram::{Datagram, RecvMetadataOptions, SendOptions, Socket, SocketOptions, SocketType};
//!
//! let server = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
//! server.bind(None)?; // all addresses of this host
//! server.set_recv_metadata(RecvMetadataOptions::new().packet_info(true).traffic_class(true))?;
//! # server.try_send_to(b"?", ([127, 0, 0, 9], server.local_addr()?.port()).into())?;
//! let info = server.try_recv_msg(&mut [0; 1500])?;
//! if let Some(asked) = info.metadata.local_ip {
//!     let options = SendOptions::new().source(asked); // and not whichever the route prefers
//!     server.try_send_batch(&[Datagram::new(b"here").to(info.addr).with(&options)])?;
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
//! None is on by default: the crate is [`Socket`] then, and depends on libc and socket2 alone.
//!
//! | feature | brings |
//! | --- | --- |
//! | `tokio` | [`TokioSocket`], `TokioUnixDatagram` |
//! | `smol` | [`SmolSocket`], on async-io's reactor |
//! | `mio` | `mio::event::Source` for [`BoundSocket`] (Unix) |
//! | `events` | [`events`]: Node's socket, its events and its loop |
//! | `codec` | [`TokioFramed`]: `tokio_util`'s codecs as a stream and a sink of frames |
//! | `bytes` | receiving into a `bytes::BufMut` (part of `tokio`) |
#![deny(unsafe_code, missing_docs)]

pub mod addr;
mod batch;
mod block_list;
mod error;
#[cfg(feature = "events")]
pub mod events;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod rt;
#[doc(hidden)]
pub mod send_queue;
mod socket;
mod socket_options;
#[doc(hidden)]
pub mod state;
mod stats;
#[allow(unsafe_code, reason = "the one place for system calls")]
mod sys;
mod types;
#[cfg(unix)]
mod unix_datagram;

pub use batch::{Message, RecvBatch, RecvInfo, RemoteInfo};
pub use block_list::BlockList;
#[doc(hidden)]
pub use error::node_errno;
pub use error::{Error, ErrorKind, Result};
pub use rt::bound::BoundSocket;
#[cfg(feature = "smol")]
pub use rt::smol::SmolSocket;
#[cfg(feature = "codec")]
pub use rt::tokio::TokioFramed;
#[cfg(all(unix, feature = "tokio"))]
pub use rt::tokio::TokioUnixDatagram;
#[cfg(feature = "tokio")]
pub use rt::tokio::{TokioMessages, TokioSocket};
pub use socket::{Socket, SocketControl, multicast_interfaces};
pub use socket_options::SocketOptions;
pub use stats::Stats;
#[cfg(windows)]
#[doc(hidden)]
pub use sys::Lease;
pub use sys::{BorrowedDescriptor, OwnedDescriptor, Sockopt, SockoptValues, Systems};
pub use types::clock::Clock;
#[cfg(unix)]
pub use types::credentials::Credentials;
pub use types::datagram::{Datagram, MAX_GRO_PACKET, MAX_MESSAGE};
pub use types::error_queue::{ErrorOrigin, ErrorQueueEntry, QueuedError, TransmitTimestamp};
pub use types::family::SocketType;
pub use types::metadata::{Ecn, RecvMetadata, RecvMetadataOptions, TrafficClass};
pub use types::multicast_interface::Interface;
pub use types::send_options::{PathMtuDiscovery, SendOptions};
pub use types::steering::Steering;
#[cfg(unix)]
pub use unix_datagram::{SocketAddrUnix, UnixDatagram, UnixDatagramOptions, UnixRemoteInfo};

/// The programs of the documents, as doc tests.
#[cfg(all(doctest, feature = "tokio"))]
mod documents {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/rust/batches.md")]
    mod batches {}
    #[doc = include_str!("../../docs/rust/coming-from.md")]
    mod coming_from {}
    #[doc = include_str!("../../docs/rust/multicast.md")]
    mod multicast {}
    #[doc = include_str!("../../docs/rust/one-to-many.md")]
    mod one_to_many {}
    #[doc = include_str!("../../docs/rust/one-to-one.md")]
    mod one_to_one {}
    #[doc = include_str!("../../docs/rust/reactor.md")]
    #[cfg(all(feature = "mio", feature = "smol"))]
    mod reactor {}
    #[doc = include_str!("../../docs/rust/several-addresses.md")]
    mod several_addresses {}
}
