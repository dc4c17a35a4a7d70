//! The figures of a load as rows for people.

use std::time::Duration;

use crate::measure::figures::{Direction, Interval, Received, Sent};
use crate::measure::spread::Spread;
use crate::report::summary::Summary;
use crate::report::text;

/// The rows of one direction, as far as it is known.
pub(crate) fn rows(summary: &mut Summary, direction: &Direction) {
    if let Some(sent) = &direction.sent {
        sent_rows(summary, sent);
    }
    match &direction.received {
        Some(received) => received_rows(summary, received),
        None => summary.row("received", "unknown: the receiver does not report"),
    }
}

/// The sums over several streams of one direction.
pub(crate) fn total(summary: &mut Summary, directions: &[&Direction]) {
    // The figures may come from another host, and be too large to add.
    let add = |sum: u64, count: u64| sum.saturating_add(count);
    let sent = |count: fn(&Sent) -> u64| directions.iter().filter_map(|way| way.sent.as_ref()).map(count).fold(0, add);
    let received =
        |count: fn(&Received) -> u64| directions.iter().filter_map(|way| way.received.as_ref()).map(count).fold(0, add);
    let rate = |bits: u64| {
        format!(
            "{}, {}",
            text::count(sent(|sent| sent.datagrams_per_second.unwrap_or(0)), "datagram") + "/s",
            text::bits(bits)
        )
    };
    summary.row("sent", text::count(sent(|sent| sent.datagrams), "datagram"));
    summary.row("rate", rate(sent(|sent| sent.bits_per_second.unwrap_or(0))));
    if directions.iter().any(|way| way.received.is_some()) {
        summary.row("received", text::count(received(|received| received.datagrams), "datagram"));
        summary.row("rate", text::bits(received(|received| received.bits_per_second.unwrap_or(0))));
        summary.row("lost", text::share(received(|received| received.lost), received(|received| received.expected)));
    }
}

fn sent_rows(summary: &mut Summary, sent: &Sent) {
    summary.row("sent", text::count(sent.datagrams, "datagram"));
    amounts(summary, sent.bytes, sent.duration_ns, sent.datagrams_per_second.zip(sent.bits_per_second));
    summary.row_if("spacing", sent.spacing.map(|spacing| spread(&spacing)));
    summary.row_if("refused", if_any(sent.refused, "datagram"));
    summary.row_if("no buffer", if_any(sent.no_buffer, "time"));
}

/// What a receiver knows of one stream.
pub(crate) fn received_rows(summary: &mut Summary, received: &Received) {
    summary.row("received", text::count(received.datagrams, "datagram"));
    amounts(summary, received.bytes, received.duration_ns, received.datagrams_per_second.zip(received.bits_per_second));
    summary.row("lost", lost(received));
    summary.row_if("duplicates", if_any(received.duplicates, "datagram"));
    summary.row_if("reordered", if_any(received.reordered, "datagram"));
    summary.row_if("late", received.late.map(|late| text::count(late, "datagram")));
    summary.row_if("stale", if_any(received.stale, "datagram"));
    summary.row_if("impossible", if_any(received.impossible, "datagram"));
    summary.row_if("dropped", received.dropped_by_socket.filter(|&count| count > 0).map(dropped));
    summary.row_if("jitter", received.jitter_ns.map(|jitter| text::time(Duration::from_nanos(jitter))));
    summary.row_if("variation", received.delay_variation.map(|variation| spread(&variation)));
    summary.row_if("delay", received.delay.map(|delay| delay_text(received, &delay)));
}

fn amounts(summary: &mut Summary, bytes: u64, nanos: u64, rates: Option<(u64, u64)>) {
    summary.row("bytes", text::bytes(bytes));
    summary.row("time", text::time(Duration::from_nanos(nanos)));
    summary.row(
        "rate",
        match rates {
            Some((datagrams, bits)) => format!("{}/s, {}", text::count(datagrams, "datagram"), text::bits(bits)),
            None => "unknown: less than 10 ms from the first datagram to the last".into(),
        },
    );
}

fn lost(received: &Received) -> String {
    match (received.expected, received.tail_known) {
        (0, _) => "unknown: no datagram had a number".into(),
        (expected, true) => text::share(received.lost, expected),
        (expected, false) => format!("{}, and perhaps a tail: no end came", text::share(received.lost, expected)),
    }
}

fn dropped(count: u64) -> String {
    format!("{} by the receiving socket, which had no room (of any peer)", text::count(count, "datagram"))
}

fn delay_text(received: &Received, delay: &Spread) -> String {
    match received.clock {
        Some(clock) => format!(
            "{}, ±{}; clocks differ by {}",
            spread(delay),
            text::time(Duration::from_nanos(clock.uncertainty_ns)),
            text::nanos(clock.offset_ns),
        ),
        None => format!("{}, if the clocks agree", spread(delay)),
    }
}

/// `mean 1.00 ms ± 20 µs, min 900 µs, p50 …, p99 …, max …`
pub(crate) fn spread(spread: &Spread) -> String {
    let [mean, deviation, min, p50, p99, max] =
        [spread.mean_ns, spread.stddev_ns, spread.min_ns, spread.p50_ns, spread.p99_ns, spread.max_ns].map(text::nanos);
    format!("mean {mean}, stddev {deviation}, min {min}, p50 {p50}, p99 {p99}, max {max}")
}

fn if_any(count: u64, noun: &str) -> Option<String> {
    (count > 0).then(|| text::count(count, noun))
}

/// `1,000 datagrams, 9.60 Mbit/s, lost 3 of 1,003 (0.30 %), jitter 12 µs`
pub(crate) fn interval(interval: &Interval) -> String {
    let rate = |count: u64| text::count(count, "datagram");
    let lost =
        interval.lost.zip(interval.expected).map(|(lost, expected)| format!("lost {}", text::share(lost, expected)));
    let jitter = interval.jitter_ns.map(|jitter| format!("jitter {}", text::time(Duration::from_nanos(jitter))));
    let facts = [
        Some(rate(interval.datagrams)),
        Some(format!("{}/s", rate(interval.datagrams_per_second))),
        Some(text::bits(interval.bits_per_second)),
        lost,
        jitter,
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
