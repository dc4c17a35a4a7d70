//! Spacing by the queueing discipline (`SO_TXTIME`): each datagram says when it is to leave, and the kernel reports when it
//! did.

use heliogram::{Clock, ErrorQueueEntry, SendOptions};

use crate::failure::{Failure, Outcome};
use crate::measure::numbering::{nanos, now};
use crate::measure::spread::Distribution;
use crate::net::route::Route;

/// How long before its time a datagram is given to the kernel, in nanoseconds.
pub(crate) const LEAD: i64 = 5_000_000;

/// How many datagrams have to leave before it is known whether they are held back.
const ENOUGH: u64 = 50;

/// The times of one load.
pub(crate) struct TransmitTimes {
    /// The first datagram's time by the monotonic clock, which the queueing discipline goes by, and by the system's.
    monotonic: u64,
    real: i64,
    /// By how much the kernel has sent datagrams before their time.
    early: Distribution,
    last: Option<i64>,
    spacing: Distribution,
    interval: f64,
}

impl TransmitTimes {
    /// The first datagram is to leave after the lead; `rate` is in datagrams a second.
    pub(crate) fn start(route: &Route, rate: f64) -> Outcome<Self> {
        route.socket.set_transmit_time_clock(Clock::Monotonic)?;
        route.socket.set_transmit_timestamps(true)?;
        let (monotonic, real) = (Clock::Monotonic.now()? + LEAD.unsigned_abs(), now() + LEAD);
        let (early, spacing) = (Distribution::from_zero(), Distribution::from_zero());
        Ok(TransmitTimes { monotonic, real, early, last: None, spacing, interval: 1e9 / rate })
    }

    /// What that datagram takes along.
    pub(crate) fn options(&self, route: &Route, number: u64) -> SendOptions {
        let time = self.monotonic + self.after(number).unsigned_abs();
        route.options().transmit_time(time).transmit_timestamp(true)
    }

    /// When that datagram leaves, in nanoseconds since 1970.
    pub(crate) fn leaves(&self, number: u64) -> i64 {
        self.real + self.after(number)
    }

    /// Takes the kernel's reports. Fails if datagrams leave at once.
    pub(crate) fn take_reports(&mut self, route: &Route) -> Outcome {
        while let Ok(entry) = route.socket.try_recv_error_queue() {
            if let ErrorQueueEntry::TransmitTimestamp(report) = entry
                && let Some(left) = report.software_timestamp.map(nanos)
            {
                self.early.record(self.leaves(report.id.into()) - left);
                if let Some(last) = self.last.replace(left) {
                    self.spacing.record(left - last);
                }
            }
        }
        let is_held = self.early.count() < ENOUGH || self.early.mean() < LEAD / 2;
        if is_held { Ok(()) } else { Err(Failure::Other(NOT_HELD.into())) }
    }

    /// The time from one datagram to the next, as the kernel sent them.
    pub(crate) const fn spacing(&self) -> &Distribution {
        &self.spacing
    }

    fn after(&self, number: u64) -> i64 {
        (number as f64 * self.interval) as i64
    }
}

const NOT_HELD: &str = "the interface's queueing discipline does not hold datagrams back: --txtime needs fq \
    (tc qdisc replace dev IFACE root fq), and no loopback";
