//! Lines about what is under way: drawn again and again on a terminal, printed each second elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Outcome;
use crate::measure::figures::Interval;
use crate::report::{figures, output};

/// How often a display looks for news.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// The lines of one command.
#[derive(Clone)]
pub(crate) struct Live {
    lines: MultiProgress,
    json: bool,
    every: Duration,
}

/// The line of one stream.
pub(crate) struct LiveLine {
    bar: ProgressBar,
    label: String,
    /// What machines know the stream by.
    fields: Map<String, Value>,
    json: bool,
    every: Duration,
    started: Instant,
    shown: Instant,
    last: (u64, u64),
}

/// What has been sent or has come so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SoFar {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    /// Lost ones, and of how many.
    pub(crate) lost: Option<(u64, u64)>,
    pub(crate) jitter_ns: Option<u64>,
}

/// Which way datagrams go.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// From the client.
    Forward,
    /// To the client.
    Reverse,
}

impl Live {
    /// A line each `every`; machines get an event instead.
    pub(crate) fn new(json: bool, every: Duration) -> Self {
        Live { lines: MultiProgress::new(), json, every }
    }

    pub(crate) fn line(&self, label: &str, fields: Map<String, Value>) -> LiveLine {
        let style = ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is well formed");
        let is_drawn = !self.json && io::stderr().is_terminal();
        let bar = if is_drawn { self.lines.add(ProgressBar::new_spinner()) } else { ProgressBar::hidden() };
        bar.set_style(style);
        let (started, label) = (Instant::now(), label.to_owned());
        LiveLine { bar, label, fields, json: self.json, every: self.every, started, shown: started, last: (0, 0) }
    }
}

impl LiveLine {
    /// What has come since the last look, if it is time for one.
    pub(crate) fn look(&mut self, so_far: &SoFar) -> Option<Interval> {
        let passed = self.shown.elapsed();
        let is_news = (so_far.datagrams, so_far.bytes) != self.last || self.json;
        if passed < self.every || !is_news {
            return None;
        }
        let rate = |count: u64| (count as f64 / passed.as_secs_f64()) as u64;
        let interval = Interval {
            elapsed_ns: u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX),
            datagrams: so_far.datagrams,
            bytes: so_far.bytes,
            datagrams_per_second: rate(so_far.datagrams.saturating_sub(self.last.0)),
            bits_per_second: rate(so_far.bytes.saturating_sub(self.last.1) * 8),
            lost: so_far.lost.map(|lost| lost.0),
            expected: so_far.lost.map(|lost| lost.1),
            jitter_ns: so_far.jitter_ns,
        };
        (self.shown, self.last) = (Instant::now(), (so_far.datagrams, so_far.bytes));
        Some(interval)
    }

    /// Shows the figures so far; `verb` is what was done to the datagrams.
    pub(crate) fn show(&self, way: Way, verb: &str, interval: &Interval) -> Outcome {
        if self.json {
            let mut event = output::event("progress", &self.fields);
            output::add(
                &mut event,
                json!({ "direction": way, "by": if verb == "sent" { "sender" } else { "receiver" } }),
            );
            output::add(&mut event, interval);
            return output::print(&event);
        }
        let seconds = interval.elapsed_ns as f64 / 1e9;
        let text = format!("{:>6.1} s  {}{verb} {}", seconds, self.label, figures::interval(interval));
        if self.bar.is_hidden() {
            return output::print_error(&text);
        }
        self.bar.set_message(text);
        self.bar.tick();
        Ok(())
    }

    /// Looks, and shows what there is to see.
    pub(crate) fn update(&mut self, way: Way, verb: &str, so_far: &SoFar) -> Outcome {
        self.look(so_far).map_or(Ok(()), |interval| self.show(way, verb, &interval))
    }

    /// Clears the display, for the summary to take its place.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
