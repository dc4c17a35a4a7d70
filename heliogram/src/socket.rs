//! [`Socket`]: the state machine joined to a descriptor. It never waits; the faces do.
//!
//! Sources: the manual's page for `dgram.Socket`; `udp(7)`, `ip(7)`, `ipv6(7)`.

mod data;
mod knobs;
mod settings;
mod told;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::options::{SocketOptions, SocketType};
use crate::state::{Action, Bind, Op, State, Step, step};
use crate::stats::{Counters, Waiting};
use crate::sys;

/// A UDP socket with everything that Node's `dgram.Socket` has, answering at once.
///
/// What would have to wait fails with `EAGAIN` ([`Error::is_would_block`]); [`TokioSocket`](crate::TokioSocket) and
/// [`EventSocket`](crate::events::EventSocket) wait instead. All methods take `&self` and may be called from any thread.
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
pub struct Socket {
    options: SocketOptions,
    /// [`State::index`]. The paths of single datagrams only read it; whoever changes it holds `control`.
    state: AtomicU8,
    control: Mutex<()>,
    sys: OnceLock<sys::Socket>,
    /// Whether the kernel hands over trains.
    gro: AtomicBool,
    /// The largest segment that may travel in a train; lowered where the kernel or the device refuses.
    segment_limit: AtomicU16,
    /// [`RecvMetadataOptions`](crate::RecvMetadataOptions): what the kernel tells of each datagram.
    receive_info: AtomicU8,
    /// Whether the error queue tells what sends and receives would tell otherwise.
    receive_errors: AtomicBool,
    /// Whether anything has ever been let into the error queue.
    notices: AtomicBool,
    /// What waits in a face's [`SendQueue`](crate::queue::SendQueue).
    waiting: Waiting,
    incoming: Counters,
    outgoing: Counters,
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
            buffer_size(size).ok_or(Error::rule(ErrorKind::BadBufferSize))?;
        }
        let mut options = options.clone();
        options.offload &= offload_is_permitted();
        Ok(Socket {
            state: AtomicU8::new(State::NEW.index()),
            control: Mutex::new(()),
            sys: OnceLock::new(),
            gro: AtomicBool::new(options.offload && options.gro),
            segment_limit: AtomicU16::new(if sys::SEGMENTS && options.offload { u16::MAX } else { 0 }),
            receive_info: AtomicU8::new(0),
            receive_errors: AtomicBool::new(false),
            notices: AtomicBool::new(false),
            waiting: Waiting::default(),
            incoming: Counters::default(),
            outgoing: Counters::default(),
            options,
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
    pub fn bind_descriptor(&self, descriptor: sys::OwnedDescriptor) -> Result<()> {
        let _control = self.control();
        self.asks(Op::Bind)?;
        let adopted = sys::Socket::adopt(descriptor, self.socket_type())
            .map_err(Error::invalid_descriptor)?
            .and_then(|adopted| self.prepare_adopted(&adopted).map(|()| adopted))
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
        self.apply_buffer_sizes()
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
    #[doc(alias("address", "getsockname"))]
    pub fn local_addr(&self) -> Result<SocketAddr> {
        self.call(Op::Address, "getsockname", sys::Socket::local_addr)
    }

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed, `ERR_SOCKET_DGRAM_NOT_CONNECTED` without a peer.
    #[doc(alias("remoteAddress", "getpeername"))]
    pub fn peer_addr(&self) -> Result<SocketAddr> {
        self.call(Op::RemoteAddress, "getpeername", sys::Socket::peer_addr)
    }

    /// The descriptor, for a reactor or for calls that this crate lacks. Closing the socket does not invalidate it: its
    /// number stays taken until the socket is dropped. There is no `AsFd` because an unbound socket has none to lend;
    /// the faces, whose sockets are always bound, have it.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn descriptor(&self) -> Result<sys::BorrowedDescriptor<'_>> {
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
    pub(crate) fn reserved_descriptor(&self) -> sys::BorrowedDescriptor<'_> {
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
        if self.state().is_closed() { Error::rule(ErrorKind::NotRunning) } else { Error::system(syscall, error) }
    }

    fn open(&self) -> io::Result<&sys::Socket> {
        if let Some(sys) = self.sys.get() {
            return Ok(sys);
        }
        let opened = sys::Socket::open(self.socket_type())?;
        self.take_trains(&opened)?;
        let sys = self.sys.get_or_init(|| opened);
        self.advance(Op::Opened)?;
        Ok(sys)
    }

    fn bind_now(&self, local: SocketAddr) -> Result<()> {
        let only_v6 = self.options.ipv6_only && self.socket_type() == SocketType::Udp4;
        if only_v6 || !self.socket_type().matches(local.ip()) {
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
        if self.options.ipv6_only {
            sys.set_only_v6()?;
        }
        self.take_device(sys)
    }

    fn prepare_adopted(&self, sys: &sys::Socket) -> io::Result<()> {
        sys.set_reuse_addr()?;
        self.take_device(sys)?;
        self.take_trains(sys)
    }

    fn take_device(&self, sys: &sys::Socket) -> io::Result<()> {
        self.options.device.as_ref().map_or(Ok(()), |device| sys.bind_device(Some(device.as_bytes())))
    }

    fn take_trains(&self, sys: &sys::Socket) -> io::Result<()> {
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
            Some(list) if list.check(peer.ip()) => Err(Error::rule(ErrorKind::Blocked).at(peer)),
            _ => Ok(()),
        }
    }
}

/// Whether the environment of the process leaves the sockets their trains; asked once.
fn offload_is_permitted() -> bool {
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    *PERMITTED.get_or_init(|| std::env::var_os("HELIOGRAM_OFFLOAD").is_none_or(|value| value != "0"))
}

fn check_port(peer: SocketAddr) -> Result<()> {
    if peer.port() == 0 { Err(Error::rule(ErrorKind::BadPort)) } else { Ok(()) }
}

fn rule(code: ErrorKind, syscall: &'static str) -> Error {
    match code {
        ErrorKind::BadDescriptor => Error::raw(syscall, sys::errno::EBADF),
        code => Error::rule(code),
    }
}

/// A size that fits the C `int` of `SO_RCVBUF`.
fn buffer_size(bytes: u32) -> Option<usize> {
    i32::try_from(bytes).ok().and_then(|bytes| usize::try_from(bytes).ok())
}
