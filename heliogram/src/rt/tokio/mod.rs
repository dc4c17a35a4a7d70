//! Sockets on tokio: `.await` instead of `EAGAIN`.
//!
//! ```
//! use heliogram::{Datagram, RecvBatch, SocketOptions, SocketType, TokioSocket};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), heliogram::Error> {
//! let options = SocketOptions::new(SocketType::Udp4);
//! let server = TokioSocket::bind_with(&options.clone().gro(true), "127.0.0.1:0").await?;
//! let client = TokioSocket::bind_with(&options, "127.0.0.1:0").await?;
//! client.connect(server.local_addr()?).await?;
//! client.send_batch(&[Datagram::new(b"Some"), Datagram::new(b"more"), Datagram::new(b"bytes")]).await?;
//!
//! let mut batch = RecvBatch::for_gro(8);
//! server.recv_batch(&mut batch).await?;
//! for message in batch.iter() {
//!     server.send_to(message.data, message.rinfo.addr).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every `async fn` here is cancel safe: a future that is dropped before it is ready has sent and received nothing, so
//! each can stand in `select!`.

mod attempts;
mod buf;
#[cfg(feature = "codec")]
mod framed;
mod messages;
mod readiness;
mod ready;
mod recv;
mod segments;
mod send;
mod socket;
#[cfg(unix)]
mod unix_datagram;

#[cfg(feature = "codec")]
pub use framed::TokioFramed;
pub use messages::TokioMessages;
pub use socket::TokioSocket;
#[cfg(unix)]
pub use unix_datagram::TokioUnixDatagram;
