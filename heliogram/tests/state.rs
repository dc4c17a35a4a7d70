//! The state machine: its whole table, cell by cell, and the real socket compared with it in every state that it can
//! reach.

mod common;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};

use common::{bound, new, rule_code};
use heliogram::state::{Action, Bind, Connect, Handle, Op, Rules, State, step};
use heliogram::{Error, ErrorKind, Interface, RecvBatch, Socket, SocketOptions, SocketType};
use socket2::SockRef;

const RULES: [Rules; 2] = [Rules::Node, Rules::Kernel];

/// The table as text.
const TABLE: &str = include_str!("state.txt");

fn text(state: State) -> String {
    let bind = match state.bind {
        Bind::Unbound => 'u',
        Bind::Binding => 'i',
        Bind::Bound => 'b',
    };
    let connect = match state.connect {
        Connect::Disconnected => 'd',
        Connect::Connecting => 'g',
        Connect::Connected => 'c',
    };
    let handle = match state.handle {
        Handle::Empty => 'e',
        Handle::Open => 'o',
        Handle::Closed => 'x',
    };
    [bind, connect, handle].iter().collect()
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Nothing => "",
        Action::Open => "open",
        Action::BindFirst => "bind",
        Action::BindSilently => "silently",
        Action::Call => "call",
        Action::Wait => "wait",
        Action::Release => "release",
        Action::Discard => "discard",
    }
}

fn refusal(code: ErrorKind) -> &'static str {
    match code {
        ErrorKind::AlreadyBound => "!bound",
        ErrorKind::IsConnected => "!connected",
        ErrorKind::NotConnected => "!peerless",
        ErrorKind::NotRunning => "!running",
        ErrorKind::BadDescriptor => "!badfd",
        ErrorKind::BufferSize => "!buffer",
        other => panic!("{other:?} is no code of the state machine"),
    }
}

/// The outcome of the implementation, in the notation of the table.
fn actual(rules: Rules, state: State, op: Op) -> String {
    let step = match step(rules, state, op) {
        Ok(step) => step,
        Err(code) => return refusal(code).to_owned(),
    };
    let next = if step.next == state { String::new() } else { text(step.next) };
    match (next.as_str(), word(step.action)) {
        ("", "") => "ok".to_owned(),
        (one, "") | ("", one) => one.to_owned(),
        (next, action) => format!("{next} {action}"),
    }
}

/// The row of an operation; the kernel's rules have rows of their own where they differ from Node's.
fn row(rules: Rules, op: Op) -> String {
    match (rules, op) {
        (Rules::Kernel, Op::Connect | Op::SendTo) => format!("{op:?} kernel"),
        _ => format!("{op:?}"),
    }
}

/// Every state and operation.
fn cells() -> impl Iterator<Item = (State, Op)> {
    State::all().flat_map(|state| Op::ALL.map(|op| (state, op)))
}

/// The cells of the table, by operation and state.
fn expected() -> BTreeMap<(String, String), String> {
    let lines = TABLE.lines().filter(|line| line.contains('|')).map(|line| line.split('|').map(str::trim));
    let mut states = Vec::new();
    let mut cells = BTreeMap::new();
    for mut line in lines {
        match line.next() {
            Some("") => states = line.map(str::to_owned).collect(),
            op => states.iter().zip(line).for_each(|(state, cell)| {
                let twice = cells.insert((op.unwrap_or_default().to_owned(), state.clone()), cell.to_owned());
                assert_eq!(twice, None, "{op:?} {state}");
            }),
        }
    }
    cells
}

#[test]
fn every_cell_of_the_table() {
    let expected = expected();
    assert_eq!(expected.len(), 27 * (19 + 2));
    let actual: BTreeMap<_, _> = RULES
        .into_iter()
        .flat_map(|rules| cells().map(move |(state, op)| ((row(rules, op), text(state)), actual(rules, state, op))))
        .collect();
    let wrong: Vec<_> = actual.iter().filter(|(at, cell)| expected.get(at) != Some(cell)).collect();
    assert!(wrong.is_empty(), "not as the table has it: {wrong:#?}");
    assert_eq!(actual.len(), expected.len());
}

#[test]
fn the_states_are_27_and_the_operations_19() {
    let states: BTreeSet<_> = State::all().map(text).collect();
    assert_eq!(states.len(), 27);
    let ops: BTreeSet<_> = Op::ALL.iter().map(|op| format!("{op:?}")).collect();
    assert_eq!(ops.len(), 19);
    assert_eq!(text(State::NEW), "ude");
}

#[test]
fn a_closed_state_stays_closed_and_ignores_late_completions() {
    for state in State::all().filter(|state| state.is_closed()) {
        for op in Op::ALL {
            match step(Rules::Node, state, op) {
                Ok(step) => assert_eq!((step.next, step.action), (state, Action::Discard), "{state:?} {op:?}"),
                Err(ErrorKind::NotRunning | ErrorKind::IsConnected | ErrorKind::NotConnected) => {}
                Err(other) => panic!("{state:?} {op:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn each_part_of_the_state_changes_only_by_its_own_operations() {
    for (rules, (state, op)) in RULES.into_iter().flat_map(|rules| cells().map(move |cell| (rules, cell))) {
        let Ok(step) = step(rules, state, op) else { continue };
        assert!(op == Op::Close || step.next.is_closed() == state.is_closed(), "{state:?} {op:?}");
        assert!(step.next.handle != Handle::Empty || state.handle == Handle::Empty, "{state:?} {op:?}");
        let binds = matches!(op, Op::Bind | Op::BindDone | Op::BindFailed);
        assert!(binds || step.next.bind == state.bind, "{state:?} {op:?}");
        let connects = matches!(op, Op::Connect | Op::ConnectDone | Op::ConnectFailed | Op::Disconnect);
        assert!(connects || step.next.connect == state.connect, "{state:?} {op:?}");
    }
}

#[test]
fn actions_occur_only_in_their_states() {
    for (rules, (state, op)) in RULES.into_iter().flat_map(|rules| cells().map(move |cell| (rules, cell))) {
        let Ok(step) = step(rules, state, op) else { continue };
        match step.action {
            Action::BindFirst => assert_eq!(state.bind, Bind::Unbound),
            Action::BindSilently | Action::Open => assert_eq!(state.handle, Handle::Empty),
            Action::Release => assert_eq!(state.handle, Handle::Open),
            Action::Wait => {
                assert!(state.bind == Bind::Binding || state.connect == Connect::Connecting, "{state:?} {op:?}");
            }
            Action::Nothing | Action::Call | Action::Discard => {}
        }
    }
}

/// A socket under test, and the receiver of what it sends.
struct Pair {
    socket: Socket,
    peer: Socket,
}

impl Pair {
    fn new(rules: Rules) -> Self {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).rules(rules)).unwrap();
        Pair { socket, peer: bound("127.0.0.1:0") }
    }

    fn peer(&self) -> SocketAddr {
        self.peer.local_addr().unwrap()
    }

    /// A new pair whose socket has made these moves.
    fn along(rules: Rules, path: &[Move]) -> Self {
        let pair = Pair::new(rules);
        for &step in path {
            let _ = step.make(&pair);
        }
        pair
    }
}

fn local() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)
}

/// An address that no host has (RFC 5737), which the kernel refuses to bind.
fn elsewhere() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), 0)
}

/// Every method that can change the state.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    BeginBind,
    FinishBind,
    FailBind,
    AbortBind,
    BeginConnect,
    FinishConnect,
    FailConnect,
    AbortConnect,
    Disconnect,
    SendTo,
    Close,
}

impl Move {
    const ALL: [Move; 11] = [
        Move::BeginBind,
        Move::FinishBind,
        Move::FailBind,
        Move::AbortBind,
        Move::BeginConnect,
        Move::FinishConnect,
        Move::FailConnect,
        Move::AbortConnect,
        Move::Disconnect,
        Move::SendTo,
        Move::Close,
    ];

    fn make(self, pair: &Pair) -> Result<(), Error> {
        let socket = &pair.socket;
        match self {
            Move::BeginBind => socket.begin_bind(),
            Move::FinishBind => socket.finish_bind(local()),
            Move::FailBind => socket.finish_bind(elsewhere()),
            Move::AbortBind => socket.abort_bind(),
            Move::BeginConnect => socket.begin_connect().map(drop),
            Move::FinishConnect => socket.finish_connect(pair.peer()),
            Move::FailConnect => socket.finish_connect(SocketAddr::new(pair.peer().ip(), 0)),
            Move::AbortConnect => socket.abort_connect(),
            Move::Disconnect => socket.disconnect(),
            Move::SendTo => socket.try_send_to(b"x", pair.peer()).map(drop),
            Move::Close => socket.close(),
        }
    }

    /// The operation of the rules that the method performs.
    fn op(self) -> Op {
        match self {
            Move::BeginBind => Op::Bind,
            Move::FinishBind => Op::BindDone,
            Move::FailBind | Move::AbortBind => Op::BindFailed,
            Move::BeginConnect => Op::Connect,
            Move::FinishConnect => Op::ConnectDone,
            Move::FailConnect | Move::AbortConnect => Op::ConnectFailed,
            Move::Disconnect => Op::Disconnect,
            Move::SendTo => Op::SendTo,
            Move::Close => Op::Close,
        }
    }
}

/// Every state that a real socket reaches, with the shortest path to it.
fn reachable(rules: Rules) -> BTreeMap<String, Vec<Move>> {
    let mut found = BTreeMap::from([(text(State::NEW), Vec::new())]);
    let mut open = VecDeque::from([Vec::new()]);
    while let Some(path) = open.pop_front() {
        for next in Move::ALL {
            let longer = [&path[..], &[next]].concat();
            let state = text(Pair::along(rules, &longer).socket.state());
            found.entry(state).or_insert_with(|| {
                open.push_back(longer.clone());
                longer
            });
        }
    }
    found
}

/// The same for both rules.
fn everywhere() -> impl Iterator<Item = (Rules, String, Vec<Move>)> {
    RULES.into_iter().flat_map(|rules| reachable(rules).into_iter().map(move |(name, path)| (rules, name, path)))
}

#[test]
fn a_socket_reaches_these_states_and_no_others() {
    for rules in RULES {
        let states: Vec<_> = reachable(rules).into_keys().collect();
        let expected = "bco bcx bdo bdx bgo bgx ide ido idx ige igo igx ude udo udx uge ugo ugx";
        assert_eq!(states, expected.split(' ').collect::<Vec<_>>(), "{rules:?}");
    }
}

fn state(name: &str) -> State {
    State::all().find(|&state| text(state) == name).unwrap()
}

/// Compares a method's outcome with the cell of its rule.
fn check(rules: Rules, name: &str, what: &str, op: Op, answer: Result<(), Error>) {
    match (step(rules, state(name), op), answer) {
        (Err(code), answer) => {
            assert_eq!(answer.map_err(|error| error.code()), Err(rule_code(code)), "{what} in {name}")
        }
        (Ok(step), Err(error)) => {
            assert!(!error.code().starts_with("ERR_SOCKET_DGRAM"), "{what} in {name}: {error}");
            assert!(step.action != Action::Wait || error.is_would_block(), "{what} in {name}: {error}");
        }
        (Ok(step), Ok(())) => assert_ne!((what, step.action), ("send", Action::Wait), "{what} in {name}"),
    }
}

#[test]
fn every_change_of_a_real_socket_follows_the_table() {
    for (rules, name, path) in everywhere() {
        for next in Move::ALL {
            let pair = Pair::along(rules, &path);
            let answer = next.make(&pair);
            let after = text(pair.socket.state());
            match step(rules, state(&name), next.op()) {
                Err(_) => assert_eq!(after, name, "{next:?} was refused and changed {name}"),
                Ok(_) if answer.is_ok() => assert_eq!(after, state_after(rules, &name, next), "{next:?} from {name}"),
                Ok(_) => {}
            }
            if !matches!(next, Move::FailBind | Move::FailConnect) {
                check(rules, &name, &format!("{next:?}"), next.op(), answer);
            }
        }
    }
}

/// The state after a method that succeeds: its own step, and the implicit bind before it.
fn state_after(rules: Rules, name: &str, next: Move) -> String {
    let step = step(rules, state(name), next.op()).unwrap();
    let binds = step.action == Action::BindFirst && next == Move::SendTo
        || next == Move::FinishConnect && state(name).bind == Bind::Unbound && !state(name).is_closed();
    let bound = State { bind: Bind::Bound, handle: Handle::Open, ..step.next };
    text(if binds { bound } else { step.next })
}

/// A method that does not change the state.
type Query = (&'static str, Op, fn(&Socket) -> Result<(), Error>);

#[test]
fn every_query_of_a_real_socket_follows_the_table() {
    for (rules, name, path) in everywhere() {
        for (what, op, ask) in queries() {
            let pair = Pair::along(rules, &path);
            check(rules, &name, what, op, ask(&pair.socket));
            let opened = op == Op::Membership && state(&name).handle == Handle::Empty;
            let expected = if opened { State { handle: Handle::Open, ..state(&name) } } else { state(&name) };
            assert_eq!(text(pair.socket.state()), text(expected), "{what} in {name}");
        }
    }
}

fn queries() -> Vec<Query> {
    const GROUP: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::new(239, 1, 2, 3));
    const SOURCE: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::LOCALHOST);
    const HERE: Interface = Interface::Address(Ipv4Addr::LOCALHOST);
    vec![
        ("send", Op::Send, |socket| socket.try_send(&[]).map(drop)),
        ("receive", Op::Recv, |socket| socket.try_recv_msg(&mut [0]).map(drop)),
        ("receive a batch", Op::Recv, |socket| socket.try_recv_batch(&mut RecvBatch::new(1, 1)).map(drop)),
        ("address", Op::Address, |socket| socket.local_addr().map(drop)),
        ("descriptor", Op::Address, |socket| socket.descriptor().map(drop)),
        ("remote address", Op::RemoteAddress, |socket| socket.peer_addr().map(drop)),
        ("broadcast", Op::Option, |socket| socket.set_broadcast(true)),
        ("TTL", Op::Option, |socket| socket.set_ttl(9)),
        ("multicast TTL", Op::Option, |socket| socket.set_multicast_ttl(9)),
        ("loopback", Op::Option, |socket| socket.set_multicast_loop(false)),
        ("interface", Op::Option, |socket| socket.set_multicast_interface(HERE)),
        ("join", Op::Membership, |socket| socket.join_multicast(GROUP, HERE)),
        ("leave", Op::Membership, |socket| socket.leave_multicast(GROUP, HERE)),
        ("join a source", Op::Membership, |socket| socket.join_ssm(SOURCE, GROUP, HERE)),
        ("leave a source", Op::Membership, |socket| socket.leave_ssm(SOURCE, GROUP, HERE)),
        ("receive buffer", Op::BufferSize, |socket| socket.recv_buffer_size().map(drop)),
        ("set receive buffer", Op::BufferSize, |socket| socket.set_recv_buffer_size(9000)),
        ("send buffer", Op::BufferSize, |socket| socket.send_buffer_size().map(drop)),
        ("queue size", Op::SendQueue, |socket| socket.send_queue_size().map(drop)),
        ("queue count", Op::SendQueue, |socket| socket.send_queue_count().map(drop)),
        ("set send buffer", Op::BufferSize, |socket| socket.set_send_buffer_size(9000)),
    ]
}

#[test]
fn bind_and_connect_are_refused_as_begin_bind_and_begin_connect() {
    for (rules, name, path) in everywhere() {
        let pair = Pair::along(rules, &path);
        check(rules, &name, "bind", Op::Bind, pair.socket.bind(None));
        let pair = Pair::along(rules, &path);
        let to = pair.peer();
        check(rules, &name, "connect", Op::Connect, pair.socket.connect(to));
    }
}

#[test]
fn a_membership_binds_in_the_kernel_and_the_later_bind_is_refused_there() {
    let socket = new(SocketType::Udp4);
    socket.join_multicast(Ipv4Addr::new(239, 1, 2, 3).into(), Interface::Address(Ipv4Addr::LOCALHOST)).unwrap();
    assert_eq!(text(socket.state()), "udo");
    let port = socket.local_addr().unwrap().port();
    assert_ne!(port, 0);
    // With SO_REUSEADDR, as in libuv.
    let descriptor = socket.descriptor().unwrap();
    assert!(SockRef::from(&descriptor).reuse_address().unwrap());
    assert_eq!(socket.bind(None).unwrap_err().to_string(), "bind EINVAL 0.0.0.0");
    assert_eq!((text(socket.state()), socket.local_addr().unwrap().port()), ("udo".to_owned(), port));
    assert_eq!(
        socket.try_send_to(&[], socket.local_addr().map(|at| (Ipv4Addr::LOCALHOST, at.port()).into()).unwrap()),
        Ok(0)
    );
    assert_eq!((text(socket.state()), socket.local_addr().unwrap().port()), ("bdo".to_owned(), port));
}
