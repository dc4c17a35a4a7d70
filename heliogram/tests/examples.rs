//! Runs the examples of Node's dgram documentation and compares what they print with what it says; and two examples of
//! what Node does not have.
#![cfg(target_os = "linux")]

mod common;

use std::env::current_exe;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, SystemTime};

use common::LONG;
use common::netns::{Host, Net};
use heliogram::{Datagram, Ecn, RecvMetadataOptions, SendOptions, Socket, SocketOptions, SocketType};

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

/// The output of an example that succeeds.
fn printed(host: Option<&Host>, name: &str) -> String {
    let Output { status, stdout, stderr } = output(host, name);
    assert!(status.success() && stderr.is_empty(), "{name}: {status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// A running server; dropping this value ends it.
struct Server {
    process: Child,
    lines: Receiver<String>,
}

impl Server {
    /// The server of Node's dgram documentation.
    fn start(host: Option<&Host>) -> Self {
        Server::of(host, &mut example("server"))
    }

    fn of(host: Option<&Host>, command: &mut Command) -> Self {
        let mut run = || command.stdout(Stdio::piped()).spawn().unwrap();
        let mut process = match host {
            Some(host) => host.run(run),
            None => run(),
        };
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
    // Without network namespaces the test uses port 41234 of this host.
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
fn a_server_whose_port_is_taken_reports_the_error() {
    let Some(net) = Net::new() else { return };
    let first = Server::start(Some(&net.west));
    first.line();
    let second = output(Some(&net.west), "server");
    assert_eq!(String::from_utf8_lossy(&second.stderr), "server error:\nbind EADDRINUSE 0.0.0.0:41234\n");
}

#[test]
fn one_of_two_processes_that_share_a_socket_may_join() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("route add 224.0.0.0/4 dev eth1");
    assert_eq!(printed(Some(&net.middle), "membership_cluster"), "Works ok\nFails with EADDRINUSE\n");
}

#[test]
fn multicast_leaves_by_the_named_interface() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("address add 10.0.0.2/24 dev eth1");
    for name in ["multicast_interface_ipv6", "multicast_interface_ipv6_windows", "multicast_interface_ipv4"] {
        assert_eq!(printed(Some(&net.middle), name), "", "{name}");
    }
    let elsewhere = output(Some(&net.west), "multicast_interface_ipv4");
    assert_eq!(String::from_utf8_lossy(&elsewhere.stderr), "setMulticastInterface EADDRNOTAVAIL\n");
    assert!(!elsewhere.status.success());
}

/// A client that broadcasts its question on its link.
fn discover(host: &Host, to: &str, name: &str) -> (String, SocketAddr) {
    let socket = host.run(|| {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).device("eth0")).unwrap();
        socket.bind(None).unwrap();
        socket.set_broadcast(true).unwrap();
        socket
    });
    common::send(&socket, format!("DISCOVER {name}").as_bytes(), Some(to.parse().unwrap())).unwrap();
    let (offer, rinfo) = common::recv_from(&socket);
    (String::from_utf8(offer).unwrap(), rinfo.addr)
}

#[test]
fn leases_come_from_the_address_and_interface_of_the_question() {
    let Some(net) = Net::new() else { return };
    net.middle.ip("address add 10.77.1.22/24 dev eth0");
    let server = Server::of(Some(&net.middle), example("lease_server").arg("6767"));
    assert_eq!(server.line(), "listening on 0.0.0.0:6767");
    let everybody = "255.255.255.255:6767";
    for (host, to, name, lease, from, by) in [
        (&net.west, everybody, "ann", "10.77.1.100", "10.77.1.2", "eth0"),
        (&net.east, everybody, "bob", "10.77.2.100", "10.77.2.2", "eth1"),
        (&net.west, "10.77.1.22:6767", "cid", "10.77.1.101", "10.77.1.22", "eth0"),
        (&net.west, everybody, "ann", "10.77.1.100", "10.77.1.2", "eth0"),
    ] {
        let offer = format!("OFFER {lease} to {name}");
        assert_eq!(discover(host, to, name), (offer.clone(), format!("{from}:6767").parse().unwrap()));
        assert_eq!(server.line(), format!("{offer}, from {from} by {by}"));
    }
}

#[test]
fn a_client_without_an_address_is_answered_on_its_own_link() {
    let Some(net) = Net::new() else { return };
    let server = Server::of(Some(&net.middle), example("lease_server").arg("6767"));
    server.line();
    net.east.ip("address flush dev eth0");
    let (offer, from) = discover(&net.east, "255.255.255.255:6767", "new");
    assert_eq!((&offer[..], from), ("OFFER 10.77.2.100 to new", "10.77.2.2:6767".parse().unwrap()));
}

/// A router that marks the datagrams of a frame beyond the first `most`. It is a socket between sender and receiver,
/// because not every kernel has a queueing discipline that marks. Ends with the video; returns the time from the first
/// to the last datagram, how many came, and how many it marked.
fn mark_excess(router: &Socket, receiver: SocketAddr, most: u32) -> (Duration, u32, u32) {
    let (mut sender, mut frame, mut in_frame, mut marked, mut came) = (None, 0, 0, 0, 0);
    let (mut first, mut last) = (None, SystemTime::UNIX_EPOCH);
    loop {
        let (bytes, rinfo) = common::recv_from(router);
        if rinfo.addr == receiver {
            common::send(router, &bytes, sender).unwrap();
            continue;
        }
        sender = Some(rinfo.addr);
        let Some(number) = bytes.first_chunk().copied().map(u32::from_be_bytes) else {
            common::send(router, &bytes, Some(receiver)).unwrap();
            return (last.duration_since(first.unwrap()).unwrap(), came, marked);
        };
        assert_eq!(rinfo.metadata.ecn(), Ecn::Ect1, "the sender says that it understands marks");
        last = rinfo.metadata.software_timestamp.unwrap();
        first = first.or(Some(last));
        in_frame = if number == frame { in_frame + 1 } else { 1 };
        (frame, came) = (number, came + 1);
        let mark = if in_frame > most { Ecn::Ce } else { Ecn::Ect1 };
        marked += u32::from(mark == Ecn::Ce);
        let options = SendOptions::new().traffic_class(mark.into());
        router.try_send_batch(&[Datagram::new(&bytes).to(receiver).with(&options)]).unwrap();
    }
}

/// Sends a video through a router that marks the datagrams of a frame beyond the first `MOST`; fails with what was
/// counted if that is wrong. A hundred frames of 20 ms take two seconds; the last datagram leaves before their end.
fn video(net: &Net) -> Result<(), String> {
    const MOST: u32 = 8;
    const ASKED: Duration = Duration::from_millis(2000);
    let receiver = Server::of(Some(&net.east), example("paced_video").args(["receive", "5004"]));
    assert_eq!(receiver.line(), "listening on 0.0.0.0:5004");
    let router = net.middle.run(|| {
        let router = common::bound("0.0.0.0:5006");
        router.set_recv_metadata(RecvMetadataOptions::new().traffic_class(true).timestamp(true)).unwrap();
        router
    });
    let sender = Server::of(Some(&net.west), example("paced_video").args(["send", "10.77.1.2:5006"]));
    let (time, came, marked) = mark_excess(&router, "10.77.2.1:5004".parse().unwrap(), MOST);
    let (received, sent) = (receiver.line(), sender.line());
    let (head, rate) = sent.trim_end_matches(" a frame").rsplit_once(' ').unwrap();
    let all_counted = received == format!("received {came} datagrams, {marked} of them marked")
        && head == format!("sent {came} datagrams in 100 frames, from 20 to");
    let slowed_down = marked > 0 && rate.parse::<u32>().unwrap() <= MOST + MOST / 2;
    let paced = time.abs_diff(ASKED) < ASKED / 10;
    if all_counted && slowed_down && paced {
        return Ok(());
    }
    Err(format!("{sent}; the router: {came} in {time:?}, {marked} marked; {received}"))
}

/// A busy machine may delay a process too long for the pace or for its receive buffer, but not each time.
#[test]
fn a_video_is_paced_and_lowers_its_rate_under_congestion() {
    let Some(net) = Net::new() else { return };
    let failures: Vec<_> = (0..3).map_while(|_| video(&net).err()).collect();
    assert!(failures.len() < 3, "{failures:#?}");
}
