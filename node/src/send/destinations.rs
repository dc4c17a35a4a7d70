//! Destinations that JavaScript has named once: later sends say the number.

use std::net::SocketAddr;

/// How many are known at a time.
const CAPACITY: usize = 1024;

/// Destinations without their ports.
#[derive(Default)]
pub(crate) struct Addresses(Vec<SocketAddr>);

impl Addresses {
    /// The number of an address, or `None` when there is no room: the gathered sends must leave first, then
    /// [`clear`](Self::clear).
    pub(crate) fn add(&mut self, address: SocketAddr) -> Option<u32> {
        (self.0.len() < CAPACITY).then(|| {
            self.0.push(address);
            (self.0.len() - 1) as u32
        })
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The destination of that number, with this port.
    pub(crate) fn get(&self, number: usize, port: u16) -> Option<SocketAddr> {
        let mut address = *self.0.get(number)?;
        address.set_port(port);
        Some(address)
    }
}
