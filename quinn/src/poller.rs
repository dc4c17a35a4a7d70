//! [`Poller`]: one task's wait for room in the send buffer.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use quinn::UdpPoller;

pin_project! {
    /// Waits by futures that it makes one after the other, each in the place of the one before: nothing is allocated.
    pub(crate) struct Poller<Make, Wait> {
        make: Make,
        #[pin]
        wait: Option<Wait>,
    }
}

impl<Make: Fn() -> Wait, Wait> Poller<Make, Wait> {
    pub(crate) const fn new(make: Make) -> Self {
        Poller { make, wait: None }
    }
}

impl<Make, Wait> UdpPoller for Poller<Make, Wait>
where
    Make: Fn() -> Wait + Send + Sync + 'static,
    Wait: Future<Output = io::Result<()>> + Send + Sync + 'static,
{
    fn poll_writable(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        let outcome = match this.wait.as_mut().as_pin_mut() {
            Some(wait) => wait.poll(context),
            None => {
                this.wait.set(Some((this.make)()));
                match this.wait.as_mut().as_pin_mut() {
                    Some(wait) => wait.poll(context),
                    None => return Poll::Pending,
                }
            }
        };
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
