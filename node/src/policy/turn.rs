//! When a socket's turn of the loop is over.
//!
//! At most as many messages are delivered as Node delivers before its loop turns. Slow listeners end the turn earlier: where one
//! message takes 50 us, 32 of them would take 1.6 ms, and an interval of 10 ms would lose a tick in eight, as much as the last
//! turn runs over. A listener that is slow once (the collector, the compiler) ends no turn, nor does one that has to wait for a processor: a second
//! look follows, at the clock of the thread.

use std::time::{Duration, Instant};

use crate::ffi::cpu_time;
use crate::layout::{recv_memory, turn};

/// How many messages of one socket are delivered before the loop turns, as in Node.
const MESSAGES: usize = turn::MESSAGES;

/// The same where listeners take batches whole: the longest GRO packet.
const BATCHED_MESSAGES: usize = recv_memory::ROWS;

/// How many messages are delivered to listeners that were slow before a look at the clock; to others as many as one read has. However
/// long they take, so many are a turn's: small bursts come in one turn on a slow machine too, as in Node.
const PORTION: usize = 8;

/// The same after a slow portion.
const SECOND_PORTION: usize = 4;

/// A message that takes longer is slow: 32 of them take 1.3 ms.
const SLOW: Duration = Duration::from_micros(40);

/// One socket's turn.
pub(crate) struct Turn {
    most: usize,
    messages: usize,
    portion: usize,
    since: Instant,
    /// How long the thread had run at the look that found listeners slow.
    ran: Option<Duration>,
    is_over: bool,
}

impl Turn {
    /// `was_slow` is what the last turn found.
    pub(crate) fn begin(takes_batches: bool, was_slow: bool) -> Self {
        let most = if takes_batches { BATCHED_MESSAGES } else { MESSAGES };
        let portion = if was_slow && !takes_batches { PORTION } else { most };
        Turn { most, messages: 0, portion, since: Instant::now(), ran: None, is_over: false }
    }

    /// How many messages may be delivered before the next look at the clock; `None` once the turn is over.
    pub(crate) fn portion(&self) -> Option<usize> {
        let left = self.most.saturating_sub(self.messages);
        (left > 0 && !self.is_over).then(|| left.min(self.portion))
    }

    /// So many have been delivered.
    pub(crate) fn delivered(&mut self, messages: usize) {
        let now = Instant::now();
        let run = self.ran.and_then(|before| Some(cpu_time::of_this_thread()?.saturating_sub(before)));
        self.look(messages, run.unwrap_or(now - self.since));
        self.since = now;
        self.ran = if self.portion == SECOND_PORTION { cpu_time::of_this_thread() } else { None };
    }

    /// Whether the last look found listeners slow.
    pub(crate) fn is_slow(&self) -> bool {
        self.portion == SECOND_PORTION
    }

    /// How many messages the turn has had.
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    fn look(&mut self, messages: usize, time: Duration) {
        self.messages += messages;
        let is_slow = time > SLOW * u32::try_from(messages).unwrap_or(u32::MAX);
        self.is_over = is_slow && self.portion == SECOND_PORTION && self.messages >= PORTION;
        if self.most == MESSAGES {
            self.portion = if is_slow { SECOND_PORTION } else { self.most };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages one read brings.
    const READ: usize = 16;

    /// How many messages a turn has whose messages take so long each, and whether its listeners were slow.
    fn turn_of(was_slow: bool, pace: impl Fn(usize) -> Duration) -> (usize, bool) {
        let mut turn = Turn::begin(false, was_slow);
        while let Some(portion) = turn.portion() {
            let portion = portion.min(READ);
            turn.look(portion, (turn.messages()..turn.messages() + portion).map(&pace).sum());
        }
        (turn.messages(), turn.is_slow())
    }

    #[test]
    fn fast_listeners_have_as_many_messages_as_in_node() {
        for was_slow in [false, true] {
            assert_eq!(turn_of(was_slow, |_| Duration::from_micros(1)), (32, false));
            assert_eq!(turn_of(was_slow, |_| SLOW), (32, false));
        }
    }

    #[test]
    fn slow_listeners_have_eight_and_four_once_they_are_known() {
        for pace in [Duration::from_micros(50), Duration::from_secs(1)] {
            assert_eq!(turn_of(false, |_| pace), (20, true));
            assert_eq!(turn_of(true, |_| pace), (12, true));
        }
    }

    #[test]
    fn a_listener_that_is_slow_once_ends_no_turn() {
        for (slow, was_slow) in (0..32).flat_map(|slow| [(slow, false), (slow, true)]) {
            let pace = |message| if message == slow { Duration::from_millis(5) } else { Duration::from_micros(1) };
            assert_eq!(turn_of(was_slow, pace).0, 32, "{slow}");
        }
    }

    #[test]
    fn listeners_that_take_batches_have_a_whole_one_however_long_it_takes() {
        let mut turn = Turn::begin(true, true);
        while let Some(portion) = turn.portion() {
            turn.look(portion, Duration::from_secs(1));
        }
        assert_eq!(turn.messages(), 64);
    }

    #[test]
    fn messages_that_are_read_one_by_one_are_eight_at_least() {
        let mut turn = Turn::begin(false, true);
        while turn.portion().is_some() {
            turn.look(1, Duration::from_millis(1));
        }
        assert_eq!(turn.messages(), 8);
    }
}
