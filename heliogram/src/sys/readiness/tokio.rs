//! How a socket's readiness reaches tokio.
//!
//! Unix registers the descriptor itself. Windows has no such door in tokio, so there a second handle of the same socket
//! is registered as a `tokio::net::UdpSocket`, of which only the readiness is used.

use std::io;

use tokio::io::Interest;

use crate::socket::Socket;

#[cfg(unix)]
mod registration {
    use std::os::fd::{AsRawFd, RawFd};
    use tokio::io::Ready;
    use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

    use super::*;

    /// The number of the descriptor. [`Socket`] keeps it taken until it is dropped, closed or not, so that the
    /// registration never ends for somebody else's file.
    #[derive(Debug)]
    struct Number(RawFd);

    impl AsRawFd for Number {
        fn as_raw_fd(&self) -> RawFd {
            self.0
        }
    }

    #[derive(Debug)]
    pub(crate) struct Registration(AsyncFd<Number>);

    impl Registration {
        pub(crate) fn new(socket: &Socket) -> io::Result<Self> {
            Registration::of(&socket.descriptor()?)
        }

        /// Registers a descriptor whose number stays taken, closed or not, until after the registration is dropped.
        pub(crate) fn of(descriptor: &impl AsRawFd) -> io::Result<Self> {
            let number = Number(descriptor.as_raw_fd());
            // SAFETY: the number is open and ours from here until the socket is dropped, which its owner does after this
            // registration. Closing puts another description under it; the kernel has then ended the registration with
            // the old description (`epoll(7)`, `kqueue(2)`), and what tokio does at the drop finds none and harms none.
            let registered = unsafe { AsyncFd::register(number) };
            registered.map(Registration).map_err(|error| error.into_parts().1)
        }

        /// Waits until the socket is said to be ready.
        pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Readiness<'_>> {
            self.0.ready(interest).await.map(Readiness)
        }
    }

    /// A socket is said to be ready. What becomes ready later is not forgotten by what is said here.
    pub(crate) struct Readiness<'a>(AsyncFdReadyGuard<'a, Number>);

    impl Readiness<'_> {
        /// It is not: a call would have had to wait.
        pub(crate) fn clear(mut self) {
            self.0.clear_ready();
        }

        /// It is readable no longer: to receive again would only say so.
        pub(crate) fn clear_readable(mut self) {
            // Not the error's readiness, which may be what ended the batch; nor a sender's, of which nobody asked.
            self.0.clear_ready_matching(Ready::READABLE);
        }
    }
}

#[cfg(windows)]
mod registration {
    use tokio::net::UdpSocket;

    use super::*;

    #[derive(Debug)]
    pub(crate) struct Registration(UdpSocket);

    impl Registration {
        pub(crate) fn new(socket: &Socket) -> io::Result<Self> {
            let second = std::net::UdpSocket::from(socket.descriptor()?.try_clone_to_owned()?);
            UdpSocket::from_std(second).map(Registration)
        }

        /// Waits until the socket is said to be ready.
        pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Readiness<'_>> {
            self.0.ready(interest).await?;
            Ok(Readiness { socket: &self.0, interest })
        }
    }

    /// A socket is said to be ready.
    pub(crate) struct Readiness<'a> {
        socket: &'a UdpSocket,
        interest: Interest,
    }

    impl Readiness<'_> {
        /// It is not: a call would have had to wait. The system is asked anew, which tells of what has come since.
        pub(crate) fn clear(self) {
            let _ = self.socket.try_io(self.interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        }

        /// The next call finds out by itself.
        pub(crate) fn clear_readable(self) {}
    }
}

pub(crate) use registration::{Readiness, Registration};
