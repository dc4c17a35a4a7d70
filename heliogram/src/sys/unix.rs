//! One socket on a Unix: made, bound, connected, its options, one datagram at a time.
//!
//! Sources: `socket(7)`, `ip(7)`, `ipv6(7)`, `udp(7)`, `sendmsg(2)`, `recvmsg(2)`; RFC 3678 for `MCAST_JOIN_SOURCE_GROUP`.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of_val};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use socket2::{Domain, InterfaceIndexOrAddress, MsgHdr, Protocol, SockAddr, Type};

use crate::sys::errno;
use crate::sys::options::domain;
use crate::types::clock::Clock;
use crate::types::family::SocketType;
use crate::types::interface::Interface;

/// An owned descriptor, as `Socket::bind_descriptor` takes it.
pub type OwnedDescriptor = OwnedFd;

/// A borrowed descriptor, as `Socket::descriptor` lends it.
pub type BorrowedDescriptor<'a> = BorrowedFd<'a>;

/// A UDP socket of the kernel.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) inner: socket2::Socket,
    pub(super) family: SocketType,
}

impl Socket {
    pub(crate) fn open(family: SocketType) -> io::Result<Self> {
        grave()?;
        Ok(Socket { inner: open_nonblocking(domain(family))?, family })
    }

    /// Takes over a descriptor, as `bind({ fd })` does; says what it is if it is no UDP socket of this family.
    pub(crate) fn adopt(descriptor: OwnedDescriptor, family: SocketType) -> Result<io::Result<Self>, &'static str> {
        let inner = socket2::Socket::from(descriptor);
        if kind(&inner)? != domain(family) {
            return Ok(Err(io::Error::from_raw_os_error(errno::EINVAL)));
        }
        Ok(grave().and_then(|_| inner.set_nonblocking(true)).map(|()| Socket { inner, family }))
    }

    /// The same kernel socket under one more descriptor of our own.
    pub(crate) fn descriptor(&self) -> BorrowedDescriptor<'_> {
        self.inner.as_fd()
    }

    pub(crate) fn set_reuse_addr(&self) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return self.inner.set_reuse_address(true);
        // On the BSDs SO_REUSEADDR does not let two sockets have one address; SO_REUSEPORT does.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        return self.inner.set_reuse_port(true);
    }

    pub(crate) fn set_reuse_port(&self) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return self.inner.set_reuse_port(true);
        #[cfg(target_os = "freebsd")]
        return self.inner.set_reuse_port_lb(true);
        #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
        return Err(io::Error::from_raw_os_error(errno::ENOTSUP));
    }

    pub(crate) fn set_only_v6(&self) -> io::Result<()> {
        self.inner.set_only_v6(true)
    }

    /// Asks for trains; a kernel without them hands over datagrams, which a batch takes just as well.
    pub(crate) fn set_gro(&self, on: bool) -> io::Result<()> {
        #[cfg(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_copy)))]
        match set_option(&self.inner, libc::SOL_UDP, libc::UDP_GRO, &i32::from(on)) {
            Err(error) if error.raw_os_error() != Some(libc::ENOPROTOOPT) => return Err(error),
            _ => {}
        }
        #[cfg(not(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_copy))))]
        let _ = on;
        Ok(())
    }

    /// Lets the kernel drop whatever comes, by a filter that accepts no byte (`SO_ATTACH_FILTER`, `socket(7)`). Only where
    /// there are trains.
    pub(crate) fn refuse_all(&self, on: bool) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return if on { self.inner.attach_filter(&[nothing()]) } else { self.inner.detach_filter() };
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            let _ = on;
            Ok(())
        }
    }

    pub(crate) fn bind(&self, local: SocketAddr) -> io::Result<()> {
        self.inner.bind(&local.into())
    }

    pub(crate) fn connect(&self, remote: SocketAddr) -> io::Result<()> {
        retry(|| self.inner.connect(&remote.into()))
    }

    /// Dissolves the connection.
    pub(crate) fn disconnect(&self) -> io::Result<()> {
        disconnect(&self.inner)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        internet(self.inner.local_addr()?)
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        internet(self.inner.peer_addr()?)
    }

    /// Sends one datagram made of these buffers.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>], to: Option<SocketAddr>) -> io::Result<usize> {
        let to = to.map(SockAddr::from);
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        retry(|| match (buffers, &to) {
            // One buffer is cheaper without the message header around it.
            ([buffer], Some(to)) => self.inner.send_to_with_flags(buffer, to, flags),
            ([buffer], None) => self.inner.send_with_flags(buffer, flags),
            (_, Some(to)) => self.inner.sendmsg(&MsgHdr::new().with_buffers(buffers).with_addr(to), flags),
            (_, None) => self.inner.sendmsg(&MsgHdr::new().with_buffers(buffers), flags),
        })
    }

    /// Receives one datagram: its length, its sender, whether its end did not fit.
    ///
    /// With `MSG_TRUNC` Linux says how long the datagram was, and the cheaper call will do (`recv(2)`).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, bool)> {
        // SAFETY: zeros are a valid sockaddr_storage: its fields are integers.
        let mut from: libc::sockaddr_storage = unsafe { MaybeUninit::zeroed().assume_init() };
        let mut room = size_of_val(&from) as libc::socklen_t;
        let (descriptor, flags) = (self.inner.as_raw_fd(), libc::MSG_DONTWAIT | libc::MSG_TRUNC);
        let (bytes, name) = (buffer.as_mut_ptr().cast(), (&raw mut from).cast());
        let length = retry(|| {
            // SAFETY: buffer and address are live memory, borrowed mutably here, with their lengths beside them.
            check_long(unsafe { libc::recvfrom(descriptor, bytes, buffer.len(), flags, name, &raw mut room) })
        })?;
        Ok((length.min(buffer.len()), decode(&from), length > buffer.len()))
    }

    /// Receives one datagram: its length, its sender, whether its end did not fit.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, bool)> {
        // SAFETY: a slice of bytes is a slice of maybe-uninitialised bytes, and the kernel writes only bytes into it.
        let buffer = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
        let mut parts = [socket2::MaybeUninitSlice::new(buffer)];
        let (length, flags, from) = retry(|| self.inner.recv_from_vectored_with_flags(&mut parts, libc::MSG_DONTWAIT))?;
        Ok((length, internet(from)?, flags.is_truncated()))
    }

    /// Lets the kernel socket go: the port is free.
    pub(crate) fn retire(&self) -> io::Result<()> {
        bury(&self.inner)
    }
}

/// Multicast, as this system has it; the options that are the same everywhere are in `sys/options.rs`.
impl Socket {
    pub(crate) fn set_multicast_interface(&self, interface: Interface) -> io::Result<()> {
        match (self.family, interface) {
            (_, Interface::All) => Err(io::Error::from_raw_os_error(errno::EINVAL)),
            (SocketType::Udp4, Interface::Default) => self.inner.set_multicast_if_v4(&Ipv4Addr::UNSPECIFIED),
            (_, Interface::Address(address)) => self.inner.set_multicast_if_v4(&address),
            (SocketType::Udp4, Interface::Index(index)) => self.set_multicast_index_v4(index),
            (SocketType::Udp6, Interface::Default) => self.inner.set_multicast_if_v6(0),
            (SocketType::Udp6, Interface::Index(index)) => self.inner.set_multicast_if_v6(index),
        }
    }

    fn set_multicast_index_v4(&self, index: u32) -> io::Result<()> {
        let nobody = libc::in_addr { s_addr: 0 };
        let request = libc::ip_mreqn {
            imr_multiaddr: nobody,
            imr_address: nobody,
            imr_ifindex: libc::c_int::try_from(index).unwrap_or(0),
        };
        set_option(&self.inner, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &request)
    }

    pub(crate) fn join(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.inner.join_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner.join_multicast_v6(&group, v6_interface(interface)?),
        }
    }

    pub(crate) fn leave(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.inner.leave_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner.leave_multicast_v6(&group, v6_interface(interface)?),
        }
    }

    pub(crate) fn join_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        match (source, group, interface) {
            (IpAddr::V4(source), IpAddr::V4(group), Interface::Default | Interface::Address(_)) => {
                self.inner.join_ssm_v4(&source, &group, &v4_address(interface))
            }
            _ => self.source_group(libc::MCAST_JOIN_SOURCE_GROUP, source, group, interface),
        }
    }

    pub(crate) fn leave_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        match (source, group, interface) {
            (IpAddr::V4(source), IpAddr::V4(group), Interface::Default | Interface::Address(_)) => {
                self.inner.leave_ssm_v4(&source, &group, &v4_address(interface))
            }
            _ => self.source_group(libc::MCAST_LEAVE_SOURCE_GROUP, source, group, interface),
        }
    }

    /// The protocol-independent calls of RFC 3678, section 5.1: IPv6, and IPv4 by an interface's index.
    fn source_group(&self, option: libc::c_int, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        if source.is_ipv4() != group.is_ipv4() {
            return Err(io::Error::from_raw_os_error(errno::EINVAL));
        }
        let level = if group.is_ipv4() { libc::IPPROTO_IP } else { libc::IPPROTO_IPV6 };
        let request = libc::group_source_req {
            gsr_interface: v6_interface(interface)?,
            gsr_group: storage(group),
            gsr_source: storage(source),
        };
        set_option(&self.inner, level, option, &request)
    }
}

fn v4_interface(interface: Interface) -> InterfaceIndexOrAddress {
    match interface {
        Interface::Index(index) => InterfaceIndexOrAddress::Index(index),
        _ => InterfaceIndexOrAddress::Address(v4_address(interface)),
    }
}

fn v4_address(interface: Interface) -> Ipv4Addr {
    match interface {
        Interface::Address(address) => address,
        Interface::Default | Interface::Index(_) | Interface::All => Ipv4Addr::UNSPECIFIED,
    }
}

fn v6_interface(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Default => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(_) | Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}

fn storage(ip: IpAddr) -> libc::sockaddr_storage {
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

/// The domain of a UDP socket, or the name that Node gives to whatever else the descriptor is.
fn kind(socket: &socket2::Socket) -> Result<Domain, &'static str> {
    let Ok(address) = socket.local_addr() else {
        return Err(file_kind(socket.as_fd()));
    };
    match (socket.r#type(), address.domain()) {
        (Ok(Type::DGRAM), domain @ (Domain::IPV4 | Domain::IPV6)) => Ok(domain),
        (Ok(Type::STREAM), Domain::IPV4 | Domain::IPV6) => Err("TCP"),
        (Ok(Type::STREAM), Domain::UNIX) => Err("PIPE"),
        _ => Err("UNKNOWN"),
    }
}

fn file_kind(descriptor: BorrowedFd<'_>) -> &'static str {
    use std::io::IsTerminal;
    use std::os::unix::fs::FileTypeExt;
    if descriptor.is_terminal() {
        return "TTY";
    }
    let Ok(kind) = descriptor.try_clone_to_owned().and_then(|fd| File::from(fd).metadata()) else {
        return "UNKNOWN";
    };
    match kind.file_type() {
        kind if kind.is_fifo() => "PIPE",
        kind if kind.is_file() || kind.is_char_device() => "FILE",
        _ => "UNKNOWN",
    }
}

/// Lets the kernel socket go and puts the grave in its place: its address is free, and the descriptor's number still
/// ours, so that nobody who borrowed it meets a stranger's file.
pub(super) fn bury(socket: &socket2::Socket) -> io::Result<()> {
    let (grave, ours) = (grave()?.as_raw_fd(), socket.as_raw_fd());
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: both descriptors are open: the grave for ever, ours until the socket is dropped.
    return retry(|| check(unsafe { libc::dup3(grave, ours, libc::O_CLOEXEC) })).map(drop);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        // SAFETY: as above.
        retry(|| check(unsafe { libc::dup2(grave, ours) }))?;
        // SAFETY: the descriptor is open; FD_CLOEXEC is an integer flag, which dup2 has cleared.
        check(unsafe { libc::fcntl(ours, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
    }
}

/// Linux makes it so at once, without two calls more.
fn open_nonblocking(domain: Domain) -> io::Result<socket2::Socket> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return socket2::Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let inner = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        inner.set_nonblocking(true)?;
        Ok(inner)
    }
}

/// Dissolves the connection: connecting to no family (`connect(2)`). The BSDs do it, and say `EAFNOSUPPORT`.
pub(super) fn disconnect(socket: &socket2::Socket) -> io::Result<()> {
    let mut nobody = MaybeUninit::<libc::sockaddr>::zeroed();
    // SAFETY: every bit pattern of sockaddr's integer fields is valid, zeros included.
    let nobody = unsafe {
        (*nobody.as_mut_ptr()).sa_family = libc::AF_UNSPEC as libc::sa_family_t;
        nobody.assume_init()
    };
    let length = size_of_val(&nobody) as libc::socklen_t;
    // SAFETY: the address is a live local and its length is its size; the descriptor is open while socket lives.
    let outcome = retry(|| check(unsafe { libc::connect(socket.as_raw_fd(), &nobody, length) }));
    match outcome {
        Err(error) if cfg!(not(target_os = "linux")) && is_family_error(&error) => Ok(()),
        other => other.map(drop),
    }
}

/// The description that stands under every closed socket's descriptor: `/dev/null`, on which no socket call succeeds.
///
/// It is opened with the first socket, so that closing never needs a descriptor more.
pub(super) fn grave() -> io::Result<&'static File> {
    static GRAVE: OnceLock<File> = OnceLock::new();
    if let Some(grave) = GRAVE.get() {
        return Ok(grave);
    }
    let opened = File::open("/dev/null")?;
    Ok(GRAVE.get_or_init(|| opened))
}

/// Decodes an address of the kernel's; anything but IPv4 and IPv6 is `EAFNOSUPPORT`.
pub(super) fn internet(address: SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

fn is_family_error(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EINVAL))
}

/// A filter that lets no byte of a datagram through.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn nothing() -> socket2::SockFilter {
    socket2::SockFilter::new((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, 0)
}

pub(super) fn set_option<T: Copy>(
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
pub(super) fn get_option<T: Copy>(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int) -> io::Result<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the value is live memory of that length, of which the kernel writes at most so much.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, value.as_mut_ptr().cast(), &raw mut length) })?;
    // SAFETY: zeros, and whatever the kernel writes, are integers: the callers ask for nothing else.
    Ok(unsafe { value.assume_init() })
}

/// A system call's answer: -1 means that errno says why.
pub(super) fn check(answer: libc::c_int) -> io::Result<usize> {
    usize::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// The same of a call that answers with a length.
pub(super) fn check_long(answer: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// Calls again for as long as a signal interrupts the call.
pub(super) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

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
        Clock::Tai => return Err(io::Error::from_raw_os_error(errno::ENOTSUP)),
    };
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the timespec is live memory of the right size.
    check(unsafe { libc::clock_gettime(id, time.as_mut_ptr()) })?;
    // SAFETY: its fields are integers, which were zeros and have been written by the call.
    let time = unsafe { time.assume_init() };
    Ok(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// Decodes a peer's address out of the kernel's memory; anything but IPv4 and IPv6 is `0.0.0.0:0`.
pub(super) fn decode(name: &libc::sockaddr_storage) -> SocketAddr {
    match libc::c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage, which is large and aligned enough, holds a sockaddr_in.
            let name = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from_bits(u32::from_be(name.sin_addr.s_addr));
            SocketAddr::new(ip.into(), u16::from_be(name.sin_port))
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for a sockaddr_in6.
            let name = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            std::net::SocketAddrV6::new(ip, port, name.sin6_flowinfo, name.sin6_scope_id).into()
        }
        _ => SocketType::Udp4.any(),
    }
}
