//! Numbers in datagrams: `blast` and `ping` write them, `sink` and `ping` find out what was lost.
//!
//! The first 16 bytes: `HGRM`, the run (4 bytes), the number from 0 on (8 bytes), big endian.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::measure::sequence::Sequence;

/// How many bytes a number takes; a shorter datagram has none.
pub(crate) const HEADER: usize = 16;

const MARK: &[u8] = b"HGRM";

/// One run of a sender, so that two of them are not taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run(u32);

impl Run {
    /// A run that no other is likely to be.
    pub(crate) fn new() -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
        Run(nanos ^ std::process::id().rotate_left(16))
    }

    /// Puts a number into a datagram that has room for one.
    pub(crate) fn write(self, datagram: &mut [u8], number: u64) {
        if let Some(header) = datagram.get_mut(..HEADER) {
            header[..4].copy_from_slice(MARK);
            header[4..8].copy_from_slice(&self.0.to_be_bytes());
            header[8..].copy_from_slice(&number.to_be_bytes());
        }
    }
}

/// The run and the number in a datagram, if it has them.
pub(crate) fn read(datagram: &[u8]) -> Option<(Run, u64)> {
    let (run, rest) = datagram.strip_prefix(MARK)?.split_first_chunk()?;
    let number = rest.first_chunk()?;
    Some((Run(u32::from_be_bytes(*run)), u64::from_be_bytes(*number)))
}

/// The numbered datagrams of all senders, each run by itself.
#[derive(Default)]
pub(crate) struct Runs(HashMap<(SocketAddr, Run), Sequence>);

impl Runs {
    /// More runs than this are not told apart: a stranger's datagrams must not fill the memory.
    const MAX: usize = 256;

    /// Counts a datagram that has come from there at this time, if it is numbered.
    pub(crate) fn note(&mut self, datagram: &[u8], from: SocketAddr, now: u64) {
        let Some((run, number)) = read(datagram) else { return };
        let has_room = self.0.len() < Self::MAX;
        match self.0.entry((from, run)) {
            Entry::Occupied(mut sequence) => _ = sequence.get_mut().note(number, now),
            Entry::Vacant(place) if has_room => _ = place.insert(Sequence::default()).note(number, now),
            Entry::Vacant(_) => {}
        }
    }

    /// A count over all runs.
    pub(crate) fn sum(&self, count: impl Fn(&Sequence) -> u64) -> u64 {
        self.0.values().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(run: Run, number: u64) -> [u8; HEADER] {
        let mut datagram = [0; HEADER];
        run.write(&mut datagram, number);
        datagram
    }

    #[test]
    fn a_number_is_read_back() {
        assert_eq!(read(&numbered(Run(7), u64::MAX)), Some((Run(7), u64::MAX)));
        assert_eq!(read(&numbered(Run(7), 1)[..HEADER - 1]), None);
        assert_eq!(read(b"0123456789abcdef"), None);
        let mut short = [0; HEADER - 1];
        Run(7).write(&mut short, 1);
        assert_eq!(short, [0; HEADER - 1]);
    }

    #[test]
    fn every_run_of_every_sender_is_counted_by_itself() {
        let [here, there]: [SocketAddr; 2] = ["127.0.0.1:1", "127.0.0.2:1"].map(|text| text.parse().unwrap());
        let mut runs = Runs::default();
        [0, 1, 4, 3, 3].iter().for_each(|&number| runs.note(&numbered(Run(1), number), here, 0));
        [0, 9].iter().for_each(|&number| runs.note(&numbered(Run(2), number), here, 0));
        [u64::MAX, 3].iter().for_each(|&number| runs.note(&numbered(Run(1), number), there, 0));
        runs.note(b"not numbered at all", here, 0);
        let counts = [Sequence::expected, Sequence::lost, |run: &Sequence| run.reordered];
        assert_eq!(counts.map(|count| runs.sum(count)), [19, 12, 1]);
        assert_eq!((runs.sum(|run| run.duplicates), runs.sum(|run| run.impossible)), (1, 1));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let mut runs = Runs::default();
        (0..5000).for_each(|run| runs.note(&numbered(Run(run), 1 << 61), "127.0.0.1:1".parse().unwrap(), 0));
        assert_eq!((runs.0.len(), runs.sum(Sequence::lost)), (Runs::MAX, 0));
    }
}
