//! Runs the manual's examples, and compares what they print with what the manual says.
#![cfg(target_os = "linux")]

mod common;

use std::env::current_exe;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use common::LONG;
use common::netns::{Host, Net};

/// An example, built by the cargo that built this test.
fn example(name: &str) -> Command {
    let test = current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built; `cargo build --examples` does it, and `cargo test` without `--test`",
        path.display()
    );
    Command::new(path)
}

/// Runs an example to its end, in a host of its own if there is one.
fn output(host: Option<&Host>, name: &str) -> Output {
    let run = || example(name).output().unwrap();
    host.map_or_else(run, |host| host.run(run))
}

/// What an example prints that ends well.
fn printed(host: Option<&Host>, name: &str) -> String {
    let Output { status, stdout, stderr } = output(host, name);
    assert!(status.success() && stderr.is_empty(), "{name}: {status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The manual's server, which ends with this value.
struct Server {
    process: Child,
    lines: Receiver<String>,
}

impl Server {
    fn start(host: Option<&Host>) -> Self {
        let run = || example("server").stdout(Stdio::piped()).spawn().unwrap();
        let mut process = host.map_or_else(run, |host| host.run(run));
        let output = process.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| sender.send(line.unwrap())));
        Server { process, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("the server prints a line")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn the_server_prints_what_the_clients_send() {
    // Where no host of our own is to be had, this one's port 41234 will do.
    let net = Net::new();
    let host = net.as_ref().map(|net| &net.west);
    let server = Server::start(host);
    assert_eq!(server.line(), "server listening 0.0.0.0:41234");
    for client in ["send", "send_parts", "send_connected"] {
        assert_eq!(printed(host, client), "", "{client}");
        let line = server.line();
        let port = line.strip_prefix("server got: Some bytes from 127.0.0.1:");
        assert!(port.is_some_and(|port| port.parse::<u16>().is_ok()), "{client}: {line}");
    }
}

#[test]
fn a_server_whose_port_is_taken_says_so() {
    let Some(net) = Net::new() else { return };
    let first = Server::start(Some(&net.west));
    first.line();
    let second = output(Some(&net.west), "server");
    assert_eq!(String::from_utf8_lossy(&second.stderr), "server error:\nbind EADDRINUSE 0.0.0.0:41234\n");
}

#[test]
fn of_two_processes_that_share_a_socket_one_may_join() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("route add 224.0.0.0/4 dev eth1");
    assert_eq!(printed(Some(&net.middle), "membership_cluster"), "Works ok\nFails with EADDRINUSE\n");
}

#[test]
fn multicast_leaves_by_the_interface_that_is_named() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("address add 10.0.0.2/24 dev eth1");
    for name in ["multicast_interface_ipv6", "multicast_interface_ipv6_windows", "multicast_interface_ipv4"] {
        assert_eq!(printed(Some(&net.middle), name), "", "{name}");
    }
    let elsewhere = output(Some(&net.west), "multicast_interface_ipv4");
    assert_eq!(String::from_utf8_lossy(&elsewhere.stderr), "setMulticastInterface EADDRNOTAVAIL\n");
    assert!(!elsewhere.status.success());
}
