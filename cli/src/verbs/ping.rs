//! `heliogram ping`: measures the way to an echo server and back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use clap::Args;
use heliogram::{Message, RecvBatch};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::measure::numbering::{Header, StreamId, nanos, now};
use crate::measure::spread::{Distribution, Spread};
use crate::measure::variation::Variation;
use crate::net::route::Route;
use crate::net::sending::Sending;
use crate::net::times::ask_for_times;
use crate::quantity;
use crate::report::summary::Summary;
use crate::report::{output, text};
use crate::session::Session;
use crate::verbs::probe::{self, Probed};

/// Measure round trips to an echo server: percentiles, jitter and losses
///
/// Any echo server will do (RFC 862), `heliogram echo` among them. Times end when the kernel takes the answer from the
/// network. Exits with 1 if nothing came back.
#[derive(Args)]
pub(crate) struct Ping {
    /// How many datagrams; 0 for no end
    #[arg(long, value_name = "N", default_value_t = 5)]
    count: u64,

    /// End after this time, whatever is still to come
    #[arg(long, value_name = "SECONDS", value_parser = quantity::seconds)]
    deadline: Option<Duration>,

    /// The time from one to the next; 0 sends the next as soon as the answer is there
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = quantity::interval)]
    interval: Duration,

    /// How long to wait for the last answers, and without an interval for each
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = quantity::seconds)]
    timeout: Duration,

    /// Bytes in each datagram
    #[arg(long, value_name = "BYTES", default_value_t = 64, value_parser = quantity::numbered_size)]
    size: usize,

    /// Print the summary only
    #[arg(long)]
    quiet: bool,

    /// Find the path's MTU, and what it does to congestion marks (ECN; needs `heliogram echo`)
    #[arg(long)]
    probe: bool,

    #[command(flatten)]
    sending: Sending,
}

impl Ping {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let route = self.sending.open(&session).await?;
        ask_for_times(&route.socket)?;
        let (peer, local) = (text::address(&route.peer), text::address(&route.local()?));
        session.note(&format!("pinging {peer} from {local}: {} bytes", self.size), || {
            let mut event = output::address_event("pinging", &route.peer);
            output::add(&mut event, json!({ "from": local, "size": self.size }));
            event
        })?;
        let session = session.within(self.deadline);
        let mut trips = Trips::new(&self, &route, &session);
        trips.run().await?;
        let probed = match self.probe && !session.is_over() {
            true => Some(probe::run(&route, self.timeout, &session).await?),
            false => None,
        };
        session.begin_line()?;
        trips.report(probed)?;
        match trips.times.count() {
            0 if !session.is_interrupted() => Err(Failure::Other(format!("no answer from {peer}"))),
            _ => Ok(()),
        }
    }
}

/// A datagram that has no answer yet: when it was sent, by a clock that only goes forward and by the system's.
struct Waiting {
    since: Instant,
    sent: i64,
}

/// Round trips under way and done.
struct Trips<'a> {
    ping: &'a Ping,
    route: &'a Route,
    session: &'a Session,
    stream: StreamId,
    sent: u64,
    waiting: HashMap<u64, Waiting>,
    times: Distribution,
    variation: Variation,
    duplicates: u64,
    unreachable: u64,
}

impl<'a> Trips<'a> {
    fn new(ping: &'a Ping, route: &'a Route, session: &'a Session) -> Self {
        Trips {
            ping,
            route,
            session,
            stream: StreamId::random(),
            sent: 0,
            waiting: HashMap::new(),
            times: Distribution::from_zero(),
            variation: Variation::new(),
            duplicates: 0,
            unreachable: 0,
        }
    }

    async fn run(&mut self) -> Outcome {
        let mut batch = RecvBatch::for_gro(8);
        let mut next = Instant::now();
        while !self.session.is_over() && !self.is_done() {
            if Instant::now() < next {
                tokio::select! {
                    () = self.session.over() => {}
                    () = tokio::time::sleep_until(next.into()) => {}
                    received = self.route.recv_batch(&mut batch) => {
                        self.receive(received.map(|_| &batch))?;
                        next = if self.may_go_on() { Instant::now() } else { next };
                    }
                }
            } else if self.is_last() {
                break;
            } else {
                self.send().await?;
                next = Instant::now() + self.pause();
            }
        }
        Ok(())
    }

    /// Whether no more are to be sent.
    const fn is_last(&self) -> bool {
        self.ping.count > 0 && self.sent == self.ping.count
    }

    /// Whether no answer is left to wait for. How many a group gives, nobody knows.
    fn is_done(&self) -> bool {
        self.is_last() && self.waiting.is_empty() && !self.route.is_group()
    }

    /// Without an interval, the answer to the latest is the sign for the next.
    fn may_go_on(&self) -> bool {
        self.ping.interval.is_zero() && !self.is_last() && !self.waiting.contains_key(&(self.sent - 1))
    }

    /// How long after a datagram something has to happen: the next one, or giving up.
    const fn pause(&self) -> Duration {
        if self.is_last() || self.ping.interval.is_zero() { self.ping.timeout } else { self.ping.interval }
    }

    async fn send(&mut self) -> Outcome {
        let mut datagram = vec![0; self.ping.size];
        let waiting = Waiting { since: Instant::now(), sent: now() };
        Header { stream: self.stream, number: self.sent, sent: Some(waiting.sent) }.write(&mut datagram);
        self.waiting.insert(self.sent, waiting);
        self.sent += 1;
        match self.session.or(self.route.send(&datagram)).await {
            Some(Err(failure)) => self.note_failure(failure),
            _ => Ok(()),
        }
    }

    fn receive(&mut self, received: Outcome<&RecvBatch>) -> Outcome {
        let read = Instant::now();
        match received {
            Ok(batch) => batch.iter().try_for_each(|message| self.answer(&message, read)),
            Err(failure) => self.note_failure(failure),
        }
    }

    /// Takes a datagram for what it is: an answer, its copy, or not ours.
    fn answer(&mut self, message: &Message<'_>, read: Instant) -> Outcome {
        let Some(header) = Header::read(message.data).filter(|header| header.stream == self.stream) else {
            return Ok(());
        };
        let Some(waiting) = self.waiting.remove(&header.number) else {
            self.duplicates += u64::from(header.number < self.sent);
            return Ok(());
        };
        let time = waiting.until(message, read);
        self.times.record(time);
        self.variation.note(header.number, time);
        if self.ping.quiet { Ok(()) } else { self.print(message, header.number, time) }
    }

    fn print(&self, message: &Message<'_>, number: u64, time: i64) -> Outcome {
        let (size, from) = (message.data.len(), text::address(&message.rinfo.addr));
        let line = format_args!("{size} bytes from {from}: number {number}, {}", text::nanos(time)).to_string();
        self.session.result(&line, || {
            let mut event = output::address_event("answer", &message.rinfo.addr);
            output::add(&mut event, json!({ "size": size, "number": number, "round_trip_ns": time }));
            event
        })
    }

    /// What the network says of an earlier datagram (ICMP) is a result; anything else ends the measurement.
    fn note_failure(&mut self, failure: Failure) -> Outcome {
        if !failure.is_of_network() {
            return Err(failure);
        }
        self.unreachable += 1;
        if self.ping.quiet {
            return Ok(());
        }
        self.session.note(&failure.to_string(), || output::event("error", failure.fields()))
    }

    /// How many were sent so late that their answers may still come.
    fn pending(&self) -> u64 {
        self.waiting.values().filter(|waiting| waiting.since.elapsed() < self.ping.timeout).count() as u64
    }

    fn report(&self, probed: Option<Probed>) -> Outcome {
        let (received, spread, pending) = (self.times.count(), self.times.spread(), self.pending());
        let lost = self.sent - received - pending;
        let mut summary = Summary::default();
        summary.row("sent", text::count(self.sent, "datagram"));
        summary.row("received", text::count(received, "datagram"));
        summary.row("lost", text::share(lost, self.sent));
        let if_any = |count: u64| (count > 0).then(|| text::count(count, "datagram"));
        summary.row_if("pending", if_any(pending));
        summary.row_if("duplicates", if_any(self.duplicates));
        summary.row_if("unreachable", if_any(self.unreachable));
        spread.iter().for_each(|spread| rows(&mut summary, spread));
        summary.row_if("jitter", self.variation.jitter().map(|jitter| text::time(Duration::from_nanos(jitter))));
        probed.iter().for_each(|probed| probed.rows(&mut summary));
        self.session.result(&summary, || {
            let mut event = output::summary("ping", output::address_fields(&self.route.peer));
            output::add(
                &mut event,
                json!({
                    "sent": self.sent,
                    "received": received,
                    "lost": lost,
                    "pending": pending,
                    "duplicates": self.duplicates,
                    "unreachable": self.unreachable,
                    "round_trip": spread,
                    "jitter_ns": self.variation.jitter(),
                    "probe": probed,
                }),
            );
            event
        })
    }
}

impl Waiting {
    /// The round trip in nanoseconds: to when the kernel took the answer, if its clock has not been set meanwhile.
    fn until(&self, message: &Message<'_>, read: Instant) -> i64 {
        let longest = i64::try_from((read - self.since).as_nanos()).unwrap_or(i64::MAX);
        let arrived = message.metadata().software_timestamp.map(nanos);
        let time = arrived.and_then(|arrived| arrived.checked_sub(self.sent));
        time.filter(|time| (0..=longest).contains(time)).unwrap_or(longest)
    }
}

fn rows(summary: &mut Summary, times: &Spread) {
    for (label, time) in [
        ("min", times.min_ns),
        ("mean", times.mean_ns),
        ("stddev", times.stddev_ns),
        ("p50", times.p50_ns),
        ("p90", times.p90_ns),
        ("p99", times.p99_ns),
        ("p99.9", times.p999_ns),
        ("max", times.max_ns),
    ] {
        summary.row(label, text::nanos(time));
    }
}
