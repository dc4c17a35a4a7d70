//! `listen` and `send`: forms of addresses, of messages and of output.

#[path = "../../heliogram/tests/common/ports.rs"]
mod ports;
mod support;

use ports::reserved;
use support::{Running, listening, run, run_with_input, start};

const LOCAL: [&str; 3] = ["127.0.0.1:0", "[::1]:0", "localhost:0"];

fn port(address: &str) -> &str {
    address.rsplit_once(':').unwrap().1
}

#[test]
fn a_message_arrives_with_its_sender() {
    for local in LOCAL {
        let (listener, address) = listening(&["listen", local, "--count", "1"]);
        let sent = run(&["send", &address, "Some bytes"]);
        assert_eq!((sent.code, sent.out.as_str()), (Some(0), ""), "{sent:?}");
        assert_eq!(sent.err, format!("sent 1 datagram, 10 bytes to {address}\n"));
        let ended = listener.end();
        let host = address.rsplit_once(':').unwrap().0;
        assert!(ended.out.starts_with(&format!("{host}:")) && ended.out.ends_with(" Some bytes\n"), "{ended:?}");
        assert!(ended.err.contains("received 1 datagram, 10 bytes in "), "{ended:?}");
        assert_eq!(ended.code, Some(0));
    }
}

#[test]
fn a_socket_for_both_families_takes_both() {
    let (mut listener, address) = listening(&["listen", "0", "--count", "2"]);
    assert!(address.starts_with("[::]:"), "{address}");
    run(&["send", &format!("127.0.0.1:{}", port(&address)), "four"]);
    listener.out.wait_for("127.0.0.1:");
    run(&["send", &format!("[::1]:{}", port(&address)), "six"]);
    listener.out.wait_for("[::1]:");
    assert_eq!(listener.end().code, Some(0));
}

#[test]
fn what_a_peer_sends_cannot_break_the_line() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "2"]);
    run(&["send", &address, "--hex", "41 0a 1b:5b 5c FF"]);
    run(&["send", &address, "grüß"]);
    let ended = listener.end();
    let lines: Vec<_> = ended.out.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines, ["A\\n\\u{1b}[\\\\\\xff", "grüß"]);
}

#[test]
fn hexadecimal_and_raw_output() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "1", "--hex"]);
    run(&["send", &address, "Some"]);
    assert!(listener.end().out.ends_with(" 536f6d65\n"));

    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "2", "--raw"]);
    run_with_input(&["send", &address], b"Some\n bytes\n");
    assert_eq!(listener.end().out, "Some bytes");
}

#[test]
fn events_for_machines() {
    for (local, family, ip) in [("127.0.0.1:0", "IPv4", "127.0.0.1"), ("[::1]:0", "IPv6", "::1")] {
        let mut listener = start(&["--json", "listen", local, "--count", "3"]);
        let ready: serde_json::Value = serde_json::from_str(&listener.out.wait_for("listening")).unwrap();
        assert_eq!((&ready["address"], &ready["family"]), (&ip.into(), &family.into()));
        let address =
            if family == "IPv4" { format!("{ip}:{}", ready["port"]) } else { format!("[{ip}]:{}", ready["port"]) };
        let sent = run(&["send", "--json", &address, "Some bytes"]).event("summary");
        let counts = (&sent["sent"]["datagrams"], &sent["sent"]["bytes"], &sent["port"]);
        assert_eq!(counts, (&1.into(), &10.into(), &ready["port"]));
        run(&["send", &address, "--hex", "ff00"]);
        run(&["send", &address, ""]);
        let ended = listener.end();
        assert_eq!(ended.err, "");
        let messages: Vec<_> = ended.events().into_iter().filter(|event| event["event"] == "message").collect();
        let expected = [("536f6d65206279746573", Some("Some bytes"), 10), ("ff00", None, 2), ("", Some(""), 0)];
        for (message, (data, text, size)) in messages.iter().zip(expected) {
            assert_eq!((&message["data"], &message["size"]), (&data.into(), &size.into()), "{message}");
            assert_eq!(message["text"].as_str(), text, "{message}");
            assert_eq!((&message["address"], &message["family"]), (&ip.into(), &family.into()));
        }
        assert_eq!((messages.len(), &ended.event("summary")["received"]["datagrams"]), (3, &3.into()));
    }
}

#[test]
fn standard_input_by_lines_and_as_a_whole() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "4", "--hex"]);
    let lines = run_with_input(&["send", &address, "-"], b"one\r\n\nlast");
    assert!(lines.err.starts_with("sent 3 datagrams, 7 bytes"), "{lines:?}");
    let whole = run_with_input(&["send", &address, "--whole"], b"one\ntwo\n");
    assert!(whole.err.starts_with("sent 1 datagram, 8 bytes"), "{whole:?}");
    let data: Vec<_> = listener.end().out.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(data, ["6f6e65", "", "6c617374", "6f6e650a74776f0a"]);
}

#[test]
fn a_message_is_repeated() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "3"]);
    run(&["send", &address, "again", "--count", "3"]);
    assert_eq!(listener.end().out.matches(" again\n").count(), 3);
}

#[test]
fn an_answer_is_printed_and_its_absence_fails() {
    let address = reserved("127.0.0.1".parse().unwrap()).to_string();
    let (echo, _) = listening(&["echo", &address, "--count", "2"]);
    let asked = run_with_input(&["send", &address, "--timeout", "20"], b"one\ntwo\n");
    assert_eq!((asked.code, asked.out), (Some(0), format!("{address} one\n{address} two\n")));
    assert_eq!(echo.end().code, Some(0));

    // The port is free again, and the kernel says so.
    let refused = run(&["send", &address, "x", "--timeout", "20"]);
    assert_eq!(
        (refused.code, refused.err),
        (Some(1), format!("heliogram: recvmsg ECONNREFUSED {address}: nobody listens there\n"))
    );

    let (silent, address) = listening(&["listen", "127.0.0.1:0"]);
    let unanswered = run(&["send", &address, "x", "--timeout", "0.2"]);
    assert!(unanswered.err.contains("no answer to 1 of 1 datagrams"), "{unanswered:?}");
    assert_eq!(unanswered.code, Some(1));
    silent.signal("INT");
    assert_eq!(silent.end().code, Some(0));
}

#[test]
fn the_longest_message_goes_and_a_longer_one_is_refused() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "1"]);
    let refused = run_with_input(&["send", &address, "--whole"], &[b'x'; 65_508]);
    assert!(
        refused.err.starts_with(&format!("heliogram: send EMSGSIZE {address}: the longest datagram ")),
        "{refused:?}"
    );
    assert_eq!(refused.code, Some(1));
    run_with_input(&["send", &address, "--whole"], &[b'x'; 65_507]);
    assert!(listener.end().err.contains("received 1 datagram, 65,507 bytes"));
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        "\"$0\" listen 127.0.0.1:0 --seconds 60 | head -n 1; echo done",
        env!("CARGO_BIN_EXE_heliogram"),
    ]);
    let mut listener = Running::of(&mut shell);
    let address = listener.listening();
    run(&["send", &address, "first"]);
    listener.out.wait_for("first");
    // The pipe breaks once `head` has gone, which may be after a few lines more.
    let mut sender = start(&["blast", &address, "--pps", "100", "--seconds", "20"]);
    sender.err.wait_for("blasting");
    listener.out.wait_for("done");
    sender.signal("INT");
    assert_eq!(sender.end().code, Some(0));
    assert_eq!(listener.end().err.lines().count(), 1, "the line that says where it listens, and no complaint");
}

#[test]
fn standard_error_that_nobody_reads_is_no_crash() {
    let script = "{ \"$0\" listen 127.0.0.1:0 --seconds 0.5 2>&1; echo \"code $?\" >&2; } | head -n 1";
    let mut shell = std::process::Command::new("sh");
    let ended = Running::of(shell.args(["-c", script, env!("CARGO_BIN_EXE_heliogram")])).end();
    assert!(ended.out.starts_with("listening on "), "{ended:?}");
    assert_eq!(ended.err, "code 0\n");
}

#[cfg(unix)]
#[test]
fn a_message_to_a_path_and_the_process_that_sent_it() {
    let path = std::env::temp_dir().join(format!("heliogram-cli-{}", std::process::id()));
    let place = format!("unix:{}", path.display());
    let (listener, address) = listening(&["listen", &place, "--count", "2"]);
    assert_eq!(address, place);
    let sent = run_with_input(&["send", &place], b"one\ntwo\n");
    assert_eq!((sent.code, sent.err), (Some(0), format!("sent 2 datagrams, 6 bytes to {place}\n")));
    let ended = listener.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "unix: one\nunix: two\n"), "{ended:?}");
    assert!(!path.exists(), "the path goes with its socket");
    assert_eq!(run(&["send", &place, "x"]).err, format!("heliogram: connect ENOENT {}\n", path.display()));
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_and_the_senders_credentials() {
    let place = format!("unix:@heliogram-cli-{}", std::process::id());
    let mut listener = start(&["--json", "listen", &place, "--count", "1", "--info"]);
    assert!(listener.out.wait_for("listening").contains("\"path\":\"@heliogram-cli-"));
    let sent = run(&["send", &place, "READY=1"]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let event: serde_json::Value = serde_json::from_str(&listener.out.wait_for("READY")).unwrap();
    assert_eq!((&event["path"], &event["text"], event["pid"].is_i64()), (&"".into(), &"READY=1".into(), true));
    assert_eq!(listener.end().code, Some(0));
}

#[test]
fn sockets_share_a_port_if_they_say_so() {
    let (first, address) = listening(&["listen", "127.0.0.1:0", "--reuse-port"]);
    let alone = run(&["listen", &address]);
    assert!(alone.err.starts_with(&format!("heliogram: bind EADDRINUSE {address}: ")), "{alone:?}");
    assert_eq!(alone.code, Some(1));
    let (second, _) = listening(&["listen", &address, "--reuse-port"]);
    for listener in [first, second] {
        listener.signal("TERM");
        assert_eq!(listener.end().code, Some(0));
    }
}

#[test]
fn a_message_leaves_from_the_port_asked_for() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0", "--count", "1"]);
    let (other, free) = listening(&["listen", "127.0.0.2:0"]);
    other.signal("INT");
    other.end();
    run(&["send", &address, "x", "--bind", &free, "--ttl", "3"]);
    assert_eq!(listener.end().out, format!("{free} x\n"));
}
