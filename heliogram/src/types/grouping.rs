//! In which order a batch makes the longest GSO batches: that in which the datagrams of one peer follow each other.

use std::net::{IpAddr, SocketAddr};

use super::datagram::{Datagram, runs};

/// How many datagrams are grouped at once.
pub(crate) const MOST: usize = 256;

/// The places of a table of peers: a power of two, twice the peers that there may be.
const PLACES: usize = 2 * MOST;

/// The order of a batch of at most [`MOST`] datagrams in which those of one peer follow each other: the peers in the order of their
/// first datagrams, and each peer's in the order of the batch. `None` if that makes no GSO batch longer; `limit` is that of [`runs`].
pub(crate) fn grouped(batch: &[Datagram<'_>], limit: impl Fn(Option<SocketAddr>) -> usize) -> Option<Vec<u16>> {
    let first = batch.first()?.to;
    if batch.len() < 3 || batch.iter().all(|datagram| datagram.to == first) {
        return None;
    }
    let order = Peers::of(batch)?.order();
    let sorted: Vec<_> = order.iter().map(|&index| batch[usize::from(index)]).collect();
    (runs(&sorted, &limit).count() < runs(batch, &limit).count()).then_some(order)
}

/// The datagrams' peers, numbered by their first datagrams.
struct Peers {
    /// The number of each datagram's peer.
    numbers: Vec<u16>,
    /// How many datagrams each peer has.
    counts: Vec<u16>,
}

impl Peers {
    /// `None` if the datagrams of each peer follow each other already, and if one is for the connected peer.
    fn of(batch: &[Datagram<'_>]) -> Option<Self> {
        let mut places = [0; PLACES];
        let mut first: Vec<SocketAddr> = Vec::with_capacity(batch.len().min(MOST));
        let mut peers = Peers { numbers: Vec::with_capacity(batch.len()), counts: Vec::with_capacity(batch.len()) };
        let mut changes = 0;
        for datagram in batch {
            let peer = datagram.to?;
            let same = peers.numbers.last().copied().filter(|&last| first[usize::from(last)] == peer);
            changes += usize::from(same.is_none());
            let number = same.unwrap_or_else(|| number_of(peer, &mut places, &mut first));
            if usize::from(number) == peers.counts.len() {
                peers.counts.push(0);
            }
            peers.counts[usize::from(number)] += 1;
            peers.numbers.push(number);
        }
        (changes > first.len()).then_some(peers)
    }

    fn order(self) -> Vec<u16> {
        let mut next = self.counts;
        let mut start = 0;
        for count in &mut next {
            start += std::mem::replace(count, start);
        }
        let mut order = vec![0; self.numbers.len()];
        for (index, &number) in self.numbers.iter().enumerate() {
            let place = &mut next[usize::from(number)];
            order[usize::from(*place)] = index as u16;
            *place += 1;
        }
        order
    }
}

/// The number of a peer, a new one if it is not known. A place of the table has a number plus one, or 0.
fn number_of(peer: SocketAddr, places: &mut [u16; PLACES], known: &mut Vec<SocketAddr>) -> u16 {
    let mut place = hash(peer);
    loop {
        match places[place % PLACES] {
            0 => {
                known.push(peer);
                places[place % PLACES] = known.len() as u16;
                return known.len() as u16 - 1;
            }
            number if known[usize::from(number) - 1] == peer => return number - 1,
            _ => place += 1,
        }
    }
}

fn hash(peer: SocketAddr) -> usize {
    let ip = match peer.ip() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)),
        IpAddr::V6(ip) => {
            let bits = u128::from(ip);
            bits as u64 ^ (bits >> 64) as u64
        }
    };
    // Fibonacci hashing: the upper bits of the product are the mixed ones.
    let mixed = (ip ^ u64::from(peer.port()).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u16) -> SocketAddr {
        ([127, 0, 0, 1], 1 + number).into()
    }

    /// The order for datagrams of these peers and sizes.
    fn order(datagrams: &[(u16, usize)], limit: usize) -> Option<Vec<u16>> {
        let bytes = [0; 2000];
        let batch: Vec<_> = datagrams.iter().map(|&(to, size)| Datagram::new(&bytes[..size]).to(peer(to))).collect();
        grouped(&batch, |_| limit)
    }

    #[test]
    fn peers_stand_in_the_order_of_their_first_datagrams() {
        assert_eq!(order(&[(7, 9), (3, 9), (7, 9), (3, 9), (7, 4)], 1000), Some(vec![0, 2, 4, 1, 3]));
    }

    #[test]
    fn what_makes_no_gso_batch_stays_as_it_is() {
        for datagrams in [
            &[][..],
            &[(1, 9)],
            &[(1, 9), (2, 9), (3, 9)],
            &[(1, 9), (1, 9), (2, 9), (2, 9)],
            &[(1, 4), (2, 9), (1, 9)],
            &[(1, 0), (2, 9), (1, 0)],
            &[(1, 1500), (2, 9), (1, 1500)],
        ] {
            assert_eq!(order(datagrams, 1000), None, "{datagrams:?}");
        }
        assert_eq!(order(&[(1, 9), (2, 9), (1, 9)], 0), None);
    }

    #[test]
    fn datagrams_for_the_connected_peer_stay_in_order() {
        let batch = [Datagram::new(b"x").to(peer(1)), Datagram::new(b"x"), Datagram::new(b"x").to(peer(1))];
        assert_eq!(grouped(&batch, |_| 1000), None);
    }

    #[test]
    fn as_many_peers_as_datagrams_fit_the_table() {
        let most: Vec<_> = (0..MOST as u16 / 2).chain(0..MOST as u16 / 2).map(|number| (number, 9)).collect();
        let order = order(&most, 1000).unwrap();
        assert_eq!(order.len(), MOST);
        assert_eq!(order[..4], [0, MOST as u16 / 2, 1, MOST as u16 / 2 + 1]);
        let all: Vec<_> = (0..MOST as u16).map(|number| (number, 9)).collect();
        assert_eq!(super::tests::order(&all, 1000), None);
    }
}
