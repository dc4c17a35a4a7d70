//! [`Descriptor`]: a socket's handle, which is given back when the socket is closed; [`Lease`]: a registration with a reactor.
//!
//! Windows has no `dup2`: a handle's number cannot stay taken while the socket under it ends. So every call holds the lock of the
//! handle, a closed socket has a new one that is bound to nothing, and a handle that somebody may have borrowed ends with the
//! socket's drop.

use std::io;
use std::net::Shutdown;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use socket2::{Domain, Type};

/// An owned socket, as `Socket::bind_descriptor` takes it.
pub type OwnedDescriptor = OwnedSocket;

/// A borrowed socket, as `Socket::descriptor` lends it.
pub type BorrowedDescriptor<'a> = BorrowedSocket<'a>;

/// A socket's handle.
#[derive(Debug)]
pub(crate) struct Descriptor {
    /// Locked for as long as a call uses the handle; no call waits.
    socket: RwLock<socket2::Socket>,
    uses: Mutex<Uses>,
}

/// Who may know the handle's number.
#[derive(Debug, Default)]
struct Uses {
    leases: usize,
    is_lent: bool,
    is_released: bool,
}

impl Descriptor {
    pub(super) fn new(socket: socket2::Socket) -> Arc<Self> {
        Arc::new(Descriptor { socket: RwLock::new(socket), uses: Mutex::default() })
    }

    /// The handle, for one call.
    pub(crate) fn socket(&self) -> RwLockReadGuard<'_, socket2::Socket> {
        // A handle is replaced as a whole: a panic leaves one of the two.
        self.socket.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all traffic, and frees the address: at once, when the last lease ends, or if the handle has been lent at the drop.
    pub(crate) fn release(&self) -> io::Result<()> {
        let mut uses = self.uses();
        uses.is_released = true;
        self.free(&uses)
    }

    fn free(&self, uses: &Uses) -> io::Result<()> {
        if uses.leases > 0 || uses.is_lent {
            // A socket without a peer has nothing to shut down.
            let _ = self.socket().shutdown(Shutdown::Both);
            return Ok(());
        }
        let placeholder = socket2::Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        *self.socket.write().unwrap_or_else(PoisonError::into_inner) = placeholder;
        Ok(())
    }

    /// The handle itself, which is then kept open until the drop.
    pub(super) fn lend(&self) -> BorrowedSocket<'_> {
        self.uses().is_lent = true;
        let number = self.socket().as_raw_socket();
        // SAFETY: a handle that has been lent is closed by the drop of the descriptor, which this borrow outlasts not.
        unsafe { BorrowedSocket::borrow_raw(number) }
    }

    /// Another handle of the same socket.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedSocket> {
        self.socket().as_socket().try_clone_to_owned()
    }

    /// Keeps the handle open until the lease is dropped. `EBADF` if it has been released.
    pub(crate) fn lease(self: &Arc<Self>) -> io::Result<Lease> {
        let mut uses = self.uses();
        if uses.is_released {
            return Err(io::Error::from_raw_os_error(crate::sys::errno::EBADF));
        }
        uses.leases += 1;
        let number = self.socket().as_raw_socket();
        Ok(Lease { descriptor: Arc::clone(self), number })
    }

    /// A lease for a thread that is about to wait.
    pub(crate) fn waiting(self: &Arc<Self>) -> io::Result<Lease> {
        self.lease()
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        // A panic leaves the count and the flags whole.
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to have a handle registered with a reactor: while it lives, the number is that of the same socket.
#[derive(Debug)]
pub struct Lease {
    descriptor: Arc<Descriptor>,
    number: RawSocket,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut uses = self.descriptor.uses();
        uses.leases -= 1;
        if uses.leases == 0 && uses.is_released {
            // Whoever released the descriptor has long been answered. Should it fail, the drop of the descriptor frees the address.
            let _ = self.descriptor.free(&uses);
        }
    }
}

impl AsRawSocket for Lease {
    fn as_raw_socket(&self) -> RawSocket {
        self.number
    }
}

impl AsSocket for Lease {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        // SAFETY: a release waits for the last lease before it closes the handle.
        unsafe { BorrowedSocket::borrow_raw(self.number) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, UdpSocket};

    use super::*;

    fn bound() -> (Arc<Descriptor>, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        (Descriptor::new(socket.into()), local)
    }

    fn is_free(local: SocketAddr) -> bool {
        UdpSocket::bind(local).is_ok()
    }

    #[test]
    fn a_release_frees_the_port_at_once() {
        let (descriptor, local) = bound();
        drop(descriptor.lease().unwrap());
        assert!(!is_free(local));
        descriptor.release().unwrap();
        assert!(is_free(local) && descriptor.lease().is_err());
    }

    #[test]
    fn a_release_waits_for_the_last_lease() {
        let (descriptor, local) = bound();
        let leases = [descriptor.lease().unwrap(), descriptor.lease().unwrap()];
        descriptor.release().unwrap();
        let [first, last] = leases;
        drop(first);
        assert!(!is_free(local));
        drop(last);
        assert!(is_free(local));
    }

    #[test]
    fn a_handle_that_was_lent_stays_open_until_the_drop() {
        let (descriptor, local) = bound();
        let lent = descriptor.lend().as_raw_socket();
        descriptor.release().unwrap();
        assert!(!is_free(local));
        assert_eq!(descriptor.socket().as_raw_socket(), lent);
        drop(descriptor);
        assert!(is_free(local));
    }
}
