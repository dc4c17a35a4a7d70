//! The server's end of loads: `heliogram sink`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use heliogram::{RecvBatch, TokioSocket};

use crate::failure::Outcome;
use crate::load::control::{Cookies, Known, Plan, Reply, Request, decode, encode};
use crate::load::stream::Stream;
use crate::measure::figures::{Received, per_second};
use crate::measure::numbering::{Header, StreamId, nanos, now};
use crate::net::route::Route;
use crate::report::live::{Live, TICK};
use crate::report::{output, text};
use crate::session::Session;

/// More streams than this are refused.
const MAX_TWO_WAY: usize = 256;

/// More senders that do not talk than this are not counted: strangers must not fill the memory.
const MAX_ONE_WAY: usize = 64;

/// How often a server that ends reports to its clients.
const FAREWELLS: u32 = 5;

type Key = (SocketAddr, StreamId);

/// Clients at a socket, one after another or at once.
pub(crate) struct Server<'a> {
    socket: Arc<TokioSocket>,
    session: &'a Session,
    late_after: Option<Duration>,
    cookies: Cookies,
    live: Live,
    streams: HashMap<Key, Stream>,
    pub(crate) total: Total,
    ticked: Instant,
}

/// What has come in all.
#[derive(Default)]
pub(crate) struct Total {
    /// How many streams have been reported.
    pub(crate) streams: u64,
    /// Datagrams that belong to no stream.
    pub(crate) foreign: u64,
    /// Sums over all streams and other datagrams.
    pub(crate) received: Received,
    first: Option<Instant>,
    pub(crate) last: Option<Instant>,
}

impl<'a> Server<'a> {
    pub(crate) fn new(socket: TokioSocket, late_after: Option<Duration>, live: Live, session: &'a Session) -> Self {
        Server {
            socket: Arc::new(socket),
            session,
            late_after,
            cookies: Cookies::new(),
            live,
            streams: HashMap::new(),
            total: Total::default(),
            ticked: Instant::now(),
        }
    }

    /// Takes what comes within a moment, at most this many datagrams of loads; `false` if it is time to end.
    pub(crate) async fn step(&mut self, batch: &mut RecvBatch, most: usize) -> Outcome<bool> {
        let received = tokio::time::timeout(TICK, self.socket.recv_batch(batch));
        let Some(received) = self.session.or(received).await else { return Ok(false) };
        match received {
            Ok(Ok(_)) => self.take(batch, most),
            // An error about a reply that nobody received is not about this receive.
            Ok(Err(error)) if error.kind() != REFUSED => return Err(error.into()),
            _ => {}
        }
        if self.ticked.elapsed() >= TICK {
            self.ticked = Instant::now();
            self.tick()?;
        }
        Ok(true)
    }

    /// Ends all streams, each with a report at both ends.
    pub(crate) async fn end(&mut self, batch: &mut RecvBatch) -> Outcome {
        self.streams.values().for_each(Stream::stop);
        for _ in 0..FAREWELLS {
            self.open_streams().try_for_each(Stream::tick)?;
            if self.open_streams().all(|stream| stream.has_ended() || !stream.is_two_way()) {
                break;
            }
            self.open_streams().for_each(|stream| stream.report_early());
            let until = Instant::now() + TICK;
            while let Ok(received) = tokio::time::timeout_at(until.into(), self.socket.recv_batch(batch)).await {
                if received.is_ok() {
                    self.take(batch, 0);
                }
            }
        }
        let keys: Vec<Key> =
            self.streams.iter().filter(|(_, stream)| !stream.is_finished()).map(|(key, _)| *key).collect();
        keys.into_iter().try_for_each(|key| self.finish(key, true))
    }

    /// The sums over all streams, once they have ended.
    pub(crate) fn figures(&self) -> Received {
        self.total.figures(self.socket.stats().dropped_packets.unwrap_or(0).into())
    }

    /// How many datagrams have come.
    pub(crate) fn datagrams(&self) -> u64 {
        self.total.received.datagrams
    }

    fn open_streams(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.streams.values_mut().filter(|stream| !stream.is_finished())
    }

    fn take(&mut self, batch: &RecvBatch, mut most: usize) {
        let read = now();
        for message in batch.iter() {
            let arrived = message.metadata().software_timestamp.map_or(read, nanos);
            let (data, peer) = (message.data, message.rinfo.addr);
            match decode(data) {
                Some(request) => self.answer(request, data.len(), peer, arrived),
                None if most == 0 => {}
                None => {
                    most -= 1;
                    self.count(data, peer, arrived);
                }
            }
        }
    }

    fn count(&mut self, data: &[u8], peer: SocketAddr, arrived: i64) {
        self.total.add(data.len());
        let Some(header) = Header::read(data) else {
            self.total.foreign += 1;
            return;
        };
        let Some(stream) = self.stream_of((peer, header.stream)) else {
            self.total.foreign += 1;
            return;
        };
        stream.hear();
        stream.receiver.note(&header, data.len(), arrived);
    }

    /// The stream that a datagram belongs to; a sender that does not talk begins one by sending.
    fn stream_of(&mut self, key: Key) -> Option<&mut Stream> {
        let has_room = self.streams.contains_key(&key) || self.count_streams(false) < MAX_ONE_WAY;
        match self.streams.entry(key) {
            Entry::Occupied(stream) => Some(stream.into_mut()),
            Entry::Vacant(place) if has_room => {
                let route = Route::new(Arc::clone(&self.socket), key.0, None);
                let line = self.live.line(&label(&key.0), output::address_fields(&key.0));
                Some(place.insert(Stream::new(route, key.1, None, self.late_after, line)))
            }
            Entry::Vacant(_) => None,
        }
    }

    fn answer(&mut self, request: Request, size: usize, peer: SocketAddr, arrived: i64) {
        match request {
            Request::Hello { nonce, .. } => {
                let reply = encode(&Reply::Cookie { cookie: self.cookies.make(peer, nonce) });
                if reply.len() <= size {
                    self.send(&reply, peer);
                }
            }
            Request::Start { cookie, stream, plan } if self.cookies.know(peer, cookie) => {
                let reply = self.start((peer, stream), plan);
                self.send(&encode(&reply), peer);
            }
            Request::Probe { cookie, stream, sent } if self.cookies.know(peer, cookie) => {
                self.streams.get_mut(&(peer, stream)).into_iter().for_each(Stream::hear);
                self.send(&encode(&Reply::Probe { stream, sent, received: arrived, replied: now() }), peer);
            }
            Request::Stop { cookie, stream } if self.cookies.know(peer, cookie) => {
                self.streams.get(&(peer, stream)).into_iter().for_each(Stream::stop);
            }
            Request::End { cookie, stream, known } if self.cookies.know(peer, cookie) => {
                self.end_stream((peer, stream), *known, arrived);
            }
            Request::OneWayEnd { stream, sent } => {
                let stream = self.streams.get_mut(&(peer, stream)).filter(|stream| !stream.is_two_way());
                stream.into_iter().for_each(|stream| stream.end_one_way(sent, arrived));
            }
            _ => {}
        }
    }

    fn start(&mut self, key: Key, plan: Plan) -> Reply {
        let stream = key.1;
        let refused = |reason: &str| Reply::Refused { stream, reason: reason.into() };
        if self.streams.contains_key(&key) {
            return Reply::Ready { stream };
        }
        if plan.reverse.is_some_and(|load| !load.is_valid()) {
            return refused("a load needs an end, a rate above 0 and at most 65,507 bytes in a datagram");
        }
        if self.count_streams(true) >= MAX_TWO_WAY {
            return refused("too many streams at once");
        }
        let route = Route::new(Arc::clone(&self.socket), key.0, None);
        let line = self.live.line(&label(&key.0), output::address_fields(&key.0));
        self.streams.insert(key, Stream::new(route, stream, Some(plan), self.late_after, line));
        Reply::Ready { stream }
    }

    fn count_streams(&self, two_way: bool) -> usize {
        self.streams.values().filter(|stream| stream.is_two_way() == two_way).count()
    }

    fn end_stream(&mut self, key: Key, theirs: Known, now: i64) {
        let Some(stream) = self.streams.get_mut(&key).filter(|stream| stream.is_two_way()) else { return };
        if stream.is_finished() {
            stream.report_again();
        } else {
            stream.end(theirs, now);
        }
    }

    fn send(&self, reply: &[u8], peer: SocketAddr) {
        // A reply that is lost is asked for again.
        let _ = self.socket.try_send_to(reply, peer);
    }

    fn tick(&mut self) -> Outcome {
        self.open_streams().try_for_each(Stream::tick)?;
        let due: Vec<Key> = self.streams.iter().filter(|(_, stream)| stream.is_due()).map(|(key, _)| *key).collect();
        due.into_iter().try_for_each(|key| self.finish(key, false))?;
        self.streams.retain(|_, stream| !stream.is_forgotten());
        Ok(())
    }

    fn finish(&mut self, key: Key, is_final: bool) -> Outcome {
        let Some(stream) = self.streams.get_mut(&key) else { return Ok(()) };
        let (summary, event) = stream.finish(is_final);
        self.total.add_stream(stream.received());
        self.session.result(&summary, || event)
    }
}

impl Total {
    fn add(&mut self, bytes: usize) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        self.received.datagrams += 1;
        self.received.bytes += bytes as u64;
    }

    fn add_stream(&mut self, stream: Option<Received>) {
        self.streams += 1;
        let Some(stream) = stream else { return };
        let total = &mut self.received;
        total.tail_known = stream.tail_known && (total.tail_known || total.expected == 0);
        total.expected += stream.expected;
        total.lost += stream.lost;
        total.duplicates += stream.duplicates;
        total.reordered += stream.reordered;
        total.late = stream.late.map(|late| late + total.late.unwrap_or(0)).or(total.late);
        total.stale += stream.stale;
        total.impossible += stream.impossible;
    }

    /// The sums, with the time and the rates.
    fn figures(&self, dropped: u64) -> Received {
        let time = self.first.zip(self.last).map_or(Duration::ZERO, |(first, last)| last - first);
        Received {
            duration_ns: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
            datagrams_per_second: per_second(self.received.datagrams, time),
            bits_per_second: per_second(self.received.bytes * 8, time),
            dropped_by_socket: Some(dropped),
            ..self.received.clone()
        }
    }
}

const REFUSED: std::io::ErrorKind = std::io::ErrorKind::ConnectionRefused;

fn label(peer: &SocketAddr) -> String {
    format!("{} ", text::address(peer))
}
