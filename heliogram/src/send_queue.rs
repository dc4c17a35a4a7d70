//! [`SendQueue`]: sends that the kernel had no room for wait here, in order, each for its own outcome.
//!
//! The event loop and the npm package, which promise an outcome for every send, keep one for each socket. It makes no system call of
//! its own and knows no reactor: its owner calls [`SendQueue::flush`] when the socket can be written again.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::error::{Error, Result};
use crate::socket::Socket;
use crate::sys;
use crate::types::datagram::{Datagram, runs};
use crate::types::grouping;
use crate::types::send_options::SendOptions;

/// How many datagrams one flush offers to the kernel at once.
const BATCH: usize = 64;

/// Datagrams that wait, each with a token of its owner's that is given back with the outcome.
#[derive(Debug)]
pub struct SendQueue<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    payload: Box<[u8]>,
    to: Option<SocketAddr>,
    /// In a box of their own: few datagrams have any.
    options: Option<Box<SendOptions>>,
    token: T,
}

impl<T> Default for SendQueue<T> {
    fn default() -> Self {
        SendQueue { waiting: VecDeque::new(), bytes: 0 }
    }
}

impl<T> SendQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many bytes wait.
    pub const fn size(&self) -> usize {
        self.bytes
    }

    /// How many datagrams wait.
    pub fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Sends a batch in order: each datagram is taken by the kernel or refused, and `done` gets its index and outcome;
    /// or it waits, with the token that `token` makes for its index, behind what waits already.
    pub fn send(
        &mut self,
        socket: &Socket,
        batch: &[Datagram<'_>],
        mut token: impl FnMut(usize) -> T,
        mut done: impl FnMut(usize, Result<usize>),
    ) {
        let taken = if self.is_empty() { offer(socket, batch, Socket::try_send_batch, &mut done) } else { 0 };
        for (index, datagram) in batch.iter().enumerate().skip(taken) {
            self.push(datagram, token(index));
        }
        self.publish(socket);
    }

    /// As [`send`](Self::send), but datagrams of one peer leave together where that makes GSO batches: the peers in the order of
    /// their first datagrams, and each peer's datagrams in the order of the batch. What has to wait does so in the order of the batch.
    ///
    /// Behind datagrams that wait already, to a connected peer and on a socket without [`offload`](crate::SocketOptions::offload)
    /// the order stays that of the batch. At most 256 datagrams are grouped at once.
    #[doc(alias = "UDP_SEGMENT")]
    pub fn send_grouped(
        &mut self,
        socket: &Socket,
        batch: &[Datagram<'_>],
        mut token: impl FnMut(usize) -> T,
        mut done: impl FnMut(usize, Result<usize>),
    ) {
        for (part, datagrams) in batch.chunks(grouping::MOST).enumerate() {
            let start = part * grouping::MOST;
            let (token, done) = (|index| token(start + index), |index, outcome| done(start + index, outcome));
            let limit = |peer| socket.segment_limit(peer);
            let order = if self.is_empty() { grouping::grouped(datagrams, limit) } else { None };
            match order {
                Some(order) => self.send_in(&order, socket, datagrams, token, done),
                None => self.send(socket, datagrams, token, done),
            }
        }
    }

    /// Sends a batch in this order.
    fn send_in(
        &mut self,
        order: &[u16],
        socket: &Socket,
        batch: &[Datagram<'_>],
        mut token: impl FnMut(usize) -> T,
        mut done: impl FnMut(usize, Result<usize>),
    ) {
        let at = |place: usize| usize::from(order[place]);
        let grouped: Vec<_> = (0..order.len()).map(|place| batch[at(place)]).collect();
        let taken = offer(socket, &grouped, Socket::try_send_batch, |place, outcome| done(at(place), outcome));
        let mut left: Vec<_> = (taken..order.len()).map(at).collect();
        left.sort_unstable();
        for index in left {
            self.push(&batch[index], token(index));
        }
        self.publish(socket);
    }

    /// Lets one datagram wait behind the others, without asking the kernel first.
    pub fn wait(&mut self, socket: &Socket, datagram: &Datagram<'_>, token: T) {
        self.push(datagram, token);
        self.publish(socket);
    }

    /// Sends what waits, until the kernel has no room again; says whether all of it is gone.
    pub fn flush(&mut self, socket: &Socket, mut done: impl FnMut(T, Result<usize>)) -> bool {
        while !self.is_empty() {
            let mut outcomes = VecDeque::with_capacity(BATCH);
            let batch: Vec<_> = self.waiting.iter().take(BATCH).map(Waiting::datagram).collect();
            let offered = offer(
                socket,
                &batch,
                |socket, batch| socket.try_send_queued(batch),
                |_, outcome| outcomes.push_back(outcome),
            );
            let whole = offered == batch.len();
            for outcome in outcomes {
                self.pop().into_iter().for_each(|waiting| done(waiting.token, outcome.clone()));
            }
            if !whole {
                break;
            }
        }
        self.publish(socket);
        self.is_empty()
    }

    /// Gives up on everything that waits, with `ECANCELED` (`send ECANCELED`): the socket is being closed.
    pub fn cancel(&mut self, socket: &Socket, mut done: impl FnMut(T, Error)) {
        while let Some(waiting) = self.pop() {
            done(waiting.token, Error::raw("send", sys::errno::ECANCELED).maybe_at(waiting.to));
        }
        self.publish(socket);
    }

    fn push(&mut self, datagram: &Datagram<'_>, token: T) {
        self.bytes += datagram.payload.len();
        let (payload, options) = (datagram.payload.into(), datagram.options.map(|&options| Box::new(options)));
        self.waiting.push_back(Waiting { payload, to: datagram.to, options, token });
    }

    fn pop(&mut self) -> Option<Waiting<T>> {
        let waiting = self.waiting.pop_front()?;
        self.bytes -= waiting.payload.len();
        Some(waiting)
    }

    fn publish(&self, socket: &Socket) {
        socket.set_send_queue(self.size(), self.count());
    }
}

impl<T> Waiting<T> {
    fn datagram(&self) -> Datagram<'_> {
        Datagram { payload: &self.payload, to: self.to, options: self.options.as_deref() }
    }
}

/// Offers a batch to the kernel and reports each outcome, until one would have to wait. Returns how many had an outcome.
fn offer(
    socket: &Socket,
    batch: &[Datagram<'_>],
    send: fn(&Socket, &[Datagram<'_>]) -> Result<usize>,
    mut done: impl FnMut(usize, Result<usize>),
) -> usize {
    let (mut next, mut refused) = (0, false);
    while next < batch.len() {
        let end = next + share(socket, &batch[next..], refused);
        match send(socket, &batch[next..end]) {
            Ok(count) => {
                (next..next + count).for_each(|index| done(index, Ok(batch[index].payload.len())));
                next += count;
            }
            Err(error) if error.is_full() => break,
            Err(error) => {
                done(next, Err(error));
                next += 1;
                refused = true;
            }
        }
    }
    next
}

/// How many datagrams to offer with one call. The kernel reports once that a connected peer is gone, to the next call, and
/// `sendmmsg` keeps it to itself if some of its messages have left; so such a socket is offered one message at a time, and
/// after a refusal one datagram, since each may be the one to be refused.
fn share(socket: &Socket, batch: &[Datagram<'_>], refused: bool) -> usize {
    match batch[0].to {
        Some(_) => batch.len(),
        None if refused => 1,
        None => runs(batch, |peer| socket.segment_limit(peer)).next().map_or(1, |run| run.datagrams.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Rules;
    use crate::{SocketOptions, SocketType};

    /// A bound socket, a peer, and a queue. While a bind is under way a send has to wait: that stands in for a full buffer.
    fn pair() -> (Socket, Socket, SocketAddr) {
        let options = SocketOptions::new(SocketType::Udp4).rules(Rules::Node);
        let (client, server) = (Socket::new(&options).unwrap(), Socket::new(&options).unwrap());
        server.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        let address = server.local_addr().unwrap();
        (client, server, address)
    }

    #[test]
    fn what_cannot_go_waits_in_order_and_is_counted() {
        let (client, server, address) = pair();
        client.begin_bind().unwrap();
        let mut queue = SendQueue::new();
        let mut outcomes = Vec::new();
        for payload in [&b"one"[..], b"three", b""] {
            let batch = [Datagram::new(payload).to(address)];
            queue.send(&client, &batch, |_| payload, |_, outcome| panic!("not yet: {outcome:?}"));
        }
        assert_eq!((queue.size(), queue.count()), (8, 3));
        assert_eq!((client.send_queue_size().unwrap(), client.send_queue_count().unwrap()), (8, 3));
        assert!(!queue.flush(&client, |_, _| panic!("still binding")));

        client.finish_bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(queue.flush(&client, |token, outcome| outcomes.push((token, outcome.unwrap()))));
        assert_eq!(outcomes, [(&b"one"[..], 3), (b"three", 5), (b"", 0)]);
        assert_eq!((client.send_queue_size().unwrap(), client.send_queue_count().unwrap()), (0, 0));
        for expected in [3, 5, 0] {
            assert_eq!(server.try_recv_msg(&mut [0; 9]).unwrap().size, expected);
        }
    }

    #[test]
    fn what_waits_goes_where_it_was_sent_whatever_peer_there_is_now() {
        let (client, server, address) = pair();
        let (_, other, peer) = pair();
        client.begin_bind().unwrap();
        let mut queue = SendQueue::new();
        queue.send(&client, &[Datagram::new(b"x").to(address); 2], |_| (), |_, _| panic!("not yet"));
        client.finish_bind("127.0.0.1:0".parse().unwrap()).unwrap();
        client.connect(peer).unwrap();
        let mut sent = 0;
        // BSD's kernels refuse it themselves.
        let code = |outcome: Result<usize>| outcome.map_err(|error| error.code());
        assert!(queue.flush(&client, |(), outcome| match code(outcome) {
            Ok(size) => sent += size,
            Err(code) => assert_eq!(code, "EISCONN"),
        }));
        let heard = |socket: &Socket| std::iter::from_fn(|| socket.try_recv_msg(&mut [0; 9]).ok()).count();
        assert_eq!((heard(&server), heard(&other)), (sent, 0));
        let refused = client.try_send_batch(&[Datagram::new(b"x").to(address)]).unwrap_err();
        assert_eq!(refused.code(), "ERR_SOCKET_DGRAM_IS_CONNECTED");
    }

    #[test]
    fn each_datagram_of_a_batch_has_its_own_outcome() {
        let (client, _server, address) = pair();
        let other_family = "[::1]:9".parse().unwrap();
        let batch = [address, other_family, address].map(|to| Datagram::new(b"x").to(to));
        let mut outcomes = Vec::new();
        let code = |outcome: Result<usize>| outcome.map_err(|error| error.code());
        SendQueue::new().send(&client, &batch, |_| (), |index, outcome| outcomes.push((index, code(outcome))));
        assert_eq!(outcomes, [(0, Ok(1)), (1, Err("EINVAL")), (2, Ok(1))]);
    }

    #[cfg(unix)]
    #[test]
    fn a_gone_peer_refuses_every_other_datagram_of_a_batch() {
        let (client, server, address) = pair();
        client.connect(address).unwrap();
        drop(server);
        let mut queue = SendQueue::new();
        let mut outcomes = Vec::new();
        for batch in [&[Datagram::new(b"first")][..], &[Datagram::new(b"later"); 5]] {
            queue.send(&client, batch, |_| (), |_, outcome| outcomes.push(outcome.is_ok()));
        }
        assert_eq!(outcomes, [true, false, true, false, true, false]);
    }

    /// The first bytes of what a socket has received.
    fn heard(socket: &Socket) -> Vec<u8> {
        let mut bytes = [0; 2000];
        std::iter::from_fn(|| socket.try_recv_msg(&mut bytes).ok().map(|_| bytes[0])).collect()
    }

    #[test]
    fn grouped_datagrams_keep_each_peers_order_and_have_their_own_outcomes() {
        let (client, one, first) = pair();
        let (_, two, second) = pair();
        let other_family = "[::1]:9".parse().unwrap();
        let bytes: Vec<_> = (0..9).map(|number| [number; 99]).collect();
        let peers = [first, second, first, other_family, second, first, first, second, other_family];
        let batch: Vec<_> = bytes.iter().zip(peers).map(|(bytes, to)| Datagram::new(bytes).to(to)).collect();
        let mut outcomes = Vec::new();
        SendQueue::new().send_grouped(
            &client,
            &batch,
            |index| index,
            |index, outcome| outcomes.push((index, outcome.map_err(|error| error.code()))),
        );
        outcomes.sort();
        let expected = peers.map(|to| if to == other_family { Err("EINVAL") } else { Ok(99) });
        assert_eq!(outcomes, expected.into_iter().enumerate().collect::<Vec<_>>());
        assert_eq!((heard(&one), heard(&two)), (vec![0, 2, 5, 6], vec![1, 4, 7]));
        let batches = client.stats().gso_batches_out;
        assert_eq!(batches, if client.max_gso_segment(None) > 0 { 2 } else { 0 });
    }

    #[test]
    fn grouped_datagrams_that_must_wait_keep_the_order_of_the_batch() {
        let (client, one, first) = pair();
        let (_, two, second) = pair();
        client.begin_bind().unwrap();
        let bytes: Vec<_> = (0..4).map(|number| [number; 9]).collect();
        let peers = [first, second, first, second];
        let batch: Vec<_> = bytes.iter().zip(peers).map(|(bytes, to)| Datagram::new(bytes).to(to)).collect();
        let mut queue = SendQueue::new();
        for part in batch.chunks(3) {
            queue.send_grouped(&client, part, |index| index, |_, outcome| panic!("not yet: {outcome:?}"));
        }
        client.finish_bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut tokens = Vec::new();
        assert!(queue.flush(&client, |token, outcome| tokens.push((token, outcome.unwrap()))));
        assert_eq!(tokens, [(0, 9), (1, 9), (2, 9), (0, 9)]);
        assert_eq!((heard(&one), heard(&two)), (vec![0, 2], vec![1, 3]));
    }

    #[test]
    fn more_datagrams_than_are_grouped_at_once_all_leave() {
        let (client, one, first) = pair();
        let (_, two, second) = pair();
        let batch: Vec<_> = (0..600).map(|index| Datagram::new(b"x").to([first, second][index % 2])).collect();
        let mut outcomes = vec![0; 600];
        SendQueue::new().send_grouped(&client, &batch, |_| (), |index, outcome| outcomes[index] += outcome.unwrap());
        assert_eq!(outcomes, vec![1; 600]);
        assert!(heard(&one).len() + heard(&two).len() > 256); // as many as the receive buffers hold
    }

    #[test]
    fn cancelling_fails_every_send() {
        let (client, _server, address) = pair();
        client.begin_bind().unwrap();
        let mut queue = SendQueue::new();
        queue.send(&client, &[Datagram::new(b"x").to(address); 2], |index| index, |_, _| {});
        let mut outcomes = Vec::new();
        queue.cancel(&client, |token, error| outcomes.push((token, error.code())));
        assert_eq!(outcomes, [(0, "ECANCELED"), (1, "ECANCELED")]);
        assert_eq!((queue.size(), queue.count()), (0, 0));
    }
}
