//! [`Socket`]: binding, connecting and closing, by the rules of [`crate::state`].

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::control::{SocketControl, check_port};
use crate::error::{Error, Result};
use crate::socket_options::SocketOptions;
use crate::state::{Action, Bind, Op, Rules, Step, step};
use crate::sys;
use crate::types::family::SocketType;

/// A UDP socket with everything that Node's `dgram.Socket` has, answering at once.
///
/// What would have to wait fails with `EAGAIN` ([`Error::is_would_block`]); [`TokioSocket`](crate::TokioSocket) and
/// [`EventSocket`](crate::events::EventSocket) wait instead. All methods take `&self` and may be called from any thread.
///
/// # Forks and signals
///
/// **Not fork-safe.** After `fork(2)` the child may execute another program, since descriptors are close-on-exec, or end by
/// `_exit(2)`. It must not use or drop a socket: the open file is the parent's too, so that either process takes datagrams from the
/// other, and a lock that a thread of the parent held stays locked in the child for ever. `std::process::Command` is safe.
/// Processes that are to share a port bind a socket each, with [`reuse_port`](SocketOptions::reuse_port).
///
/// **Not async-signal-safe.** No method may be called in a signal handler. A handler that interrupts a method does no
/// harm: interrupted system calls are repeated.
///
/// ```
/// use heliogram::{Socket, SocketOptions, SocketType};
///
/// let server = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// server.bind(Some("127.0.0.1:0".parse().unwrap()))?;
/// let client = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// client.try_send_to(b"Some bytes", server.local_addr()?)?;
///
/// let mut buffer = [0; 64];
/// let (length, peer) = server.try_recv_from(&mut buffer)?;
/// assert_eq!(&buffer[..length], b"Some bytes");
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Debug)]
pub struct Socket(SocketControl);

/// Making, binding and closing.
impl Socket {
    /// Makes a socket. As in Node, there is no descriptor before it is bound, sends, connects or joins a group.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BAD_BUFFER_SIZE` for a buffer size over 2,147,483,647 bytes.
    #[doc(alias = "createSocket")]
    pub fn new(options: &SocketOptions) -> Result<Self> {
        SocketControl::new(options).map(Socket)
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
    /// [`finish_bind`](Self::finish_bind) or [`abort_bind`](Self::abort_bind) ends it.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`.
    #[doc(hidden)]
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
    #[doc(hidden)]
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
    #[doc(hidden)]
    pub fn finish_implicit_bind(&self) -> Result<()> {
        let _control = self.control();
        if self.state().is_closed() { Ok(()) } else { self.bind_anywhere() }
    }

    /// Ends a bind that has begun and cannot go on: the look-up failed. The socket is unbound again.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND` if no bind is under way.
    #[doc(hidden)]
    pub fn abort_bind(&self) -> Result<()> {
        let _control = self.control();
        self.advance(Op::BindFailed).map(drop)
    }

    /// Takes over a UDP socket that exists already, bound or not: Node's `bind({ fd })`.
    ///
    /// It is made non-blocking and close-on-exec, and is closed with this socket. One that has a peer makes this socket connected.
    /// Others may still have the open file, so datagrams over IPv4 leave one by one until the program [chooses how they may be
    /// fragmented](SocketControl::set_path_mtu_discovery).
    /// Unlike libuv, this does not set `SO_REUSEADDR` unless [`reuse_addr`](SocketOptions::reuse_addr) asks for it.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`; `ERR_INVALID_FD_TYPE` with the type's name for
    /// anything but a UDP socket; `EINVAL` for one of the other family, which only an event socket takes, as in Node; `EBUSY` if this socket has a descriptor already.
    /// The descriptor is closed then.
    pub fn bind_descriptor(&self, descriptor: sys::OwnedDescriptor) -> Result<()> {
        let _control = self.control();
        self.may_adopt()?;
        let only = (self.options.rules == Rules::Kernel).then_some(self.socket_type());
        let adopted = sys::Socket::adopt(descriptor, only)
            .map_err(Error::invalid_descriptor)?
            .and_then(|adopted| self.prepare_adopted(&adopted).map(|()| adopted))
            .map_err(|error| Error::system("open", &error))?;
        self.apply_sockopts(&adopted)?;
        let peer = adopted.peer_addr().ok();
        if self.sys.set(adopted).is_err() {
            return Err(Error::raw("open", sys::errno::EBUSY));
        }
        // Its former owner may have kept a duplicate.
        self.batch_mode.expose(self.sys("open")?);
        self.advance(Op::Bind)?;
        self.advance(Op::BindDone)?;
        if let Some(peer) = peer {
            self.note_peer(peer);
            self.take_connection()?;
        }
        self.apply_buffer_sizes()
    }

    /// What [`bind_descriptor`](Self::bind_descriptor) asks before it touches the descriptor, which a caller may have to keep.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_ALREADY_BOUND`, `ERR_SOCKET_DGRAM_NOT_RUNNING`; `EBUSY` if this socket has a descriptor already.
    #[doc(hidden)]
    pub fn check_adoption(&self) -> Result<()> {
        let _control = self.control();
        self.may_adopt()
    }

    /// Closes the socket for good; its port is free at once, its groups are left.
    ///
    /// The number of its descriptor stays reserved until the socket is dropped, so that nobody who borrowed it meets a
    /// stranger's file. On Windows it is given back with the port, unless [`descriptor`](SocketControl::descriptor) has lent
    /// it: then both stay taken until the drop.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` if it is closed already.
    pub fn close(&self) -> Result<()> {
        let _control = self.control();
        let step = self.advance(Op::Close)?;
        match (step.action, self.sys.get()) {
            (Action::Release, Some(sys)) => sys.release().map_err(|error| Error::system("close", &error)),
            _ => Ok(()),
        }
    }
}

/// The peer.
impl Socket {
    /// Makes `remote` the only peer: datagrams go to it and come from it alone. Binds first if need be.
    ///
    /// A connected socket connects again. It keeps the local address that the first connect gave it, and datagrams of the
    /// former peer that are queued already still come. To talk to several peers, or from several addresses, leave the
    /// socket unconnected and choose with [`SendOptions::source`](crate::SendOptions::source).
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING`, `ERR_SOCKET_BAD_PORT` for port 0, `ERR_IP_BLOCKED`, `EINVAL` for the other family,
    /// those of [`bind`](Self::bind), and the system's, such as `ENETUNREACH`, after which the socket has the peer that it
    /// had before. `EAGAIN` while a bind is under way.
    pub fn connect(&self, remote: SocketAddr) -> Result<()> {
        let _control = self.control();
        check_port(remote)?;
        if self.asks(Op::Connect)? == Action::Wait {
            return Err(Error::raw("connect", sys::errno::EAGAIN).at(remote));
        }
        self.check_peer("connect", remote)?;
        self.bind_if_needed()?;
        self.connect_in_kernel(remote)?;
        self.take_connection()
    }

    /// Begins a connect whose address is still being looked up.
    ///
    /// [`finish_connect`](Self::finish_connect) or [`abort_connect`](Self::abort_connect) ends it. Says whether the
    /// socket must be bound first, or is being bound.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_IS_CONNECTED`, `ERR_SOCKET_DGRAM_NOT_RUNNING`.
    #[doc(hidden)]
    pub fn begin_connect(&self) -> Result<Action> {
        let _control = self.control();
        Ok(self.advance(Op::Connect)?.action)
    }

    /// Ends a connect that has begun. On a socket that was closed meanwhile it does nothing.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect); the socket is without a peer then. Those of
    /// [`abort_connect`](Self::abort_connect), and `EAGAIN` while a bind is under way, leave everything as it is.
    #[doc(hidden)]
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
    #[doc(hidden)]
    pub fn abort_connect(&self) -> Result<()> {
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

/// What the methods share.
impl SocketControl {
    fn bind_now(&self, local: SocketAddr) -> Result<()> {
        let only_v6 = self.options.ipv6_only && self.socket_type() == SocketType::Udp4;
        if only_v6 || !self.socket_type().matches(local.ip()) {
            return Err(Error::raw("bind", sys::errno::EINVAL).at(local));
        }
        if sys::BINDS_AFTER_MEMBERSHIP && self.options.rules == Rules::Node && self.is_bound_in_kernel() {
            return Ok(());
        }
        let failed = |error: io::Error| Error::system("bind", &error).at(local);
        let sys = self.open().map_err(failed)?;
        self.apply_bind_options(sys).map_err(failed)?;
        self.apply_sockopts(sys)?;
        sys.bind(local).map_err(failed)
    }

    fn apply_bind_options(&self, sys: &sys::Socket) -> io::Result<()> {
        if self.options.reuse_addr {
            sys.set_reuse_addr()?;
        }
        if self.options.reuse_port {
            sys.set_reuse_port()?;
        }
        if self.options.ipv6_only {
            sys.set_only_v6()?;
        }
        self.take_device(sys)
    }

    /// The options that are set before the bind.
    pub(super) fn apply_sockopts(&self, sys: &sys::Socket) -> Result<()> {
        self.options.sockopts.iter().try_for_each(|&(option, value)| {
            sys.set_sockopt(option, value, true).map_err(|error| Error::system(option.setter(), &error))
        })?;
        self.apply_reports(sys)
    }

    /// What the kernel reports of datagrams, from the first on.
    fn apply_reports(&self, sys: &sys::Socket) -> Result<()> {
        let info = self.options.recv_metadata;
        if !info.is_empty() {
            sys.set_recv_metadata(info).map_err(|error| Error::system("setRecvMetadata", &error))?;
            self.receive_info.store(info.bits(), Ordering::Relaxed);
        }
        if self.options.recv_errors {
            sys.set_recv_errors(true).map_err(|error| Error::system("setRecvErrors", &error))?;
            self.receive_errors.store(true, Ordering::Relaxed);
            self.has_error_queue.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn may_adopt(&self) -> Result<()> {
        self.asks(Op::Bind)?;
        if self.sys.get().is_some() { Err(Error::raw("open", sys::errno::EBUSY)) } else { Ok(()) }
    }

    fn prepare_adopted(&self, sys: &sys::Socket) -> io::Result<()> {
        // Only if asked for: another user's socket could share the port.
        if self.options.reuse_addr {
            sys.set_reuse_addr()?;
        }
        self.take_device(sys)?;
        if sys.has_gro() {
            // A receive of another thread that found GRO off has ended before the descriptor is there.
            let _switch = self.gro_switch.write().unwrap_or_else(PoisonError::into_inner);
            self.gro.store(true, Ordering::Relaxed);
        }
        self.apply_gro(sys)
    }

    pub(super) fn take_device(&self, sys: &sys::Socket) -> io::Result<()> {
        self.options.device.as_ref().map_or(Ok(()), |device| sys.bind_device(Some(device.as_bytes())))
    }

    pub(super) fn apply_gro(&self, sys: &sys::Socket) -> io::Result<()> {
        if self.gro() { sys.set_gro(true) } else { Ok(()) }
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
        let outcome = if self.is_bound_in_kernel() { Ok(()) } else { self.bind_now(self.socket_type().any()) };
        self.advance(if outcome.is_ok() { Op::BindDone } else { Op::BindFailed })?;
        outcome.and_then(|()| self.apply_buffer_sizes())
    }

    /// Whether it has a port, perhaps by a membership call.
    fn is_bound_in_kernel(&self) -> bool {
        self.sys.get().and_then(|sys| sys.local_addr().ok()).is_some_and(|local| local.port() != 0)
    }

    /// Connects in the kernel, once the connect has begun; binds before if need be.
    fn connect_now(&self, remote: SocketAddr) -> Result<()> {
        let outcome = self.bind_if_needed().and_then(|()| self.connect_in_kernel(remote));
        self.advance(if outcome.is_ok() { Op::ConnectDone } else { Op::ConnectFailed })?;
        outcome
    }

    fn connect_in_kernel(&self, remote: SocketAddr) -> Result<()> {
        self.sys("connect")?.connect(remote).map_err(|error| Error::system("connect", &error).at(remote))?;
        self.note_peer(remote);
        Ok(())
    }

    /// Takes over a peer that the kernel has. No other thread sees the states in between, in which sends would wait.
    fn take_connection(&self) -> Result<()> {
        if !self.state().is_connected() {
            let begun = self.step(Op::Connect).map_err(Error::rule)?.next;
            let done = step(self.options.rules, begun, Op::ConnectDone).map_err(Error::rule)?.next;
            self.set_state(done);
        }
        Ok(())
    }

    pub(super) fn bind_if_needed(&self) -> Result<()> {
        match self.step(Op::SendTo) {
            Ok(Step { action: Action::BindFirst, .. }) => self.bind_implicitly(),
            _ => Ok(()),
        }
    }
}

impl Socket {
    pub(super) fn into_sys(self) -> Option<sys::Socket> {
        self.0.sys.into_inner()
    }
}

impl Deref for Socket {
    type Target = SocketControl;

    fn deref(&self) -> &SocketControl {
        &self.0
    }
}
