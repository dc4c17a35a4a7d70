//! System calls: their answers, addresses as the kernel has them, and options of a socket.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use socket2::SockAddr;

use crate::types::family::SocketType;

pub(crate) fn set_option<T: Copy>(
    socket: &impl AsRawFd,
    level: libc::c_int,
    option: libc::c_int,
    value: &T,
) -> io::Result<()> {
    let length = size_of_val(value) as libc::socklen_t;
    let value = std::ptr::from_ref(value).cast();
    // SAFETY: the value is a live plain value and its length its size; the descriptor is open while socket lives.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, length) }).map(drop)
}

/// An option whose value is an integer or a structure of integers; what the kernel leaves out of it stays 0.
pub(crate) fn get_option<T: Copy>(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int) -> io::Result<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the value is live memory of that length, of which the kernel writes at most so much.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, value.as_mut_ptr().cast(), &raw mut length) })?;
    // SAFETY: zeros, and whatever the kernel writes, are integers: the callers ask for nothing else.
    Ok(unsafe { value.assume_init() })
}

/// A system call's answer: -1 means that errno says why.
pub(crate) fn check(answer: libc::c_int) -> io::Result<usize> {
    usize::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// The same of a call that answers with a length.
#[inline]
pub(crate) fn check_long(answer: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// Calls again for as long as a signal interrupts the call.
#[inline]
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Decodes an address of the kernel's; anything but IPv4 and IPv6 is `EAFNOSUPPORT`.
pub(super) fn internet(address: SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

/// Room for an address of the internet, of either family: a quarter of a `sockaddr_storage`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union Name {
    any: libc::sockaddr,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Name {
    /// An address as the kernel has it, and its length.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn of(address: SocketAddr) -> (Self, libc::socklen_t) {
        match address {
            SocketAddr::V4(address) => {
                let sin_addr = libc::in_addr { s_addr: address.ip().to_bits().to_be() };
                let (sin_family, sin_port) = (libc::AF_INET as libc::sa_family_t, address.port().to_be());
                let v4 = libc::sockaddr_in { sin_family, sin_port, sin_addr, sin_zero: [0; 8] };
                (Name { v4 }, size_of_val(&v4) as libc::socklen_t)
            }
            SocketAddr::V6(address) => {
                let v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                    sin6_scope_id: address.scope_id(),
                };
                (Name { v6 }, size_of_val(&v6) as libc::socklen_t)
            }
        }
    }

    pub(super) const SIZE: libc::socklen_t = size_of::<Name>() as libc::socklen_t;

    /// Nobody's: zeros in all bytes, of which none is padding.
    pub(super) const fn empty() -> Self {
        // SAFETY: zeros are a valid sockaddr_in6, the longest: its fields are integers.
        Name { v6: unsafe { MaybeUninit::zeroed().assume_init() } }
    }
}

/// Decodes a peer's address out of the kernel's memory; anything but IPv4 and IPv6 is `0.0.0.0:0`.
#[inline]
pub(super) fn decode(name: &Name) -> SocketAddr {
    // SAFETY: a name is begun as zeros and written by the kernel alone, and every bit pattern of the three is valid.
    let (family, v4, v6) = unsafe { (name.any.sa_family, &name.v4, &name.v6) };
    match libc::c_int::from(family) {
        libc::AF_INET => {
            let ip = Ipv4Addr::from_bits(u32::from_be(v4.sin_addr.s_addr));
            SocketAddr::new(ip.into(), u16::from_be(v4.sin_port))
        }
        libc::AF_INET6 => {
            let (ip, port) = (Ipv6Addr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port));
            std::net::SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into()
        }
        _ => SocketType::Udp4.any(),
    }
}

/// An address without a port, as the kernel has it.
pub(super) fn storage(ip: IpAddr) -> libc::sockaddr_storage {
    let address = SockAddr::from(SocketAddr::new(ip, 0));
    // SAFETY: zeros are a valid sockaddr_storage: its fields are integers.
    let mut storage: libc::sockaddr_storage = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: a SockAddr is at most a sockaddr_storage long (its length says how much of it is set), and the two are
    // different memory.
    unsafe {
        let to = std::ptr::from_mut(&mut storage).cast::<u8>();
        std::ptr::copy_nonoverlapping(address.as_ptr().cast::<u8>(), to, address.len() as usize);
    }
    storage
}
