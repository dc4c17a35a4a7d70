//! One direction of a relay: datagrams that wait to leave, and what has become of the others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;

use serde::Serialize;
use serde_json::{Value, json};

use crate::measure::numbering::{Header, now};
use crate::measure::sequence::Sequence;
use crate::measure::spread::{Distribution, Spread};
use crate::relay::impairment::{Decisions, Fate, Impairment};
use crate::report::live::Way;
use crate::report::summary::Summary;
use crate::report::{figures, output, text};

/// One direction.
pub(crate) struct Direction {
    way: Way,
    decisions: Decisions,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Copies that are in `waiting`, or ever were: those of one moment leave in this order.
    copies: u64,
    received: u64,
    lost: u64,
    overflowed: u64,
    failed: u64,
    /// The order in which datagrams left, by the order in which they came.
    left: Sequence,
    delays: Distribution,
}

/// A copy of a datagram that is to leave.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Waiting {
    /// When, in nanoseconds since 1970.
    pub(crate) due: i64,
    copy: u64,
    /// Which datagram of this direction.
    index: u64,
    arrived: i64,
    pub(crate) client: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// What was done in one direction.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Done {
    received: u64,
    lost: u64,
    overflowed: u64,
    failed: u64,
    forwarded: u64,
    duplicates: u64,
    reordered: u64,
    delay: Option<Spread>,
}

impl Direction {
    pub(crate) fn new(way: Way, impairment: &Impairment) -> Self {
        Direction {
            way,
            decisions: Decisions::new(impairment, way as u64),
            waiting: BinaryHeap::new(),
            copies: 0,
            received: 0,
            lost: 0,
            overflowed: 0,
            failed: 0,
            left: Sequence::default(),
            delays: Distribution::from_zero(),
        }
    }

    /// Takes a datagram that came at this time. The event says so if it does not leave.
    pub(crate) fn take(&mut self, client: SocketAddr, bytes: &[u8], arrived: i64) -> Option<Event> {
        let index = self.received;
        self.received += 1;
        let fate = self.decisions.copies(bytes.len(), arrived, self.waiting.len());
        let count = match &fate {
            Fate::Leaves(times) => {
                for &due in times {
                    self.copies += 1;
                    let copy = self.copies;
                    self.waiting.push(Reverse(Waiting { due, copy, index, arrived, client, bytes: bytes.to_vec() }));
                }
                return None;
            }
            Fate::Lost => &mut self.lost,
            Fate::Overflow => &mut self.overflowed,
        };
        *count += 1;
        let action = if fate == Fate::Lost { "lost" } else { "overflowed" };
        Some(Event {
            way: self.way,
            action,
            client,
            header: Header::read(bytes),
            size: bytes.len(),
            arrived,
            left: None,
        })
    }

    /// How many datagrams have come.
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// When the next copy is to leave.
    pub(crate) fn due(&self) -> Option<i64> {
        self.waiting.peek().map(|Reverse(next)| next.due)
    }

    /// The next copy, if it is time for it.
    pub(crate) fn next(&mut self, until: i64) -> Option<Waiting> {
        if self.due()? > until { None } else { self.waiting.pop().map(|Reverse(next)| next) }
    }

    /// A copy was given to the kernel at this time.
    pub(crate) fn leave(&mut self, copy: &Waiting, given: i64) -> Event {
        self.left.note(copy.index, u64::try_from(given).unwrap_or(0));
        self.delays.record(given - copy.arrived);
        self.event(copy, "forwarded", Some(Left { given, taken: now() }))
    }

    /// The system did not take a copy.
    pub(crate) fn fail(&mut self, copy: &Waiting) -> Event {
        self.failed += 1;
        self.event(copy, "failed", None)
    }

    fn event(&self, copy: &Waiting, action: &'static str, left: Option<Left>) -> Event {
        let (header, size) = (Header::read(&copy.bytes), copy.bytes.len());
        Event { way: self.way, action, client: copy.client, header, size, arrived: copy.arrived, left }
    }

    pub(crate) fn done(&self) -> Done {
        Done {
            received: self.received,
            lost: self.lost,
            overflowed: self.overflowed,
            failed: self.failed,
            forwarded: self.left.distinct + self.left.duplicates,
            duplicates: self.left.duplicates,
            reordered: self.left.reordered,
            delay: self.delays.spread(),
        }
    }
}

impl Done {
    pub(crate) fn rows(&self, summary: &mut Summary, heading: &str) {
        let datagrams = |count| text::count(count, "datagram");
        let if_any = |count: u64| (count > 0).then(|| datagrams(count));
        summary.heading(heading);
        summary.row("received", datagrams(self.received));
        summary.row("lost", text::share(self.lost, self.received));
        summary.row_if("overflowed", if_any(self.overflowed));
        summary.row_if("failed", if_any(self.failed));
        summary.row("forwarded", datagrams(self.forwarded));
        summary.row_if("duplicates", if_any(self.duplicates));
        summary.row_if("reordered", if_any(self.reordered));
        summary.row_if("delay", self.delay.map(|delay| figures::spread(&delay)));
    }
}

/// When a copy was given to the kernel, and when the kernel had taken it. It left in between: the program may be stopped at
/// any moment.
#[derive(Clone, Copy)]
struct Left {
    given: i64,
    taken: i64,
}

/// What was done to one copy of a datagram.
pub(crate) struct Event {
    way: Way,
    action: &'static str,
    client: SocketAddr,
    /// The number, of a datagram of `blast` or `ping`.
    header: Option<Header>,
    size: usize,
    arrived: i64,
    left: Option<Left>,
}

impl Event {
    /// For people: `forward 10.0.0.1:9 number 7, 1200 bytes: forwarded after 20.01 ms`.
    pub(crate) fn text(&self) -> String {
        let way = if matches!(self.way, Way::Forward) { "forward" } else { "reverse" };
        let number = self.header.map_or(String::new(), |header| format!(" number {},", header.number));
        let after =
            self.left.map_or(String::new(), |left| format!(" after {}", text::nanos(left.given - self.arrived)));
        format!("{way} {}{number} {} bytes: {}{after}", text::address(&self.client), self.size, self.action)
    }

    pub(crate) fn fields(&self) -> Value {
        let mut event = output::address_event("relayed", &self.client);
        output::add(
            &mut event,
            json!({
                "direction": self.way,
                "action": self.action,
                "size": self.size,
                "stream": self.header.map(|header| header.stream),
                "number": self.header.map(|header| header.number),
                "sent_ns": self.header.and_then(|header| header.sent),
                "received_ns": self.arrived,
                "forwarded_ns": self.left.map(|left| left.given),
                "taken_ns": self.left.map(|left| left.taken),
            }),
        );
        event
    }
}
