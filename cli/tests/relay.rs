//! `relay` as the judge of what `blast` and `sink` count.
#![cfg(target_os = "linux")]

mod support;

use std::collections::HashSet;
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

/// What became of a load.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    received: u64,
    lost: u64,
    duplicates: u64,
    reordered: u64,
    late: u64,
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
    let (expected, delays) = read(&log);
    let ends = [blast.event("summary")["streams"][0]["forward"].clone(), sink.end().event("stream")["forward"].clone()];
    for figures in ends {
        let received = &figures["received"];
        assert_eq!(counts(received), expected, "seed {seed}: {figures}");
        assert_eq!((&received["tail_known"], &received["dropped_by_socket"]), (&true.into(), &0.into()), "seed {seed}");
        compare_delays(received, &delays, seed);
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
        late: count("late"),
    }
}

/// What the relay did to numbered datagrams, counted in a way of its own, and the delays of first copies.
fn read(log: &[Value]) -> (Counts, Vec<i64>) {
    let is_load = |event: &&Value| event["direction"] == "forward" && event["number"].is_u64();
    let left = |event: &&Value| event["action"] == "forwarded";
    let (mut seen, mut highest, mut delays, mut counts) = (HashSet::new(), None, Vec::new(), Counts::default());
    for event in log.iter().filter(is_load).filter(left) {
        let number = event["number"].as_u64().unwrap();
        counts.received += 1;
        if !seen.insert(number) {
            counts.duplicates += 1;
            continue;
        }
        counts.reordered += u64::from(highest > Some(number));
        highest = highest.max(Some(number));
        delays.push(event["forwarded_ns"].as_i64().unwrap() - event["sent_ns"].as_i64().unwrap());
    }
    let least = *delays.iter().min().unwrap();
    counts.lost = DATAGRAMS - seen.len() as u64;
    counts.late = delays.iter().filter(|&&delay| delay - least > LATE).count() as u64;
    delays.sort_unstable();
    (counts, delays)
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
