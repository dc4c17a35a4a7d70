//! The interfaces of this host.
//!
//! Sources: `if_nametoindex(3)`, `getifaddrs(3)`.

use std::ffi::{CStr, CString};
use std::io;

use super::call::check;

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
