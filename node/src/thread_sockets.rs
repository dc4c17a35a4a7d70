//! The sockets of one environment (the main thread, a worker), and the two ways between them and JavaScript: batches of
//! received messages and batches of gathered sends, one call each.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use heliogram::{BorrowedDescriptor, RecvBatch, SocketOptions};
use napi::sys;

use crate::ffi::{Channel, Host, Life, Loop, Page, Parts, Poll, Ready, Watched, Watcher, Work};
use crate::policy::turn::Turn;
use crate::receive::rows::{Extras, Received, Seen};
use crate::send::destinations::Addresses;
use crate::send::rows as send;
use crate::socket::{Endpoint, Ways};
#[cfg(unix)]
use crate::unix_datagram::Locals;

/// How many messages one receive takes from the kernel. Past eight a larger batch wins little, and half of Node's
/// bound leaves a flooded socket two batches a turn.
const SLOTS: usize = 16;

/// The bytes of a page: what one message that is kept keeps. Two trains of the greatest length fit.
const PAGE: usize = 131_072;

/// The longest train.
const TRAIN: usize = 65_536;

/// What a socket's turn has brought.
#[derive(Default)]
struct Share {
    messages: usize,
    /// Whether there may be more.
    left: bool,
}

/// What all sockets of one environment share.
pub(crate) struct Environment {
    env: sys::napi_env,
    loop_of: Loop,
    life: Rc<Life>,
    watcher: Rc<EnvironmentWatcher>,
    channel: Rc<Channel>,
    endpoints: RefCell<Vec<Option<Rc<Endpoint>>>>,
    /// The numbers below the length of `endpoints` that no socket has.
    free: RefCell<Vec<u32>>,
    lost: RefCell<Vec<u32>>,
    pub(crate) destinations: RefCell<Addresses>,
    /// Rooms for a receive that are not in use, one for one message and one for many.
    spares: [Cell<Option<Box<RecvBatch>>>; 2],
    /// Where messages that may share memory go next.
    page: RefCell<Option<Rc<Page>>>,
    seen: RefCell<Seen>,
    #[cfg(unix)]
    pub(crate) locals: Locals,
    delivering: Cell<bool>,
    tokens: Cell<u32>,
}

impl Environment {
    pub(crate) fn new(env: sys::napi_env, host: Host, parts: &Parts) -> napi::Result<Rc<Self>> {
        let channel = Rc::new(Channel::new(env, host, parts)?);
        let turn_over = channel.clone();
        let loop_of = Loop::of(env, host, Rc::new(move |is_needed| turn_over.turn_over(is_needed)))?;
        let life = Life::of(env, host)?;
        let environment = Rc::new_cyclic(|itself| Environment {
            env,
            loop_of,
            watcher: Rc::new(EnvironmentWatcher { environment: itself.clone(), life: life.clone() }),
            life,
            channel,
            endpoints: RefCell::default(),
            free: RefCell::default(),
            lost: RefCell::default(),
            destinations: RefCell::default(),
            spares: Default::default(),
            page: RefCell::default(),
            seen: RefCell::default(),
            #[cfg(unix)]
            locals: Locals::default(),
            delivering: Cell::new(false),
            tokens: Cell::new(0),
        });
        let (flusher, closer) = (environment.clone(), environment.clone());
        let flush = Rc::new(move || flusher.flush(&[]));
        let close = Box::new(move || closer.end(host));
        environment.life.at_end(Work { flush, close });
        Ok(environment)
    }

    /// Lets go of the loop; and of the sockets, where nobody collects what JavaScript had of them.
    fn end(&self, host: Host) {
        self.endpoints.borrow().iter().flatten().for_each(|endpoint| endpoint.unwatch());
        #[cfg(unix)]
        self.locals.clear();
        self.loop_of.end();
        if host == Host::Deno {
            self.endpoints.borrow_mut().clear();
        }
    }

    /// Makes a socket, known by a number that is free.
    pub(crate) fn open(self: &Rc<Self>, options: &SocketOptions, ways: Ways) -> heliogram::Result<u32> {
        let mut endpoints = self.endpoints.borrow_mut();
        let free = self.free.borrow_mut().pop();
        let number = free.unwrap_or(endpoints.len() as u32);
        let endpoint = Some(Rc::new(Endpoint::new(number, self, options, ways)?));
        match endpoints.get_mut(number as usize) {
            Some(entry) => *entry = endpoint,
            None => endpoints.push(endpoint),
        }
        Ok(number)
    }

    /// Closes a socket, whose number is free from now on; how many sends will never leave. They are told by
    /// [`lost`](Self::lost).
    pub(crate) fn close(&self, number: u32) -> i32 {
        let endpoint = self.endpoints.borrow_mut().get_mut(number as usize).and_then(Option::take);
        let Some(endpoint) = endpoint else { return 0 };
        self.free.borrow_mut().push(number);
        let lost = endpoint.close();
        // Whoever is in the middle of something with it must not meet a stranger's file under its descriptor, which stays
        // taken until they let go. With nobody there it goes at once, and for one system call instead of two.
        if Rc::strong_count(&endpoint) > 1 {
            // close(2) has freed the descriptor whatever it says, and a second close has nothing left to free.
            drop(endpoint.socket.close());
        }
        let count = lost.len() as i32;
        self.lost.borrow_mut().extend(lost);
        count
    }

    /// The tokens of the sends that were waiting when their sockets were closed.
    pub(crate) fn lost(&self) -> Vec<u32> {
        self.lost.take()
    }

    pub(crate) fn endpoint(&self, number: u32) -> Option<Rc<Endpoint>> {
        self.endpoints.borrow().get(number as usize).cloned().flatten()
    }

    /// Makes what was thrown an uncaught exception.
    pub(crate) fn raise(&self, thrown: sys::napi_value) {
        self.channel.raise(thrown);
    }

    /// Sends what JavaScript has gathered, with these options where rows name some.
    pub(crate) fn flush(&self, options: &send::Options) {
        send::flush(self, self.channel.sent(), options);
    }

    /// The loop has turned.
    pub(crate) fn turned(&self) {
        self.loop_of.turned();
    }

    /// A number for a send that has to wait.
    pub(crate) fn token(&self) -> u32 {
        self.tokens.replace(self.tokens.get().wrapping_add(1))
    }

    /// Watches a descriptor for one of the sockets, for nothing yet.
    pub(crate) fn watch(&self, descriptor: BorrowedDescriptor<'_>, watched: Watched) -> Result<Poll, i32> {
        let poll = self.loop_of.watch(descriptor, watched, self.watcher.clone())?;
        self.life.handle_opened();
        Ok(poll)
    }

    /// The loop says that a local socket can be read or written. What JavaScript leaves of that nobody knows.
    #[cfg(unix)]
    fn local_ready(&self, number: u32, ready: Ready) -> bool {
        let Some(local) = self.locals.get(number) else { return false };
        self.channel.ready(number, i32::from(ready.readable || ready.failed) | i32::from(ready.writable) << 1);
        local.was_ready(ready);
        false
    }

    /// The loop says that a socket can be read or written. Says whether there is more to be read, as far as is known.
    fn ready(&self, number: u32, ready: Ready) -> bool {
        let Some(endpoint) = self.endpoint(number) else { return false };
        self.channel.flush();
        if ready.writable || ready.failed {
            endpoint.flush_queue().into_iter().for_each(|(token, outcome)| self.channel.settle(token, outcome));
        }
        if ready.failed && endpoint.expects_notices() {
            self.channel.tell_notices(number);
        }
        let held = endpoint.holds();
        let reads = ready.readable || ready.failed || held;
        let share = if reads { self.receive(&endpoint) } else { Share::default() };
        if ready.readable && share.messages > 0 && !share.left {
            endpoint.coalesce();
        }
        if ready.failed {
            endpoint.watch_anew();
        } else if ready.writable && !held || endpoint.holds() {
            // While trains come, a turn that leaves nothing is followed by one that does: the watch stays for one more.
            endpoint.rewatch();
        }
        share.left
    }

    /// A socket whose datagrams wait for each other has its turn.
    fn timer_ready(&self, number: u32) {
        let Some(endpoint) = self.endpoint(number).filter(|endpoint| endpoint.is_coalescing()) else { return };
        if self.delivering.get() {
            return endpoint.coalesce(); // a loop that is run inside a listener
        }
        self.channel.flush();
        match self.receive(&endpoint) {
            Share { messages: 1.., left: false } => endpoint.coalesce(),
            _ => endpoint.stop_coalescing(),
        }
    }

    /// Hands the listeners a turn's share: what is left of the last one first, then what there is; says whether there may
    /// be more. A loop that is run inside a listener must not take anything away from under it: what it leaves is still
    /// readable afterwards.
    fn receive(&self, endpoint: &Endpoint) -> Share {
        if self.delivering.replace(true) {
            return Share::default();
        }
        let mut turn = Turn::begin(endpoint.takes_whole());
        let left = loop {
            let Some(portion) = turn.portion().filter(|_| endpoint.is_receiving() && !self.life.is_ending()) else {
                break true;
            };
            let Some((received, more)) = self.next(endpoint) else { break false };
            turn.delivered(self.hand_over(endpoint, received, portion));
            if !more && !endpoint.holds() {
                break false;
            }
        };
        self.delivering.set(false);
        Share { messages: turn.messages(), left: left && endpoint.is_receiving() }
    }

    /// What is to be delivered next, and whether there may be more after it.
    fn next(&self, endpoint: &Endpoint) -> Option<(Received, bool)> {
        if let Some(held) = endpoint.unhold() {
            return Some((held, true));
        }
        if endpoint.has_trains()
            && let Some(page) = self.page_for(endpoint, TRAIN)
        {
            return self.receive_train(endpoint, page);
        }
        let wide = endpoint.reads_many();
        let mut batch = self.room(wide);
        match endpoint.socket.try_recv_batch(&mut batch) {
            Ok(_) => {
                let more = batch.is_full();
                endpoint.learn(&batch);
                Some((Received::from(Ok(batch)), more))
            }
            Err(error) => {
                self.spares[usize::from(wide)].set(Some(batch));
                (!error.is_would_block()).then(|| (Received::from(Err(error)), false))
            }
        }
    }

    /// One message of the kernel, straight into the page.
    fn receive_train(&self, endpoint: &Endpoint, page: Rc<Page>) -> Option<(Received, bool)> {
        let (outcome, start) = page.write(|free, start| (endpoint.socket.try_recv_gro(free), start));
        match outcome {
            Ok(info) => {
                page.hand_out(info.size);
                endpoint.learn_train(&info);
                Some((Received::Train { page, start, info: Box::new(info), done: 0 }, true))
            }
            Err(error) => (!error.is_would_block()).then(|| (Received::from(Err(error)), false)),
        }
    }

    /// The page for a socket whose messages may share memory, with room for so many bytes.
    fn page_for(&self, endpoint: &Endpoint, bytes: usize) -> Option<Rc<Page>> {
        if !endpoint.pools() {
            return None;
        }
        let mut page = self.page.borrow_mut();
        if !page.as_ref().is_some_and(|page| page.has_room(bytes)) {
            *page = Page::new(self.env, &self.life, PAGE);
        }
        page.clone()
    }

    /// Room for one receive: one that is not in use, or a new one.
    fn room(&self, wide: bool) -> Box<RecvBatch> {
        let spare = self.spares[usize::from(wide)].take();
        spare.unwrap_or_else(|| Box::new(RecvBatch::for_gro(if wide { SLOTS } else { 1 })))
    }

    /// Describes at most so many messages to JavaScript; says how many.
    fn pack(&self, endpoint: &Endpoint, received: &Received, page: Option<&Page>, most: usize) -> usize {
        let mut seen = self.seen.borrow_mut();
        let extras = Extras { seen: &mut seen, tells: endpoint.tells() };
        received.pack(self.channel.received(), page, most, extras)
    }

    /// Delivers at most so many messages; says how many it tried. The socket keeps what is left, unless it is closed.
    fn hand_over(&self, endpoint: &Endpoint, mut received: Received, most: usize) -> usize {
        let page = match &received {
            Received::Train { page, .. } => Some(page.clone()),
            _ => self.page_for(endpoint, received.next_length()),
        };
        let count = self.pack(endpoint, &received, page.as_deref(), most);
        // Behind a batch that listeners take whole, ticks run whatever it threw.
        let again = |delivered| endpoint.takes_whole() || delivered < count && endpoint.is_receiving();
        let delivered = self.channel.deliver(endpoint.number, count, page.as_deref(), again);
        if delivered < count {
            self.seen.borrow_mut().forget();
        }
        if received.advance(delivered) {
            endpoint.hold(received);
        } else if let Received::Messages { batch, .. } = received {
            self.spares[usize::from(batch.slots() > 1)].set(Some(batch));
        }
        count
    }
}

/// Hears for an environment, whose end the loop's last words outlive.
struct EnvironmentWatcher {
    environment: Weak<Environment>,
    life: Rc<Life>,
}

impl Watcher for EnvironmentWatcher {
    fn ready(&self, watched: Watched, ready: Ready) -> bool {
        let environment = self.environment.upgrade().filter(|environment| !environment.life.is_ending());
        environment.is_some_and(|environment| match watched {
            Watched::Endpoint(number) => environment.ready(number, ready),
            Watched::Timer(number) => {
                environment.timer_ready(number);
                false
            }
            #[cfg(unix)]
            Watched::Local(number) => environment.local_ready(number, ready),
        })
    }

    fn closed(&self) {
        self.life.handle_closed();
    }
}
