//! Arguments that make no sense (exit code 2), and what fails when the command runs (exit code 1).

mod support;

use support::{listening, run};

#[test]
fn arguments_that_make_no_sense() {
    for (arguments, message) in [
        (&[][..], "Usage: heliogram"),
        (&["shout"], "unrecognized subcommand 'shout'"),
        (&["listen"], "<[ADDRESS:]PORT>"),
        (&["listen", "65536"], "\"65536\" is not a valid port (0 to 65535)"),
        (&["listen", "::1"], "write IPv6 addresses in brackets: [::1]:9"),
        (&["listen", "[::1]"], "an address in brackets needs a port"),
        (&["listen", "9", "--json", "--raw"], "cannot be used with"),
        (&["listen", "9", "--hex", "--raw"], "cannot be used with"),
        (&["listen", "9", "--count", "0"], "a number of datagrams, 1 or more"),
        (&["listen", "9", "--seconds", "0"], "seconds, more than 0"),
        (&["listen", "9", "--seconds", "nan"], "seconds, more than 0"),
        (&["listen", "9", "--seconds", "1e300"], "seconds, more than 0"),
        (&["listen", "9", "--join", "10.0.0.1"], "10.0.0.1 is not a multicast address"),
        (&["listen", "9", "--join", "here"], "\"here\" is not an IP address"),
        (&["listen", "9", "--source", "10.0.0.1"], "--join <GROUP[@IFACE]>"),
        (&["listen", "0", "--join", "232.1.1.1", "--source", "::1"], "::1 is not of the socket's family, udp4"),
        (&["listen", "127.0.0.1:0", "--join", "ff02::1"], "ff02::1 is not of the socket's family, udp4"),
        (&["listen", "[::1]:0", "-4"], "::1 is not of the address family that was asked for"),
        (&["listen", "0", "-4", "-6"], "cannot be used with"),
        (&["listen", "[::1%127.0.0.1]:0"], "\"127.0.0.1\" is not a zone"),
        (&["listen", "unix:@"], "a Unix socket has a path, unix:/run/own, or a name"),
        (&["listen", "unix:/x", "--stats"], "--stats does not apply to Unix sockets"),
        (&["listen", "unix:/x", "-4"], "--ipv4 does not apply to Unix sockets"),
        (&["echo", "unix:/x"], "unix:/x: only listen and send take Unix sockets"),
        (&["send", "unix:/x", "x", "--timeout", "1"], "--timeout does not apply to Unix sockets"),
        (&["send", "unix:/x", "x", "--ttl", "1"], "--ttl does not apply to Unix sockets"),
        (&["send", "unix:/x", "x", "--bind", "9"], "--bind does not apply to Unix sockets"),
        (&["send"], "<HOST:PORT>"),
        (&["send", "9", "x"], "the host is missing"),
        (&["send", "localhost:0", "x"], "a peer's port is 1 to 65535"),
        (&["send", "127.0.0.1:9", "abc", "--hex"], "\"abc\" is not hexadecimal digits in pairs"),
        (&["send", "127.0.0.1:9", "abc", "--whole"], "--whole applies to standard input"),
        (&["send", "127.0.0.1:9", "x", "--ttl", "256"], "256 is not in 0..=255"),
        (&["send", "127.0.0.1:9", "x", "--bind", "[::1]:0"], "::1 is not of the address family that was asked for"),
        (&["ping", "127.0.0.1:9", "--size", "15"], "16 to 65507"),
        (&["ping", "127.0.0.1:9", "--interval", "-1"], "unexpected argument '-1'"),
        (&["blast", "127.0.0.1:9", "--size", "65508"], "a datagram has 0 to 65507 bytes"),
        (&["blast", "127.0.0.1:9", "--pps", "0"], "datagrams a second"),
    ] {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.out.is_empty(), !arguments.contains(&"--json"), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(message), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn machines_read_what_is_wrong_with_arguments() {
    for (arguments, message) in [
        (
            &["listen", "9", "--json", "--count", "0"][..],
            "invalid value '0' for '--count <N>': a number of datagrams, 1 or more",
        ),
        (&["-J", "echo", "unix:/x"], "unix:/x: only listen and send take Unix sockets"),
    ] {
        let error = run(arguments).event("error");
        assert_eq!((&error["code"], &error["message"]), (&"USAGE".into(), &message.into()), "{error}");
    }
}

#[test]
fn what_fails_says_what_and_where() {
    for (arguments, message) in [
        (
            &["listen", "192.0.2.200:9"][..],
            "bind EADDRNOTAVAIL 192.0.2.200:9: no interface of this host has this address",
        ),
        (&["listen", "unix:/no/such/folder"], "bind ENOENT /no/such/folder"),
        (&["send", "unix:/no/such/folder", "x"], "connect ENOENT /no/such/folder"),
        (&["listen", "[fe80::1%no-such-if]:9"], "no such interface: no-such-if"),
        (&["listen", "0", "--join", "239.1.1.1@no-such-if"], "no such interface: no-such-if"),
        (&["listen", "0", "--join", "239.1.1.1@4000000"], "no such interface: 239.1.1.1@4000000"),
        (&["listen", "0", "--join", "ff02::1@4000000"], "no such interface: ff02::1@4000000"),
        (
            &["send", "239.1.1.1:9", "x", "--interface", "192.0.2.200"],
            "setMulticastInterface EADDRNOTAVAIL 192.0.2.200",
        ),
        (&["send", "127.0.0.1:9", "x", "--ttl", "0"], "setTTL EINVAL 0"),
        (&["listen", "0", "--recv-buffer", "4294967295"], "Buffer size must be a positive integer"),
        (&["listen", "0", "--seconds", "0.1", "--count", "3"], "only 0 of 3 datagrams came in time"),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.ends_with(&format!("heliogram: {message}\n")), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn a_name_that_nobody_has() {
    let ended = run(&["send", "no-such-host.invalid:9", "x"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.starts_with("heliogram: getaddrinfo no-such-host.invalid: "), "{ended:?}");
}

#[test]
fn machines_read_of_failures_too() {
    let (listener, address) = listening(&["listen", "127.0.0.1:0"]);
    let ended = run(&["--json", "listen", &address]);
    let error = ended.event("error");
    assert_eq!((ended.code, &error["code"], &error["syscall"]), (Some(1), &"EADDRINUSE".into(), &"bind".into()));
    assert!(error["message"].as_str().unwrap().starts_with(&format!("bind EADDRINUSE {address}: ")), "{error}");
    assert_eq!(
        (&error["address"], error["port"].to_string().as_str()),
        (&"127.0.0.1".into(), &address["127.0.0.1:".len()..])
    );
    listener.signal("INT");
    listener.end();
}

#[test]
fn every_command_has_help() {
    for command in ["listen", "send", "echo", "ping", "blast", "sink"] {
        let ended = run(&[command, "--help"]);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        assert!(ended.out.contains(&format!("Usage: heliogram {command} ")), "{ended:?}");
    }
    assert!(run(&["--help"]).out.contains("Exit codes:"));
    assert_eq!(run(&["--version"]).out, concat!("heliogram ", env!("CARGO_PKG_VERSION"), "\n"));
}
