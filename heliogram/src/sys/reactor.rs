//! How a socket's readiness reaches tokio.
//!
//! Unix registers the descriptor itself. Windows has no such door in tokio, so there a second handle of the same socket
//! is registered as a `tokio::net::UdpSocket`, of which only the readiness is used.

use std::io;

use tokio::io::Interest;

use crate::socket::Socket;

/// What a call found on a socket that was said to be ready.
pub(crate) enum Answer<R> {
    /// It was not.
    NotReady,
    /// It was, and may still be.
    Some(R),
    /// It was, and is readable no longer: to receive again would only say so.
    Last(R),
}

#[cfg(unix)]
mod registration {
    use std::os::fd::{AsRawFd, RawFd};
    use tokio::io::Ready;
    use tokio::io::unix::AsyncFd;

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

        /// Waits until the socket is ready, and asks `call`; says `None` if it was not ready after all.
        pub(crate) async fn ready<R>(
            &self,
            interest: Interest,
            call: impl FnOnce() -> Answer<R>,
        ) -> io::Result<Option<R>> {
            let mut guard = self.0.ready(interest).await?;
            match call() {
                Answer::NotReady => {
                    guard.clear_ready();
                    Ok(None)
                }
                Answer::Last(answer) => {
                    // Not the error's readiness, which may be what ended the batch; nor a sender's, of which nobody asked.
                    guard.clear_ready_matching(Ready::READABLE);
                    Ok(Some(answer))
                }
                Answer::Some(answer) => Ok(Some(answer)),
            }
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

        /// Waits until the socket is ready, and asks `call`; says `None` if it was not ready after all.
        pub(crate) async fn ready<R>(
            &self,
            interest: Interest,
            call: impl FnOnce() -> Answer<R>,
        ) -> io::Result<Option<R>> {
            self.0.ready(interest).await?;
            let would_block = || io::Error::from(io::ErrorKind::WouldBlock);
            let call = || match call() {
                Answer::NotReady => Err(would_block()),
                Answer::Some(answer) | Answer::Last(answer) => Ok(answer),
            };
            match self.0.try_io(interest, call) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                other => other.map(Some),
            }
        }
    }
}

pub(crate) use registration::Registration;
