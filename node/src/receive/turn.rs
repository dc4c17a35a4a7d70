//! One socket's turn: reads what the kernel has, and delivers it to the listeners.

use std::cell::Cell;
use std::rc::Rc;

use heliogram::RecvBatch;

use super::rows::Received;
use crate::ffi::{Environment, JsBridge, Scope};
use crate::outcome::error_number;
use crate::policy::pages::{Page, Pages};
use crate::policy::turn::Turn;
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

#[cfg(test)]
mod tests {
    use super::*;

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
