//! QUIC over heliogram: a [`Runtime`](quinn::Runtime) and an [`AsyncUdpSocket`](quinn::AsyncUdpSocket) for quinn 0.11 on tokio.
//!
//! | | |
//! | --- | --- |
//! | [`HeliogramRuntime`] | for [`Endpoint::new`](quinn::Endpoint::new): wraps sockets of the standard library |
//! | [`QuicSocket`] | for [`Endpoint::new_with_abstract_socket`](quinn::Endpoint::new_with_abstract_socket): wraps a heliogram socket, with whatever options it has |
//!
//! Sends use GSO (`UDP_SEGMENT`) and receives GRO (`UDP_GRO`) where the system has them; ECN marks and the local address travel
//! with each datagram; IP fragmentation is off, as QUIC requires (RFC 9000 section 14). If the kernel, the device or the path
//! refuses a GSO batch, its datagrams are sent one by one inside the same call. The poll functions allocate nothing.
//!
//! ```
//! use std::sync::Arc;
//!
//! use heliogram_quinn::HeliogramRuntime;
//! use quinn::{Endpoint, EndpointConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
//! let endpoint = Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(HeliogramRuntime))?;
//! # drop(endpoint);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! As quinn's own sockets do, a send that fails for another reason than a full buffer is taken for a lost datagram, which QUIC
//! repeats; it is reported as a `tracing` event of the level `debug`. A receive that fails ends the endpoint.
#![forbid(unsafe_code)]

mod poller;
mod receive;
mod runtime;
mod send;
mod socket;

pub use runtime::HeliogramRuntime;
pub use socket::QuicSocket;

/// The programs of the documents, as doc tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/rust/quic.md")]
    mod quic {}
}
