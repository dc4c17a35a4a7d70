//! `heliogram ping`: measures the way to an echo server and back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use heliogram::{Message, RecvBatch};

use crate::failure::{Failure, Outcome};
use crate::measure::numbering::{self, Run};
use crate::net::endpoint;
use crate::net::options::Sending;
use crate::net::route::Route;
use crate::quantity;
use crate::report::{Report, time_text};
use crate::session::{Session, address_event};

/// Measure round trips to an echo server: percentiles and losses
///
/// Any echo server will do (RFC 862), `heliogram echo` among them. Exits with 1 if nothing came back.
#[derive(Args)]
pub(crate) struct Ping {
    #[command(flatten)]
    sending: Sending,

    /// How many datagrams; 0 for no end
    #[arg(long, value_name = "N", default_value_t = 5)]
    count: u64,

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
    #[arg(long, short)]
    quiet: bool,
}

impl Ping {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let route = self.sending.open(&session).await?;
        let (peer, local) = (endpoint::text(&route.peer), endpoint::text(&route.local()?));
        session.note(&format!("pinging {peer} from {local}: {} bytes", self.size), || {
            address_event("pinging", &route.peer)
        })?;
        let mut trips = Trips::new(&self, &route, &session);
        trips.run().await?;
        session.begin_line()?;
        let report = trips.report();
        session.result(&report, || report.event())?;
        match trips.times.len() {
            0 if !session.is_interrupted() => Err(Failure::Other(format!("no answer from {peer}"))),
            _ => Ok(()),
        }
    }
}

/// Round trips under way and done.
struct Trips<'a> {
    ping: &'a Ping,
    route: &'a Route,
    session: &'a Session,
    run: Run,
    sent: u64,
    waiting: HashMap<u64, Instant>,
    /// In nanoseconds, to three digits.
    times: Histogram<u64>,
    repeated: u64,
    unreachable: u64,
}

impl<'a> Trips<'a> {
    fn new(ping: &'a Ping, route: &'a Route, session: &'a Session) -> Self {
        let (run, waiting) = (Run::new(), HashMap::new());
        let times = Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order");
        Trips { ping, route, session, run, sent: 0, waiting, times, repeated: 0, unreachable: 0 }
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
        self.run.write(&mut datagram, self.sent);
        self.waiting.insert(self.sent, Instant::now());
        self.sent += 1;
        match self.session.or(self.route.send(&datagram)).await {
            Some(Err(failure)) => self.note_failure(failure),
            _ => Ok(()),
        }
    }

    fn receive(&mut self, received: Outcome<&RecvBatch>) -> Outcome {
        let now = Instant::now();
        match received {
            Ok(batch) => batch.iter().try_for_each(|message| self.answer(&message, now)),
            Err(failure) => self.note_failure(failure),
        }
    }

    /// Takes a datagram for what it is: an answer, its copy, or not ours.
    fn answer(&mut self, message: &Message<'_>, now: Instant) -> Outcome {
        let Some((_, number)) = numbering::read(message.data).filter(|(run, _)| *run == self.run) else {
            return Ok(());
        };
        let Some(sent) = self.waiting.remove(&number) else {
            self.repeated += 1;
            return Ok(());
        };
        let time = now.saturating_duration_since(sent);
        self.times.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if self.ping.quiet { Ok(()) } else { self.print(message, number, time) }
    }

    fn print(&self, message: &Message<'_>, number: u64, time: Duration) -> Outcome {
        let (size, from) = (message.data.len(), endpoint::text(&message.rinfo.addr));
        self.session.result(&format_args!("{size} bytes from {from}: number {number}, {}", time_text(time)), || {
            let mut event = address_event("answer", &message.rinfo.addr);
            event["size"] = size.into();
            event["number"] = number.into();
            event["seconds"] = time.as_secs_f64().into();
            event
        })
    }

    /// What the network says of an earlier datagram (ICMP) is a result; anything else ends the measurement.
    fn note_failure(&mut self, failure: Failure) -> Outcome {
        if !failure.is_of_network() {
            return Err(failure);
        }
        self.unreachable += 1;
        if self.ping.quiet { Ok(()) } else { self.session.note(&failure.to_string(), || failure.event()) }
    }

    fn report(&self) -> Report {
        let mut report = Report::default();
        report.count("sent", self.sent);
        report.count("received", self.times.len());
        report.share("lost", self.sent - self.times.len(), self.sent);
        report.count_if_any("repeated", self.repeated);
        report.count_if_any("unreachable", self.unreachable);
        for &(name, quantile) in PERCENTILES.iter().filter(|_| !self.times.is_empty()) {
            report.time(name, Duration::from_nanos(self.times.value_at_quantile(quantile)));
        }
        report
    }
}

/// The longest time that is told from longer ones: an hour, in nanoseconds.
const LONGEST: u64 = 3_600_000_000_000;

/// What is told of the round-trip times.
const PERCENTILES: &[(&str, f64)] =
    &[("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];
