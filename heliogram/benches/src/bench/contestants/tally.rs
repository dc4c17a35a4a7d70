//! Counting: what one contestant did in the time that is measured.

use super::system::cpu_time;
use crate::bench::job::Outcome;
use std::time::{Duration, Instant};

/// Not measured at the start: the first wake-ups, cold caches, the traffic getting up to speed.
const WARM_UP: Duration = Duration::from_millis(25);
/// A contestant that meets no traffic gives up after this.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many single datagrams pass between two readings of the clock.
const STRIDE: u64 = 64;

/// Counts datagrams, and knows when the time is up.
pub(crate) struct Tally {
    time: Duration,
    born: Instant,
    first: Option<Instant>,
    start: Option<Mark>,
    end: Option<Mark>,
    datagrams: u64,
    digest: u64,
}

#[derive(Clone, Copy)]
struct Mark {
    datagrams: u64,
    cpu: Duration,
    clock: Instant,
}

impl Tally {
    pub(crate) fn new(time: Duration) -> Self {
        Tally { time, born: Instant::now(), first: None, start: None, end: None, datagrams: 0, digest: 0 }
    }

    /// One received datagram. Every contestant hands over each datagram's own bytes, so that none wins by not looking.
    #[inline]
    pub(crate) fn take(&mut self, datagram: &[u8]) {
        self.datagrams += 1;
        let first = datagram.first().copied().unwrap_or_default();
        self.digest = self.digest.wrapping_add(u64::from(first) + datagram.len() as u64);
    }

    /// Datagrams that were sent.
    #[inline]
    pub(crate) fn add(&mut self, datagrams: usize) {
        self.datagrams += datagrams as u64;
    }

    /// Is the time up? Looks at the clock: for use after a batch.
    pub(crate) fn over(&mut self) -> bool {
        let now = Instant::now();
        if self.datagrams == 0 {
            return now - self.born > PATIENCE;
        }
        let first = *self.first.get_or_insert(now);
        match self.start {
            None if now - first >= WARM_UP => self.start = Some(self.mark(now)),
            Some(start) if now - start.clock >= self.time => self.end = Some(self.mark(now)),
            _ => {}
        }
        self.end.is_some() || now - first > WARM_UP + self.time + PATIENCE
    }

    /// The same where datagrams come one by one: looks at the clock now and then only.
    #[inline]
    pub(crate) fn over_now_and_then(&mut self) -> bool {
        self.datagrams.is_multiple_of(STRIDE) && self.over()
    }

    fn mark(&self, clock: Instant) -> Mark {
        Mark { datagrams: self.datagrams, cpu: cpu_time(), clock }
    }

    /// Prints the figures for the driver.
    pub(crate) fn report(&self) -> Outcome<()> {
        let (Some(start), Some(end)) = (self.start, self.end) else {
            return Err(format!("only {} datagrams came, too few to measure", self.datagrams).into());
        };
        let (datagrams, cpu) = (end.datagrams - start.datagrams, (end.cpu - start.cpu).as_secs_f64());
        let figures = serde_json::json!({
            "rate": datagrams as f64 / cpu.max(1e-9),
            "datagrams": datagrams,
            "cpu_seconds": cpu,
            "seconds": (end.clock - start.clock).as_secs_f64(),
            // Those of the warm-up too: what the sink may have seen.
            "in_all": self.datagrams,
        });
        std::hint::black_box(self.digest);
        println!("{figures}");
        Ok(())
    }
}
