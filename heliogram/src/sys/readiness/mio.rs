//! How a socket's readiness reaches mio. Unix alone: mio watches no foreign socket on Windows.

use std::io;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::sys::Socket;

impl Socket {
    pub(crate) fn register(&self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.descriptor().as_raw_fd()).register(registry, token, interest)
    }

    pub(crate) fn reregister(&self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.descriptor().as_raw_fd()).reregister(registry, token, interest)
    }

    pub(crate) fn deregister(&self, registry: &Registry) -> io::Result<()> {
        SourceFd(&self.descriptor().as_raw_fd()).deregister(registry)
    }
}
