//! Network interfaces: their indices, by zone and by name.
//!
//! Sources: "ConvertInterfaceAliasToLuid function", "ConvertInterfaceLuidToIndex function", "if_nametoindex function".

use std::ffi::CString;
use std::io;

use windows_sys::Win32::NetworkManagement::IpHelper;
use windows_sys::Win32::NetworkManagement::Ndis::NET_LUID_LH;

use crate::sys::errno;

/// An interface's zone is its index in digits on Windows; 0 for anything else.
pub(crate) fn interface_index(zone: &str) -> u32 {
    zone.parse().unwrap_or(0)
}

/// No names: the index itself is the zone.
pub(crate) fn interface_name(_index: u32) -> Option<String> {
    None
}

/// The index of the interface that people call so (`Ethernet`), or that the system calls so (`ethernet_32769`); 0 if there is none.
pub(crate) fn interface_by_name(name: &str) -> u32 {
    match by_alias(name) {
        0 => by_system_name(name),
        index => index,
    }
}

fn by_alias(name: &str) -> u32 {
    if name.contains('\0') {
        return 0;
    }
    let wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let mut luid = NET_LUID_LH { Value: 0 };
    // SAFETY: the text ends with a zero and lives until the call has ended; luid is a live local that the system writes.
    if unsafe { IpHelper::ConvertInterfaceAliasToLuid(wide.as_ptr(), &raw mut luid) } != 0 {
        return 0;
    }
    let mut index = 0;
    // SAFETY: both are live locals; the system reads the first and writes the second.
    match unsafe { IpHelper::ConvertInterfaceLuidToIndex(&raw const luid, &raw mut index) } {
        0 => index,
        _ => 0,
    }
}

fn by_system_name(name: &str) -> u32 {
    let Ok(name) = CString::new(name) else { return 0 };
    // SAFETY: the text ends with a zero and lives until the call has ended.
    unsafe { IpHelper::if_nametoindex(name.as_ptr().cast()) }
}

/// The interfaces that can multicast: who they are is not known here.
pub(crate) fn multicast_interfaces() -> io::Result<Vec<u32>> {
    Err(errno::unsupported())
}
