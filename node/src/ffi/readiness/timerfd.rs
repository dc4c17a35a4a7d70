//! A clock that a loop can watch: `timerfd_create(2)`. Loops count in milliseconds, which is long for a socket.

#[cfg(target_os = "linux")]
mod system {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
    use std::time::Duration;

    use heliogram::BorrowedDescriptor;

    use crate::ffi::readiness::interest::Watchable;

    pub(crate) struct Timer(OwnedFd);

    impl Timer {
        pub(crate) fn new() -> io::Result<Self> {
            // SAFETY: a system call without pointers, which gives a new descriptor or -1.
            match unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC | libc::TFD_NONBLOCK) } {
                -1 => Err(io::Error::last_os_error()),
                // SAFETY: the system call has just made it, and nothing else owns it.
                new => Ok(Timer(unsafe { OwnedFd::from_raw_fd(new) })),
            }
        }

        /// Becomes readable once so much time has passed, and not before, whatever it was; with no time, never.
        /// Says whether the system has done so.
        pub(crate) fn set(&self, delay: Duration) -> bool {
            let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            let once = libc::timespec {
                tv_sec: delay.as_secs() as _, // the type differs among C libraries
                tv_nsec: delay.subsec_nanos() as libc::c_long,
            };
            let times = libc::itimerspec { it_interval: never, it_value: once };
            // SAFETY: the times are live locals, which the kernel copies; the old ones are not asked for.
            unsafe { libc::timerfd_settime(self.0.as_raw_fd(), 0, &times, std::ptr::null_mut()) == 0 }
        }
    }

    impl Watchable for Timer {
        fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
            Some(self.0.as_fd())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::convert::Infallible;
    use std::io;
    use std::time::Duration;

    use heliogram::BorrowedDescriptor;

    use crate::ffi::readiness::interest::Watchable;

    /// There is none.
    pub(crate) struct Timer(Infallible);

    impl Timer {
        pub(crate) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn set(&self, _: Duration) -> bool {
            match self.0 {}
        }
    }

    impl Watchable for Timer {
        fn watchable_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
            match self.0 {}
        }
    }
}

pub(crate) use system::Timer;
