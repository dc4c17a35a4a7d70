//! Host names are looked up on threads of their own, so that the loop turns meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::{Error, Result};
use crate::sys;
use crate::types::family::SocketType;

/// The most names that are looked up at once; as many as Node's thread pool has threads.
const THREADS: usize = 4;

/// Finds an address of the family for a host name. The port of what it finds does not matter.
pub(super) type Lookup = dyn Fn(&str, SocketType) -> io::Result<SocketAddr> + Send + Sync;

/// What is done with an answer, on the loop's thread.
pub(super) type Answered = Box<dyn FnOnce(Result<SocketAddr>)>;

/// The look-ups of one loop.
pub(super) struct Lookups {
    lookup: RefCell<Arc<Lookup>>,
    pool: Arc<Pool>,
    answers: Receiver<Answer>,
    answered: RefCell<HashMap<u64, Answered>>,
    last_id: Cell<u64>,
}

struct Answer {
    id: u64,
    found: Result<SocketAddr>,
}

/// What the threads share. A thread lives for as long as there are names that wait.
struct Pool {
    requests: Mutex<Requests>,
    answers: Sender<Answer>,
    poller: sys::Poller,
}

#[derive(Default)]
struct Requests {
    queue: VecDeque<Request>,
    threads: usize,
}

struct Request {
    id: u64,
    host: Box<str>,
    port: u16,
    family: SocketType,
    lookup: Arc<Lookup>,
}

impl Lookups {
    pub(super) fn new(poller: sys::Poller) -> Self {
        let (sender, answers) = channel();
        let pool = Pool { requests: Mutex::default(), answers: sender, poller };
        Lookups {
            lookup: RefCell::new(Arc::new(system)),
            pool: Arc::new(pool),
            answers,
            answered: RefCell::default(),
            last_id: Cell::new(0),
        }
    }

    pub(super) fn set(&self, lookup: Arc<Lookup>) {
        self.lookup.replace(lookup);
    }

    /// Looks a name up; `answered` is called by a later [`take_answers`](Self::take_answers).
    pub(super) fn begin(&self, host: Box<str>, port: u16, family: SocketType, answered: Answered) {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        self.answered.borrow_mut().insert(id, answered);
        let lookup = Arc::clone(&self.lookup.borrow());
        self.pool.add(Request { id, host, port, family, lookup });
    }

    /// Whether a name is being looked up.
    pub(super) fn is_pending(&self) -> bool {
        !self.answered.borrow().is_empty()
    }

    /// The next answer that has come, with what is to be done with it.
    pub(super) fn next_answer(&self) -> Option<(Answered, Result<SocketAddr>)> {
        if !self.is_pending() {
            return None;
        }
        let answer = self.answers.try_recv().ok()?;
        let answered = self.answered.borrow_mut().remove(&answer.id)?;
        Some((answered, answer.found))
    }

    /// Forgets whatever is under way.
    pub(super) fn clear(&self) {
        let pending = self.answered.take();
        drop(pending);
    }
}

impl Pool {
    fn add(self: &Arc<Self>, request: Request) {
        let mut requests = self.requests();
        requests.queue.push_back(request);
        if requests.threads == THREADS {
            return;
        }
        let pool = Arc::clone(self);
        match thread::Builder::new().name("heliogram look-up".into()).spawn(move || pool.work()) {
            Ok(_) => requests.threads += 1,
            Err(error) if requests.threads == 0 => self.give_up(requests, &error),
            // The threads that run take it later.
            Err(_) => {}
        }
    }

    /// No thread can be started: every request that waits fails with the reason.
    fn give_up(&self, mut requests: MutexGuard<'_, Requests>, error: &io::Error) {
        for request in std::mem::take(&mut requests.queue) {
            self.answer(request.id, Err(Error::system("getaddrinfo", error)));
        }
    }

    fn work(&self) {
        while let Some(request) = self.next() {
            self.answer(request.id, request.look_up());
        }
    }

    fn next(&self) -> Option<Request> {
        let mut requests = self.requests();
        let request = requests.queue.pop_front();
        if request.is_none() {
            requests.threads -= 1;
        }
        request
    }

    fn answer(&self, id: u64, found: Result<SocketAddr>) {
        // These fail only when the loop has been dropped, and nobody waits for the answer.
        let _ = self.answers.send(Answer { id, found });
        let _ = self.poller.wake();
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    fn look_up(&self) -> Result<SocketAddr> {
        // A look-up of the program's own may panic; whoever waits for it must not wait for ever.
        let found = catch_unwind(AssertUnwindSafe(|| (self.lookup)(&self.host, self.family)))
            .unwrap_or_else(|_| Err(io::Error::other("the look-up panicked")));
        let mut address = found.map_err(|error| Error::failed_lookup(&self.host, &error))?;
        address.set_port(self.port);
        Ok(address)
    }
}

/// Asks the system: `getaddrinfo(3)`.
fn system(host: &str, family: SocketType) -> io::Result<SocketAddr> {
    let mut addresses = (host, 0).to_socket_addrs()?;
    addresses.find(|address| family.matches(address.ip())).ok_or_else(|| io::ErrorKind::NotFound.into())
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").field("pending", &self.answered.borrow().len()).finish()
    }
}
