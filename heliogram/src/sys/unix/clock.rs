//! Clocks for transmit times.
//!
//! Source: `clock_gettime(2)`.

use std::io;
use std::mem::MaybeUninit;

use super::call::check;
use crate::types::clock::Clock;

/// The time by a clock, in nanoseconds since its zero.
pub(crate) fn now(clock: Clock) -> io::Result<u64> {
    let id = match clock {
        Clock::Monotonic => libc::CLOCK_MONOTONIC,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Clock::Tai => libc::CLOCK_TAI,
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Clock::Tai => return Err(crate::sys::errno::unsupported()),
    };
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the timespec is live memory of the right size.
    check(unsafe { libc::clock_gettime(id, time.as_mut_ptr()) })?;
    // SAFETY: its fields are integers, which were zeros and have been written by the call.
    let time = unsafe { time.assume_init() };
    Ok(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}
