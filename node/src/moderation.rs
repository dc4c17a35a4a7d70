//! Fewer wake-ups where datagrams come one by one and nobody waits for them, as network cards moderate their interrupts: the loop
//! waits for a timer instead of the socket, and a turn then has what has come meanwhile. A wake-up takes 10 us, and a
//! datagram that is there already less than one.
//!
//! Somebody may wait where the program sends; and where fewer come now than before, however they are asked for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::iter::Sum;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use heliogram::Borrowed;

use crate::reactor::{Interest, Poll, Timer};

/// So many wake-ups within such a time are too many, if it is not for the first time: 16,000 in a second. With fewer nothing is
/// gained where timers are dear, as in virtual machines.
const WAKE_UPS: u32 = 32;
const SOON: Duration = Duration::from_millis(2);

/// How long a datagram waits in the kernel: at most, which network cards do as well, for the first time, and at least, if it is
/// to be worth the timer.
const LONGEST: Duration = Duration::from_micros(200);
const FIRST: Duration = Duration::from_micros(25);
const SHORTEST: Duration = Duration::from_micros(20);

/// What is to come meanwhile, at most: what fits a turn, and little beside what a socket has room for.
const DATAGRAMS: f64 = 24.;
const BYTES: f64 = 32_768.;

/// The least size of a socket's buffer that has so much room, the kernel's own expense included.
pub(crate) const ROOM: usize = 131_072;

/// After so many turns it is seen whether datagrams still come, and at what part of the rate before somebody must be waiting for
/// them. Then they wait no more for so long.
const TRIAL: u32 = 16;
const FEWER: f64 = 0.6;
const REST: Duration = Duration::from_secs(1);

/// After so many turns the rate is measured anew, a second or less.
const TURNS: u32 = 4_096;

/// What a socket's turn has brought.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// Whether there may be more.
    pub(crate) left: bool,
}

impl Sum for Share {
    fn sum<I: Iterator<Item = Share>>(shares: I) -> Share {
        shares.fold(Share::default(), |all, share| Share {
            messages: all.messages + share.messages,
            bytes: all.bytes + share.bytes,
            left: all.left || share.left,
        })
    }
}

/// How many datagrams have come since when.
#[derive(Clone, Copy)]
struct Rate {
    since: Instant,
    datagrams: usize,
}

impl Rate {
    fn new() -> Self {
        Rate { since: Instant::now(), datagrams: 0 }
    }

    fn per_second(&self, now: Instant) -> f64 {
        self.datagrams as f64 / (now - self.since).as_secs_f64()
    }
}

/// The sockets of an environment whose turns a timer gives.
pub(crate) struct Moderation {
    /// How often sockets have woken the loop since, and what it brought.
    wake_ups: Cell<u32>,
    rate: Cell<Rate>,
    /// The rate at which datagrams came the last time, if there were too many. What had piled up for a while is not counted as
    /// one, since it takes two.
    last: Cell<Option<f64>>,
    /// Whether anything has been sent.
    sent: Cell<bool>,
    not_before: Cell<Instant>,
    /// The sockets by their numbers, and which had nothing in their last turn, or more than fits one.
    sockets: RefCell<BTreeMap<u32, bool>>,
    /// While there are any.
    turns: RefCell<Option<Turns>>,
}

impl Moderation {
    pub(crate) fn new() -> Self {
        let rate = Rate::new();
        Moderation {
            wake_ups: Cell::default(),
            rate: Cell::new(rate),
            last: Cell::default(),
            sent: Cell::default(),
            not_before: Cell::new(rate.since),
            sockets: RefCell::default(),
            turns: RefCell::default(),
        }
    }

    /// Something is being sent.
    pub(crate) fn note_send(&self) {
        self.sent.set(true);
    }

    /// A socket that is watched has woken the loop, and was read to the end. If wake-ups are too many, answers the rate at which
    /// datagrams come.
    pub(crate) fn count_wake_up(&self, share: Share) -> Option<f64> {
        let Rate { since, datagrams } = self.rate.get();
        let rate = Rate { since, datagrams: datagrams + share.messages };
        self.rate.set(rate);
        self.wake_ups.set((self.wake_ups.get() + 1) % WAKE_UPS);
        if self.wake_ups.get() != 0 {
            return None;
        }
        let now = Instant::now();
        self.rate.set(Rate { since: now, datagrams: 0 });
        let too_many = !self.sent.take() && now - since <= SOON && now >= self.not_before.get();
        let rate = too_many.then(|| rate.per_second(now));
        self.last.replace(rate).zip(rate).map(|(last, rate)| last.min(rate))
    }

    /// The timer gives the socket its turns from now on, if there is one; `watch` makes the loop watch it.
    pub(crate) fn begin(&self, number: u32, rate: f64, watch: impl FnOnce(Borrowed<'_>) -> Result<Poll, i32>) -> bool {
        let mut turns = self.turns.borrow_mut();
        if turns.is_none() {
            *turns = Turns::start(rate, watch);
        }
        if turns.is_some() {
            self.keep(number, false);
        }
        turns.is_some()
    }

    /// Those whose turn it is now. None of them has another until it is kept.
    pub(crate) fn take(&self) -> BTreeMap<u32, bool> {
        self.sockets.take()
    }

    pub(crate) fn keep(&self, number: u32, was_idle_or_full: bool) {
        self.sockets.borrow_mut().insert(number, was_idle_or_full);
    }

    /// Learns from a turn of all sockets; whether they are to have another.
    pub(crate) fn learn(&self, share: Share) -> bool {
        let mut turns = self.turns.borrow_mut();
        let Some(turns) = turns.as_mut() else { return false };
        let awaited = turns.learn(share);
        if awaited {
            self.not_before.set(Instant::now() + REST);
        }
        !self.sent.take() && !awaited && turns.are_worth_while()
    }

    /// Waits for the next turn, if it is anybody's.
    pub(crate) fn wait(&self) {
        if self.sockets.borrow().is_empty() {
            self.end();
        } else {
            self.wait_again();
        }
    }

    /// Waits as before.
    pub(crate) fn wait_again(&self) {
        self.turns.borrow().iter().for_each(Turns::wait);
    }

    /// The environment ends, or nobody has turns any more.
    pub(crate) fn end(&self) {
        self.turns.take();
    }
}

/// The turns that a timer gives.
struct Turns {
    /// The watch goes before the timer's descriptor.
    _poll: Poll,
    timer: Timer,
    delay: Duration,
    count: u32,
    /// At what rate datagrams came before, and come since.
    before: f64,
    rate: Rate,
}

impl Turns {
    /// The sockets keep the loop alive by themselves. Where there is no timer nothing is lost.
    fn start(before: f64, watch: impl FnOnce(Borrowed<'_>) -> Result<Poll, i32>) -> Option<Self> {
        let timer = Timer::new().ok()?;
        let poll = watch(timer.descriptor()).ok()?;
        poll.keep_alive(false);
        let watched = poll.watch(Interest { readable: true, ..Interest::NONE }) == 0;
        let turns = Turns { _poll: poll, timer, delay: FIRST, count: 0, before, rate: Rate::new() };
        turns.wait();
        watched.then_some(turns)
    }

    fn wait(&self) {
        self.timer.set(self.delay);
    }

    /// How long to wait for the next. Says whether datagrams have been awaited, as it seems.
    fn learn(&mut self, Share { messages, bytes, .. }: Share) -> bool {
        let times = (DATAGRAMS / messages as f64).min(BYTES / bytes as f64).min(2.);
        self.delay = self.delay.mul_f64(times).min(LONGEST);
        self.count += 1;
        self.rate.datagrams += messages;
        self.count == TRIAL && self.rate.per_second(Instant::now()) < self.before * FEWER
    }

    fn are_worth_while(&self) -> bool {
        self.delay >= SHORTEST && self.count < TURNS
    }
}

/// `HELIOGRAM_MODERATION=0` turns it off for the whole process.
pub(crate) fn is_permitted() -> bool {
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    *PERMITTED.get_or_init(|| std::env::var_os("HELIOGRAM_MODERATION").is_none_or(|value| value != "0"))
}
