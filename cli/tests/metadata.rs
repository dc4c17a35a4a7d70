//! Receive metadata of `listen`, and options of `send`.
#![cfg(target_os = "linux")]

mod support;

use support::{listening, run};

#[test]
fn listen_says_how_a_datagram_arrived_as_send_wanted_it() {
    let (listener, address) = listening(&["listen", "0.0.0.0:0", "--count", "2", "--info"]);
    let port = address.rsplit_once(':').unwrap().1;
    let peer = format!("127.0.0.9:{port}");
    let marked = ["send", &peer, "marked", "--source", "127.0.0.5", "--ttl", "9", "--tos", "185", "--dont-fragment"];
    assert_eq!(run(&marked).code, Some(0));
    assert_eq!(run(&["send", &peer, "plain"]).code, Some(0));
    let ended = listener.end();
    let lines: Vec<_> = ended.out.lines().collect();
    let reported = |line: &str, facts: &str| line.contains(&format!(" (to 127.0.0.9 by lo, {facts}, at "));
    assert!(lines[0].starts_with("127.0.0.5:") && lines[0].ends_with(") marked"), "{ended:?}");
    assert!(reported(lines[0], "ttl 9, dscp 46, ECT(1)") && reported(lines[1], "ttl 64, dscp 0, Not-ECT"), "{ended:?}");
}

#[test]
fn metadata_for_machines() {
    let mut listener = support::start(&["--json", "listen", "[::1]:0", "--count", "1", "--info"]);
    let line = listener.out.wait_for("listening");
    let port = serde_json::from_str::<serde_json::Value>(&line).unwrap()["port"].to_string();
    run(&["send", &format!("[::1]:{port}"), "x", "--tos", "2"]);
    let message = listener.end().event("message");
    assert_eq!((&message["destination"], &message["interface"]), (&"::1".into(), &"lo".into()));
    assert_eq!((&message["ecn"], &message["dscp"], &message["ttl"]), (&"ECT(0)".into(), &0.into(), &64.into()));
    assert!(message["timestamp_ns"].as_i64().unwrap() > 1_700_000_000_000_000_000);
    assert_eq!(message["dropped"], 0);
}

#[test]
fn listen_shows_what_the_socket_counts() {
    let (mut listener, address) = listening(&["listen", "127.0.0.1:0", "--stats"]);
    run(&["send", &address, "Some bytes", "--count", "3"]);
    let line = listener.err.wait_for("datagrams 3, bytes 30 B, ");
    assert!(line.ends_with("dropped 0\n"), "{line}");
    listener.signal("INT");
    assert_eq!(listener.end().code, Some(0));

    let mut listener = support::start(&["--json", "listen", "127.0.0.1:0", "--stats", "--count", "1"]);
    let line = listener.out.wait_for("listening");
    let port = serde_json::from_str::<serde_json::Value>(&line).unwrap()["port"].to_string();
    run(&["send", &format!("127.0.0.1:{port}"), "x"]);
    let stats = listener.end().event("stats");
    assert_eq!((&stats["datagrams"], &stats["bytes"], &stats["dropped"]), (&1.into(), &1.into(), &0.into()));
}

#[test]
fn what_cannot_be_fails() {
    for (arguments, message) in [
        (&["listen", "0", "--device", "no-such-if"][..], "no such interface: no-such-if"),
        (&["send", "127.0.0.1:9", "x", "--source", "::1"], "send EINVAL 127.0.0.1:9"),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.ends_with(&format!("heliogram: {message}\n")), "{arguments:?}: {ended:?}");
    }
    assert_eq!(run(&["listen", "0", "--only-joined"]).code, Some(2));
}
