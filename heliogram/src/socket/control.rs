//! [`SocketControl`]: the state machine joined to a descriptor; queries.
//!
//! Sources: Node's `dgram` documentation; `udp(7)`, `ip(7)`, `ipv6(7)`.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use super::batch_mode::BatchMode;
use super::narrow_paths::NarrowPaths;
use crate::error::{Error, ErrorKind, Result};
use crate::socket_options::SocketOptions;
use crate::state::{Action, Op, State, Step, step};
use crate::stats::{self, Counters, Stats, Waiting};
use crate::sys;
use crate::types::error_queue::QueuedError;
use crate::types::family::SocketType;
use crate::types::metadata::RecvMetadataOptions;

/// What a socket can be asked and set while others use it: options, queries and multicast memberships.
///
/// Every socket of this crate dereferences to it. It can neither be bound, connected, received from nor closed, so that
/// nobody ends a [`TokioSocket`](crate::TokioSocket) or an [`EventSocket`](crate::events::EventSocket) without its reactor's
/// knowledge. All methods take `&self` and may be called from any thread.
///
/// ```compile_fail
/// fn close(socket: &heliogram::Socket) {
///     socket.close().unwrap();
/// }
/// fn behind_the_reactor(socket: &heliogram::TokioSocket) {
///     close(socket); // does not compile: a tokio socket is no `Socket`
/// }
/// ```
///
/// ```compile_fail
/// fn bind(socket: &heliogram::Socket) {
///     socket.bind(None).unwrap();
/// }
/// fn behind_the_loop(socket: &heliogram::events::EventSocket) {
///     bind(socket); // does not compile: an event socket is no `Socket`
/// }
/// ```
///
/// ```
/// fn join(socket: &heliogram::SocketControl) -> heliogram::Result<()> {
///     socket.join_multicast("239.255.0.1".parse().unwrap(), heliogram::Interface::Default)
/// }
/// # #[cfg(feature = "tokio")]
/// fn on_tokio(socket: &heliogram::TokioSocket) -> heliogram::Result<()> {
///     join(socket)
/// }
/// ```
#[derive(Debug)]
pub struct SocketControl {
    pub(super) options: SocketOptions,
    /// [`State::index`]. The paths of single datagrams only read it; whoever changes it holds `control`.
    pub(super) state: AtomicU8,
    pub(super) control: Mutex<()>,
    pub(super) sys: OnceLock<sys::Socket>,
    /// Whether the kernel hands over GRO packets.
    pub(super) gro: AtomicBool,
    /// Whether nobody can switch that any longer: the sockets of runtimes give no access to what does.
    pub(super) gro_is_settled: AtomicBool,
    /// Held for writing while GRO is switched, for reading by receives that take it for granted that it is off.
    pub(super) gro_switch: RwLock<()>,
    /// The largest segment that may travel in a GSO batch; lowered where the kernel or the device refuses.
    pub(super) segment_limit: AtomicU16,
    /// The destinations that take less.
    pub(super) narrow_paths: NarrowPaths,
    /// How the kernel treats the don't-fragment bit of GSO batches.
    pub(super) batch_mode: BatchMode,
    /// [`RecvMetadataOptions`](crate::RecvMetadataOptions): what the kernel reports with each datagram.
    pub(super) receive_info: AtomicU8,
    /// Whether errors of earlier datagrams go to the error queue instead of to the next call.
    pub(super) receive_errors: AtomicBool,
    /// How many refused calls were made again, each of which left its entry in the error queue twice.
    pub(super) repeated: AtomicUsize,
    /// The last entry of the error queue, if it was a refusal by this host.
    pub(super) last_refusal: Mutex<Option<QueuedError>>,
    /// Whether anything has ever been let into the error queue.
    pub(super) has_error_queue: AtomicBool,
    /// What waits in a runtime's [`SendQueue`](crate::send_queue::SendQueue).
    pub(super) waiting: Waiting,
    pub(super) incoming: Counters,
    pub(super) outgoing: Counters,
}

/// Queries.
impl SocketControl {
    /// The state of Node's socket.
    #[doc(hidden)]
    pub fn state(&self) -> State {
        State::from_index(self.state.load(Ordering::Acquire))
    }

    /// Whether the socket is closed.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed()
    }

    /// Whether the socket has a peer.
    pub fn is_connected(&self) -> bool {
        self.state().is_connected()
    }

    /// Whether the kernel may deliver GRO packets: as [`SocketOptions::gro`](crate::SocketOptions::gro) said at first.
    pub fn gro(&self) -> bool {
        self.gro.load(Ordering::Relaxed)
    }

    /// The options that the socket was made with.
    pub const fn options(&self) -> &SocketOptions {
        &self.options
    }

    /// The socket's family.
    #[doc(alias = "type")]
    pub const fn socket_type(&self) -> SocketType {
        self.options.socket_type
    }

    /// The family of the kernel's socket, which differs if a descriptor of the other family was adopted by Node's rules.
    #[doc(hidden)]
    pub fn kernel_family(&self) -> SocketType {
        self.sys.get().map_or(self.socket_type(), |sys| sys.family)
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
    /// number stays taken until the socket is dropped. On Windows that keeps the port taken
    /// too. There is no `AsFd` because an unbound socket has none to lend;
    /// [`BoundSocket`](crate::BoundSocket) and the sockets of the runtimes have it.
    ///
    /// Whoever has it may duplicate it, or set options behind the socket's back. So from now on datagrams over IPv4 leave one by one
    /// in mode [`Want`](crate::PathMtuDiscovery::Want) ([`max_gso_segment`](Self::max_gso_segment) has the details), which
    /// [`reactor_descriptor`](Self::reactor_descriptor) leaves as it is.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    pub fn descriptor(&self) -> Result<sys::BorrowedDescriptor<'_>> {
        let descriptor = self.reactor_descriptor()?;
        self.batch_mode.expose(self.sys("descriptor")?);
        Ok(descriptor)
    }

    /// The descriptor for who only waits for its readiness, by `poll(2)` or a reactor: nobody sends by it, duplicates it, or sets its
    /// options. As [`descriptor`](Self::descriptor) in all else.
    ///
    /// # Errors
    ///
    /// Those of [`descriptor`](Self::descriptor).
    pub fn reactor_descriptor(&self) -> Result<sys::BorrowedDescriptor<'_>> {
        self.step(Op::Address).map_err(|code| rule(code, "descriptor"))?;
        Ok(self.sys("descriptor")?.descriptor())
    }

    /// The right to watch the handle: the port of a closed socket is taken while it lives.
    #[cfg(windows)]
    #[doc(hidden)]
    pub fn lease(&self) -> Result<sys::Lease> {
        self.step(Op::Address).map_err(|code| rule(code, "descriptor"))?;
        self.sys("descriptor")?.shared().lease().map_err(|error| Error::system("descriptor", &error))
    }

    /// How many bytes of sends wait because the kernel had no room for them. The methods here never wait, so only a runtime
    /// that keeps a [`SendQueue`](crate::send_queue::SendQueue) for this socket has any.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "getSendQueueSize")]
    pub fn send_queue_size(&self) -> Result<usize> {
        self.step(Op::SendQueue).map_err(Error::rule)?;
        Ok(self.waiting.now().0)
    }

    /// How many sends wait; as [`send_queue_size`](Self::send_queue_size).
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "getSendQueueCount")]
    pub fn send_queue_count(&self) -> Result<usize> {
        self.step(Op::SendQueue).map_err(Error::rule)?;
        Ok(self.waiting.now().1)
    }

    /// What the socket has sent and received so far, whatever it is now. It is counted as it happens, at a cost of nanoseconds
    /// for a system call.
    #[doc(alias = "SO_MEMINFO")]
    pub fn stats(&self) -> Stats {
        let open = self.sys.get().filter(|_| !self.state().is_closed());
        let dropped = open.and_then(sys::Socket::dropped);
        Stats { dropped_packets: dropped, ..stats::total(&self.incoming, &self.outgoing, &self.waiting) }
    }
}

/// What the methods share.
impl SocketControl {
    pub(super) fn new(options: &SocketOptions) -> Result<Self> {
        for size in [options.recv_buffer_size, options.send_buffer_size].into_iter().flatten() {
            buffer_size(size).ok_or(Error::rule(ErrorKind::BadBufferSize))?;
        }
        options.sockopts.iter().try_for_each(|&(option, value)| check_range(option, value))?;
        let options = options.clone();
        Ok(SocketControl {
            state: AtomicU8::new(State::NEW.index()),
            control: Mutex::new(()),
            sys: OnceLock::new(),
            gro: AtomicBool::new(options.offload && options.gro),
            gro_is_settled: AtomicBool::new(false),
            gro_switch: RwLock::default(),
            narrow_paths: NarrowPaths::default(),
            batch_mode: BatchMode::default(),
            segment_limit: AtomicU16::new(if sys::SEGMENTS && options.offload { u16::MAX } else { 0 }),
            receive_info: AtomicU8::new(0),
            receive_errors: AtomicBool::new(false),
            repeated: AtomicUsize::new(0),
            last_refusal: Mutex::new(None),
            has_error_queue: AtomicBool::new(false),
            waiting: Waiting::default(),
            incoming: Counters::default(),
            outgoing: Counters::default(),
            options,
        })
    }

    pub(super) fn control(&self) -> MutexGuard<'_, ()> {
        // The mutex guards no data that a panic could leave half changed: the state is one atomic.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a step of the state machine; the caller holds `control`.
    pub(super) fn advance(&self, op: Op) -> Result<Step> {
        let step = self.step(op).map_err(Error::rule)?;
        self.set_state(step.next);
        Ok(step)
    }

    /// Only for who holds `control`.
    pub(super) fn set_state(&self, state: State) {
        self.state.store(state.index(), Ordering::Release);
    }

    /// What the rules say of an operation now.
    #[inline]
    pub(crate) fn step(&self, op: Op) -> std::result::Result<Step, ErrorKind> {
        step(self.options.rules, self.state(), op)
    }

    /// The descriptor, for a reactor to register. `EBADF` while there is none.
    #[cfg(any(feature = "events", feature = "smol", feature = "tokio"))]
    pub(crate) fn shared_descriptor(&self) -> Result<&std::sync::Arc<sys::Descriptor>> {
        Ok(self.sys("descriptor")?.shared())
    }

    /// The descriptor of a socket that is known to have been opened, closed or not, for the program.
    pub(crate) fn reserved_descriptor(&self) -> sys::BorrowedDescriptor<'_> {
        let sys = self.opened();
        self.batch_mode.expose(sys);
        sys.descriptor()
    }

    /// The same for a reactor, as [`reactor_descriptor`](Self::reactor_descriptor).
    #[cfg(all(unix, feature = "mio"))]
    pub(crate) fn watched_descriptor(&self) -> sys::BorrowedDescriptor<'_> {
        self.opened().descriptor()
    }

    fn opened(&self) -> &sys::Socket {
        self.sys.get().expect("such a socket is taken only once it is open")
    }

    /// Nobody will switch GRO from now on, so that receives need not keep others from it: for a socket that its owner gives to no
    /// one, and that has its descriptor.
    #[cfg(any(feature = "smol", feature = "tokio"))]
    pub(crate) fn settle_gro(&self) {
        self.gro_is_settled.store(true, Ordering::Relaxed);
    }

    /// The action that the operation would take; the state stays as it is.
    pub(super) fn asks(&self, op: Op) -> Result<Action> {
        self.step(op).map(|step| step.action).map_err(Error::rule)
    }

    #[inline]
    pub(super) fn sys(&self, syscall: &'static str) -> Result<&sys::Socket> {
        self.sys.get().ok_or_else(|| Error::raw(syscall, sys::errno::EBADF))
    }

    /// Asks the rules, then the system.
    #[inline]
    pub(crate) fn call<T>(
        &self,
        op: Op,
        syscall: &'static str,
        call: impl FnOnce(&sys::Socket) -> io::Result<T>,
    ) -> Result<T> {
        self.step(op).map_err(|code| rule(code, syscall))?;
        call(self.sys(syscall)?).map_err(|error| self.failed(syscall, &error))
    }

    /// The system's error; on a socket that another thread has closed meanwhile, that it is closed.
    #[cold]
    pub(super) fn failed(&self, syscall: &'static str, error: &io::Error) -> Error {
        if self.state().is_closed() { Error::rule(ErrorKind::NotRunning) } else { Error::system(syscall, error) }
    }

    pub(super) fn open(&self) -> io::Result<&sys::Socket> {
        if let Some(sys) = self.sys.get() {
            return Ok(sys);
        }
        let opened = sys::Socket::open(self.socket_type())?;
        self.apply_gro(&opened)?;
        let sys = self.sys.get_or_init(|| opened);
        self.advance(Op::Opened)?;
        Ok(sys)
    }

    /// What a peer's address must satisfy, whatever the state.
    pub(super) fn check_peer(&self, syscall: &'static str, peer: SocketAddr) -> Result<()> {
        check_port(peer)?;
        if !self.socket_type().matches(peer.ip()) {
            return Err(Error::raw(syscall, sys::errno::EINVAL).at(peer));
        }
        match &self.options.send_block_list {
            Some(list) if list.check(peer.ip()) => Err(Error::rule(ErrorKind::Blocked).at(peer)),
            _ => Ok(()),
        }
    }

    pub(crate) fn set_send_queue(&self, bytes: usize, count: usize) {
        self.waiting.set(bytes, count);
    }

    pub(super) fn receive_info(&self) -> RecvMetadataOptions {
        RecvMetadataOptions::from_bits(self.receive_info.load(Ordering::Relaxed))
    }
}

pub(super) fn check_port(peer: SocketAddr) -> Result<()> {
    if peer.port() == 0 { Err(Error::rule(ErrorKind::BadPort)) } else { Ok(()) }
}

#[cold]
pub(super) fn rule(code: ErrorKind, syscall: &'static str) -> Error {
    match code {
        ErrorKind::BadDescriptor => Error::raw(syscall, sys::errno::EBADF),
        code => Error::rule(code),
    }
}

/// A size that fits the C `int` of `SO_RCVBUF`.
pub(super) fn buffer_size(bytes: u32) -> Option<usize> {
    i32::try_from(bytes).ok().and_then(|bytes| usize::try_from(bytes).ok())
}

/// A range is checked before the descriptor is looked at, as libuv does.
pub(super) fn check_range(option: sys::Sockopt, value: u32) -> Result<()> {
    if option.range().contains(&value) { Ok(()) } else { Err(Error::raw(option.setter(), sys::errno::EINVAL)) }
}
