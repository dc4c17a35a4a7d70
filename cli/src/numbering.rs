//! Numbers in datagrams: `blast` and `ping` write them, `sink` and `ping` find out what was lost.
//!
//! The first 16 bytes: `HGRM`, the run (4 bytes), the number from 0 on (8 bytes), big endian.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{SystemTime, UNIX_EPOCH};

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

/// What has come of numbered datagrams, over all runs.
#[derive(Default)]
pub(crate) struct Losses {
    runs: HashMap<Run, Arrivals>,
}

#[derive(Default)]
struct Arrivals {
    /// One more than the highest number seen.
    expected: u64,
    came: u64,
    late: u64,
}

impl Losses {
    /// More runs than this are not told apart: a stranger's datagrams must not fill the memory.
    const MAX_RUNS: usize = 1024;

    /// Takes note of a datagram, if it is numbered.
    pub(crate) fn note(&mut self, datagram: &[u8]) {
        let Some((run, number)) = read(datagram) else { return };
        let has_room = self.runs.len() < Self::MAX_RUNS;
        match self.runs.entry(run) {
            Entry::Occupied(mut arrivals) => arrivals.get_mut().note(number),
            Entry::Vacant(place) if has_room => place.insert(Arrivals::default()).note(number),
            Entry::Vacant(_) => {}
        }
    }

    /// How many numbered datagrams should have come, as far as the highest number of each run tells.
    pub(crate) fn expected(&self) -> u64 {
        self.runs.values().map(|run| run.expected).fold(0, u64::saturating_add)
    }

    /// How many of them did not come.
    pub(crate) fn lost(&self) -> u64 {
        self.runs.values().map(|run| run.expected.saturating_sub(run.came)).fold(0, u64::saturating_add)
    }

    /// How many came after one with a higher number.
    pub(crate) fn reordered(&self) -> u64 {
        self.runs.values().map(|run| run.late).sum()
    }
}

impl Arrivals {
    const fn note(&mut self, number: u64) {
        self.came += 1;
        if number < self.expected {
            self.late += 1;
        } else {
            self.expected = number.saturating_add(1);
        }
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
    fn losses_are_counted_by_run() {
        let mut losses = Losses::default();
        [0, 1, 4, 3].iter().for_each(|&number| losses.note(&numbered(Run(1), number)));
        [0, 9].iter().for_each(|&number| losses.note(&numbered(Run(2), number)));
        losses.note(b"not numbered at all");
        assert_eq!((losses.expected(), losses.lost(), losses.reordered()), (15, 9, 1));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let mut losses = Losses::default();
        (0..5000).for_each(|run| losses.note(&numbered(Run(run), u64::MAX)));
        assert_eq!(losses.runs.len(), Losses::MAX_RUNS);
        assert_eq!(losses.expected(), u64::MAX);
    }
}
