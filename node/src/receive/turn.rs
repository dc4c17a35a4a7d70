//! One socket's turn: reads what the kernel has, delivers it to the listeners, and decides when the turn is over.
//!
//! At most as many messages are delivered as Node delivers before its loop turns. Slow listeners end the turn earlier: where one
//! message takes 50 us, 32 of them would take 1.6 ms, and an interval of 10 ms would lose a tick in eight, as much as the last
//! turn runs over. A listener that is slow once (the collector, the compiler) ends no turn, nor does one that has to wait for a
//! processor: a second look follows, at the clock of the thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use heliogram::RecvBatch;

use super::rows::Received;
use crate::ffi::{Environment, JsBridge, Scope, cpu_time};
use crate::layout::{recv_memory, turn};
use crate::outcome::error_number;
use crate::policy::pages::{Page, Pages};
use crate::socket::WatchedSocket;

/// How many messages one receive takes from the kernel. Past eight a larger batch wins little, and half of Node's
/// bound leaves a flooded socket two batches a turn.
const SLOTS: usize = 16;

/// The longest GRO packet, in bytes.
const GRO_PACKET: usize = 65_536;

/// What a socket's turn has brought.
#[derive(Default)]
pub(crate) struct Share {
    pub(crate) messages: usize,
    /// Whether there may be more.
    pub(crate) left: bool,
}

/// What the sockets of a thread receive with.
pub(crate) struct Receiver {
    environment: Rc<Environment>,
    bridge: Rc<JsBridge>,
    /// Batches that are not in use, one for one message and one for many.
    spares: [Cell<Option<Box<RecvBatch>>>; 2],
    pages: Pages,
    is_delivering: Cell<bool>,
}

impl Receiver {
    pub(crate) fn new(environment: &Rc<Environment>, bridge: &Rc<JsBridge>) -> Self {
        let (environment, bridge) = (environment.clone(), bridge.clone());
        let (spares, pages, is_delivering) = Default::default();
        Receiver { environment, bridge, spares, pages, is_delivering }
    }

    /// Whether a listener is running that a turn has called.
    pub(crate) fn is_delivering(&self) -> bool {
        self.is_delivering.get()
    }

    /// Delivers one turn's messages: what is left of the last turn first, then what the kernel has. A loop that is run inside a
    /// listener delivers nothing: its socket stays readable.
    pub(crate) fn receive(&self, scope: &mut Scope<'_>, socket: &WatchedSocket) -> Share {
        let Some(_delivering) = Delivering::begin(&self.is_delivering) else { return Share::default() };
        let mut turn = Turn::begin(socket.takes_batches(), socket.was_slow.get());
        let left = loop {
            let goes_on = socket.is_receiving() && !self.environment.is_ending();
            let Some(portion) = turn.portion().filter(|_| goes_on) else { break true };
            let Some((received, more)) = self.next(scope, socket) else { break false };
            let messages = self.hand_over(scope, socket, received, portion);
            turn.delivered(messages);
            if messages == 0 || !more && !socket.has_undelivered() {
                break false;
            }
        };
        socket.was_slow.set(turn.is_slow());
        Share { messages: turn.messages(), left: left && socket.is_receiving() }
    }

    /// Delivers an error that is not the kernel's answer to a receive.
    pub(crate) fn report(&self, scope: &mut Scope<'_>, socket: &WatchedSocket, error: i32) {
        match Delivering::begin(&self.is_delivering) {
            Some(_delivering) => _ = self.hand_over(scope, socket, Received::Error(error), 1),
            None => socket.put_back(Received::Error(error)),
        }
    }

    /// What is to be delivered next, and whether there may be more after it.
    fn next(&self, scope: &Scope<'_>, socket: &WatchedSocket) -> Option<(Received, bool)> {
        if let Some(undelivered) = socket.take_undelivered() {
            return Some((undelivered, true));
        }
        if socket.has_coalesced()
            && let Some(page) = self.page_for(scope, socket, GRO_PACKET)
        {
            return self.receive_gro(scope, socket, page);
        }
        let many = socket.reads_many();
        let mut batch = self.batch(many);
        match socket.udp.try_recv_batch(&mut batch) {
            Ok(_) => {
                let more = batch.is_full();
                socket.learn(&batch);
                Some((Received::from(Ok(batch)), more))
            }
            Err(error) => {
                self.spares[usize::from(many)].set(Some(batch));
                failed(&error)
            }
        }
    }

    /// One GRO packet, straight into the page.
    fn receive_gro(&self, scope: &Scope<'_>, socket: &WatchedSocket, page: Rc<Page>) -> Option<(Received, bool)> {
        let start = page.used();
        let outcome = page.memory().view(scope).all().from(start).fill(|free| socket.udp.try_recv_gro(free));
        match outcome {
            Ok(info) => {
                page.hand_out(info.size);
                socket.learn_coalesced(info.segment_size.is_some());
                Some((Received::GroPacket { page, start, info: Box::new(info), done: 0 }, true))
            }
            Err(error) => failed(&error),
        }
    }

    /// The page for a socket whose messages may share memory, with room for so many bytes.
    fn page_for(&self, scope: &Scope<'_>, socket: &WatchedSocket, bytes: usize) -> Option<Rc<Page>> {
        socket.shares_memory().then(|| self.pages.with_room(&self.environment, scope, bytes)).flatten()
    }

    /// Room for one receive: one that is not in use, or a new one.
    fn batch(&self, many: bool) -> Box<RecvBatch> {
        let spare = self.spares[usize::from(many)].take();
        spare.unwrap_or_else(|| Box::new(RecvBatch::for_gro(if many { SLOTS } else { 1 })))
    }

    /// Delivers at most `most` messages; how many it tried. The socket keeps what is left, unless it is closed. If the program has
    /// detached the memory that messages go through, they are dropped.
    fn hand_over(&self, scope: &mut Scope<'_>, socket: &WatchedSocket, mut received: Received, most: usize) -> usize {
        let page = match &received {
            Received::GroPacket { page, .. } => Some(page.clone()),
            _ => self.page_for(scope, socket, received.next_length()),
        };
        let count = self.write(scope, socket, &received, page.as_deref(), most);
        if count == 0 {
            return 0;
        }
        // Behind a batch that listeners take whole, ticks run whatever it threw.
        let again = |delivered| socket.takes_batches() || delivered < count && socket.is_receiving();
        let delivered = self.bridge.deliver(scope, socket.number, count, page.as_deref().map(Page::memory), again);
        if received.advance(delivered) {
            socket.put_back(received);
        } else if let Received::Batch { batch, .. } = received {
            self.spares[usize::from(batch.slots() > 1)].set(Some(batch));
        }
        count
    }

    /// Writes at most `most` messages to JavaScript's memory; how many it wrote.
    fn write(
        &self,
        scope: &Scope<'_>,
        socket: &WatchedSocket,
        received: &Received,
        page: Option<&Page>,
        most: usize,
    ) -> usize {
        let memory = self.bridge.received.view(scope);
        let free = page.map(|page| (page, page.memory().view(scope)));
        let page = free.as_ref().map(|(page, view)| (*page, view.all().from(page.used())));
        received.write(memory.all(), page, most, socket.reported())
    }
}

/// That listeners are running; ends however the turn does.
struct Delivering<'a>(&'a Cell<bool>);

impl<'a> Delivering<'a> {
    fn begin(is_delivering: &'a Cell<bool>) -> Option<Self> {
        (!is_delivering.replace(true)).then_some(Delivering(is_delivering))
    }
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

fn failed(error: &heliogram::Error) -> Option<(Received, bool)> {
    (!error.is_would_block()).then(|| (Received::Error(error_number(error)), false))
}

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

    #[test]
    fn a_turn_inside_a_turn_is_none_and_a_panic_ends_it() {
        let is_delivering = Cell::default();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _delivering = Delivering::begin(&is_delivering);
            assert!(Delivering::begin(&is_delivering).is_none());
            panic!("a listener's turn");
        }));
        assert!(outcome.is_err() && !is_delivering.get());
    }
}
