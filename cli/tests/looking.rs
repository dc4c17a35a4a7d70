//! Looking at traffic: dumps, times, filters, a conversation, and what a path does.

mod support;

use std::net::UdpSocket;
use std::process::Stdio;

use support::{Running, heliogram, listening, run};

#[test]
fn a_dump_shows_bytes_and_ascii_and_the_time_when_they_came() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--dump", "--time", "--count", "2"]);
    run(&["send", &address, "Some bytes\n and more"]);
    run(&["send", &address, ""]);
    let ended = listener.end();
    let lines: Vec<_> = ended.out.lines().collect();
    let (time, rest) = lines[0].split_once(' ').unwrap();
    assert!(time.len() == "2026-11-29T20:38:17.123456789Z".len() && time.ends_with('Z'), "{ended:?}");
    assert!(rest.starts_with("127.0.0.1:") && rest.ends_with(" 20 bytes"), "{ended:?}");
    assert_eq!(lines[1], "    0000  53 6f 6d 65 20 62 79 74  65 73 0a 20 61 6e 64 20  |Some bytes. and |");
    assert_eq!(lines[2], "    0010  6d 6f 72 65                                       |more|");
    assert!(lines[3].ends_with(" 0 bytes") && lines.len() == 4, "{ended:?}");
}

#[test]
fn other_peers_are_left_out() {
    let (listener, address) =
        listening(&["listen", "0", "--from", "127.0.0.2", "--from", "::1", "--count", "2", "--seconds", "20"]);
    let port = address.rsplit_once(':').unwrap().1;
    let four = format!("127.0.0.1:{port}");
    run(&["send", &four, "wrong", "--bind", "127.0.0.3:0"]);
    run(&["send", &four, "right", "--bind", "127.0.0.2:0"]);
    run(&["send", &format!("[::1]:{port}"), "right too"]);
    let ended = listener.end();
    assert!(ended.out.starts_with("127.0.0.2:") && ended.out.lines().count() == 2, "{ended:?}");
    assert!(ended.out.ends_with(" right too\n") && ended.err.contains("received 2 datagrams"), "{ended:?}");
}

#[test]
fn a_conversation_goes_both_ways() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = peer.local_addr().unwrap().to_string();
    let mut sender = Running::of(heliogram(&["send", &address, "-"]).stdin(Stdio::piped()));
    sender.write(b"hello\n");
    let (size, from) = peer.recv_from(&mut [0; 100]).unwrap();
    assert_eq!(size, 5);
    // Two that nobody has asked for, and another line.
    peer.send_to(b"one", from).unwrap();
    peer.send_to(b"two", from).unwrap();
    sender.out.wait_for(&format!("{address} two"));
    sender.write(b"bye\n");
    assert_eq!(peer.recv_from(&mut [0; 100]).unwrap().0, 3);
    sender.signal("INT");
    let ended = sender.end();
    assert_eq!((ended.code, ended.out), (Some(0), format!("{address} one\n{address} two\n")));
    assert_eq!(ended.err, format!("sent 2 datagrams, 8 bytes to {address}\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_probe_finds_the_mtu_and_what_becomes_of_marks() {
    let Some(net) = support::net::Net::new("probe") else { return };
    net.set_mtu(1400);
    for address in ["127.0.0.1", "[::1]"] {
        let (echo, port) = net.listening(&["echo", &format!("{address}:0")]);
        let peer = format!("{address}:{port}");
        let ping = net.start(&["--json", "ping", &peer, "-c", "1", "-W", "0.2", "--probe"]).end();
        let probe = &ping.event("summary")["probe"];
        assert_eq!(probe["mtu"], 1400, "{ping:?}");
        for (mark, name) in probe["ecn"].as_array().unwrap().iter().zip(["ECT(0)", "ECT(1)", "CE"]) {
            assert_eq!((&mark["sent"], &mark["returned"]), (&name.into(), &name.into()), "{ping:?}");
        }
        echo.signal("INT");
        assert_eq!(echo.end().code, Some(0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_option_of_the_table_is_a_flag() {
    let (listener, address) = listening(&["listen", "192.0.2.1:0", "--freebind"]);
    assert!(address.starts_with("192.0.2.1:"), "{address}");
    listener.signal("INT");
    assert_eq!(listener.end().code, Some(0));
    let wrong = run(&["send", "127.0.0.1:9", "x", "--priority", "4294967295"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[test]
fn a_relay_answers_through_and_loses_all_if_it_should() {
    let (echo, address) = listening(&["echo", "127.0.0.1:0"]);
    let (relay, through) = listening(&["relay", "127.0.0.1:0", &address, "--delay", "30ms", "--direction", "reverse"]);
    let ping = run(&["--json", "ping", &through, "-c", "3", "-i", "0", "-W", "20"]).event("summary");
    assert!(ping["round_trip"]["min_ns"].as_i64() >= Some(30_000_000), "{ping}");
    relay.signal("INT");
    let ended = relay.end();
    assert!(ended.out.contains("to the server\nreceived   3 datagrams\n"), "{ended:?}");
    let (relay, through) = listening(&["relay", "127.0.0.1:0", &address, "--loss", "100%"]);
    let ping = run(&["ping", &through, "-c", "2", "-i", "0.01", "-W", "0.1"]);
    assert_eq!(ping.code, Some(1), "{ping:?}");
    relay.signal("INT");
    assert!(relay.end().out.contains("lost       2 of 2 (100.00 %)"));
    echo.signal("INT");
    echo.end();
}
