//! `heliogram sink`: takes a load and counts it.

use std::time::{Duration, Instant};

use clap::Args;
use heliogram::RecvBatch;

use crate::failure::Outcome;
use crate::measure::numbering::Runs;
use crate::measure::sequence::Sequence;
use crate::net::options::{Bounds, Receiving};
use crate::quantity;
use crate::report::progress::{Meter, TICK};
use crate::report::{Report, Tally};
use crate::session::Session;

/// Count the datagrams that arrive, and how many of a `blast` were lost
///
/// The rates are taken from the first datagram to the last. What is lost after the last one that arrived shows only in
/// the count of the sender. What was sent and is in no count may have been lost on the way, or dropped by this host because
/// the socket's receive buffer was full: the latter has a line of its own.
#[derive(Args)]
pub(crate) struct Sink {
    #[command(flatten)]
    receiving: Receiving,

    #[command(flatten)]
    bounds: Bounds,

    /// End when nothing has come for this long after the last datagram
    #[arg(long, value_parser = quantity::seconds, value_name = "SECONDS")]
    idle: Option<Duration>,
}

impl Sink {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let socket = self.receiving.open(true, &session).await?;
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let mut meter = Meter::start(self.bounds.goal(), &session);
        let mut batch = RecvBatch::for_gro(16);
        let mut taken = Taken::new();
        while self.bounds.left(&taken.tally) > 0 && !self.is_idle(&taken) {
            let received = tokio::time::timeout(TICK, socket.recv_batch(&mut batch));
            let Some(received) = session.or(received).await else { break };
            if let Ok(received) = received {
                received?;
                taken.note(&batch, self.bounds.left(&taken.tally));
            }
            meter.show(&taken.tally)?;
        }
        meter.end();
        let report = taken.report(socket.stats().dropped);
        session.result(&report, || report.event())?;
        self.bounds.check(&taken.tally, &session)
    }

    fn is_idle(&self, taken: &Taken) -> bool {
        taken.tally.datagrams > 0 && self.idle.is_some_and(|idle| taken.last.elapsed() >= idle)
    }
}

/// What has arrived.
struct Taken {
    tally: Tally,
    runs: Runs,
    started: Instant,
    last: Instant,
}

impl Taken {
    fn new() -> Self {
        Taken { tally: Tally::start(), runs: Runs::default(), started: Instant::now(), last: Instant::now() }
    }

    fn note(&mut self, batch: &RecvBatch, most: usize) {
        if self.tally.datagrams == 0 {
            self.tally = Tally::start();
        }
        self.last = Instant::now();
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        for message in batch.iter().take(most) {
            self.tally.add(message.data.len());
            self.runs.note(message.data, message.rinfo.addr, now);
        }
    }

    fn report(&self, dropped: Option<u32>) -> Report {
        let mut report = self.tally.load_report("received", self.tally.until(self.last));
        report.share("lost", self.runs.sum(Sequence::lost), self.runs.sum(Sequence::expected));
        report.count_if_any("duplicates", self.runs.sum(|run| run.duplicates));
        report.count_if_any("reordered", self.runs.sum(|run| run.reordered));
        report.count_if_any("stale", self.runs.sum(|run| run.stale));
        report.count_if_any("impossible", self.runs.sum(|run| run.impossible));
        match dropped {
            Some(count) => report.count("dropped here", count.into()),
            None => report.line("dropped here", "unknown on this system"),
        }
        report
    }
}
