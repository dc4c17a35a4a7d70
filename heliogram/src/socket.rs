//! [`Socket`]: the state machine joined to a descriptor. It never waits; the faces do.
//!
//! Sources: the manual's page for `dgram.Socket`; `udp(7)`, `ip(7)`, `ipv6(7)`.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::addr::{Interface, RemoteInfo};
use crate::batch::{Datagram, RecvBatch, Run, runs};
use crate::error::{Code, Error, Result};
use crate::options::{BlockList, SocketOptions, SocketType};
use crate::state::{Action, Bind, Op, State, Step, step};
use crate::sys;

/// A UDP socket with everything that Node's `dgram.Socket` has, answering at once.
///
/// What would have to wait fails with `EAGAIN` ([`Error::is_would_block`]); [`tokio::Socket`](crate::tokio::Socket) and
/// [`events::Socket`](crate::events::Socket) wait instead. All methods take `&self` and may be called from any thread.
///
/// ```
/// use std::io::IoSlice;
/// use heliogram::{Socket, SocketOptions, SocketType};
///
/// let server = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// server.bind(Some("127.0.0.1:0".parse().unwrap()))?;
/// let client = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// client.try_send(&[IoSlice::new(b"Some "), IoSlice::new(b"bytes")], Some(server.address()?))?;
///
/// let mut buffer = [0; 64];
/// let rinfo = server.try_recv(&mut buffer)?;
/// assert_eq!(&buffer[..rinfo.size], b"Some bytes");
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Debug)]
pub struct Socket {
    options: SocketOptions,
    /// [`State::index`]. The paths of single datagrams only read it; whoever changes it holds `control`.
    state: AtomicU8,
    control: Mutex<()>,
    sys: OnceLock<sys::Socket>,
    /// The largest segment that may travel in a train; lowered where the kernel or the device refuses.
    segment_limit: AtomicUsize,
    /// Bytes and datagrams that wait in a face's [`SendQueue`](crate::queue::SendQueue).
    send_queue: [AtomicUsize; 2],
}

/// Making, binding and closing.
impl Socket {
    /// Makes a socket. As in Node, there is no descriptor before it is bound, sends, connects or joins a group.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BAD_BUFFER_SIZE` for a buffer size over 2,147,483,647 bytes.
    #[doc(alias = "createSocket")]
    pub fn new(options: &SocketOptions) -> Result<Self> {
        for size in [options.recv_buffer_size, options.send_buffer_size].into_iter().flatten() {
            buffer_size(size).ok_or(Error::rule(Code::BadBufferSize))?;
        }
        Ok(Socket {
            options: options.clone(),
            state: AtomicU8::new(State::NEW.index()),
            control: Mutex::new(()),
            sys: OnceLock::new(),
            segment_limit: AtomicUsize::new(if sys::SEGMENTS { usize::MAX } else { 0 }),
            send_queue: Default::default(),
        })
    }

    /// Where the socket stands.
    pub fn state(&self) -> State {
        State::from_index(self.state.load(Ordering::Acquire))
    }

    /// The options it was made with.
    pub const fn options(&self) -> &SocketOptions {
        &self.options
    }

    /// The socket's family.
    #[doc(alias = "type")]
    pub const fn socket_type(&self) -> SocketType {
        self.options.socket_type
    }

    /// Binds to a local address; `None` is all interfaces and a free port. Port 0 asks for a free one too.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; the system's, such as `EADDRINUSE`,
    /// `EADDRNOTAVAIL`, `EACCES`, `EMFILE`; `EINVAL` for an address of the other family, or if a membership call has
    /// bound the socket before; `ERR_SOCKET_BUFFER_SIZE` if a buffer size of the options is refused. After the system's
    /// errors the socket is unbound again and may be bound anew.
    pub fn bind(&self, local: Option<SocketAddr>) -> Result<()> {
        self.begin_bind()?;
        self.finish_bind(local.unwrap_or(self.socket_type().any()))
    }

    /// Begins a bind whose address is still being looked up. Sends and connects wait from now on.
    ///
    /// [`finish_bind`](Self::finish_bind) or [`abandon_bind`](Self::abandon_bind) ends it.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`.
    pub fn begin_bind(&self) -> Result<()> {
        let _control = self.control();
        self.advance(Op::Bind).map(drop)
    }

    /// Ends a bind that has begun, with the address that the look-up found. On a socket that was closed meanwhile it does
    /// nothing.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind); `ERR_SOCKET_ALREADY_BOUND` if no bind is under way.
    pub fn finish_bind(&self, local: SocketAddr) -> Result<()> {
        let _control = self.control();
        if self.asks(Op::BindDone)? == Action::Discard {
            return Ok(());
        }
        match self.bind_now(local) {
            Ok(()) => self.advance(Op::BindDone).and_then(|_| self.apply_buffer_sizes()),
            Err(error) => self.advance(Op::BindFailed).and(Err(error)),
        }
    }

    /// Ends a bind that has begun because a send or connect needs it, on all interfaces and a free port. A socket that a
    /// membership call has bound by the way keeps its port. On one that was closed meanwhile it does nothing.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    pub fn finish_implicit_bind(&self) -> Result<()> {
        let _control = self.control();
        if self.state().is_closed() { Ok(()) } else { self.bind_anywhere() }
    }

    /// Ends a bind that has begun and cannot go on: the look-up failed. The socket is unbound again.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND` if no bind is under way.
    pub fn abandon_bind(&self) -> Result<()> {
        let _control = self.control();
        self.advance(Op::BindFailed).map(drop)
    }

    /// Takes over a UDP socket that exists already, bound or not: the manual's `bind({ fd })`.
    ///
    /// It is made non-blocking, and is closed with this socket. One that has a peer makes this socket connected.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`; `ERR_INVALID_FD_TYPE` with the type's name for
    /// anything but a UDP socket; `EINVAL` for one of the other family; `EBUSY` if this socket has a descriptor already.
    /// The descriptor is closed then.
    pub fn bind_descriptor(&self, descriptor: sys::Descriptor) -> Result<()> {
        let _control = self.control();
        self.asks(Op::Bind)?;
        let adopted = sys::Socket::adopt(descriptor, self.socket_type())
            .map_err(Error::invalid_descriptor)?
            .and_then(|adopted| adopted.set_reuse_addr().map(|()| adopted))
            .map_err(|error| Error::system("open", &error))?;
        let connected = adopted.peer_addr().is_ok();
        if self.sys.set(adopted).is_err() {
            return Err(Error::raw("open", sys::errno::EBUSY));
        }
        self.advance(Op::Bind)?;
        self.advance(Op::BindDone)?;
        if connected {
            self.advance(Op::Connect)?;
            self.advance(Op::ConnectDone)?;
        }
        self.set_up_receiving().and_then(|()| self.apply_buffer_sizes())
    }

    /// Closes the socket for good; its port is free at once, its groups are left.
    ///
    /// The number of its descriptor stays reserved until the socket is dropped, so that nobody who borrowed it meets a
    /// stranger's file. On Windows the port too is given back only then.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed already.
    pub fn close(&self) -> Result<()> {
        let _control = self.control();
        let step = self.advance(Op::Close)?;
        match (step.action, self.sys.get()) {
            (Action::Release, Some(sys)) => sys.retire().map_err(|error| Error::system("close", &error)),
            _ => Ok(()),
        }
    }

    /// The local address. A socket bound to all interfaces says `0.0.0.0` or `::`.
    ///
    /// # Errors
    ///
    /// `EBADF` (`getsockname EBADF`) while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn address(&self) -> Result<SocketAddr> {
        self.call(Op::Address, "getsockname", sys::Socket::local_addr)
    }

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed, `ERR_SOCKET_DGRAM_NOT_CONNECTED` without a peer.
    #[doc(alias = "remoteAddress")]
    pub fn remote_address(&self) -> Result<SocketAddr> {
        self.call(Op::RemoteAddress, "getpeername", sys::Socket::peer_addr)
    }

    /// The descriptor, for a reactor or for calls that this crate lacks. Closing the socket does not invalidate it: its
    /// number stays taken until the socket is dropped. There is no `AsFd` because an unbound socket has none to lend;
    /// the faces, whose sockets are always bound, have it.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn descriptor(&self) -> Result<sys::Borrowed<'_>> {
        step(self.state(), Op::Address).map_err(|code| rule(code, "descriptor"))?;
        Ok(self.sys("descriptor")?.descriptor())
    }
}

/// The peer.
impl Socket {
    /// Makes `remote` the only peer: datagrams go to it and come from it alone. Binds first if need be.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_IS_CONNECTED`, `ERR_SOCKET_DGRAM_NOT_RUNNING`, `ERR_SOCKET_BAD_PORT` for port 0,
    /// `ERR_IP_BLOCKED`, `EINVAL` for the other family, those of [`bind`](Self::bind), and the system's, such as
    /// `ENETUNREACH`. `EAGAIN` while a bind is under way.
    pub fn connect(&self, remote: SocketAddr) -> Result<()> {
        let _control = self.control();
        check_port(remote)?;
        if self.asks(Op::Connect)? == Action::Wait {
            return Err(Error::raw("connect", sys::errno::EAGAIN).at(remote));
        }
        self.check_peer("connect", remote)?;
        self.advance(Op::Connect)?;
        self.connect_now(remote)
    }

    /// Begins a connect whose address is still being looked up.
    ///
    /// [`finish_connect`](Self::finish_connect) or [`abandon_connect`](Self::abandon_connect) ends it. Says whether the
    /// socket must be bound first, or is being bound.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_IS_CONNECTED`, `ERR_SOCKET_DGRAM_NOT_RUNNING`.
    pub fn begin_connect(&self) -> Result<Action> {
        let _control = self.control();
        Ok(self.advance(Op::Connect)?.action)
    }

    /// Ends a connect that has begun. On a socket that was closed meanwhile it does nothing.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect); the socket is without a peer then. Those of
    /// [`abandon_connect`](Self::abandon_connect), and `EAGAIN` while a bind is under way, leave everything as it is.
    pub fn finish_connect(&self, remote: SocketAddr) -> Result<()> {
        let _control = self.control();
        if self.asks(Op::ConnectDone)? == Action::Discard {
            return Ok(());
        }
        if self.state().bind == Bind::Binding {
            return Err(Error::raw("connect", sys::errno::EAGAIN).at(remote));
        }
        match self.check_peer("connect", remote) {
            Ok(()) => self.connect_now(remote),
            Err(error) => self.advance(Op::ConnectFailed).and(Err(error)),
        }
    }

    /// Ends a connect that has begun and cannot go on.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_CONNECTED` or `ERR_SOCKET_DGRAM_IS_CONNECTED` if none is under way.
    pub fn abandon_connect(&self) -> Result<()> {
        let _control = self.control();
        self.advance(Op::ConnectFailed).map(drop)
    }

    /// Lets the peer go. On Linux a socket that was bound to port 0 loses its port with it and gets a new one with its
    /// next send.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_CONNECTED`; the system's, with the syscall `connect`.
    pub fn disconnect(&self) -> Result<()> {
        let _control = self.control();
        self.asks(Op::Disconnect)?;
        self.sys("connect")?.disconnect().map_err(|error| Error::system("connect", &error))?;
        self.advance(Op::Disconnect).map(drop)
    }
}

/// Sending and receiving.
impl Socket {
    /// Sends one datagram made of these buffers; says how many bytes it has. Without buffers it is empty.
    ///
    /// A connected socket takes `None`, any other the peer's address. An unbound socket is bound first, to all
    /// interfaces and a free port. [`try_send_batch`](Self::try_send_batch) sends many for less.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING`, `ERR_SOCKET_DGRAM_NOT_CONNECTED` without an address,
    /// `ERR_SOCKET_DGRAM_IS_CONNECTED` with one too many, `ERR_SOCKET_BAD_PORT` for port 0, `ERR_IP_BLOCKED`, `EINVAL`
    /// for the other family; `EMSGSIZE` over 65,507 bytes, or over the path's MTU where fragments are forbidden;
    /// `ECONNREFUSED` on a connected socket whose peer is gone; `EAGAIN` while the kernel's buffer is full.
    #[doc(alias = "send")]
    pub fn try_send(&self, message: &[IoSlice<'_>], to: Option<SocketAddr>) -> Result<usize> {
        let sys = self.sender(to)?;
        sys.send(message, to).map_err(|error| self.failed("send", &error).maybe_at(to))
    }

    /// Sends datagrams in order, in as few system calls as the system allows; says how many were taken.
    ///
    /// Neighbours with one peer and one size leave as a train (`UDP_SEGMENT`), which a kernel, device or path that
    /// refuses it gets datagram by datagram, with the same outcome; what was refused once is not tried again. Nothing is
    /// allocated.
    ///
    /// # Errors
    ///
    /// Only if the *first* datagram cannot be sent: those of [`try_send`](Self::try_send), about that datagram. If a later
    /// one cannot, the count ends before it, and the next call tells why.
    #[doc(alias("sendmmsg", "UDP_SEGMENT"))]
    pub fn try_send_batch(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        let mut sent = 0;
        while sent < batch.len() {
            match self.send_some(&batch[sent..]) {
                Ok(count) => sent += count,
                Err(error) if sent == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    /// Receives one datagram into `buffer`; what does not fit is lost, and [`RemoteInfo::truncated`] says so.
    ///
    /// [`try_recv_batch`](Self::try_recv_batch) receives many for less.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if there is none; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; `ECONNREFUSED` on a
    /// connected socket whose peer is gone, once, and the socket works on; `EINVAL` on a socket with
    /// [`gro`](SocketOptions::gro), which receives through batches.
    #[doc(alias = "recvfrom")]
    pub fn try_recv(&self, buffer: &mut [u8]) -> Result<RemoteInfo> {
        if self.options.gro {
            return Err(Error::raw("recvmsg", sys::errno::EINVAL));
        }
        loop {
            let (size, addr, truncated) = self.call(Op::Recv, "recvmsg", |sys| sys.recv(buffer))?;
            if self.admits(addr) {
                return Ok(RemoteInfo::new(addr, size, truncated));
            }
        }
    }

    /// Receives what there is, as far as `batch` has room; says how many datagrams that is, the segments of trains counted
    /// one by one. Nothing is allocated. It is 0 only if a block list turned all of them away.
    ///
    /// # Errors
    ///
    /// Those of [`try_recv`](Self::try_recv); `EINVAL` if the socket takes trains ([`gro`](SocketOptions::gro)) and the
    /// batch's slots are too small for them.
    #[doc(alias("recvmmsg", "UDP_GRO"))]
    pub fn try_recv_batch(&self, batch: &mut RecvBatch) -> Result<usize> {
        batch.clear();
        if self.options.gro && !batch.holds_trains() {
            return Err(Error::raw("recvmsg", sys::errno::EINVAL));
        }
        let gro = self.options.gro;
        let slots = self.call(Op::Recv, "recvmsg", |sys| sys.recv_slots(&mut batch.receiver, gro))?;
        batch.fill(slots, |addr| self.admits(addr));
        Ok(batch.len())
    }
}

/// The options of the manual.
impl Socket {
    /// Lets datagrams go to broadcast addresses (`SO_BROADCAST`). Default: off.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, as all options; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "setBroadcast")]
    pub fn set_broadcast(&self, on: bool) -> Result<()> {
        self.call(Op::Option, "setBroadcast", |sys| sys.set_broadcast(on))
    }

    /// How many routers a unicast datagram may pass, 1 to 255 (`IP_TTL`, `IPV6_UNICAST_HOPS`). Default: 64 on most systems.
    ///
    /// # Errors
    ///
    /// `EINVAL` outside that range; else as [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setTTL")]
    pub fn set_ttl(&self, ttl: u32) -> Result<()> {
        let hops = hops("setTTL", ttl, 1)?;
        self.call(Op::Option, "setTTL", |sys| sys.set_ttl(hops))
    }

    /// How many routers a multicast datagram may pass, 0 to 255 (`IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`). 0 keeps it on
    /// this host. Default: 1.
    ///
    /// # Errors
    ///
    /// `EINVAL` outside that range; else as [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setMulticastTTL")]
    pub fn set_multicast_ttl(&self, ttl: u32) -> Result<()> {
        let hops = hops("setMulticastTTL", ttl, 0)?;
        self.call(Op::Option, "setMulticastTTL", |sys| sys.set_multicast_ttl(hops))
    }

    /// Whether multicast datagrams come back to this host's own members (`IP_MULTICAST_LOOP`, `IPV6_MULTICAST_LOOP`).
    /// Default: on. On Windows the receiving socket decides, elsewhere the sending one.
    ///
    /// # Errors
    ///
    /// As [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setMulticastLoopback")]
    pub fn set_multicast_loopback(&self, on: bool) -> Result<()> {
        self.call(Op::Option, "setMulticastLoopback", |sys| sys.set_multicast_loopback(on))
    }

    /// The interface that multicast leaves by (`IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`): for IPv4 by its address or index,
    /// for IPv6 by its index. An address on a `udp6` socket is for the IPv4 groups that it sends to. [`Interface::parse`] reads the manual's text forms (`10.0.0.2`, `::%eth1`).
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` or `ENODEV` for an interface that does not exist; else as [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setMulticastInterface")]
    pub fn set_multicast_interface(&self, interface: Interface) -> Result<()> {
        self.call(Op::Option, "setMulticastInterface", |sys| sys.set_multicast_interface(interface))
    }

    /// Joins a multicast group on one interface (`IP_ADD_MEMBERSHIP`, `IPV6_JOIN_GROUP`). An unbound socket is bound by
    /// the way, to all interfaces and a free port, and still counts as unbound.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `group` is no multicast address; `EADDRINUSE` if it is joined already; `ENODEV` if there is no such
    /// interface, or none with a route to the group; `ENOBUFS` past `net.ipv4.igmp_max_memberships`;
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "addMembership")]
    pub fn add_membership(&self, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("addMembership", |sys| sys.join(group, interface))
    }

    /// Leaves a group; closing leaves all of them.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if the group is not joined on that interface; else as [`add_membership`](Self::add_membership).
    #[doc(alias = "dropMembership")]
    pub fn drop_membership(&self, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("dropMembership", |sys| sys.leave(group, interface))
    }

    /// Joins a channel: a group's datagrams of one source alone (`IP_ADD_SOURCE_MEMBERSHIP`; for IPv6
    /// `MCAST_JOIN_SOURCE_GROUP`, RFC 3678). IPv4 and IPv6 alike.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the two are of different families; else as [`add_membership`](Self::add_membership).
    #[doc(alias = "addSourceSpecificMembership")]
    pub fn add_source_specific_membership(&self, source: IpAddr, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("addSourceSpecificMembership", |sys| sys.join_source(source, group, interface))
    }

    /// Leaves a channel.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if it is not joined; else as [`add_membership`](Self::add_membership).
    #[doc(alias = "dropSourceSpecificMembership")]
    pub fn drop_source_specific_membership(&self, source: IpAddr, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("dropSourceSpecificMembership", |sys| sys.leave_source(source, group, interface))
    }

    /// The kernel's receive buffer in bytes (`SO_RCVBUF`); Linux says twice what was set.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BUFFER_SIZE` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "getRecvBufferSize")]
    pub fn recv_buffer_size(&self) -> Result<usize> {
        self.sized("uv_recv_buffer_size", sys::Socket::recv_buffer_size)
    }

    /// Sets the kernel's receive buffer in bytes (`SO_RCVBUF`), which Linux caps at `net.core.rmem_max`. 0 leaves it as it
    /// is.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BUFFER_SIZE` over 2,147,483,647 bytes; else as [`recv_buffer_size`](Self::recv_buffer_size).
    #[doc(alias = "setRecvBufferSize")]
    pub fn set_recv_buffer_size(&self, bytes: u32) -> Result<()> {
        self.resize("uv_recv_buffer_size", bytes, sys::Socket::set_recv_buffer_size)
    }

    /// The kernel's send buffer in bytes (`SO_SNDBUF`); Linux says twice what was set.
    ///
    /// # Errors
    ///
    /// As [`recv_buffer_size`](Self::recv_buffer_size).
    #[doc(alias = "getSendBufferSize")]
    pub fn send_buffer_size(&self) -> Result<usize> {
        self.sized("uv_send_buffer_size", sys::Socket::send_buffer_size)
    }

    /// Sets the kernel's send buffer in bytes (`SO_SNDBUF`), which Linux caps at `net.core.wmem_max`. 0 leaves it as it is.
    ///
    /// # Errors
    ///
    /// As [`set_recv_buffer_size`](Self::set_recv_buffer_size).
    #[doc(alias = "setSendBufferSize")]
    pub fn set_send_buffer_size(&self, bytes: u32) -> Result<()> {
        self.resize("uv_send_buffer_size", bytes, sys::Socket::set_send_buffer_size)
    }
}

/// The sends that wait.
impl Socket {
    /// How many bytes of sends wait because the kernel had no room for them. The methods here never wait, so only a face
    /// that keeps a [`SendQueue`](crate::queue::SendQueue) for this socket has any.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "getSendQueueSize")]
    pub fn send_queue_size(&self) -> Result<usize> {
        step(self.state(), Op::SendQueue).map_err(Error::rule)?;
        Ok(self.send_queue[0].load(Ordering::Relaxed))
    }

    /// How many sends wait; as [`send_queue_size`](Self::send_queue_size).
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "getSendQueueCount")]
    pub fn send_queue_count(&self) -> Result<usize> {
        step(self.state(), Op::SendQueue).map_err(Error::rule)?;
        Ok(self.send_queue[1].load(Ordering::Relaxed))
    }

    pub(crate) fn set_send_queue(&self, bytes: usize, count: usize) {
        self.send_queue[0].store(bytes, Ordering::Relaxed);
        self.send_queue[1].store(count, Ordering::Relaxed);
    }
}

/// What the methods share.
impl Socket {
    fn control(&self) -> MutexGuard<'_, ()> {
        // The mutex guards no data that a panic could leave half changed: the state is one atomic.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a step of the state machine; the caller holds `control`.
    fn advance(&self, op: Op) -> Result<Step> {
        let step = step(self.state(), op).map_err(Error::rule)?;
        self.state.store(step.next.index(), Ordering::Release);
        Ok(step)
    }

    /// The descriptor of a socket that is known to have been opened, closed or not.
    #[cfg(any(feature = "events", all(unix, feature = "tokio")))]
    pub(crate) fn reserved_descriptor(&self) -> sys::Borrowed<'_> {
        self.sys.get().expect("a face takes a socket only once it is open").descriptor()
    }

    /// What the operation would take, without taking the step.
    fn asks(&self, op: Op) -> Result<Action> {
        step(self.state(), op).map(|step| step.action).map_err(Error::rule)
    }

    fn sys(&self, syscall: &'static str) -> Result<&sys::Socket> {
        self.sys.get().ok_or(Error::raw(syscall, sys::errno::EBADF))
    }

    /// Asks the rules, then the system.
    fn call<T>(&self, op: Op, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<T>) -> Result<T> {
        step(self.state(), op).map_err(|code| rule(code, syscall))?;
        call(self.sys(syscall)?).map_err(|error| self.failed(syscall, &error))
    }

    /// The system's error; on a socket that another thread has closed meanwhile, that it is closed.
    fn failed(&self, syscall: &'static str, error: &io::Error) -> Error {
        if self.state().is_closed() { Error::rule(Code::NotRunning) } else { Error::system(syscall, error) }
    }

    fn sized<T>(&self, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<T>) -> Result<T> {
        let refused = |raw| Error::buffer_size(syscall, raw);
        self.call(Op::BufferSize, syscall, call).map_err(|error| match error.kind() {
            Code::BufferSize => refused(sys::errno::EBADF),
            Code::System => refused(error.errno().map_or(sys::errno::EINVAL, |errno| -errno)),
            _ => error,
        })
    }

    /// Sets a buffer's size. As in Node, 0 only asks, and what does not fit a C `int` is refused before anything is asked.
    fn resize(
        &self,
        syscall: &'static str,
        bytes: u32,
        set: impl FnOnce(&sys::Socket, usize) -> io::Result<()>,
    ) -> Result<()> {
        let bytes = buffer_size(bytes).ok_or(Error::buffer_size(syscall, sys::errno::EINVAL))?;
        self.sized(syscall, |sys| if bytes == 0 { Ok(()) } else { set(sys, bytes) })
    }

    fn membership(&self, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<()>) -> Result<()> {
        let _control = self.control();
        if self.asks(Op::Membership)? == Action::BindSilently {
            self.bind_silently().map_err(|error| Error::system(syscall, &error))?;
        }
        call(self.sys(syscall)?).map_err(|error| Error::system(syscall, &error))
    }

    /// Binds in the kernel, shareable as libuv does it, without counting as bound.
    fn bind_silently(&self) -> io::Result<()> {
        let sys = self.open()?;
        sys.set_reuse_addr()?;
        sys.bind(self.socket_type().any())
    }

    fn open(&self) -> io::Result<&sys::Socket> {
        if let Some(sys) = self.sys.get() {
            return Ok(sys);
        }
        let opened = sys::Socket::open(self.socket_type())?;
        let sys = self.sys.get_or_init(|| opened);
        self.advance(Op::Opened)?;
        Ok(sys)
    }

    fn bind_now(&self, local: SocketAddr) -> Result<()> {
        if !self.socket_type().matches(local.ip()) {
            return Err(Error::raw("bind", sys::errno::EINVAL).at(local));
        }
        let bound = self.open().and_then(|sys| {
            self.apply_bind_options(sys)?;
            sys.bind(local)
        });
        bound.map_err(|error| Error::system("bind", &error).at(local))
    }

    fn apply_bind_options(&self, sys: &sys::Socket) -> io::Result<()> {
        if self.options.reuse_addr {
            sys.set_reuse_addr()?;
        }
        if self.options.reuse_port {
            sys.set_reuse_port()?;
        }
        if self.options.ipv6_only && self.socket_type() == SocketType::Udp6 {
            sys.set_only_v6()?;
        }
        if self.options.gro { sys.set_gro() } else { Ok(()) }
    }

    fn set_up_receiving(&self) -> Result<()> {
        let gro = |sys: &sys::Socket| if self.options.gro { sys.set_gro() } else { Ok(()) };
        gro(self.sys("open")?).map_err(|error| Error::system("open", &error))
    }

    fn apply_buffer_sizes(&self) -> Result<()> {
        self.options.recv_buffer_size.map_or(Ok(()), |bytes| self.set_recv_buffer_size(bytes))?;
        self.options.send_buffer_size.map_or(Ok(()), |bytes| self.set_send_buffer_size(bytes))
    }

    /// Binds because a send or connect needs it.
    fn bind_implicitly(&self) -> Result<()> {
        self.advance(Op::Bind)?;
        self.bind_anywhere()
    }

    /// Ends a bind with whatever address is free, unless a membership call has bound the socket already.
    fn bind_anywhere(&self) -> Result<()> {
        let bound = self.sys.get().and_then(|sys| sys.local_addr().ok()).is_some_and(|local| local.port() != 0);
        let outcome = if bound { Ok(()) } else { self.bind_now(self.socket_type().any()) };
        self.advance(if outcome.is_ok() { Op::BindDone } else { Op::BindFailed })?;
        outcome.and_then(|()| self.apply_buffer_sizes())
    }

    /// Connects in the kernel, once the connect has begun; binds before if need be.
    fn connect_now(&self, remote: SocketAddr) -> Result<()> {
        let outcome = self.bind_if_needed().and_then(|()| {
            self.sys("connect")?.connect(remote).map_err(|error| Error::system("connect", &error).at(remote))
        });
        self.advance(if outcome.is_ok() { Op::ConnectDone } else { Op::ConnectFailed })?;
        outcome
    }

    fn bind_if_needed(&self) -> Result<()> {
        match step(self.state(), Op::SendTo) {
            Ok(Step { action: Action::BindFirst, .. }) => self.bind_implicitly(),
            _ => Ok(()),
        }
    }

    /// What a peer's address must satisfy, whatever the state.
    fn check_peer(&self, syscall: &'static str, peer: SocketAddr) -> Result<()> {
        check_port(peer)?;
        if !self.socket_type().matches(peer.ip()) {
            return Err(Error::raw(syscall, sys::errno::EINVAL).at(peer));
        }
        match &self.options.send_block_list {
            Some(list) if list.check(peer.ip()) => Err(Error::rule(Code::Blocked).at(peer)),
            _ => Ok(()),
        }
    }

    /// The system's socket, if a datagram may go `to` there now; binds it if it is unbound.
    fn sender(&self, to: Option<SocketAddr>) -> Result<&sys::Socket> {
        let op = if to.is_some() { Op::SendTo } else { Op::Send };
        let step = step(self.state(), op).map_err(|code| rule(code, "send"))?;
        if let Some(peer) = to {
            self.check_peer("send", peer)?;
        }
        match step.action {
            Action::Call => {}
            Action::Wait => return Err(Error::raw("send", sys::errno::EAGAIN).maybe_at(to)),
            _ => {
                let _control = self.control();
                // Another thread may have closed the socket meanwhile.
                self.asks(op)?;
                self.bind_if_needed()?;
            }
        }
        self.sys("send")
    }

    /// Sends what one system call takes of a batch that is not empty, as far as the rules permit.
    fn send_some(&self, batch: &[Datagram<'_>]) -> Result<usize> {
        let first = batch[0].to;
        let sys = self.sender(first)?;
        let limit = self.segment_limit.load(Ordering::Relaxed);
        let permitted = runs(batch, limit).take_while(|run| self.permits(run.datagrams[0].to, first));
        sys.send_runs(permitted).or_else(|error| self.send_refused(sys, batch, limit, &error))
    }

    /// Whether the rules let a datagram follow the first, which has been asked about.
    fn permits(&self, to: Option<SocketAddr>, first: Option<SocketAddr>) -> bool {
        to == first || first.is_some() && to.is_some_and(|to| self.check_peer("send", to).is_ok())
    }

    /// The first run was refused. A train is tried again as its first datagram alone: if that goes, the train was the
    /// fault, and no train with segments of that size is tried again.
    fn send_refused(
        &self,
        sys: &sys::Socket,
        batch: &[Datagram<'_>],
        limit: usize,
        error: &io::Error,
    ) -> Result<usize> {
        let refusal = |error: &io::Error| self.failed("send", error).maybe_at(batch[0].to);
        let train = runs(batch, limit).next().and_then(|run| run.segment());
        let Some(segment) = train.filter(|_| error.raw_os_error().is_some_and(sys::errno::is_segment_refusal)) else {
            return Err(refusal(error));
        };
        let alone = Run { datagrams: &batch[..1] };
        let sent = sys.send_runs(std::iter::once(alone)).map_err(|error| refusal(&error))?;
        self.segment_limit.fetch_min(sys::errno::segment_limit(error, segment.into()), Ordering::Relaxed);
        Ok(sent)
    }

    fn admits(&self, addr: SocketAddr) -> bool {
        !blocked(self.options.receive_block_list.as_deref(), addr.ip())
    }
}

fn check_port(peer: SocketAddr) -> Result<()> {
    if peer.port() == 0 { Err(Error::rule(Code::BadPort)) } else { Ok(()) }
}

fn blocked(list: Option<&BlockList>, ip: IpAddr) -> bool {
    list.is_some_and(|list| list.check(ip))
}

fn rule(code: Code, syscall: &'static str) -> Error {
    match code {
        Code::BadDescriptor => Error::raw(syscall, sys::errno::EBADF),
        code => Error::rule(code),
    }
}

/// A range that is checked before the descriptor is looked at, as libuv does.
fn hops(syscall: &'static str, ttl: u32, least: u32) -> Result<u32> {
    if (least..=255).contains(&ttl) { Ok(ttl) } else { Err(Error::raw(syscall, sys::errno::EINVAL)) }
}

/// A size that fits the C `int` of `SO_RCVBUF`.
fn buffer_size(bytes: u32) -> Option<usize> {
    i32::try_from(bytes).ok().and_then(|bytes| usize::try_from(bytes).ok())
}
