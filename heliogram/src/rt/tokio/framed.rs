//! [`TokioFramed`]: a socket's datagrams as frames of a codec.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use futures_core::Stream;
use futures_sink::Sink;
use tokio_util::codec::{Decoder, Encoder};

use super::messages::TokioMessages;
use super::socket::TokioSocket;

/// A socket's datagrams as frames: a `Stream` of what a [`Decoder`] finds in each, with its sender, and a `Sink` of what an
/// [`Encoder`] makes a datagram of, with its peer. As `tokio_util::udp::UdpFramed` for tokio's own socket.
///
/// A datagram may have several frames; bytes at its end that are no frame are the decoder's to refuse, and are never joined with the
/// next datagram. The stream ends when the socket is closed. A socket may have one of these to receive and another to send.
///
/// ```
/// use std::future::poll_fn;
/// use std::pin::Pin;
///
/// use futures_core::Stream;
/// use futures_sink::Sink;
/// use heliogram::{TokioFramed, TokioSocket};
/// use tokio_util::codec::LinesCodec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (server, client) = (TokioSocket::bind("127.0.0.1:0").await?, TokioSocket::bind("127.0.0.1:0").await?);
/// let mut sending = TokioFramed::new(&client, LinesCodec::new());
/// Pin::new(&mut sending).start_send(("hello", server.local_addr()?))?;
/// poll_fn(|context| Sink::<(&str, _)>::poll_flush(Pin::new(&mut sending), context)).await?;
///
/// let mut receiving = TokioFramed::new(&server, LinesCodec::new());
/// let (line, from) = poll_fn(|context| Pin::new(&mut receiving).poll_next(context)).await.unwrap()?;
/// assert_eq!((line.as_str(), from), ("hello", client.local_addr()?));
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream or sink does nothing unless it is polled"]
pub struct TokioFramed<'a, C> {
    socket: &'a TokioSocket,
    codec: C,
    messages: TokioMessages<'a>,
    /// What is left of a datagram, and its sender.
    received: BytesMut,
    from: Option<SocketAddr>,
    /// The datagram that is to be sent, and its peer.
    encoded: BytesMut,
    to: Option<SocketAddr>,
}

impl<'a, C> TokioFramed<'a, C> {
    /// Frames of this codec.
    pub fn new(socket: &'a TokioSocket, codec: C) -> Self {
        let (received, encoded) = Default::default();
        TokioFramed { socket, codec, messages: socket.messages(), received, from: None, encoded, to: None }
    }

    /// The codec.
    pub const fn codec(&self) -> &C {
        &self.codec
    }

    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(to) = self.to else { return Poll::Ready(Ok(())) };
        let outcome = ready!(self.socket.poll_send_to(context, &self.encoded, to));
        // What was refused is not sent again.
        self.to = None;
        self.encoded.clear();
        Poll::Ready(outcome.map(drop).map_err(io::Error::from))
    }
}

impl<C: Decoder + Unpin> Stream for TokioFramed<'_, C> {
    type Item = Result<(C::Item, SocketAddr), C::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(from) = this.from {
                match this.codec.decode_eof(&mut this.received) {
                    Ok(Some(frame)) => return Poll::Ready(Some(Ok((frame, from)))),
                    outcome => {
                        this.from = None;
                        this.received.clear();
                        if let Err(error) = outcome {
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
            }
            match ready!(Pin::new(&mut this.messages).poll_next(context)) {
                Some(Ok((bytes, info))) => {
                    this.received.extend_from_slice(&bytes);
                    this.from = Some(info.addr);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::from(error).into()))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<C: Encoder<I> + Unpin, I> Sink<(I, SocketAddr)> for TokioFramed<'_, C> {
    type Error = C::Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.poll_sent(context).map_err(C::Error::from)
    }

    fn start_send(mut self: Pin<&mut Self>, (frame, to): (I, SocketAddr)) -> Result<(), C::Error> {
        let this = &mut *self;
        this.encoded.clear();
        this.codec.encode(frame, &mut this.encoded)?;
        this.to = Some(to);
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.poll_sent(context).map_err(C::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.poll_sent(context).map_err(C::Error::from)
    }
}

impl<C: fmt::Debug> fmt::Debug for TokioFramed<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioFramed").field("socket", self.socket).field("codec", &self.codec).finish_non_exhaustive()
    }
}
