//! Random sequences of operations on three loopback sockets: the state follows the table, every error code is that of
//! the rules, each receiver gets exactly what was sent to it, in order, and a closed socket stays closed.
#![cfg(target_os = "linux")]

mod common;

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use common::{rule_code, send, stay_on_this_cpu, within};
use heliogram::state::{Action, Bind, Handle, Op, Rules, State, step};
use heliogram::{Datagram, ErrorKind, Interface, RecvBatch, Result, Socket, SocketControl, SocketOptions, SocketType};
use proptest::prelude::*;

/// An operation on a socket. A `usize` by itself is the number of another socket, or [`NOBODY`].
#[derive(Clone, Debug)]
enum Deed {
    Bind,
    BindTo(usize),
    BeginBind,
    FinishBind,
    AbortBind,
    Connect(usize),
    Disconnect,
    Send(usize),
    SendTo(usize, usize),
    SendBatch(Option<usize>, Vec<usize>),
    Recv,
    RecvBatch(usize),
    Join(u8),
    Leave(u8),
    Ttl(u32),
    MulticastTtl(u32),
    Broadcast(bool),
    Buffer(u32),
    Ask,
    Close,
}

const SOCKETS: usize = 3;

/// The number that stands for an address whose socket refuses everything.
const NOBODY: usize = SOCKETS;

fn deed() -> impl Strategy<Value = Deed> {
    let other = 0..=NOBODY;
    let size = 6_usize..90;
    prop_oneof![
        3 => Just(Deed::Bind),
        1 => other.clone().prop_map(Deed::BindTo),
        1 => Just(Deed::BeginBind),
        1 => Just(Deed::FinishBind),
        1 => Just(Deed::AbortBind),
        5 => other.clone().prop_map(Deed::Connect),
        2 => Just(Deed::Disconnect),
        6 => size.clone().prop_map(Deed::Send),
        8 => (other.clone(), size.clone()).prop_map(|(to, size)| Deed::SendTo(to, size)),
        8 => (prop::option::of(other), prop::collection::vec(prop_oneof![Just(50), size], 0..7))
            .prop_map(|(to, sizes)| Deed::SendBatch(to, sizes)),
        4 => Just(Deed::Recv),
        4 => (1_usize..5).prop_map(Deed::RecvBatch),
        1 => (0_u8..3).prop_map(Deed::Join),
        1 => (0_u8..3).prop_map(Deed::Leave),
        1 => prop_oneof![0_u32..3, 254_u32..258].prop_map(Deed::Ttl),
        1 => prop_oneof![0_u32..3, 254_u32..258].prop_map(Deed::MulticastTtl),
        1 => any::<bool>().prop_map(Deed::Broadcast),
        1 => prop_oneof![Just(0), Just(500_000), Just(1 << 31)].prop_map(Deed::Buffer),
        2 => Just(Deed::Ask),
        1 => Just(Deed::Close),
    ]
}

/// A real socket, and what the test expects of it.
struct Subject {
    socket: Socket,
    gro: bool,
    state: State,
    /// The datagrams in its receive buffer, oldest first.
    inbox: VecDeque<Vec<u8>>,
    groups: BTreeSet<u8>,
    /// A datagram to its peer was refused, so that the kernel may report ECONNREFUSED once.
    may_be_refused: bool,
}

impl Subject {
    fn new(gro: bool) -> Self {
        let options = SocketOptions::new(SocketType::Udp4).gro(gro);
        Subject {
            socket: Socket::new(&options).unwrap(),
            gro,
            state: State::NEW,
            inbox: VecDeque::new(),
            groups: BTreeSet::new(),
            may_be_refused: false,
        }
    }

    /// What the rules say of an operation in the present state.
    fn rule(&self, op: Op) -> std::result::Result<Action, ErrorKind> {
        step(Rules::Kernel, self.state, op).map(|step| step.action)
    }

    fn take(&mut self, op: Op) {
        self.state = step(Rules::Kernel, self.state, op).unwrap().next;
    }

    /// Binds implicitly, as sends and connects do. A membership may have bound the kernel's socket before.
    fn take_bind(&mut self) {
        if self.state.bind == Bind::Unbound {
            self.take(Op::Bind);
            self.take(Op::BindDone);
        }
    }

    /// The address at which it can be reached, if it is bound.
    fn reach(&self) -> Option<SocketAddr> {
        let port = self.socket.local_addr().ok()?.port();
        (port != 0).then(|| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
    }

    /// Whether the kernel accepts a datagram from this address for it.
    fn hears(&self, from: SocketAddr) -> bool {
        self.socket.peer_addr().map_or(true, |peer| peer == from)
    }
}

/// Three sockets, and a count of the messages between them.
struct World {
    subjects: Vec<Subject>,
    /// Holds a port, connected to another address, so that the datagrams of all others are refused.
    nobody: UdpSocket,
    messages: u32,
}

fn group(number: u8) -> IpAddr {
    Ipv4Addr::new(239, 66, 0, number).into()
}

const HERE: Interface = Interface::Address(Ipv4Addr::LOCALHOST);

/// Asserts an outcome's code, `ok` included.
#[track_caller]
fn expect<T: std::fmt::Debug>(outcome: Result<T>, code: &str) {
    assert_eq!(common::code(outcome), code);
}

impl World {
    fn new(gro: &[bool]) -> Self {
        let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
        nobody.connect("127.0.0.2:9").unwrap();
        World { subjects: gro.iter().map(|&gro| Subject::new(gro)).collect(), nobody, messages: 0 }
    }

    /// The address at which a socket can be reached; its port is 0 if there is none.
    fn address(&self, who: usize) -> SocketAddr {
        if who == NOBODY {
            return self.nobody.local_addr().unwrap();
        }
        self.subjects[who].reach().unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0))
    }

    fn message(&mut self, size: usize) -> Vec<u8> {
        self.messages += 1;
        [&self.messages.to_le_bytes()[..], &vec![size as u8; size - 4]].concat()
    }

    /// Adds a sent datagram to the inbox of its receiver. Without one, a connected sender may be refused.
    fn deliver(&mut self, from: usize, to: SocketAddr, payload: Vec<u8>) {
        let source = self.address(from);
        let taker = self.subjects.iter_mut().find(|subject| subject.reach() == Some(to) && subject.hears(source));
        match taker {
            Some(subject) => subject.inbox.push_back(payload),
            None => self.subjects[from].may_be_refused |= self.subjects[from].state.is_connected(),
        }
    }

    fn act(&mut self, who: usize, deed: &Deed) {
        match deed {
            Deed::Bind => self.bind(who, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0), "ok"),
            Deed::BindTo(other) => self.bind_to(who, *other),
            Deed::BeginBind => self.change(who, Op::Bind, Socket::begin_bind),
            Deed::FinishBind => self.finish_bind(who),
            Deed::AbortBind => self.change(who, Op::BindFailed, Socket::abort_bind),
            Deed::Connect(other) => self.connect(who, *other),
            Deed::Disconnect => self.change(who, Op::Disconnect, Socket::disconnect),
            Deed::Send(size) => self.send(who, None, *size),
            Deed::SendTo(other, size) => self.send(who, Some(*other), *size),
            Deed::SendBatch(other, sizes) => self.send_batch(who, *other, sizes),
            Deed::Recv => self.recv(who),
            Deed::RecvBatch(slots) => self.recv_batch(who, *slots),
            Deed::Join(number) => self.member(who, *number, true),
            Deed::Leave(number) => self.member(who, *number, false),
            Deed::Close => self.close(who),
            Deed::Ttl(_) | Deed::MulticastTtl(_) | Deed::Broadcast(_) | Deed::Buffer(_) | Deed::Ask => {
                self.option(who, deed)
            }
        }
        for subject in &self.subjects {
            assert_eq!(subject.socket.state(), subject.state);
        }
    }

    fn change(&mut self, who: usize, op: Op, call: fn(&Socket) -> Result<()>) {
        let subject = &mut self.subjects[who];
        match subject.rule(op) {
            Err(code) => expect(call(&subject.socket), rule_code(code)),
            Ok(_) => {
                expect(call(&subject.socket), "ok");
                subject.take(op);
            }
        }
    }

    /// Binds to an address that the kernel gives, or refuses with `kernel`; a socket that a membership has bound is
    /// refused in any case.
    fn bind(&mut self, who: usize, local: SocketAddr, kernel: &str) {
        let subject = &mut self.subjects[who];
        if let Err(code) = subject.rule(Op::Bind) {
            return expect(subject.socket.bind(Some(local)), rule_code(code));
        }
        let kernel = if subject.reach().is_some() { "EINVAL" } else { kernel };
        expect(subject.socket.bind(Some(local)), kernel);
        self.bound(who, kernel);
    }

    fn bound(&mut self, who: usize, kernel: &str) {
        let subject = &mut self.subjects[who];
        if subject.state.bind == Bind::Unbound {
            subject.take(Op::Bind);
        }
        subject.take(Op::Opened);
        subject.take(if kernel == "ok" { Op::BindDone } else { Op::BindFailed });
    }

    fn bind_to(&mut self, who: usize, other: usize) {
        let local = self.address(other);
        self.bind(who, local, if local.port() == 0 { "ok" } else { "EADDRINUSE" });
    }

    fn finish_bind(&mut self, who: usize) {
        let subject = &self.subjects[who];
        let local = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        match subject.rule(Op::BindDone) {
            Err(code) => expect(subject.socket.finish_bind(local), rule_code(code)),
            Ok(Action::Discard) => expect(subject.socket.finish_bind(local), "ok"),
            Ok(_) => {
                let kernel = if subject.reach().is_some() { "EINVAL" } else { "ok" };
                expect(subject.socket.finish_bind(local), kernel);
                self.bound(who, kernel);
            }
        }
    }

    fn connect(&mut self, who: usize, other: usize) {
        let to = self.address(other);
        let subject = &mut self.subjects[who];
        let outcome = subject.socket.connect(to);
        match subject.rule(Op::Connect) {
            _ if to.port() == 0 => expect(outcome, "ERR_SOCKET_BAD_PORT"),
            Err(code) => expect(outcome, rule_code(code)),
            Ok(Action::Wait) => expect(outcome, "EAGAIN"),
            Ok(_) => {
                expect(outcome, "ok");
                subject.take_bind();
                if !subject.state.is_connected() {
                    subject.take(Op::Connect);
                    subject.take(Op::ConnectDone);
                }
            }
        }
    }

    /// The error of the rules for a send before the system call; `None` if they allow it.
    fn send_rule(&self, who: usize, to: Option<SocketAddr>) -> Option<&'static str> {
        match self.subjects[who].rule(if to.is_some() { Op::SendTo } else { Op::Send }) {
            Err(code) => Some(rule_code(code)),
            Ok(_) if to.is_some_and(|to| to.port() == 0) => Some("ERR_SOCKET_BAD_PORT"),
            Ok(Action::Wait) => Some("EAGAIN"),
            Ok(_) => None,
        }
    }

    fn send(&mut self, who: usize, other: Option<usize>, size: usize) {
        let to = other.map(|other| self.address(other));
        let (payload, rule) = (self.message(size), self.send_rule(who, to));
        let outcome = send(&self.subjects[who].socket, &payload, to).map(|sent| assert_eq!(sent, size));
        self.sent(who, to, rule, outcome.map(|()| 1), vec![payload]);
    }

    fn send_batch(&mut self, who: usize, other: Option<usize>, sizes: &[usize]) {
        let to = other.map(|other| self.address(other));
        let payloads: Vec<_> = sizes.iter().map(|&size| self.message(size)).collect();
        let datagram = |payload| match to {
            Some(to) => Datagram::new(payload).to(to),
            None => Datagram::new(payload),
        };
        let batch: Vec<_> = payloads.iter().map(|payload| datagram(payload)).collect();
        let outcome = self.subjects[who].socket.try_send_batch(&batch);
        if batch.is_empty() {
            return assert_eq!(outcome, Ok(0));
        }
        let rule = self.send_rule(who, to);
        drop(batch);
        self.sent(who, to, rule, outcome, payloads);
    }

    /// Records a send: what the rules said before it, its outcome, and its payload.
    fn sent(
        &mut self,
        who: usize,
        to: Option<SocketAddr>,
        rule: Option<&str>,
        outcome: Result<usize>,
        payloads: Vec<Vec<u8>>,
    ) {
        if let Some(rule) = rule {
            return expect(outcome, rule);
        }
        let subject = &mut self.subjects[who];
        subject.take_bind();
        let to = to.unwrap_or_else(|| subject.socket.peer_addr().unwrap());
        match outcome {
            Ok(count) => {
                assert!((1..=payloads.len()).contains(&count));
                assert!(count == payloads.len() || subject.state.is_connected(), "{count}");
                payloads.into_iter().take(count).for_each(|payload| self.deliver(who, to, payload));
            }
            Err(error) => {
                assert_eq!(error.code(), "ECONNREFUSED");
                assert!(std::mem::take(&mut subject.may_be_refused), "no datagram was refused");
            }
        }
    }

    fn recv(&mut self, who: usize) {
        let subject = &mut self.subjects[who];
        let mut buffer = [0; 128];
        if subject.gro {
            return expect(subject.socket.try_recv_msg(&mut buffer), "ERR_HELIOGRAM_GRO");
        }
        let outcome = subject.receive(|socket| socket.try_recv_msg(&mut buffer));
        if let Some(info) = outcome {
            assert_eq!(subject.inbox.pop_front().as_deref(), Some(&buffer[..info.size]));
            assert!(!info.truncated && info.addr.ip() == Ipv4Addr::LOCALHOST);
        }
    }

    fn recv_batch(&mut self, who: usize, slots: usize) {
        let subject = &mut self.subjects[who];
        let mut recv_batch = if subject.gro { RecvBatch::for_gro(slots) } else { RecvBatch::new(slots, 128) };
        let Some(count) = subject.receive(|socket| socket.try_recv_batch(&mut recv_batch)) else { return };
        assert_eq!((count, recv_batch.iter().count()), (recv_batch.len(), count));
        for message in recv_batch.iter() {
            assert_eq!(subject.inbox.pop_front().as_deref(), Some(message.data));
        }
    }

    fn member(&mut self, who: usize, number: u8, joins: bool) {
        let subject = &mut self.subjects[who];
        let call = if joins { SocketControl::join_multicast } else { SocketControl::leave_multicast };
        let outcome = call(&subject.socket, group(number), HERE);
        if let Err(code) = subject.rule(Op::Membership) {
            return expect(outcome, rule_code(code));
        }
        subject.take(Op::Opened);
        let changes = if joins { subject.groups.insert(number) } else { subject.groups.remove(&number) };
        match (joins, changes) {
            (_, true) => expect(outcome, "ok"),
            (true, false) => expect(outcome, "EADDRINUSE"),
            (false, false) => expect(outcome, "EADDRNOTAVAIL"),
        }
    }

    fn option(&mut self, who: usize, deed: &Deed) {
        let subject = &self.subjects[who];
        let socket = &subject.socket;
        let (op, outcome) = match *deed {
            // A wrong value is reported before the state, as in libuv.
            Deed::Ttl(ttl @ (0 | 256..)) => return expect(socket.set_ttl(ttl), "EINVAL"),
            Deed::MulticastTtl(ttl @ 256..) => return expect(socket.set_multicast_ttl(ttl), "EINVAL"),
            Deed::Buffer(size @ 0x8000_0000..) => {
                return expect(socket.set_send_buffer_size(size), "ERR_SOCKET_BUFFER_SIZE");
            }
            Deed::Ttl(ttl) => (Op::Option, socket.set_ttl(ttl)),
            Deed::MulticastTtl(ttl) => (Op::Option, socket.set_multicast_ttl(ttl)),
            Deed::Broadcast(on) => (Op::Option, socket.set_broadcast(on)),
            Deed::Buffer(size) => (Op::BufferSize, socket.set_send_buffer_size(size)),
            _ => (Op::RemoteAddress, socket.peer_addr().map(drop)),
        };
        expect(outcome, subject.rule(op).err().map_or("ok", rule_code));
    }

    fn close(&mut self, who: usize) {
        self.change(who, Op::Close, Socket::close);
        self.subjects[who].inbox.clear();
    }

    /// Receives everything that is left, and asserts that nothing was lost or received twice.
    fn settle(&mut self) {
        for who in 0..SOCKETS {
            while !self.subjects[who].inbox.is_empty() {
                self.recv_batch(who, 2);
            }
            let subject = &mut self.subjects[who];
            if subject.state.handle == Handle::Open {
                let rest = subject.receive(|socket| socket.try_recv_batch(&mut RecvBatch::for_gro(1)));
                assert_eq!(rest, None);
            }
        }
    }
}

impl Subject {
    /// Receives; waits only if a datagram is expected. `None` after an error, which must be the right one.
    fn receive<T>(&mut self, mut call: impl FnMut(&Socket) -> Result<T>) -> Option<T> {
        let patience = if self.inbox.is_empty() { Duration::ZERO } else { Duration::from_secs(5) };
        let error = match within(patience, || call(&self.socket)) {
            Ok(received) => return Some(received),
            Err(error) => error,
        };
        match (self.rule(Op::Recv), error.code()) {
            (Err(rule), code) => assert_eq!(code, rule_code(rule)),
            (Ok(_), "ECONNREFUSED") => assert!(std::mem::take(&mut self.may_be_refused), "no datagram was refused"),
            (Ok(_), code) => assert_eq!((code, self.inbox.len()), ("EAGAIN", 0)),
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_operations_follows_the_rules(
        gro in prop::array::uniform3(any::<bool>()),
        bound in prop::array::uniform3(prop::bool::weighted(0.8)),
        deeds in prop::collection::vec((0..SOCKETS, deed()), 1..60),
    ) {
        stay_on_this_cpu().unwrap();
        let mut world = World::new(&gro);
        for who in (0..SOCKETS).filter(|&who| bound[who]) {
            world.act(who, &Deed::Bind);
        }
        for (who, deed) in &deeds {
            world.act(*who, deed);
        }
        world.settle();
    }
}
