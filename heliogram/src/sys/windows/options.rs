//! Options by number, and what has none here.

use std::io;
use std::os::windows::io::AsRawSocket;

use windows_sys::Win32::Networking::WinSock;

use super::descriptor::Descriptor;
use crate::sys::errno;
use crate::types::clock::Clock;

/// Whether an option is managed: none can be set here.
pub(crate) const fn is_managed(_level: i32, _name: i32) -> bool {
    false
}

/// The time by a clock.
pub(crate) fn now(_clock: Clock) -> io::Result<u64> {
    Err(errno::unsupported())
}

/// An option whose value is a plain structure or a number.
pub(crate) fn set_option<T>(descriptor: &Descriptor, level: i32, option: i32, value: &T) -> io::Result<()> {
    let (socket, length) = (descriptor.socket(), size_of_val(value) as i32);
    let handle = socket.as_raw_socket() as usize;
    // SAFETY: the value is live memory of that length, which the system only reads; the handle is open while it is locked.
    match unsafe { WinSock::setsockopt(handle, level, option, std::ptr::from_ref(value).cast(), length) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// An option whose value is a C `int`.
pub(crate) fn get_option(descriptor: &Descriptor, level: i32, option: i32) -> io::Result<i32> {
    let (socket, mut value) = (descriptor.socket(), 0_i32);
    let mut length = size_of_val(&value) as i32;
    let (handle, place) = (socket.as_raw_socket() as usize, (&raw mut value).cast());
    // SAFETY: the value is live memory of that length, of which the system writes at most so much; the handle is open while it
    // is locked.
    match unsafe { WinSock::getsockopt(handle, level, option, place, &raw mut length) } {
        0 => Ok(value),
        _ => Err(io::Error::last_os_error()),
    }
}
