//! What a system lacks: each function that Linux, macOS or FreeBSD has and this system has not, answering `ENOTSUP`.
#![cfg(not(any(target_os = "linux", target_os = "android")))]
#![allow(clippy::unused_self, reason = "the signatures are those of the systems that have it")]

use std::io;

use super::errno::unsupported;
#[cfg(unix)]
use super::unix::socket::Socket;
#[cfg(windows)]
use super::windows::Socket;
use crate::types::clock::Clock;
use crate::types::error_queue::ErrorQueueEntry;
#[cfg(windows)]
use crate::types::metadata::RecvMetadataOptions;
use crate::types::send_options::PathMtuDiscovery;
use crate::types::steering::Steering;

/// What only Linux has.
impl Socket {
    pub(crate) fn set_transmit_time_clock(&self, _clock: Clock) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn set_transmit_timestamps(&self, _on: bool) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn set_recv_errors(&self, _on: bool) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn recv_error_queue(&self) -> io::Result<ErrorQueueEntry> {
        Err(unsupported())
    }

    pub(crate) fn mtu(&self) -> io::Result<usize> {
        Err(unsupported())
    }

    /// For batches, which there are none of.
    pub(crate) fn ipv4_path_mtu_discovery(&self) -> io::Result<PathMtuDiscovery> {
        Err(unsupported())
    }

    pub(crate) fn set_ipv4_path_mtu_discovery(&self, _mode: PathMtuDiscovery) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn steer(&self, _steering: Steering) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn dropped(&self) -> Option<u32> {
        None
    }

    /// Nothing is switched: single datagrams are delivered.
    pub(crate) fn set_gro(&self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn has_gro(&self) -> bool {
        false
    }

    /// For the time in which GRO is turned off, which takes none here.
    pub(crate) fn refuse_all(&self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    #[cfg(unix)]
    pub(super) fn set_dropped(&self, on: bool) -> io::Result<()> {
        if on { Err(unsupported()) } else { Ok(()) }
    }

    #[cfg(unix)]
    pub(super) fn set_hardware_timestamp(&self, on: bool) -> io::Result<()> {
        if on { Err(unsupported()) } else { Ok(()) }
    }
}

/// What only Linux and macOS have.
#[cfg(not(target_vendor = "apple"))]
impl Socket {
    pub(crate) fn bind_device(&self, _name: Option<&[u8]>) -> io::Result<()> {
        Err(unsupported())
    }
}

/// What only Linux and FreeBSD have.
#[cfg(not(target_os = "freebsd"))]
impl Socket {
    pub(crate) fn set_reuse_port(&self) -> io::Result<()> {
        Err(unsupported())
    }
}

/// What Windows alone lacks.
#[cfg(windows)]
impl Socket {
    pub(crate) fn set_recv_metadata(&self, metadata: RecvMetadataOptions) -> io::Result<()> {
        if metadata.is_empty() { Ok(()) } else { Err(unsupported()) }
    }

    pub(crate) fn path_mtu_discovery(&self) -> io::Result<PathMtuDiscovery> {
        Err(unsupported())
    }

    pub(crate) fn set_path_mtu_discovery(&self, _mode: PathMtuDiscovery) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn getsockopt(&self, _level: i32, _name: i32, _value: &mut [u8]) -> io::Result<usize> {
        Err(unsupported())
    }

    pub(crate) fn setsockopt(&self, _level: i32, _name: i32, _value: &[u8]) -> io::Result<()> {
        Err(unsupported())
    }
}
