//! How long this thread has run, `CLOCK_THREAD_CPUTIME_ID`: a clock that does not count the time of other threads and processes.

use std::time::Duration;

/// Nothing where the system does not say.
#[cfg(unix)]
pub(crate) fn of_this_thread() -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is a live local, which the kernel writes.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    (status == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(unix))]
pub(crate) fn of_this_thread() -> Option<Duration> {
    None
}
