//! `blast` and `sink` as two ends that talk: directions, several clients, interrupts, strangers.

mod support;

use std::net::UdpSocket;
use std::time::Duration;

use serde_json::Value;
use support::{Ended, Running, heliogram, listening, run, start};

/// A rate and a size at which a sink's receive buffer holds the whole load, so that a slow machine loses none.
const LOAD: [&str; 6] = ["--pps", "500", "--size", "100", "--count", "100"];

fn sink() -> (Running, String) {
    listening(&["--json", "sink", "127.0.0.1:0"])
}

fn blast(address: &str, more: &[&str]) -> Ended {
    let ended = run(&[&["--json", "blast", address], more].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

/// The streams that a sink has reported, in the order of their end.
fn streams(sink: Running) -> Vec<Value> {
    sink.signal("INT");
    let ended = sink.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.events().into_iter().filter(|event| event["event"] == "stream").collect()
}

fn assert_whole(direction: &Value) {
    let (sent, received) = (&direction["sent"], &direction["received"]);
    assert_eq!((&sent["datagrams"], &received["datagrams"]), (&100.into(), &100.into()), "{direction}");
    assert_eq!((&received["lost"], &received["tail_known"]), (&0.into(), &true.into()), "{direction}");
    assert!(received["clock"]["uncertainty_ns"].as_i64().unwrap() >= 0, "{direction}");
}

#[test]
fn both_ends_print_the_same_figures() {
    for (more, directions) in
        [(&[][..], &["forward"][..]), (&["--reverse"], &["reverse"]), (&["--bidir"], &["forward", "reverse"])]
    {
        let (sink, address) = sink();
        let client = blast(&address, &[&LOAD[..], more].concat()).event("summary")["streams"][0].clone();
        let server = streams(sink).remove(0);
        for direction in ["forward", "reverse"] {
            assert_eq!(client[direction], server[direction], "{direction} {more:?}");
            assert_eq!(client[direction].is_object(), directions.contains(&direction), "{direction} {more:?}");
        }
        directions.iter().for_each(|direction| assert_whole(&client[direction]));
    }
}

#[test]
fn clients_one_after_another_and_at_once_have_reports_of_their_own() {
    let (sink, address) = sink();
    let first = start(&[&["--json", "blast", &address], &LOAD[..]].concat());
    let parallel = blast(&address, &[&LOAD[..], &["--parallel", "3"]].concat());
    assert_eq!(first.end().code, Some(0));
    blast(&address, &LOAD);
    let parallel = parallel.event("summary")["streams"].as_array().unwrap().clone();
    let streams = streams(sink);
    assert_eq!((parallel.len(), streams.len()), (3, 5));
    parallel.iter().chain(&streams).for_each(|stream| assert_whole(&stream["forward"]));
}

#[test]
fn a_stream_that_nobody_answers_is_counted_with_its_tail() {
    let (sink, address) = sink();
    let client = blast(&address, &[&LOAD[..], &["--one-way"]].concat()).event("summary");
    assert!(client["streams"][0]["forward"]["received"].is_null(), "{client}");
    let received = &streams(sink)[0]["forward"]["received"];
    assert_eq!((&received["datagrams"], &received["tail_known"]), (&100.into(), &true.into()), "{received}");
}

#[test]
fn an_interrupt_on_either_side_ends_with_both_reports() {
    for side in ["client", "server"] {
        let (mut sink, address) = listening(&["--json", "sink", "127.0.0.1:0", "--interval", "0.1"]);
        let mut client = start(&["--json", "blast", &address, "--pps", "200", "--seconds", "60", "--bidir"]);
        sink.out.wait_for("\"progress\"");
        client.out.wait_for("\"progress\"");
        if side == "client" {
            client.signal("INT")
        } else {
            sink.signal("INT")
        }
        let client = client.end();
        assert_eq!(client.code, Some(0), "{side}: {client:?}");
        let client = client.event("summary")["streams"][0].clone();
        if side == "client" {
            sink.signal("INT");
        }
        let server = sink.end().event("stream");
        for (end, stream) in [("client", &client), ("server", &server)] {
            for direction in ["forward", "reverse"] {
                let [sent, received] = ["sent", "received"].map(|name| &stream[direction][name]["datagrams"]);
                assert!(sent.as_u64() > Some(0), "{side} interrupted, {end} {direction}: {stream}");
                assert!(received.as_u64() > Some(0), "{side} interrupted, {end} {direction}: {stream}");
            }
        }
    }
}

#[test]
fn a_client_without_a_sink_sends_nothing_for_others_to_receive() {
    let (other, address) = listening(&["listen", "127.0.0.1:0"]);
    let refused = run(&["blast", &address, "--reverse", "--seconds", "1"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.ends_with("no sink answers there, and only a sink sends a load\n"), "{refused:?}");
    other.signal("INT");
    other.end();
}

#[test]
fn a_stranger_gets_no_more_than_it_sends_and_changes_nothing() {
    let (sink, address) = sink();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    stranger.connect(&address).unwrap();
    let load = "{\"size\":1400,\"count\":null,\"time_ns\":1000000000,\"rate\":null}";
    let cookie = "{\"nonce\":1,\"proof\":1}";
    let plan = format!("{{\"forward\":true,\"reverse\":{load},\"late_after_ns\":null}}");
    let mut requests = vec![
        "{\"hello\":{\"nonce\":1,\"padding\":\"\"}}".to_owned(),
        format!("{{\"hello\":{{\"nonce\":1,\"padding\":\"{}\"}}}}", "0".repeat(1000)),
        format!("{{\"start\":{{\"cookie\":{cookie},\"stream\":7,\"plan\":{plan}}}}}"),
        format!("{{\"probe\":{{\"cookie\":{cookie},\"stream\":7,\"sent\":1}}}}"),
        format!("{{\"stop\":{{\"cookie\":{cookie},\"stream\":7}}}}"),
        "{\"one_way_end\":{\"stream\":7,\"sent\":18446744073709551615}}".to_owned(),
        "{".repeat(10_000),
    ];
    requests.iter_mut().for_each(|request| request.insert_str(0, "HGRC1"));
    for request in &requests {
        stranger.send(request.as_bytes()).unwrap();
        let mut answered = 0;
        while let Ok(size) = stranger.recv(&mut [0; 2000]) {
            answered += size;
        }
        assert!(answered <= request.len(), "{answered} bytes for {} bytes: {request}", request.len());
    }
    // A number out of nowhere, in a stream of the stranger's own.
    stranger.send(&[&b"HGRM\0\0\0\x07"[..], &u64::MAX.to_be_bytes()].concat()).unwrap();
    let client = blast(&address, &LOAD);
    assert_whole(&client.event("summary")["streams"][0]["forward"]);
    sink.signal("INT");
    let summary = sink.end().event("summary");
    assert_eq!((&summary["received"]["lost"], &summary["received"]["impossible"]), (&0.into(), &1.into()), "{summary}");
}

#[test]
fn nobody_who_reads_is_no_crash_at_either_end() {
    let (sink, address) = sink();
    let script = format!("\"$0\" blast {address} --pps 500 --count 50 2>&1 >&- | head -n 0; echo done");
    let ended = Running::of(std::process::Command::new("sh").args([
        "-c",
        &script,
        heliogram(&[]).get_program().to_str().unwrap(),
    ]));
    assert!(ended.end().out.contains("done"));
    blast(&address, &LOAD);
    assert!(!streams(sink).is_empty());
}

#[test]
fn a_load_at_a_rate_leaves_datagram_by_datagram_and_says_how_far_apart() {
    let (sink, address) = listening(&["--json", "sink", "127.0.0.1:0"]);
    let sent =
        blast(&address, &["-b", "800k", "-l", "100", "-t", "0.2"]).event("summary")["streams"][0]["forward"]["sent"]
            .clone();
    // 800 kbit/s are 1,000 datagrams of 800 bits a second.
    assert_eq!(sent["datagrams"], 200, "{sent}");
    let mean = sent["spacing"]["mean_ns"].as_i64().unwrap();
    assert!((900_000..=1_200_000).contains(&mean), "on average a millisecond apart: {sent}");
    streams(sink);
}

#[cfg(target_os = "linux")]
#[test]
fn the_queueing_discipline_spaces_a_load_or_the_load_fails() {
    let Some(net) = support::net::Net::new("txtime") else { return };
    let (sink, port) = net.listening(&["sink", "127.0.0.1:0"]);
    let load = format!("--json blast 127.0.0.1:{port} --pps 500 --count 200 --txtime");
    let load: Vec<&str> = load.split(' ').collect();
    let refused = net.start(&load).end();
    assert_eq!(refused.code, Some(1), "nothing holds datagrams back on loopback: {refused:?}");
    assert!(refused.err.contains("--txtime needs fq"), "{refused:?}");
    if let Err(reason) = net.has_fq() {
        return support::net::skip("txtime", &reason);
    }
    let sent = net.start(&load).end().event("summary")["streams"][0]["forward"]["sent"].clone();
    let spacing = sent["spacing"]["p50_ns"].as_i64().unwrap();
    assert!((1_900_000..=2_100_000).contains(&spacing), "{sent}");
    sink.signal("INT");
    sink.end();
}
