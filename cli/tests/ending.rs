//! Ctrl-C and SIGTERM end every command with its summary and exit code 0.

mod support;

use std::process::Stdio;

use support::{Running, heliogram, listening, run};

#[test]
fn commands_that_listen_end_with_a_summary() {
    for signal in ["INT", "TERM"] {
        for (command, verb) in [("listen", "received"), ("echo", "echoed"), ("sink", "received")] {
            let (listener, address) = listening(&[command, "127.0.0.1:0"]);
            run(&["send", &address, "x"]);
            listener.signal(signal);
            let ended = listener.end();
            assert_eq!(ended.code, Some(0), "{command} {signal}: {ended:?}");
            // A signal may overtake the datagram.
            let summary = [ended.out.as_str(), &ended.err].concat();
            assert!(summary.contains(verb), "{command} {signal}: {ended:?}");
        }
    }
}

#[test]
fn commands_that_send_end_with_a_summary() {
    let (sink, address) = listening(&["sink", "127.0.0.1:0"]);
    let mut blast = Running::of(&mut heliogram(&["blast", &address, "--seconds", "25"]));
    blast.err.wait_for("blasting");
    blast.signal("INT");
    let ended = blast.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("sent "), "{ended:?}");
    sink.signal("INT");
    sink.end();

    let (echo, address) = listening(&["echo", "127.0.0.1:0"]);
    let mut ping = Running::of(&mut heliogram(&["ping", &address, "--count", "0", "--interval", "0.01"]));
    ping.out.wait_for("number 3,");
    ping.signal("TERM");
    let ended = ping.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("\np99 "), "{ended:?}");
    echo.signal("INT");
    echo.end();
}

#[test]
fn waiting_for_standard_input_is_no_hindrance() {
    let (echo, address) = listening(&["echo", "127.0.0.1:0"]);
    let mut shell = heliogram(&["send", &address, "--timeout", "20"]);
    let mut sender = Running::of(shell.stdin(Stdio::piped()));
    sender.write(b"first\n");
    sender.out.wait_for(" first");
    sender.signal("INT");
    let ended = sender.end();
    assert_eq!((ended.code, ended.err), (Some(0), format!("sent 1 datagram, 5 bytes to {address}\n")));
    echo.signal("INT");
    echo.end();
}

#[test]
fn a_flood_does_not_keep_the_clock_from_being_heard() {
    let (sink, address) = listening(&["sink", "127.0.0.1:0", "--seconds", "1"]);
    let mut blast = Running::of(&mut heliogram(&["blast", &address, "--seconds", "25"]));
    assert_eq!(sink.end().code, Some(0));
    blast.err.wait_for("blasting");
    blast.signal("INT");
    assert_eq!(blast.end().code, Some(0));
}
