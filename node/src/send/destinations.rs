//! Destinations that JavaScript has named once: later sends say the number.

use std::net::SocketAddr;

/// How many are known at a time.
const CAPACITY: usize = 1024;

/// Destinations without their ports.
#[derive(Default)]
pub(crate) struct Destinations(Vec<SocketAddr>);

impl Destinations {
    /// The number of an address, or `None` when there is no room: the batched sends must leave first, then
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
    pub(crate) fn get(&self, number: i32, port: i32) -> Option<SocketAddr> {
        let mut address = *self.0.get(usize::try_from(number).ok()?)?;
        address.set_port(u16::try_from(port).ok()?);
        Some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u16) -> SocketAddr {
        format!("10.0.{}.{}:0", last >> 8, last & 255).parse().unwrap()
    }

    #[test]
    fn a_destination_is_found_by_its_number() {
        let mut destinations = Destinations::default();
        let numbers: Vec<_> = (0..3).map(|last| destinations.add(address(last)).unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(destinations.get(1, 53), Some("10.0.0.1:53".parse().unwrap()));
    }

    #[test]
    fn what_is_no_number_or_port_finds_nothing() {
        let mut destinations = Destinations::default();
        destinations.add(address(1));
        for (number, port) in [(-1, 1), (1, 1), (i32::MIN, 1), (0, -1), (0, 65_536)] {
            assert_eq!(destinations.get(number, port), None);
        }
    }

    #[test]
    fn a_full_table_takes_none_until_it_is_cleared() {
        let mut destinations = Destinations::default();
        for last in 0..CAPACITY {
            assert!(destinations.add(address(last as u16)).is_some());
        }
        assert_eq!(destinations.add(address(0)), None);
        destinations.clear();
        assert_eq!(destinations.get(0, 1), None);
        assert_eq!(destinations.add(address(7)), Some(0));
    }
}
