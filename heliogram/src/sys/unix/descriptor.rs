//! [`Descriptor`]: a socket's descriptor, whose number outlives its closing; [`Lease`]: a registration with a reactor.
//!
//! Sources: `dup(2)`, `epoll(7)`, `kqueue(2)`.

use std::io;
use std::net::Shutdown;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::placeholder;

/// A socket's descriptor. Releasing it frees the address while the number stays taken until the drop, so that no thread that is
/// inside a system call meets a stranger's file.
///
/// A reactor must see the same open file for as long as it watches a descriptor. So what is registered with one holds a
/// [`Lease`], and a release waits for the last of them.
#[derive(Debug)]
pub(crate) struct Descriptor {
    socket: socket2::Socket,
    leases: Mutex<Leases>,
}

#[derive(Debug, Default)]
struct Leases {
    count: usize,
    /// How many of them are for threads that wait in a system call.
    waiting: usize,
    released: bool,
}

impl Descriptor {
    pub(super) fn new(socket: socket2::Socket) -> Arc<Self> {
        placeholder::prepare();
        Arc::new(Descriptor { socket, leases: Mutex::default() })
    }

    /// Frees the address: at once, or when the last lease ends.
    pub(crate) fn release(&self) -> io::Result<()> {
        let mut leases = self.leases();
        leases.released = true;
        if leases.waiting > 0 {
            // Ends their waiting. Linux does so for an unconnected socket too, of which it says `ENOTCONN`.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
        if leases.count == 0 { placeholder::replace(&self.socket) } else { Ok(()) }
    }

    /// Keeps the open file under the descriptor until the lease is dropped. `EBADF` if it has been released.
    pub(crate) fn lease(self: &Arc<Self>) -> io::Result<Lease> {
        let mut leases = self.leases();
        if leases.released {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        leases.count += 1;
        Ok(Lease(Arc::clone(self)))
    }

    /// A lease for a thread that is about to wait: a release ends its waiting.
    pub(crate) fn waiting(self: &Arc<Self>) -> io::Result<Waiting> {
        let lease = self.lease()?;
        self.leases().waiting += 1;
        Ok(Waiting(lease))
    }

    /// The descriptor itself, which nobody watches then.
    pub(super) fn into_owned(self) -> OwnedFd {
        self.socket.into()
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        // A panic leaves the count and the flag whole.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Descriptor {
    type Target = socket2::Socket;

    fn deref(&self) -> &socket2::Socket {
        &self.socket
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The right to have a descriptor registered with a reactor: while it lives, the number refers to the same open file.
#[derive(Debug)]
pub(crate) struct Lease(Arc<Descriptor>);

impl Drop for Lease {
    fn drop(&mut self) {
        let mut leases = self.0.leases();
        leases.count -= 1;
        if leases.count == 0 && leases.released {
            // Whoever released the descriptor has long been answered. Should it fail, the drop of the descriptor frees the address.
            let _ = placeholder::replace(&self.0.socket);
        }
    }
}

/// A [`Lease`] of a thread that waits for the descriptor.
#[derive(Debug)]
pub(crate) struct Waiting(Lease);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.leases().waiting -= 1;
    }
}

impl AsRawFd for Waiting {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsRawFd for Lease {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Lease {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Type};

    use super::*;

    fn descriptor() -> Arc<Descriptor> {
        Descriptor::new(socket2::Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap())
    }

    fn is_socket(descriptor: &Descriptor) -> bool {
        descriptor.r#type().is_ok()
    }

    #[test]
    fn a_release_waits_for_the_last_lease() {
        let descriptor = descriptor();
        let leases = [descriptor.lease().unwrap(), descriptor.lease().unwrap()];
        descriptor.release().unwrap();
        assert!(is_socket(&descriptor) && descriptor.lease().is_err());
        let [first, last] = leases;
        drop(first);
        assert!(is_socket(&descriptor));
        drop(last);
        assert!(!is_socket(&descriptor));
    }

    #[test]
    fn without_a_lease_a_release_is_at_once() {
        let descriptor = descriptor();
        drop(descriptor.lease().unwrap());
        assert!(is_socket(&descriptor));
        descriptor.release().unwrap();
        assert!(!is_socket(&descriptor));
    }
}
