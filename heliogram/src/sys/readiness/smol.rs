//! How a socket's readiness reaches async-io, on which smol runs.
//!
//! Unix registers the descriptor itself, Windows a second handle of the same socket, of which only the readiness is used.

use std::io;
use std::sync::Arc;

use async_io::Async;

#[cfg(unix)]
use crate::sys::unix::descriptor::{Descriptor, Lease as Handle};
#[cfg(windows)]
use crate::sys::windows::Descriptor;
#[cfg(windows)]
use std::net::UdpSocket as Handle;

/// A socket that async-io watches. The descriptor is not released before this is dropped.
#[derive(Debug)]
pub(crate) struct Watched(Async<Handle>);

impl Watched {
    pub(crate) fn new(descriptor: &Arc<Descriptor>) -> io::Result<Self> {
        Async::new(handle(descriptor)?).map(Watched)
    }

    /// Waits until the socket is reported readable, or an error is pending.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.0.readable().await
    }

    /// Waits until the socket is reported writable.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.0.writable().await
    }
}

#[cfg(unix)]
fn handle(descriptor: &Arc<Descriptor>) -> io::Result<Handle> {
    descriptor.lease()
}

#[cfg(windows)]
fn handle(descriptor: &Arc<Descriptor>) -> io::Result<Handle> {
    descriptor.duplicate().map(Handle::from)
}
