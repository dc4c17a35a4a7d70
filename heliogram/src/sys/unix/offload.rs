//! Receive offload (`UDP_GRO`), and a filter that drops what comes while it is turned off.
//!
//! Sources: `udp(7)`, `socket(7)`; the kernel's `networking/filter`.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::io;

use super::call::{get_option, set_option};
use super::kernel;
use super::socket::Socket;

impl Socket {
    /// Turns GRO on or off. A kernel without it delivers single datagrams, for which the memory is right too.
    pub(crate) fn set_gro(&self, on: bool) -> io::Result<()> {
        if cfg!(heliogram_force_copy) {
            return Ok(());
        }
        match set_option(&self.inner, libc::SOL_UDP, libc::UDP_GRO, &i32::from(on)) {
            Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => Ok(()),
            other => other,
        }
    }

    /// Whether GRO is on, as it may be on a descriptor that was adopted.
    pub(crate) fn has_gro(&self) -> bool {
        get_option::<i32>(&self.inner, libc::SOL_UDP, libc::UDP_GRO).is_ok_and(|value| value != 0)
    }

    /// Has the kernel drop whatever comes, or deliver again.
    pub(crate) fn refuse_all(&self, on: bool) -> io::Result<()> {
        if on {
            return self.inner.attach_filter(&[accept(0)]);
        }
        // Where the filter may not be taken off, another that accepts everything takes its place.
        self.inner.detach_filter().or_else(|_| self.inner.attach_filter(&[accept(u32::MAX)]))
    }
}

/// A filter that accepts so many bytes of each datagram.
fn accept(bytes: u32) -> socket2::SockFilter {
    socket2::SockFilter::new((kernel::BPF_RET | kernel::BPF_K) as u16, 0, 0, bytes)
}
