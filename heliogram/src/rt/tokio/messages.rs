//! [`TokioMessages`]: a socket's datagrams as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::socket::TokioSocket;
use crate::addr::RemoteInfo;
use crate::batch::RecvBatch;
use crate::error::{ErrorKind, Result};

type Wait<'a> = Pin<Box<dyn Future<Output = (RecvBatch, Result<usize>)> + Send + 'a>>;

enum Receiving<'a> {
    Idle(RecvBatch),
    Waiting(Wait<'a>),
    Ended,
}

/// The datagrams of a socket, as [`TokioSocket::messages`] gives them.
#[must_use = "a stream does nothing unless it is polled"]
pub struct TokioMessages<'a> {
    socket: &'a TokioSocket,
    arrived: VecDeque<(Vec<u8>, RemoteInfo)>,
    state: Receiving<'a>,
}

impl<'a> TokioMessages<'a> {
    pub(super) fn new(socket: &'a TokioSocket) -> Self {
        TokioMessages { socket, arrived: VecDeque::new(), state: Receiving::Idle(RecvBatch::for_gro(8)) }
    }

    /// The receive under way, begun if there is none; `None` once the stream has ended.
    fn wait(&mut self) -> Option<&mut Wait<'a>> {
        let socket = self.socket;
        self.state = match std::mem::replace(&mut self.state, Receiving::Ended) {
            Receiving::Idle(mut batch) => Receiving::Waiting(Box::pin(async move {
                let outcome = socket.recv_batch(&mut batch).await;
                (batch, outcome)
            })),
            other => other,
        };
        match &mut self.state {
            Receiving::Waiting(wait) => Some(wait),
            Receiving::Idle(_) | Receiving::Ended => None,
        }
    }
}

impl Stream for TokioMessages<'_> {
    type Item = Result<(Vec<u8>, RemoteInfo)>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.arrived.pop_front() {
                return Poll::Ready(Some(Ok(message)));
            }
            let Some(wait) = self.wait() else { return Poll::Ready(None) };
            let (batch, outcome) = ready!(wait.as_mut().poll(context));
            if let Err(error) = &outcome
                && error.reason() == ErrorKind::NotRunning
            {
                self.state = Receiving::Ended;
                return Poll::Ready(None);
            }
            self.arrived.extend(batch.iter().map(|message| (message.data.to_vec(), message.rinfo)));
            self.state = Receiving::Idle(batch);
            if let Err(error) = outcome {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for TokioMessages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioMessages").field("socket", self.socket).field("arrived", &self.arrived.len()).finish()
    }
}
