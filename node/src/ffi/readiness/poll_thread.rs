//! The poll thread of an environment whose runtime has no loop for us (Deno, Bun). It waits for descriptors and wakes the
//! JavaScript thread through a threadsafe function, once for all that is ready by then; reading is left to the JavaScript
//! thread. It lives as long as something is watched, and a little longer: a program that opens a socket for each question
//! has its next one soon.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heliogram::BorrowedDescriptor;

use super::epoll::{Event, Poller};
use super::interest::{Context, Interest, TurnOver, Watchable, Watched};
use super::threadsafe_function::{Wake, Waker};
use crate::ffi::environment::{Environment, guarded};
use crate::ffi::errno;

/// The stack of the thread, in bytes.
const STACK: usize = 256 * 1024;

/// How long wake-ups may follow each other without a turn of the runtime's loop. Bun runs all that other threads ask of
/// it before it looks at its timers, and what has been armed again is ready again at once in a flood.
const LONGEST_RUN: Duration = Duration::from_millis(1);

/// How long the thread waits for another descriptor when it has none left.
const LINGER: Duration = Duration::from_millis(100);

/// What both threads have.
struct Signal {
    poller: Poller,
    ready: Mutex<Vec<Event>>,
    /// The thread wakes JavaScript when nothing has happened for [`LINGER`].
    lingering: AtomicBool,
    ending: AtomicBool,
    /// The thread has ended by itself.
    has_failed: AtomicBool,
}

impl Signal {
    /// The poll thread. When it ends by itself, the JavaScript thread is called once more.
    fn run(&self, waker: &Waker) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.announce_events(waker)));
        if !matches!(outcome, Ok(Ok(()))) {
            self.has_failed.store(true, Ordering::Release);
            waker.call();
        }
    }

    /// Until it is to end. What is ready and has not been taken yet has been announced already.
    fn announce_events(&self, waker: &Waker) -> io::Result<()> {
        let mut events = Vec::new();
        while !self.ending.load(Ordering::Acquire) {
            let lingering = self.lingering.load(Ordering::Acquire);
            let began = Instant::now();
            match self.poller.wait(&mut events, lingering.then_some(LINGER)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error), // the program has closed a descriptor that is not its own
            }
            let lingered = lingering && events.is_empty() && began.elapsed() >= LINGER;
            if lingered {
                self.lingering.store(false, Ordering::Release);
            }
            if lingered || !events.is_empty() && self.announce(&mut events) {
                waker.call();
            }
        }
        Ok(())
    }

    /// Asks the thread to wake JavaScript when nothing more has happened for a while.
    fn linger(&self) {
        if !self.lingering.swap(true, Ordering::AcqRel) {
            // A wake-up that is not counted because there are too many has still been one.
            drop(self.poller.wake());
        }
    }

    /// Adds to what has not been taken yet; whether that was empty.
    fn announce(&self, events: &mut Vec<Event>) -> bool {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let first = ready.is_empty();
        ready.append(events);
        first
    }

    fn take(&self) -> Vec<Event> {
        take(&mut self.ready.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What watches the descriptors of one environment: a thread, while there are any.
pub(crate) struct Loop {
    environment: Rc<Environment>,
    thread: Rc<Current>,
    turn_over: TurnOver,
}

/// The thread, if there is one now, and those that have failed and still have watches.
#[derive(Default)]
struct Current {
    thread: RefCell<Option<Rc<Thread>>>,
    failed: RefCell<Vec<Rc<Thread>>>,
}

impl Current {
    fn get(&self) -> Option<Rc<Thread>> {
        self.thread.borrow().clone()
    }

    /// Its thread has failed: the next watch starts another, and the watches of this one are renewed when the thread has called.
    fn fail(&self) {
        if let Some(thread) = self.thread.take() {
            thread.wake.waker().call();
            self.failed.borrow_mut().push(thread);
        }
    }

    /// The thread has called.
    fn called(&self) {
        if let Some(thread) = self.get() {
            thread.dispatch();
            if thread.signal.has_failed.load(Ordering::Acquire) {
                self.fail();
            } else if thread.watches.borrow().is_empty() && !thread.signal.lingering.load(Ordering::Acquire) {
                self.thread.take();
            }
        }
        let failed = self.failed.take();
        failed.iter().for_each(|thread| thread.lose_all());
    }
}

impl Loop {
    /// `turn_over` is asked to call [`turned`](Self::turned) when the runtime's loop has turned.
    pub(crate) fn of(environment: &Rc<Environment>, turn_over: TurnOver) -> Self {
        Loop { environment: environment.clone(), thread: Rc::default(), turn_over }
    }

    /// The runtime's loop has turned.
    pub(crate) fn turned(&self) {
        self.thread.get().iter().for_each(|thread| thread.turned());
    }

    /// Nothing is watched any more, nor will be.
    pub(crate) fn end(&self) {
        self.thread.thread.take();
    }

    /// Adds a descriptor to the thread, under a new key. If the program has closed the poller's
    /// descriptor, or put another file in its place, another thread takes over.
    fn add(&self, descriptor: BorrowedDescriptor<'_>) -> io::Result<(Rc<Thread>, usize)> {
        match self.thread()?.add(descriptor) {
            Err(error) if [errno::EBADF, errno::EINVAL].contains(&errno::of(&error)) => {
                self.thread.fail();
                self.thread()?.add(descriptor)
            }
            added => added,
        }
    }

    fn thread(&self) -> io::Result<Rc<Thread>> {
        if let Some(thread) = self.thread.get() {
            return Ok(thread);
        }
        let thread = Thread::start(&self.environment, Rc::downgrade(&self.thread), self.turn_over.clone())?;
        self.thread.thread.replace(Some(thread.clone()));
        Ok(thread)
    }
}

/// The thread as the JavaScript thread sees it.
struct Thread {
    signal: Arc<Signal>,
    wake: Wake,
    running: Cell<Option<JoinHandle<()>>>,
    watches: RefCell<HashMap<usize, Rc<Watch>>>,
    next: Cell<usize>,
    /// How many watches the program must go on for.
    needed: Cell<usize>,
    turn_over: TurnOver,
    /// What is looked after when the loop has turned.
    postponed: RefCell<Vec<usize>>,
    /// Whether `turned` is going to be called.
    asked: Cell<bool>,
    /// When the present run of wake-ups began, and when its last one ended.
    run: Cell<(Instant, Instant)>,
}

impl Thread {
    fn start(environment: &Rc<Environment>, current: Weak<Current>, turn_over: TurnOver) -> io::Result<Rc<Self>> {
        let woken = move || current.upgrade().iter().for_each(|current| current.called());
        let thread = Thread {
            signal: Arc::new(Signal {
                poller: Poller::new()?,
                ready: Mutex::default(),
                lingering: AtomicBool::default(),
                ending: AtomicBool::default(),
                has_failed: AtomicBool::default(),
            }),
            wake: Wake::new(environment, woken).map_err(io::Error::other)?,
            running: Cell::default(),
            watches: RefCell::default(),
            next: Cell::new(0),
            needed: Cell::new(0),
            turn_over,
            postponed: RefCell::default(),
            asked: Cell::default(),
            run: Cell::new((Instant::now(), Instant::now())),
        };
        let (signal, waker) = (thread.signal.clone(), thread.wake.waker());
        let builder = std::thread::Builder::new().name("heliogram".to_owned()).stack_size(STACK);
        thread.running.set(Some(builder.spawn(move || signal.run(&waker))?));
        Ok(Rc::new(thread))
    }

    fn add(self: &Rc<Self>, descriptor: BorrowedDescriptor<'_>) -> io::Result<(Rc<Self>, usize)> {
        let key = self.next.replace(self.next.get() + 1);
        self.signal.poller.add(descriptor, key)?;
        Ok((self.clone(), key))
    }

    /// Reports what the poll thread has seen.
    fn dispatch(&self) {
        let (began, ended) = self.run.get();
        let began = if ended.elapsed() > LONGEST_RUN { Instant::now() } else { began };
        self.report(self.signal.take(), began);
    }

    /// Reports to the watches. Each is armed again after its report; where something is left, and after a long run of wake-ups,
    /// only when the loop has turned, so that the poll thread need not wake for it.
    fn report(&self, events: Vec<Event>, began: Instant) {
        for (key, ready) in events {
            let watch = self.watches.borrow().get(&key).cloned();
            if let Some(watch) = watch {
                watch.resting.set(true);
                let mut left = false;
                guarded(|| left = watch.context.watcher.ready(watch.watched, ready));
                if left || began.elapsed() > LONGEST_RUN { self.postpone(key) } else { self.rearm(key) }
            }
        }
        self.run.set((began, Instant::now()));
    }

    fn postpone(&self, key: usize) {
        self.postponed.borrow_mut().push(key);
        if !self.asked.replace(true) {
            (self.turn_over)(self.needed.get() > 0);
        }
    }

    /// In a flood each turn of the loop looks itself what is ready, for a limited time, so that every socket has a
    /// share of it. Only when there is nothing is the poll thread waited for again.
    fn turned(&self) {
        let turn = Instant::now();
        self.asked.set(false);
        while turn.elapsed() < LONGEST_RUN {
            let events = self.look();
            if events.is_empty() {
                self.run.set((turn, turn));
                return;
            }
            self.report(events, self.run.get().0);
        }
    }

    /// What is ready, what was postponed at last; the rest of that is armed again.
    fn look(&self) -> Vec<Event> {
        let postponed = take(&mut *self.postponed.borrow_mut());
        let watch = |key| self.watches.borrow().get(&key).map(|watch| (key, watch.clone()));
        let postponed: Vec<_> = postponed.into_iter().filter_map(watch).collect();
        let asked = postponed.iter().map(|(_, watch)| (watch.of.watchable_descriptor(), watch.interest.get()));
        let mut events = self.signal.take();
        let (mut armed, answers) = self.signal.poller.look(&asked.collect::<Vec<_>>());
        events.append(&mut armed);
        for (&(key, _), ready) in postponed.iter().zip(answers) {
            match ready {
                Some(ready) => events.push((key, ready)),
                None => self.rearm(key),
            }
        }
        events
    }

    /// Arms a watch again, unless its report has dropped it.
    fn rearm(&self, key: usize) {
        let watch = self.watches.borrow().get(&key).cloned();
        if let Some(watch) = watch {
            watch.resting.set(false);
            if self.arm(key, &watch).is_err() {
                watch.lose();
            }
        }
    }

    /// The thread has ended by itself.
    fn lose_all(&self) {
        let watches = self.watches.take();
        watches.values().for_each(|watch| watch.lose());
    }

    fn arm(&self, key: usize, watch: &Watch) -> io::Result<()> {
        match watch.interest.get() {
            Interest::NONE => Ok(()),
            interest => {
                let descriptor = watch.of.watchable_descriptor().ok_or_else(not_open)?;
                self.signal.poller.arm(descriptor, key, interest)
            }
        }
    }

    /// The program goes on for the sake of a watch that waits for something and is referenced.
    fn count(&self, watch: &Watch) {
        let needed = watch.referenced.get() && watch.interest.get() != Interest::NONE;
        if watch.needed.replace(needed) == needed {
            return;
        }
        let before = self.needed.get();
        self.needed.set(if needed { before + 1 } else { before - 1 });
        if before == 0 || self.needed.get() == 0 {
            self.wake.keep_alive(needed);
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.signal.ending.store(true, Ordering::Release);
        // A wake-up that is not counted because there are too many has still been one.
        drop(self.signal.poller.wake());
        if let Some(running) = self.running.take() {
            // It has panicked if it is not well, and said so.
            drop(running.join());
        }
    }
}

/// One watched descriptor.
struct Watch {
    of: Rc<dyn Watchable>,
    watched: Watched,
    context: Rc<Context>,
    interest: Cell<Interest>,
    /// It is being reported, or has been postponed: it is armed afterwards.
    resting: Cell<bool>,
    referenced: Cell<bool>,
    needed: Cell<bool>,
}

impl Watch {
    /// The watch has ended by itself.
    fn lose(&self) {
        guarded(|| self.context.watcher.lost(self.watched));
    }
}

/// A descriptor watched by the thread, until this is dropped.
pub(crate) struct Poll {
    thread: Rc<Thread>,
    key: usize,
    watch: Rc<Watch>,
}

impl Poll {
    pub(super) fn new(
        source: &Loop,
        of: Rc<dyn Watchable>,
        watched: Watched,
        context: Rc<Context>,
    ) -> Result<Self, i32> {
        let descriptor = of.watchable_descriptor().ok_or(errno::EBADF)?;
        let (thread, key) = source.add(descriptor).map_err(|error| errno::of(&error))?;
        let watch = Rc::new(Watch {
            of,
            watched,
            context,
            interest: Cell::default(),
            resting: Cell::default(),
            referenced: Cell::new(true),
            needed: Cell::default(),
        });
        thread.watches.borrow_mut().insert(key, watch.clone());
        Ok(Poll { thread, key, watch })
    }

    pub(crate) fn watch(&self, interest: Interest) -> i32 {
        if !self.wait_for(interest) || self.watch.resting.get() {
            return 0;
        }
        let armed = self.thread.arm(self.key, &self.watch);
        armed.map_or_else(
            |error| {
                self.wait_for(Interest::NONE);
                errno::of(&error)
            },
            |()| 0,
        )
    }

    /// Whether that is something else than before.
    fn wait_for(&self, interest: Interest) -> bool {
        let changed = self.watch.interest.replace(interest) != interest;
        self.thread.count(&self.watch);
        changed
    }

    pub(crate) fn keep_alive(&self, on: bool) {
        self.watch.referenced.set(on);
        self.thread.count(&self.watch);
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.wait_for(Interest::NONE);
        let mut watches = self.thread.watches.borrow_mut();
        watches.remove(&self.key);
        if watches.is_empty() {
            self.thread.signal.linger();
        }
        drop(watches);
        if let Some(descriptor) = self.watch.of.watchable_descriptor() {
            // It is being watched since `new`, unless the program has closed what is not its own.
            drop(self.thread.signal.poller.remove(descriptor));
        }
        self.watch.context.environment.handle_closed();
    }
}

fn not_open() -> io::Error {
    io::ErrorKind::NotConnected.into()
}
