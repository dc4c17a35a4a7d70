//! What the kernel tells beside the bytes, and what goes along with them.

use std::sync::atomic::Ordering;

use super::Socket;
use crate::error::Result;
use crate::info::{Clock, ReceiveInfo};
use crate::state::Op;

/// What the kernel tells beside the bytes: for Linux, macOS and FreeBSD. Windows refuses with `ENOTSUP`.
impl Socket {
    /// Asks the kernel to tell more of each received datagram, in [`RemoteInfo::arrival`](crate::RemoteInfo::arrival): what
    /// is in `info` and nothing else. It holds for whatever is received from now on. Default: nothing.
    ///
    /// A server on all interfaces that answers from [`Arrival::local`](crate::Arrival::local) answers from the address that
    /// it was asked at.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` for what the system lacks; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("setReceiveInfo", "uv_udp_set_recv_info", "IP_PKTINFO", "IP_RECVTOS", "IP_RECVTTL", "SO_RXQ_OVFL"))]
    pub fn set_receive_info(&self, info: ReceiveInfo) -> Result<()> {
        let _control = self.control();
        self.call(Op::Option, "setReceiveInfo", |sys| sys.set_receive_info(info))?;
        self.receive_info.store(info.bits(), Ordering::Relaxed);
        Ok(())
    }

    /// Names the clock of [`SendOptions::departure`](crate::SendOptions::departure) (`SO_TXTIME`, Linux).
    ///
    /// # Errors
    ///
    /// `ENOTSUP` where the system has no such thing, `EPERM` for a clock other than [`Clock::Monotonic`] without
    /// `CAP_NET_ADMIN`; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("setDepartureClock", "SO_TXTIME"))]
    pub fn set_departure_clock(&self, clock: Clock) -> Result<()> {
        self.call(Op::Option, "setDepartureClock", |sys| sys.set_departure_clock(clock))
    }

    pub(super) fn receive_info(&self) -> ReceiveInfo {
        ReceiveInfo::from_bits(self.receive_info.load(Ordering::Relaxed))
    }
}
