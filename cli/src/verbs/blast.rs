//! `heliogram blast`: sends a load.

use std::time::{Duration, Instant};

use clap::Args;
use heliogram::Datagram;
use indicatif::HumanCount;

use crate::failure::Outcome;
use crate::measure::numbering::Run;
use crate::net::endpoint;
use crate::net::options::Sending;
use crate::net::route::Route;
use crate::quantity;
use crate::report::progress::{Goal, Meter};
use crate::report::{Report, Tally};
use crate::session::{Session, address_event};

/// Send numbered datagrams as fast as they go, or at a rate, for `sink` to count
///
/// Datagrams of 16 bytes and more carry a number, by which sink finds out how many were lost. At full speed a receiver
/// that cannot keep up loses most of them: send to networks and hosts only that you may load.
#[derive(Args)]
pub(crate) struct Blast {
    #[command(flatten)]
    sending: Sending,

    /// Bytes in each datagram
    #[arg(long, value_name = "BYTES", default_value_t = 1200, value_parser = quantity::size)]
    size: usize,

    /// Datagrams a second: 500, 20k, 1.5M; without it, full speed
    #[arg(long, value_name = "N", value_parser = quantity::rate)]
    rate: Option<f64>,

    /// End after this many datagrams
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End after this time [default: 5, or with --count none]
    #[arg(long, value_parser = quantity::seconds)]
    seconds: Option<Duration>,
}

/// How many datagrams leave in one call: four trains of small ones.
const BATCH: usize = 256;

impl Blast {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let route = self.sending.open(&session).await?;
        self.announce(&route, &session)?;
        // The load's own clock starts first, so that it never tells less time than was asked for.
        let mut load = Load::new(&self, &route);
        let session = session.within(self.time());
        let mut meter = Meter::start(Goal::of(self.count, self.time()), &session);
        while load.left() > 0 && !session.is_over() {
            match load.due() {
                0 => drop(session.or(tokio::time::sleep_until(load.next().into())).await),
                due => load.send(due, &session).await?,
            }
            meter.show(&load.tally)?;
        }
        meter.end();
        let report = load.report();
        session.result(&report, || report.event())
    }

    fn time(&self) -> Option<Duration> {
        self.seconds.or(self.count.is_none().then_some(Duration::from_secs(5)))
    }

    /// Says where the load goes before it does.
    fn announce(&self, route: &Route, session: &Session) -> Outcome {
        let local = route.local()?;
        let speed = self.rate.map_or("full speed".into(), |rate| format!("{rate} datagrams a second"));
        let end = match (self.count, self.time()) {
            (Some(count), _) => format!("{} datagrams", HumanCount(count)),
            (None, time) => format!("{} s", time.unwrap_or_default().as_secs_f64()),
        };
        let (from, to) = (endpoint::text(&local), endpoint::text(&route.peer));
        let text = format!("blasting {to} from {from}: {} bytes each, {speed}, {end}", self.size);
        session.note(&text, || {
            let mut event = address_event("blasting", &route.peer);
            event["from"] = from.as_str().into();
            event["size"] = self.size.into();
            event["rate"] = self.rate.into();
            event
        })
    }
}

/// A load under way.
struct Load<'a> {
    blast: &'a Blast,
    route: &'a Route,
    run: Run,
    /// The datagrams of a batch, end to end.
    bytes: Vec<u8>,
    started: Instant,
    tally: Tally,
    refused: u64,
}

impl<'a> Load<'a> {
    fn new(blast: &'a Blast, route: &'a Route) -> Self {
        let bytes = vec![0; blast.size * BATCH];
        Load { blast, route, run: Run::new(), bytes, started: Instant::now(), tally: Tally::start(), refused: 0 }
    }

    fn left(&self) -> u64 {
        self.blast.count.map_or(u64::MAX, |count| count - self.tally.datagrams)
    }

    /// How many datagrams the rate allows now, up to a batch.
    fn due(&self) -> usize {
        let left = usize::try_from(self.left()).unwrap_or(BATCH).min(BATCH);
        let Some(rate) = self.blast.rate else { return left };
        let allowed = (rate * self.started.elapsed().as_secs_f64()) as u64 + 1;
        left.min(usize::try_from(allowed.saturating_sub(self.tally.datagrams)).unwrap_or(BATCH))
    }

    /// When the rate allows the next one.
    fn next(&self) -> Instant {
        let seconds = self.blast.rate.map_or(0.0, |rate| self.tally.datagrams as f64 / rate);
        self.started + Duration::from_secs_f64(seconds)
    }

    async fn send(&mut self, due: usize, session: &Session) -> Outcome {
        let size = self.blast.size;
        for index in 0..due {
            self.run.write(&mut self.bytes[index * size..][..size], self.tally.datagrams + index as u64);
        }
        let batch: [Datagram<'_>; BATCH] =
            std::array::from_fn(|index| self.route.datagram(&self.bytes[index * size..][..size]));
        match session.or(self.route.send_batch(&batch[..due])).await {
            Some(Ok(sent)) => self.tally.add_many(sent, size),
            // The kernel's answer to an earlier datagram; the next call sends again.
            Some(Err(failure)) if failure.is_refusal() => self.refused += 1,
            Some(Err(failure)) => return Err(failure),
            None => {}
        }
        Ok(())
    }

    fn report(&self) -> Report {
        let mut report = self.tally.load_report("sent", self.tally.elapsed());
        report.to(&self.route.peer);
        report.count_if_any("refused", self.refused);
        report
    }
}
