//! [`Poller`]: one task's wait for room in the send buffer.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use quinn::UdpPoller;
use tokio::io::Interest;

use crate::socket::QuicSocket;

pin_project! {
    /// Waits by futures that it makes one after the other, each in the place of the one before: nothing is allocated.
    pub(crate) struct Poller<Make, Wait> {
        socket: Arc<QuicSocket>,
        make: Make,
        #[pin]
        wait: Option<Wait>,
    }
}

impl<Make: Fn(Arc<QuicSocket>) -> Wait, Wait> Poller<Make, Wait> {
    pub(crate) const fn new(socket: Arc<QuicSocket>, make: Make) -> Self {
        Poller { socket, make, wait: None }
    }
}

impl<Make, Wait> UdpPoller for Poller<Make, Wait>
where
    Make: Fn(Arc<QuicSocket>) -> Wait + Send + Sync + 'static,
    Wait: Future<Output = io::Result<()>> + Send + Sync + 'static,
{
    fn poll_writable(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        if this.wait.is_none() {
            // Mostly there is room, and no future is needed: quinn asks before each transmit.
            if this.socket.try_io(Interest::WRITABLE, || Ok(())).is_ok() {
                return Poll::Ready(Ok(()));
            }
            this.wait.set(Some((this.make)(Arc::clone(this.socket))));
        }
        let Some(wait) = this.wait.as_mut().as_pin_mut() else { return Poll::Pending };
        let outcome = wait.poll(context);
        if outcome.is_ready() {
            this.wait.set(None);
        }
        outcome
    }
}

impl<Make, Wait> fmt::Debug for Poller<Make, Wait> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
