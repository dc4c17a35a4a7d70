//! The state machine: every rule about *when* an operation is allowed, and nothing else.
//!
//! [`State`] is a plain `Copy` value without descriptor, clock or system call, and [`step`] is the one function that
//! knows the rules. There are 27 states and [`Op::ALL`] operations, so the whole table is walked by a test.
//!
//! The rules are those of Node's `dgram.Socket`, or with [`Rules::Kernel`] those with two differences. Three of Node's surprise:
//!
//! * A membership call on an unbound socket binds it in the kernel and leaves it *unbound* here (libuv's deferred
//!   bind), so a later explicit bind is accepted and then refused by the kernel.
//! * `connect` looks at the connection before it looks at whether the socket is closed, because a connection outlives
//!   [`Op::Close`].
//! * A bind that fails gives the socket back unbound, but with a descriptor: options work from then on.

use crate::error::ErrorKind;

/// Whether the socket has a local address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bind {
    /// Neither bound nor being bound.
    Unbound,
    /// A bind has begun and waits for a look-up (or another process) to answer.
    Binding,
    /// Bound by a call to bind, or by a send or connect that needed it.
    Bound,
}

/// Whether the socket has a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connect {
    /// No peer: every datagram names its destination.
    Disconnected,
    /// A connect has begun and waits for a look-up or a bind.
    Connecting,
    /// One peer: datagrams go to it and come from it alone.
    Connected,
}

/// Whose rules a socket follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rules {
    /// A connected socket may connect again and send to others, as far as the kernel permits it.
    #[default]
    Kernel,
    /// Node's: a connected socket does neither.
    Node,
}

/// What stands behind the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handle {
    /// No descriptor has been made yet.
    Empty,
    /// There is a descriptor.
    Open,
    /// The socket is closed for good.
    Closed,
}

/// Where a socket stands. `Copy`, three bytes, no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The local half.
    pub bind: Bind,
    /// The remote half.
    pub connect: Connect,
    /// The descriptor.
    pub handle: Handle,
}

/// Everything that can be asked of a socket, as far as the rules are concerned.
///
/// Operations whose rules are the same share one entry: [`Op::Option`] stands for broadcast, TTL and the multicast
/// options, [`Op::Membership`] for the four membership calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A bind begins.
    Bind,
    /// The kernel accepted the bind.
    BindDone,
    /// The look-up or the kernel refused the bind.
    BindFailed,
    /// A descriptor was made.
    Opened,
    /// A connect begins.
    Connect,
    /// The kernel accepted the connect.
    ConnectDone,
    /// The look-up, the bind or the kernel refused the connect.
    ConnectFailed,
    /// The connection is to be dissolved.
    Disconnect,
    /// A send to the connected peer.
    Send,
    /// A send that names its destination.
    SendTo,
    /// The same after it was permitted and had to wait: a peer that the socket has got meanwhile changes nothing.
    SendQueued,
    /// A receive.
    Recv,
    /// The socket is to be closed.
    Close,
    /// The local address is asked for.
    Address,
    /// The peer's address is asked for.
    RemoteAddress,
    /// Broadcast, TTL, multicast TTL, loopback or interface.
    Option,
    /// Joining or leaving a group, with or without a source.
    Membership,
    /// Reading or setting the size of a kernel buffer.
    BufferSize,
    /// Size and count of the sends that wait.
    SendQueue,
}

impl Op {
    /// Every operation, for whoever walks the table.
    pub const ALL: [Op; 19] = [
        Op::Bind,
        Op::BindDone,
        Op::BindFailed,
        Op::Opened,
        Op::Connect,
        Op::ConnectDone,
        Op::ConnectFailed,
        Op::Disconnect,
        Op::Send,
        Op::SendTo,
        Op::SendQueued,
        Op::Recv,
        Op::Close,
        Op::Address,
        Op::RemoteAddress,
        Op::Option,
        Op::Membership,
        Op::BufferSize,
        Op::SendQueue,
    ];
}

/// What the caller of [`step`] has to do for the operation to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing beyond taking over the next state.
    Nothing,
    /// Make a descriptor first, then go on.
    Open,
    /// Bind to the wildcard address and a free port first, then ask again.
    BindFirst,
    /// Make a descriptor and bind it in the kernel, but stay [`Bind::Unbound`]; then make the system call.
    BindSilently,
    /// Make the system call.
    Call,
    /// Wait until the bind or connect under way has ended, then ask again.
    Wait,
    /// Give the descriptor back.
    Release,
    /// The answer came after the socket was closed: drop whatever it brought.
    Discard,
}

/// A permitted operation: the state it leads to and what to do for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The state from now on.
    pub next: State,
    /// What makes it happen.
    pub action: Action,
}

impl State {
    /// A new socket: unbound, disconnected, without a descriptor.
    pub const NEW: State = State { bind: Bind::Unbound, connect: Connect::Disconnected, handle: Handle::Empty };

    /// All 27 states, those included that no sequence of operations reaches.
    pub fn all() -> impl Iterator<Item = State> {
        (0..27).map(State::from_index)
    }

    /// Whether the socket is closed.
    pub const fn is_closed(self) -> bool {
        matches!(self.handle, Handle::Closed)
    }

    /// Whether the socket has one peer.
    pub const fn is_connected(self) -> bool {
        matches!(self.connect, Connect::Connected)
    }

    /// The state as a number below 27, so that it fits an atomic.
    pub(crate) const fn index(self) -> u8 {
        self.bind as u8 * 9 + self.connect as u8 * 3 + self.handle as u8
    }

    /// The state with that number.
    #[inline]
    pub(crate) const fn from_index(index: u8) -> State {
        const BIND: [Bind; 3] = [Bind::Unbound, Bind::Binding, Bind::Bound];
        const CONNECT: [Connect; 3] = [Connect::Disconnected, Connect::Connecting, Connect::Connected];
        const HANDLE: [Handle; 3] = [Handle::Empty, Handle::Open, Handle::Closed];
        State {
            bind: BIND[(index / 9 % 3) as usize],
            connect: CONNECT[(index / 3 % 3) as usize],
            handle: HANDLE[(index % 3) as usize],
        }
    }

    const fn to(self, action: Action) -> Result<Step, ErrorKind> {
        Ok(Step { next: self, action })
    }

    const fn with_bind(self, bind: Bind) -> State {
        State { bind, ..self }
    }

    const fn with_connect(self, connect: Connect) -> State {
        State { connect, ..self }
    }

    const fn with_handle(self, handle: Handle) -> State {
        State { handle, ..self }
    }
}

/// The table: may `op` happen in `state`, what does it lead to, and what does it take?
///
/// # Errors
///
/// The code with which Node refuses the operation; the state stays as it was.
#[inline]
pub const fn step(rules: Rules, state: State, op: Op) -> Result<Step, ErrorKind> {
    match op {
        Op::Bind => bind(state),
        Op::BindDone => bind_done(state),
        Op::BindFailed => bind_failed(state),
        Op::Opened => opened(state),
        Op::Connect => connect(rules, state),
        Op::ConnectDone => connect_ended(state, Connect::Connected),
        Op::ConnectFailed => connect_ended(state, Connect::Disconnected),
        Op::Disconnect => disconnect(state),
        Op::Send => send(state),
        Op::SendTo => send_to(rules, state),
        Op::SendQueued => send_queued(state),
        Op::Recv => with_descriptor(state, ErrorKind::BadDescriptor),
        Op::Close => close(state),
        Op::Address => with_descriptor(state, ErrorKind::BadDescriptor),
        Op::RemoteAddress => peer_addr(state),
        Op::Option => with_descriptor(state, ErrorKind::BadDescriptor),
        Op::Membership => membership(state),
        Op::BufferSize => with_descriptor(state, ErrorKind::BufferSize),
        Op::SendQueue => send_queue(state),
    }
}

const fn bind(state: State) -> Result<Step, ErrorKind> {
    match (state.handle, state.bind) {
        (Handle::Closed, _) => Err(ErrorKind::NotRunning),
        (_, Bind::Binding | Bind::Bound) => Err(ErrorKind::AlreadyBound),
        (Handle::Empty, Bind::Unbound) => state.with_bind(Bind::Binding).to(Action::Open),
        (Handle::Open, Bind::Unbound) => state.with_bind(Bind::Binding).to(Action::Nothing),
    }
}

const fn bind_done(state: State) -> Result<Step, ErrorKind> {
    match (state.handle, state.bind) {
        (Handle::Closed, _) => state.to(Action::Discard),
        (_, Bind::Binding) => State { bind: Bind::Bound, handle: Handle::Open, ..state }.to(Action::Nothing),
        (_, Bind::Unbound | Bind::Bound) => Err(ErrorKind::AlreadyBound),
    }
}

const fn bind_failed(state: State) -> Result<Step, ErrorKind> {
    match (state.handle, state.bind) {
        (Handle::Closed, _) => state.to(Action::Discard),
        (_, Bind::Binding) => state.with_bind(Bind::Unbound).to(Action::Nothing),
        (_, Bind::Unbound | Bind::Bound) => Err(ErrorKind::AlreadyBound),
    }
}

const fn opened(state: State) -> Result<Step, ErrorKind> {
    match state.handle {
        Handle::Closed => state.to(Action::Discard),
        Handle::Empty | Handle::Open => state.with_handle(Handle::Open).to(Action::Nothing),
    }
}

const fn connect(rules: Rules, state: State) -> Result<Step, ErrorKind> {
    let next = match (rules, state.connect) {
        (_, Connect::Disconnected) => state.with_connect(Connect::Connecting),
        (Rules::Kernel, Connect::Connected) => state,
        (Rules::Node, Connect::Connected) | (_, Connect::Connecting) => return Err(ErrorKind::IsConnected),
    };
    match (state.handle, state.bind) {
        (Handle::Closed, _) => Err(ErrorKind::NotRunning),
        (_, Bind::Unbound) => next.to(Action::BindFirst),
        (_, Bind::Binding) => next.to(Action::Wait),
        (_, Bind::Bound) => next.to(Action::Call),
    }
}

const fn connect_ended(state: State, to: Connect) -> Result<Step, ErrorKind> {
    match (state.handle, state.connect) {
        (Handle::Closed, _) => state.to(Action::Discard),
        (_, Connect::Connecting) => state.with_connect(to).to(Action::Nothing),
        (_, Connect::Disconnected) => Err(ErrorKind::NotConnected),
        (_, Connect::Connected) => Err(ErrorKind::IsConnected),
    }
}

const fn disconnect(state: State) -> Result<Step, ErrorKind> {
    match (state.connect, state.handle) {
        (Connect::Disconnected | Connect::Connecting, _) => Err(ErrorKind::NotConnected),
        (Connect::Connected, Handle::Closed) => Err(ErrorKind::NotRunning),
        (Connect::Connected, _) => state.with_connect(Connect::Disconnected).to(Action::Call),
    }
}

const fn send(state: State) -> Result<Step, ErrorKind> {
    match (state.handle, state.connect) {
        (Handle::Closed, _) => Err(ErrorKind::NotRunning),
        (_, Connect::Connected) => state.to(Action::Call),
        (_, Connect::Connecting) => state.to(Action::Wait),
        (_, Connect::Disconnected) => Err(ErrorKind::NotConnected),
    }
}

const fn send_to(rules: Rules, state: State) -> Result<Step, ErrorKind> {
    match (rules, state.handle, state.connect) {
        (Rules::Node, Handle::Empty | Handle::Open, Connect::Connected) => Err(ErrorKind::IsConnected),
        _ => send_queued(state),
    }
}

const fn send_queued(state: State) -> Result<Step, ErrorKind> {
    match (state.handle, state.bind) {
        (Handle::Closed, _) => Err(ErrorKind::NotRunning),
        (_, Bind::Unbound) => state.to(Action::BindFirst),
        (_, Bind::Binding) => state.to(Action::Wait),
        (_, Bind::Bound) => state.to(Action::Call),
    }
}

const fn close(state: State) -> Result<Step, ErrorKind> {
    match state.handle {
        Handle::Closed => Err(ErrorKind::NotRunning),
        Handle::Empty => state.with_handle(Handle::Closed).to(Action::Nothing),
        Handle::Open => state.with_handle(Handle::Closed).to(Action::Release),
    }
}

const fn peer_addr(state: State) -> Result<Step, ErrorKind> {
    match (state.handle, state.connect) {
        (Handle::Closed, _) => Err(ErrorKind::NotRunning),
        (_, Connect::Connected) => state.to(Action::Call),
        (_, Connect::Disconnected | Connect::Connecting) => Err(ErrorKind::NotConnected),
    }
}

const fn membership(state: State) -> Result<Step, ErrorKind> {
    match state.handle {
        Handle::Closed => Err(ErrorKind::NotRunning),
        Handle::Empty => state.to(Action::BindSilently),
        Handle::Open => state.to(Action::Call),
    }
}

const fn with_descriptor(state: State, missing: ErrorKind) -> Result<Step, ErrorKind> {
    match state.handle {
        Handle::Closed => Err(ErrorKind::NotRunning),
        Handle::Empty => Err(missing),
        Handle::Open => state.to(Action::Call),
    }
}

const fn send_queue(state: State) -> Result<Step, ErrorKind> {
    match state.handle {
        Handle::Closed => Err(ErrorKind::NotRunning),
        Handle::Empty | Handle::Open => state.to(Action::Nothing),
    }
}
