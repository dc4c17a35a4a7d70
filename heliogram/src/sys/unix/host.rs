//! The host: its interfaces and clocks.
//!
//! Sources: `if_nametoindex(3)`, `getifaddrs(3)`, `clock_gettime(2)`.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;

use super::call::check;
use crate::types::clock::Clock;

/// The index of the interface with this name, 0 if there is none.
pub(crate) fn interface_index(name: &str) -> u32 {
    let Ok(name) = CString::new(name) else { return 0 };
    // SAFETY: the name is a live C string.
    unsafe { libc::if_nametoindex(name.as_ptr()) }
}

/// The name of the interface with this index.
pub(crate) fn interface_name(index: u32) -> Option<String> {
    let mut name: [libc::c_char; libc::IF_NAMESIZE] = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that if_indextoname writes at most.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: if_indextoname has put a name that ends with a NUL into the buffer.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    name.to_str().ok().map(str::to_owned)
}

/// The indices of the interfaces that are up and can multicast.
pub(crate) fn multicast_interfaces() -> io::Result<Vec<u32>> {
    let mut first: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: the pointer is live, and is set to a list that is ours until it is freed.
    check(unsafe { libc::getifaddrs(&raw mut first) })?;
    let mut found = Vec::new();
    let mut next = first;
    while !next.is_null() {
        // SAFETY: getifaddrs made the list, whose entries are good, and their names C strings, until it is freed below.
        let (flags, name) = unsafe { ((*next).ifa_flags, CStr::from_ptr((*next).ifa_name)) };
        let wanted = (libc::IFF_UP | libc::IFF_MULTICAST) as libc::c_uint;
        // SAFETY: the name is a live C string.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        if flags & wanted == wanted && index != 0 && !found.contains(&index) {
            found.push(index);
        }
        // SAFETY: as above.
        next = unsafe { (*next).ifa_next };
    }
    // SAFETY: the list is getifaddrs' own, and nothing points into it any longer.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

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
