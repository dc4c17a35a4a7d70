//! What is seen of a long command while it runs: a progress bar on a terminal, an event each second for machines.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::failure::Outcome;
use crate::report::{self, Tally, bits_text, per_second};
use crate::session::Session;

/// How often a display is drawn again, news or not.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// What a command runs towards.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    Count(u64),
    Time(Duration),
    /// Nothing but Ctrl-C.
    Open,
}

impl Goal {
    /// A count is the better measure, because nobody knows how long it takes.
    pub(crate) fn of(count: Option<u64>, time: Option<Duration>) -> Self {
        count.map(Goal::Count).or(time.map(Goal::Time)).unwrap_or(Goal::Open)
    }

    /// The bar, and what it shows.
    fn bar(self) -> (ProgressBar, &'static str) {
        match self {
            Goal::Count(count) => (ProgressBar::new(count), "{bar:16} {percent:>3}% {wide_msg}"),
            Goal::Time(time) => (ProgressBar::new(millis(time)), "{bar:16} {percent:>3}% {wide_msg}"),
            Goal::Open => (ProgressBar::new_spinner(), "{spinner} {elapsed} {wide_msg}"),
        }
    }
}

/// Shows the rate over the last tick, and how far the command has come.
pub(crate) struct Meter {
    goal: Goal,
    bar: ProgressBar,
    json: bool,
    started: Instant,
    shown: Instant,
    last: Tally,
}

impl Meter {
    /// Starts with nothing done. The bar is seen only where standard error is a terminal.
    pub(crate) fn start(goal: Goal, session: &Session) -> Self {
        let (bar, template) = goal.bar();
        let bar = if session.json { ProgressBar::hidden() } else { bar };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
        Meter { goal, bar, json: session.json, started: Instant::now(), shown: Instant::now(), last: Tally::start() }
    }

    /// Shows where things stand, if it is time to.
    pub(crate) fn show(&mut self, tally: &Tally) -> Outcome {
        let passed = self.shown.elapsed();
        if passed < if self.json { Duration::from_secs(1) } else { TICK } {
            return Ok(());
        }
        let datagrams = per_second(tally.datagrams - self.last.datagrams, passed);
        let bits = per_second((tally.bytes - self.last.bytes) * 8, passed);
        (self.shown, self.last) = (Instant::now(), *tally);
        if self.json { self.event(datagrams, bits) } else { self.draw(datagrams, bits) }
    }

    fn event(&self, datagrams: u64, bits: u64) -> Outcome {
        report::print(&json!({
            "event": "progress",
            "seconds": self.started.elapsed().as_secs_f64(),
            "datagrams": self.last.datagrams,
            "bytes": self.last.bytes,
            "datagrams_per_second": datagrams,
            "bits_per_second": bits,
        }))
    }

    fn draw(&self, datagrams: u64, bits: u64) -> Outcome {
        match self.goal {
            Goal::Count(_) => self.bar.set_position(self.last.datagrams),
            Goal::Time(_) => self.bar.set_position(millis(self.started.elapsed())),
            Goal::Open => self.bar.tick(),
        }
        let (count, bytes) = (HumanCount(self.last.datagrams), HumanBytes(self.last.bytes));
        let rates = (HumanCount(datagrams), bits_text(bits));
        self.bar.set_message(format!("{count} datagrams, {bytes}, {}/s, {}", rates.0, rates.1));
        Ok(())
    }

    /// Clears the display, for the summary to take its place.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
