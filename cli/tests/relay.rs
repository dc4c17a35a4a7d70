//! `relay` as the judge of what `blast` and `sink` count.
#![cfg(target_os = "linux")]

mod support;

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::thread;

use serde_json::Value;
use support::net::Net;

/// How many datagrams each load has. All of them fit the sink's receive buffer, so that a busy machine loses none.
const DATAGRAMS: u64 = 300;

/// How many seeds are tried, and how many of them at once.
const SEEDS: u64 = 50;
const AT_ONCE: u64 = 10;

/// From which delay beyond the least one a datagram is late, in nanoseconds: half of what the relay holds most for.
const LATE: i64 = 10_000_000;

/// How far a histogram of three digits may be off at these delays, in nanoseconds.
const DIGITS: i64 = 50_000;

/// What became of a load.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    received: u64,
    lost: u64,
    duplicates: u64,
    reordered: u64,
}

/// The relay's log: its counts, and the delays of first copies, from when they were sent to when they were given to the
/// kernel, and to when the kernel had taken them. On a busy machine the relay may be stopped for long in between.
struct Log {
    counts: Counts,
    given: Vec<i64>,
    taken: Vec<i64>,
}

impl Log {
    /// The least and the greatest number of datagrams that can have been late.
    fn late(&self) -> RangeInclusive<u64> {
        let count = |delays: &[i64], limit: i64| delays.iter().filter(|&&delay| delay > limit).count() as u64;
        let (least, most) = (self.given[0], self.taken[0]);
        count(&self.given, most + LATE + DIGITS)..=count(&self.taken, least + LATE - DIGITS)
    }
}

#[test]
fn every_count_is_what_the_relay_did() {
    let Some(net) = Net::new("relay") else { return };
    for first in (0..SEEDS).step_by(AT_ONCE as usize) {
        thread::scope(|scope| {
            let net = &net;
            (first..first + AT_ONCE).for_each(|seed| drop(scope.spawn(move || judge(net, seed))));
        });
    }
}

/// Sends a load through a relay with this seed and compares both ends' figures with the relay's log.
fn judge(net: &Net, seed: u64) {
    let (sink, port) = net.listening(&["--json", "sink", "127.0.0.1:0", "--recv-buffer", "212992"]);
    let (server, seed_text) = (format!("127.0.0.1:{port}"), seed.to_string());
    let impaired = "--loss 5% --duplicate 5% --reorder 10% --delay 20ms --jitter 2ms --log --recv-buffer 212992";
    let relay = ["--json", "relay", "127.0.0.1:0", &server, "--seed", &seed_text];
    let relay: Vec<&str> = relay.into_iter().chain(impaired.split(' ')).collect();
    let (relay, port) = net.listening(&relay);
    let load = format!("--json blast 127.0.0.1:{port} --pps 1000 --count {DATAGRAMS} --size 100 --late 10ms");
    let blast = net.start(&load.split(' ').collect::<Vec<_>>()).end();
    assert_eq!(blast.code, Some(0), "seed {seed}: {blast:?}");
    relay.signal("INT");
    sink.signal("INT");
    let log = relay.end().events();
    let log = read(&log);
    let ends = [blast.event("summary")["streams"][0]["forward"].clone(), sink.end().event("stream")["forward"].clone()];
    for figures in ends {
        let received = &figures["received"];
        assert_eq!(counts(received), log.counts, "seed {seed}: {figures}");
        assert!(log.late().contains(&received["late"].as_u64().unwrap()), "seed {seed}: {:?} {figures}", log.late());
        assert_eq!((&received["tail_known"], &received["dropped_by_socket"]), (&true.into(), &0.into()), "seed {seed}");
        compare_delays(received, &log.given, seed);
    }
}

fn counts(received: &Value) -> Counts {
    let count = |name: &str| received[name].as_u64().unwrap_or_else(|| panic!("no {name}: {received}"));
    assert_eq!(count("expected"), DATAGRAMS, "{received}");
    Counts {
        received: count("datagrams"),
        lost: count("lost"),
        duplicates: count("duplicates"),
        reordered: count("reordered"),
    }
}

/// What the relay did to numbered datagrams, counted in a way of its own.
fn read(log: &[Value]) -> Log {
    let is_load = |event: &&Value| event["direction"] == "forward" && event["number"].is_u64();
    let left = |event: &&Value| event["action"] == "forwarded";
    let (mut seen, mut highest, mut counts) = (HashSet::new(), None, Counts::default());
    let (mut given, mut taken) = (Vec::new(), Vec::new());
    for event in log.iter().filter(is_load).filter(left) {
        let number = event["number"].as_u64().unwrap();
        counts.received += 1;
        if !seen.insert(number) {
            counts.duplicates += 1;
            continue;
        }
        counts.reordered += u64::from(highest > Some(number));
        highest = highest.max(Some(number));
        let time = |name: &str| event[name].as_i64().unwrap() - event["sent_ns"].as_i64().unwrap();
        given.push(time("forwarded_ns"));
        taken.push(time("taken_ns"));
    }
    counts.lost = DATAGRAMS - seen.len() as u64;
    given.sort_unstable();
    taken.sort_unstable();
    Log { counts, given, taken }
}

/// The two ends have one clock here: the offset that they believe in is undone, and must be within its uncertainty.
fn compare_delays(received: &Value, delays: &[i64], seed: u64) {
    let nanos = |value: &Value| value.as_i64().unwrap();
    let (delay, clock) = (&received["delay"], &received["clock"]);
    assert!(nanos(&clock["offset_ns"]).abs() <= nanos(&clock["uncertainty_ns"]), "seed {seed}: {clock}");
    let mean = delays.iter().sum::<i64>() / delays.len() as i64;
    let (middle, least) = (delays[(delays.len() - 1) / 2], delays[0]);
    for (name, expected) in [("mean_ns", mean), ("p50_ns", middle), ("min_ns", least)] {
        let measured = nanos(&delay[name]) + nanos(&clock["offset_ns"]);
        assert!(measured.abs_diff(expected) < 1_000_000, "seed {seed}: {name} {measured} is not {expected}: {delay}");
    }
}
