//! `echo` and `ping`, `blast` and `sink`.

mod support;

use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use support::{Ended, listening, run, run_with_input};

const LOCAL: [&str; 2] = ["127.0.0.1:0", "[::1]:0"];

fn row<'a>(ended: &'a Ended, label: &str) -> &'a str {
    let line = ended.out.lines().find(|line| line.starts_with(&format!("{label} ")));
    line.unwrap_or_else(|| panic!("no row {label}: {ended:?}"))[label.len()..].trim()
}

#[test]
fn pings_are_answered_and_measured() {
    for local in LOCAL {
        let (echo, address) = listening(&["echo", local]);
        let pings = run(&["ping", &address, "--count", "3", "--interval", "0.01", "--timeout", "20"]);
        assert_eq!(pings.code, Some(0), "{pings:?}");
        for number in 0..3 {
            assert!(pings.out.contains(&format!("64 bytes from {address}: number {number}, ")), "{pings:?}");
        }
        assert_eq!((row(&pings, "sent"), row(&pings, "received")), ("3 datagrams", "3 datagrams"));
        assert_eq!(row(&pings, "lost"), "0 of 3 (0.00 %)");
        echo.signal("INT");
        let echo = echo.end();
        assert_eq!((echo.code, row(&echo, "echoed")), (Some(0), "3 datagrams"), "{echo:?}");
    }
}

#[test]
fn percentiles_are_in_order() {
    let (echo, address) = listening(&["echo", "127.0.0.1:0", "--count", "200"]);
    let pings = run(&["--json", "ping", &address, "--count", "200", "--interval", "0", "--timeout", "20", "--quiet"]);
    let summary = pings.event("summary");
    assert_eq!((&summary["received"], &summary["lost"]), (&200.into(), &0.into()), "{pings:?}");
    let times = ["min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"];
    let times = times.map(|name| summary["round_trip"][name].as_i64().unwrap());
    assert!(times.is_sorted() && times[0] > 0 && times[5] < 20_000_000_000, "{times:?}");
    assert_eq!(pings.events().len(), 2, "where it pings, and the summary");
    assert_eq!(echo.end().code, Some(0));
}

#[test]
fn a_lost_ping_does_not_slow_down_the_others() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = peer.local_addr().unwrap().to_string();
    let peer = thread::spawn(move || {
        let mut buffer = [0; 64];
        for number in 0..50 {
            let (size, from) = peer.recv_from(&mut buffer).unwrap();
            // Loses the first, answers the second twice and the others once.
            for _ in 0..[0, 2].get(number).copied().unwrap_or(1) {
                peer.send_to(&buffer[..size], from).unwrap();
            }
        }
    });
    let started = Instant::now();
    let pings = run(&["--json", "ping", &address, "--count", "50", "--interval", "0", "--timeout", "0.5"]);
    peer.join().unwrap();
    let summary = pings.event("summary");
    let counts = ["sent", "received", "lost", "duplicates"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!((pings.code, counts), (Some(0), [50, 49, 1, 1]), "{pings:?}");
    assert!(started.elapsed() < Duration::from_secs(12), "two waits of half a second, not fifty");
}

#[test]
fn a_ping_without_an_answer_fails() {
    let (other, address) = listening(&["listen", "127.0.0.1:0"]);
    let silent = run(&["ping", &address, "--count", "2", "--interval", "0.01", "--timeout", "0.1"]);
    assert_eq!((silent.code, row(&silent, "lost")), (Some(1), "2 of 2 (100.00 %)"));
    assert!(silent.err.ends_with(&format!("heliogram: no answer from {address}\n")), "{silent:?}");
    other.signal("INT");
    other.end();
    let refused = run(&["ping", &address, "--count", "1", "--timeout", "1"]);
    assert_eq!((refused.code, row(&refused, "unreachable")), (Some(1), "1 datagram"));
    assert!(refused.err.contains(&format!("recvmsg ECONNREFUSED {address}")), "{refused:?}");
}

#[test]
fn a_load_is_counted_at_both_ends() {
    for local in LOCAL {
        // No more than the kernel's receive buffer holds by default, so that a slow machine loses none either.
        let (sink, address) = listening(&["sink", local, "--count", "200", "--seconds", "20"]);
        let blast = run(&["blast", &address, "--count", "200", "--size", "100", "--pps", "5k"]);
        assert!(blast.err.contains(&format!("blasting {address} from ")), "{blast:?}");
        assert!(blast.err.contains("100 bytes each, 5000 datagrams a second, 200 datagrams"), "{blast:?}");
        assert_eq!((blast.code, row(&blast, "sent"), row(&blast, "to")), (Some(0), "200 datagrams", address.as_str()));
        let sink = sink.end();
        assert_eq!((sink.code, row(&sink, "received")), (Some(0), "200 datagrams"), "{sink:?}");
        assert_eq!(row(&sink, "lost"), "0 of 200 (0.00 %)");
        assert_eq!(row(&sink, "bytes"), "20,000 (19.53 KiB)");
    }
}

#[test]
fn full_speed_sends_batches_and_the_numbers_add_up() {
    let (sink, address) = listening(&["sink", "127.0.0.1:0", "--idle", "1"]);
    let sent =
        run(&["--json", "blast", &address, "--seconds", "0.3"]).event("summary")["streams"][0]["forward"]["sent"]
            .clone();
    let sink = sink.end();
    let received: u64 = row(&sink, "received").split(' ').next().unwrap().replace(',', "").parse().unwrap();
    assert!(received > 0 && received <= sent["datagrams"].as_u64().unwrap(), "{sent} {sink:?}");
    assert_eq!(sent["bytes"], sent["datagrams"].as_u64().unwrap() * 1200);
    assert!(sent["duration_ns"].as_u64().unwrap() >= 300_000_000);
    assert_eq!(sent["refused"], 0);
}

#[test]
fn what_is_lost_is_reported() {
    let (sink, address) = listening(&["sink", "127.0.0.1:0", "--count", "2"]);
    // The numbers 0 and 3 of one run.
    let lines = ["00", "03"].map(|number| format!("4847524d 00000001 00000000000000{number}\n"));
    run_with_input(&["send", &address, "--hex"], lines.concat().as_bytes());
    let sink = sink.end();
    assert_eq!(row(&sink, "lost"), "2 of 4 (50.00 %), and perhaps a tail: no end came");

    // Copies do not make up for losses, and a number that no sender can have reached changes nothing.
    let (sink, address) = listening(&["--json", "sink", "127.0.0.1:0", "--count", "5"]);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in [0, 3, 3, 1, u64::MAX] {
        peer.send_to(&[&b"HGRM\0\0\0\x01"[..], &number.to_be_bytes()].concat(), &address).unwrap();
    }
    let stream = sink.end().event("stream")["forward"]["received"].clone();
    let counts = ["expected", "lost", "duplicates", "reordered", "impossible", "dropped_by_socket"];
    assert_eq!(counts.map(|name| stream[name].as_u64().unwrap()), [4, 1, 1, 1, 1, 0], "{stream}");

    let (sink, address) = listening(&["sink", "127.0.0.1:0", "--count", "1"]);
    run(&["send", &address, "no number"]);
    assert_eq!(row(&sink.end(), "lost"), "unknown: no datagram had a number");
}

#[test]
fn a_rate_is_kept() {
    let (sink, address) = listening(&["sink", "127.0.0.1:0"]);
    let blast = run(&["--json", "blast", &address, "--pps", "200", "--seconds", "2"]);
    let summary = blast.event("summary");
    let sent = summary["streams"][0]["forward"]["sent"]["datagrams"].as_u64().unwrap();
    assert!((1..=402).contains(&sent), "at most one more than the rate allows: {summary}");
    assert!(blast.events().iter().any(|event| event["event"] == "progress"), "{blast:?}");
    sink.signal("INT");
    assert_eq!(sink.end().code, Some(0));
}

#[test]
fn nobody_there_is_counted_and_not_fatal() {
    let (other, address) = listening(&["listen", "127.0.0.1:0"]);
    other.signal("INT");
    other.end();
    let blast = run(&["--json", "blast", &address, "--count", "100", "--pps", "10k", "--size", "10"]);
    let summary = blast.event("summary");
    let sent = &summary["streams"][0]["forward"]["sent"];
    assert_eq!((blast.code, &sent["datagrams"]), (Some(0), &100.into()), "{blast:?}");
    assert!(sent["refused"].as_u64().unwrap() > 0, "{summary}");
}

#[test]
fn a_load_that_the_network_refuses_says_where() {
    let refused = run(&["blast", "255.255.255.255:9", "--count", "1"]);
    assert_eq!(refused.code, Some(1));
    let expected = [
        "heliogram: send EACCES 255.255.255.255:9: 255.255.255.255 is a broadcast address: add --broadcast\n",
        "heliogram: send ENETUNREACH 255.255.255.255:9: there is no route to this address\n",
    ];
    assert!(expected.iter().any(|text| refused.err.ends_with(text)), "{refused:?}");
}
