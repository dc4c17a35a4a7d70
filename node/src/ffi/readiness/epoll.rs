//! Waits for descriptors in a thread of the addon. A descriptor is armed for one event at a time, and then reported no more
//! until it is armed again: a flood wakes the thread once for each batch, and not once for each datagram.
//!
//! | item | contract |
//! | --- | --- |
//! | `Poller::new` | nothing is watched |
//! | `add`, `remove` | a descriptor under a key; `EEXIST` if it is watched already |
//! | `arm` | from any thread: one event of these kinds, at once if there is one already |
//! | `wait` | in the poll thread: blocks until something is ready, and appends it, or for so long |
//! | `look` | from any thread: what is ready now of what is armed, and of these that are not; nothing where two threads cannot wait |
//! | `wake` | from any thread: ends the wait under way, or the next one |
//!
//! Linux has `epoll(7)` itself, other systems the `polling` crate (`kqueue(2)`, IOCP), whose wait costs three calls more.

use super::interest::{Interest, Ready};

/// What is ready, by the key of the descriptor.
pub(super) type Event = (usize, Ready);

/// Which key stands for [`Poller::wake`].
#[cfg(target_os = "linux")]
const WAKE: usize = usize::MAX;

#[cfg(target_os = "linux")]
mod system {
    use std::io;
    use std::iter::once;
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
    use std::time::Duration;

    use heliogram::BorrowedDescriptor;

    use super::{Event, Interest, Ready, WAKE};

    /// How many events one wait brings; more are brought by the next.
    const ROOM: usize = 64;

    pub(crate) struct Poller {
        epoll: OwnedFd,
        waker: OwnedFd,
    }

    impl Poller {
        pub(crate) fn new() -> io::Result<Self> {
            // SAFETY: two system calls without pointers, each of which gives a new descriptor or -1.
            let (epoll, waker) = unsafe {
                (owned(libc::epoll_create1(libc::EPOLL_CLOEXEC))?, owned(libc::eventfd(0, libc::EFD_CLOEXEC))?)
            };
            let poller = Poller { epoll, waker };
            // By edge: each call of `wake` is one event, and what it wrote need not be read.
            let edge = (libc::EPOLLIN | libc::EPOLLET) as u32;
            poller.control(libc::EPOLL_CTL_ADD, poller.waker.as_raw_fd(), WAKE, edge)?;
            Ok(poller)
        }

        pub(crate) fn add(&self, descriptor: BorrowedDescriptor<'_>, key: usize) -> io::Result<()> {
            self.control(libc::EPOLL_CTL_ADD, descriptor.as_raw_fd(), key, libc::EPOLLONESHOT as u32)
        }

        pub(crate) fn arm(&self, descriptor: BorrowedDescriptor<'_>, key: usize, interest: Interest) -> io::Result<()> {
            let kinds = (kinds(interest) | libc::EPOLLONESHOT) as u32;
            self.control(libc::EPOLL_CTL_MOD, descriptor.as_raw_fd(), key, kinds)
        }

        pub(crate) fn remove(&self, descriptor: BorrowedDescriptor<'_>) -> io::Result<()> {
            self.control(libc::EPOLL_CTL_DEL, descriptor.as_raw_fd(), 0, 0)
        }

        pub(crate) fn wait(&self, ready: &mut Vec<Event>, limit: Option<Duration>) -> io::Result<()> {
            self.events(ready, limit.map_or(-1, |limit| limit.as_millis() as i32)).map(drop)
        }

        pub(crate) fn look(
            &self,
            of: &[(Option<BorrowedDescriptor<'_>>, Interest)],
        ) -> (Vec<Event>, Vec<Option<Ready>>) {
            let readable = Interest { readable: true, ..Interest::NONE };
            let asked = once((Some(self.epoll.as_fd()), readable)).chain(of.iter().copied()).map(entry);
            let mut asked: Vec<_> = asked.collect();
            // SAFETY: the entries are as many as is said, and live until the call returns. One that fails leaves the
            // answers empty, which is no worse than not to have asked.
            unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, 0) };
            let mut answers = asked.iter().map(|of| (of.revents != 0).then(|| ready(of.revents.into())));
            let events = if answers.next().flatten().is_some() { self.take_events() } else { Vec::new() };
            (events, answers.collect())
        }

        fn take_events(&self) -> Vec<Event> {
            let mut ready = Vec::new();
            // A look that fails has found nothing, and the poll thread will. What was meant to wake that still shall.
            if let Ok(true) = self.events(&mut ready, 0) {
                drop(self.wake());
            }
            ready
        }

        /// Says whether a wake-up was among the events.
        fn events(&self, ready: &mut Vec<Event>, limit: i32) -> io::Result<bool> {
            let mut events = [libc::epoll_event { events: 0, u64: 0 }; ROOM];
            // SAFETY: the array has room for as many events as are asked for, and lives until the call returns.
            let count = unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), ROOM as i32, limit) };
            let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
            let of_descriptors = events[..count].iter().filter(|event| event.u64 != WAKE as u64);
            let before = ready.len();
            ready.extend(of_descriptors.map(|event| (event.u64 as usize, self::ready(event.events.cast_signed()))));
            Ok(ready.len() - before < count)
        }

        pub(crate) fn wake(&self) -> io::Result<()> {
            let one = 1_u64.to_ne_bytes();
            // SAFETY: writes eight bytes of a live local, as eventfd(2) wants it.
            match unsafe { libc::write(self.waker.as_raw_fd(), one.as_ptr().cast(), one.len()) } {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        }

        fn control(&self, operation: i32, descriptor: i32, key: usize, events: u32) -> io::Result<()> {
            let mut event = libc::epoll_event { events, u64: key as u64 };
            // SAFETY: the event is a live local, which the kernel copies; a descriptor that is not open is answered EBADF.
            match unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, descriptor, &mut event) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }

    /// What poll(2) is asked. It ignores a negative number, which stands for a descriptor that nothing is wanted of.
    fn entry((of, interest): (Option<BorrowedDescriptor<'_>>, Interest)) -> libc::pollfd {
        let events = kinds(interest) as libc::c_short;
        let fd = of.filter(|_| events != 0).map_or(-1, |of| of.as_raw_fd());
        libc::pollfd { fd, events, revents: 0 }
    }

    /// Errors are reported unasked.
    fn kinds(Interest { readable, writable, .. }: Interest) -> i32 {
        let (read, write) = (if readable { libc::EPOLLIN } else { 0 }, if writable { libc::EPOLLOUT } else { 0 });
        read | write
    }

    /// The bits of `epoll(7)` are those of `poll(2)`.
    fn ready(events: i32) -> Ready {
        let has = |kind| events & kind != 0;
        Ready { readable: has(libc::EPOLLIN), writable: has(libc::EPOLLOUT), failed: has(libc::EPOLLERR) }
    }

    fn owned(descriptor: i32) -> io::Result<OwnedFd> {
        match descriptor {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: a system call has just made it, and nothing else owns it.
            new => Ok(unsafe { OwnedFd::from_raw_fd(new) }),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;
    use std::time::Duration;

    use heliogram::BorrowedDescriptor;

    use super::{Event, Interest, Ready};

    pub(crate) struct Poller(polling::Poller);

    impl Poller {
        pub(crate) fn new() -> io::Result<Self> {
            polling::Poller::new().map(Poller)
        }

        pub(crate) fn add(&self, descriptor: BorrowedDescriptor<'_>, key: usize) -> io::Result<()> {
            // SAFETY: a watch owns what has the descriptor, and removes it when it is dropped.
            unsafe { self.0.add(&descriptor, polling::Event::none(key)) }
        }

        pub(crate) fn arm(&self, descriptor: BorrowedDescriptor<'_>, key: usize, interest: Interest) -> io::Result<()> {
            self.0.modify(descriptor, polling::Event::new(key, interest.readable, interest.writable))
        }

        pub(crate) fn remove(&self, descriptor: BorrowedDescriptor<'_>) -> io::Result<()> {
            self.0.delete(descriptor)
        }

        pub(crate) fn wait(&self, ready: &mut Vec<Event>, limit: Option<Duration>) -> io::Result<()> {
            let mut events = polling::Events::new();
            self.0.wait(&mut events, limit)?;
            let kinds = |event: polling::Event| Ready {
                readable: event.readable,
                writable: event.writable,
                failed: event.is_err().unwrap_or(false),
            };
            ready.extend(events.iter().map(|event| (event.key, kinds(event))));
            Ok(())
        }

        /// Nothing, as if none were ready: two threads cannot wait at once. They are then armed, and reported.
        pub(crate) fn look(
            &self,
            of: &[(Option<BorrowedDescriptor<'_>>, Interest)],
        ) -> (Vec<Event>, Vec<Option<Ready>>) {
            (Vec::new(), vec![None; of.len()])
        }

        pub(crate) fn wake(&self) -> io::Result<()> {
            self.0.notify()
        }
    }
}

pub(super) use system::Poller;
