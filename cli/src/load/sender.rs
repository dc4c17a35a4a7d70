//! Sends a load: a thread, so that its timing does not depend on what else the process does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use heliogram::Datagram;
use tokio::sync::oneshot;

use crate::failure::{Failure, Outcome};
use crate::load::control::Load;
use crate::load::transmit_time::{LEAD, TransmitTimes};
use crate::measure::figures::{Sent, per_second};
use crate::measure::numbering::{Header, StreamId, now};
use crate::measure::spread::Distribution;
use crate::net::route::Route;

/// A load under way.
pub(crate) struct Sender {
    shared: Arc<Shared>,
    outcome: oneshot::Receiver<Outcome<Sent>>,
}

/// Who spaces the datagrams of a load at a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spacing {
    /// This program, by a timer.
    Timer,
    /// The interface's queueing discipline (`SO_TXTIME`).
    QueueingDiscipline,
}

/// What the thread and its owner both see.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
}

impl Sender {
    /// `spacing` says who spaces the datagrams of a load at a rate.
    pub(crate) fn start(route: Route, stream: StreamId, load: Load, spacing: Spacing) -> Self {
        let shared = Arc::new(Shared::default());
        let (sender, outcome) = oneshot::channel();
        let run = Run::new(route, stream, load, spacing, Arc::clone(&shared));
        thread::spawn(move || {
            // Where nobody waits for the outcome any more, it is of no use.
            let _ = sender.send(run.run());
        });
        Sender { shared, outcome }
    }

    /// Ends the load before its time.
    pub(crate) fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// How many datagrams have left.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// Waits for the end. Cancel safe; must not be called again once it has answered.
    pub(crate) async fn end(&mut self) -> Outcome<Sent> {
        (&mut self.outcome).await.unwrap_or_else(|_| Err(Failure::Other("the sending thread has died".into())))
    }

    /// The outcome, if the load has ended.
    pub(crate) fn try_end(&mut self) -> Option<Outcome<Sent>> {
        self.outcome.try_recv().ok()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How many datagrams leave in one call at full speed: four GSO batches of small ones.
const BATCH: usize = 256;

/// The thread's own state.
struct Run {
    route: Route,
    stream: StreamId,
    load: Load,
    shared: Arc<Shared>,
    /// The datagrams of a batch, end to end.
    bytes: Vec<u8>,
    started: Instant,
    last: Option<Instant>,
    spacing: Distribution,
    by: Spacing,
    times: Option<TransmitTimes>,
    sent: u64,
    refused: u64,
    no_buffer: u64,
}

impl Run {
    fn new(route: Route, stream: StreamId, load: Load, by: Spacing, shared: Arc<Shared>) -> Self {
        let bytes = vec![0; load.size * if load.rate.is_some() { 1 } else { BATCH }];
        Run {
            route,
            stream,
            load,
            by,
            shared,
            bytes,
            started: Instant::now(),
            last: None,
            spacing: Distribution::from_zero(),
            times: None,
            sent: 0,
            refused: 0,
            no_buffer: 0,
        }
    }

    fn run(mut self) -> Outcome<Sent> {
        match self.load.rate {
            Some(rate) => self.run_at(rate)?,
            None => {
                while self.left() > 0 && !self.is_over() {
                    self.send_batch()?;
                }
            }
        }
        Ok(self.figures())
    }

    fn run_at(&mut self, rate: f64) -> Outcome {
        if self.by == Spacing::QueueingDiscipline {
            self.times = Some(TransmitTimes::start(&self.route, rate)?);
        }
        while self.is_due(rate) && self.send_one()? {
            if let Some(times) = &mut self.times {
                times.take_reports(&self.route)?;
            }
        }
        if let Some(times) = &mut self.times {
            // The last ones leave later.
            thread::sleep(Duration::from_nanos(2 * LEAD.unsigned_abs()));
            times.take_reports(&self.route)?;
        }
        Ok(())
    }

    /// Waits until it is the next datagram's time, or the end's; whether there is a next one.
    fn is_due(&self, rate: f64) -> bool {
        let after = Duration::try_from_secs_f64(self.sent as f64 / rate).unwrap_or(Duration::MAX);
        match self.time() {
            _ if self.left() == 0 => false,
            // A rate that cannot be kept must not make the load longer.
            Some(time) if self.started.elapsed() > time + OVERTIME => false,
            Some(time) if after >= time => {
                self.sleep_until(self.started.checked_add(time));
                false
            }
            _ => self.sleep_until(self.started.checked_add(after)),
        }
    }

    /// Sleeps, and for the last moments spins, because a sleep may take longer than asked. `false` if it was stopped.
    fn sleep_until(&self, due: Option<Instant>) -> bool {
        loop {
            let left = due.map_or(LONGEST_SLEEP, |due| due.saturating_duration_since(Instant::now()));
            match left {
                _ if self.is_stopped() => return false,
                Duration::ZERO => return true,
                _ if left <= SPIN => std::hint::spin_loop(),
                _ => thread::sleep((left - SPIN).min(LONGEST_SLEEP)),
            }
        }
    }

    /// Sends one datagram by itself, so that none leaves together with another.
    fn send_one(&mut self) -> Outcome<bool> {
        self.write(0, self.sent);
        while self.attempt(1)? == 0 {
            if self.is_stopped() {
                return Ok(false);
            }
        }
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            self.spacing.record(i64::try_from((now - last).as_nanos()).unwrap_or(i64::MAX));
        }
        Ok(true)
    }

    /// Sends as many as leave in one call.
    fn send_batch(&mut self) -> Outcome {
        let due = usize::try_from(self.left()).unwrap_or(BATCH).min(BATCH);
        (0..due).for_each(|index| self.write(index, self.sent + index as u64));
        self.attempt(due).map(drop)
    }

    fn write(&mut self, index: usize, number: u64) {
        let datagram = &mut self.bytes[index * self.load.size..][..self.load.size];
        let sent = self.times.as_ref().map_or_else(now, |times| times.leaves(number));
        Header { stream: self.stream, number, sent: Some(sent) }.write(datagram);
    }

    /// Offers the first datagrams to the kernel; says how many it took.
    fn attempt(&mut self, count: usize) -> Outcome<usize> {
        let size = self.load.size;
        let options = self.times.as_ref().map(|times| times.options(&self.route, self.sent));
        let datagram = |index| {
            let datagram = self.route.datagram(&self.bytes[index * size..][..size]);
            options.as_ref().map_or(datagram, |options| datagram.with(options))
        };
        let datagrams: Vec<Datagram<'_>> = (0..count).map(datagram).collect();
        match self.route.try_send_batch(&datagrams) {
            Ok(sent) => {
                self.sent += sent as u64;
                self.shared.sent.store(self.sent, Ordering::Relaxed);
                return Ok(sent);
            }
            // The kernel's answer to an earlier datagram.
            Err(failure) if failure.is_refusal() => self.refused += 1,
            Err(failure) if failure.is_no_buffer() => self.wait_for_room(1),
            Err(failure) if failure.is_would_block() => self.wait_for_room(0),
            Err(failure) => return Err(failure),
        }
        Ok(0)
    }

    fn wait_for_room(&mut self, no_buffer: u64) {
        self.no_buffer += no_buffer;
        thread::sleep(SPIN);
    }

    fn left(&self) -> u64 {
        self.load.count.map_or(u64::MAX, |count| count - self.sent)
    }

    fn time(&self) -> Option<Duration> {
        self.load.time_ns.map(Duration::from_nanos)
    }

    fn is_over(&self) -> bool {
        self.is_stopped() || self.time().is_some_and(|time| self.started.elapsed() >= time)
    }

    fn is_stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    fn figures(&self) -> Sent {
        let (time, bytes) = (self.started.elapsed(), self.sent * self.load.size as u64);
        Sent {
            datagrams: self.sent,
            bytes,
            duration_ns: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
            datagrams_per_second: per_second(self.sent, time),
            bits_per_second: per_second(bytes * 8, time),
            refused: self.refused,
            no_buffer: self.no_buffer,
            spacing: self.times.as_ref().map_or(&self.spacing, TransmitTimes::spacing).spread(),
        }
    }
}

/// How much longer than asked a sleep may take.
const SPIN: Duration = Duration::from_micros(80);

/// How long after its time a load at a rate may send what it is late with.
const OVERTIME: Duration = Duration::from_millis(50);

/// How long it may take until a stop is noticed.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);
