//! How a socket's readiness reaches tokio.
//!
//! Unix registers the descriptor itself. Windows has no such interface in tokio, so there a second handle of the same socket
//! is registered as a `tokio::net::UdpSocket`, of which only the readiness is used.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::io::Interest;

#[cfg(unix)]
mod registration {
    use std::sync::Arc;

    use tokio::io::Ready;
    use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

    use super::*;
    use crate::sys::unix::descriptor::{Descriptor, Lease};

    /// A descriptor that is registered with a runtime. The descriptor is not released before the registration is dropped.
    #[derive(Debug)]
    pub(crate) struct Registration(AsyncFd<Lease>);

    impl Registration {
        pub(crate) fn new(descriptor: &Arc<Descriptor>) -> io::Result<Self> {
            let lease = descriptor.lease()?;
            // SAFETY: a lease's number is open and refers to the same open file until the lease is dropped: a release waits for
            // it. The AsyncFd owns the lease, and drops it only after its registration has ended.
            let registered = unsafe { AsyncFd::register(lease) };
            registered.map(Registration).map_err(|error| error.into_parts().1)
        }

        /// Waits until the socket is reported ready.
        pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Readiness<'_>> {
            self.0.ready(interest).await.map(Readiness)
        }
    }

    /// A report that a socket is ready. Clearing it keeps what is reported later.
    pub(crate) struct Readiness<'a>(AsyncFdReadyGuard<'a, Lease>);

    impl Readiness<'_> {
        /// What is ready.
        pub(crate) fn state(&self) -> Ready {
            self.0.ready()
        }

        /// The socket is not ready: a call would have had to wait.
        pub(crate) fn clear(mut self) {
            self.0.clear_ready();
        }

        /// The socket is readable no longer: another receive would find nothing.
        pub(crate) fn clear_readable(mut self) {
            // Not the error's readiness, which may be what ended the batch; nor a sender's, which was not tried.
            self.0.clear_ready_matching(Ready::READABLE);
        }
    }
}

#[cfg(windows)]
mod registration {
    use std::sync::Arc;

    use tokio::io::Ready;
    use tokio::net::UdpSocket;

    use super::*;
    use crate::sys::windows::Descriptor;

    /// A second handle of the socket, registered with a runtime.
    #[derive(Debug)]
    pub(crate) struct Registration(UdpSocket);

    impl Registration {
        pub(crate) fn new(descriptor: &Arc<Descriptor>) -> io::Result<Self> {
            let second = std::net::UdpSocket::from(descriptor.duplicate()?);
            UdpSocket::from_std(second).map(Registration)
        }

        /// Waits until the socket is reported ready.
        pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Readiness<'_>> {
            let state = self.0.ready(interest).await?;
            Ok(Readiness { socket: &self.0, interest, state })
        }
    }

    /// A report that a socket is ready.
    pub(crate) struct Readiness<'a> {
        socket: &'a UdpSocket,
        interest: Interest,
        state: Ready,
    }

    impl Readiness<'_> {
        /// What is ready.
        pub(crate) fn state(&self) -> Ready {
            self.state
        }

        /// The socket is not ready: a call would have had to wait. The system is asked anew, which reports what has come since.
        pub(crate) fn clear(self) {
            let _ = self.socket.try_io(self.interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        }

        /// The next call finds out by itself.
        pub(crate) fn clear_readable(self) {}
    }
}

pub(crate) use registration::{Readiness, Registration};

impl Registration {
    /// The report that the socket is ready, if there is one.
    pub(crate) fn report(&self, interest: Interest) -> Option<Readiness<'_>> {
        match pin!(self.ready(interest)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(readiness) => readiness.ok(),
            Poll::Pending => None,
        }
    }
}
