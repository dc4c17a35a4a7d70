//! The error queue: errors and transmit timestamps of datagrams that were sent earlier.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::control::SocketControl;
use super::lifecycle::Socket;
use crate::error::Result;
use crate::state::Op;
use crate::sys;
use crate::types::error_queue::{ErrorOrigin, ErrorQueueEntry};

/// The error queue, of Linux. Other systems refuse with `ENOTSUP`.
impl SocketControl {
    /// Lets the kernel keep the errors that datagrams meet, ICMP messages above all, each with its peer, for
    /// [`try_recv_error_queue`](Socket::try_recv_error_queue) (`IP_RECVERR`, `IPV6_RECVERR`, Linux). Default: off, so that a server which
    /// has no peer of its own never hears of a client that is gone.
    ///
    /// While it is on, these errors are reported there and nowhere else: a send or receive that would fail with the fate of
    /// an earlier datagram is tried again instead.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` where the system has no such thing; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("setRecvErrors", "IP_RECVERR", "IPV6_RECVERR", "UV_UDP_LINUX_RECVERR"))]
    pub fn set_recv_errors(&self, on: bool) -> Result<()> {
        let _control = self.control();
        self.call(Op::Option, "setRecvErrors", |sys| sys.set_recv_errors(on))?;
        self.receive_errors.store(on, Ordering::Relaxed);
        self.has_error_queue.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Has the kernel report when datagrams with [`SendOptions::transmit_timestamp`](crate::SendOptions::transmit_timestamp) leave, to
    /// [`try_recv_error_queue`](Socket::try_recv_error_queue) (`SO_TIMESTAMPING`, Linux). Default: off.
    ///
    /// # Errors
    ///
    /// As [`set_recv_errors`](SocketControl::set_recv_errors).
    #[doc(alias("setTransmitTimestamps", "SO_TIMESTAMPING"))]
    pub fn set_transmit_timestamps(&self, on: bool) -> Result<()> {
        let _control = self.control();
        self.call(Op::Option, "setTransmitTimestamps", |sys| sys.set_transmit_timestamps(on))?;
        self.has_error_queue.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether there may be something in the error queue.
    #[cfg(feature = "events")]
    pub(crate) fn expects_error_queue_entries(&self) -> bool {
        self.has_error_queue.load(Ordering::Relaxed)
    }
}

impl Socket {
    /// Takes the next entry out of the socket's error queue: what became of a datagram that was sent earlier
    /// (`MSG_ERRQUEUE`). For [`set_recv_errors`](SocketControl::set_recv_errors) and
    /// [`set_transmit_timestamps`](SocketControl::set_transmit_timestamps), which say what gets there.
    ///
    /// A poller reports an entry as an error (`POLLERR`) and as urgent (`POLLPRI`).
    ///
    /// # Errors
    ///
    /// `EAGAIN` if there is none; `ENOTSUP` where the system has no such thing; `EBADF` while unbound,
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("recv_error", "MSG_ERRQUEUE", "icmp"))]
    pub fn try_recv_error_queue(&self) -> Result<ErrorQueueEntry> {
        loop {
            let entry = self.call(Op::Recv, "recvmsg", sys::Socket::recv_error_queue);
            if !self.is_repetition(&entry) && !self.is_repaired(&entry) {
                return entry;
            }
        }
    }
}

impl SocketControl {
    /// Whether an entry is about a datagram that left after all, when the mode that GSO batches need had been put back.
    fn is_repaired(&self, entry: &Result<ErrorQueueEntry>) -> bool {
        match entry {
            Ok(ErrorQueueEntry::Error(error)) => {
                let too_large = error.origin == ErrorOrigin::Local && error.errno == -sys::errno::EMSGSIZE;
                too_large && self.batch_mode.take_repaired()
            }
            Ok(_) => false,
            Err(_) => {
                self.batch_mode.forget_repaired();
                false
            }
        }
    }

    /// Whether an entry only repeats the one before, because a refused call [was made again](Self::past_queued).
    fn is_repetition(&self, entry: &Result<ErrorQueueEntry>) -> bool {
        let mut last = self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner);
        let refusal = match entry {
            Ok(ErrorQueueEntry::Error(error)) if error.origin == ErrorOrigin::Local => Some(*error),
            Ok(_) => None,
            Err(_) => {
                // The queue is empty: what was repeated has been seen.
                self.repeated.store(0, Ordering::Relaxed);
                None
            }
        };
        let repeats = refusal.is_some() && *last == refusal && self.repeated.load(Ordering::Relaxed) > 0;
        if repeats {
            self.repeated.fetch_sub(1, Ordering::Relaxed);
        }
        *last = refusal.filter(|_| !repeats);
        repeats
    }
}
