//! Hosts for tests: network namespaces joined by veth links, made with `ip` as root.
//!
//! A namespace has no name: it lives as long as the descriptor in its [`Host`], so that nothing is left behind, not
//! even by a test that was killed. A socket stays in the namespace in which it was opened, whichever thread uses it
//! later.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use heliogram::{RecvMetadataOptions, Socket, SocketType};
use nix::sched::{CloneFlags, setns, unshare};
use socket2::SockRef;

use super::{LONG, new, stay_on_this_cpu};

/// A network of its own: a loopback interface, and what [`Host::ip`] adds.
pub(crate) struct Host {
    namespace: File,
}

impl Host {
    fn new() -> io::Result<Self> {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        });
        let host = Host { namespace: made.join().expect("the thread does not panic")? };
        // Duplicate address detection takes a second or two for IPv6.
        host.set("ipv6/conf/all/accept_dad", "0");
        host.set("ipv6/conf/default/accept_dad", "0");
        host.ip("link set lo up");
        Ok(host)
    }

    /// Runs the work on a thread in this host's namespace.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let moved = || {
            setns(&self.namespace, CloneFlags::CLONE_NEWNET).expect("the namespace is there, and we are root");
            work()
        };
        thread::scope(|scope| scope.spawn(moved).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// A socket of this host, bound to all interfaces.
    pub(crate) fn open(&self, socket_type: SocketType) -> Socket {
        self.run(|| {
            let socket = new(socket_type);
            socket.bind(None).unwrap();
            socket
        })
    }

    /// The same, with all receive metadata turned on.
    pub(crate) fn open_with_metadata(&self, socket_type: SocketType) -> Socket {
        let socket = self.open(socket_type);
        socket.set_recv_metadata(RecvMetadataOptions::all()).unwrap();
        socket
    }

    /// Runs lines of `ip(8)` in this host.
    pub(crate) fn ip(&self, lines: &str) {
        self.run(|| {
            let mut ip = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
            ip.stdin.take().unwrap().write_all(format!("{lines}\n").as_bytes()).unwrap();
            assert!(ip.wait().unwrap().success(), "ip {lines}");
        });
    }

    /// Sets a variable under `/proc/sys/net`.
    pub(crate) fn set(&self, key: &str, value: &str) {
        self.run(|| fs::write(format!("/proc/sys/net/{key}"), value).unwrap());
    }

    /// The path of the namespace, which `ip` takes instead of a name.
    fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.namespace.as_raw_fd())
    }
}

/// Three hosts in a row: `west` and `east`, and `middle`, which is linked to both and routes between them.
///
/// | host | interface | IPv4 | IPv6 |
/// | --- | --- | --- | --- |
/// | west | eth0 | 10.77.1.1, 10.77.1.3 | fd77:1::1, fd77:1::3 |
/// | middle | eth0 | 10.77.1.2 | fd77:1::2 |
/// | middle | eth1 | 10.77.2.2 | fd77:2::2 |
/// | east | eth0 | 10.77.2.1 | fd77:2::1 |
pub(crate) struct Net {
    pub(crate) west: Host,
    pub(crate) middle: Host,
    pub(crate) east: Host,
}

impl Net {
    /// Makes the three hosts, or prints on stderr why the test is skipped.
    pub(crate) fn new() -> Option<Self> {
        match Net::try_new() {
            Ok(net) => Some(net),
            Err(why) => {
                let test = thread::current().name().unwrap_or_default().to_owned();
                // In one write, and not with eprintln, which the test harness captures unless the test fails.
                let line = format!("\nSKIPPED {test}: no network namespaces to be had: {why}\n");
                let _ = io::stderr().write_all(line.as_bytes());
                None
            }
        }
    }

    fn try_new() -> io::Result<Self> {
        stay_on_this_cpu()?;
        Command::new("ip").arg("-V").stdout(Stdio::null()).status()?;
        let net = Net { west: Host::new()?, middle: Host::new()?, east: Host::new()? };
        for (interface, neighbour) in [("eth0", &net.west), ("eth1", &net.east)] {
            let peer = neighbour.path();
            net.middle.ip(&format!("link add {interface} type veth peer name eth0 netns {peer}"));
        }
        net.west.address("eth0", &["10.77.1.1/24", "10.77.1.3/24", "fd77:1::1/64", "fd77:1::3/64"]);
        net.middle.address("eth0", &["10.77.1.2/24", "fd77:1::2/64"]);
        net.middle.address("eth1", &["10.77.2.2/24", "fd77:2::2/64"]);
        net.east.address("eth0", &["10.77.2.1/24", "fd77:2::1/64"]);
        net.route();
        for (near, far, links) in
            [(&net.west, &net.middle, ["eth0", "eth0"]), (&net.east, &net.middle, ["eth0", "eth1"])]
        {
            await_link(near, links[0], far);
            await_link(far, links[1], near);
        }
        for host in [&net.west, &net.middle, &net.east] {
            host.await_addresses();
        }
        Ok(net)
    }

    fn route(&self) {
        self.middle.set("ipv4/ip_forward", "1");
        self.middle.set("ipv6/conf/all/forwarding", "1");
        self.west.ip("route add 10.77.2.0/24 via 10.77.1.2\nroute add fd77:2::/64 via fd77:1::2");
        self.east.ip("route add 10.77.1.0/24 via 10.77.2.2\nroute add fd77:1::/64 via fd77:2::2");
    }
}

impl Host {
    /// Waits until every address can be used: `IFA_F_TENTATIVE`, 0x40 in the fifth column, says that one cannot yet.
    pub(crate) fn await_addresses(&self) {
        let tentative = |line: &str| {
            let flags = line.split_whitespace().nth(4).unwrap();
            u32::from_str_radix(flags, 16).unwrap() & 0x40 != 0
        };
        let end = Instant::now() + LONG;
        while self.run(|| fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap()).lines().any(tentative) {
            assert!(Instant::now() < end, "IPv6 addresses stay tentative");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn address(&self, interface: &str, addresses: &[&str]) {
        let line = |address: &&str| format!("address add {address} dev {interface}");
        let lines: Vec<_> = addresses.iter().map(line).collect();
        self.ip(&format!("link set {interface} up\n{}", lines.join("\n")));
    }
}

/// Waits until datagrams from one host reach the other: a link loses them for a moment after it is up.
fn await_link(from: &Host, interface: &str, to: &Host) {
    let index = from.run(|| nix::net::if_::if_nametoindex(interface)).unwrap();
    for (local, everybody) in [("0.0.0.0:0", "255.255.255.255"), ("[::]:0", "ff02::1")] {
        let receiver = to.run(|| UdpSocket::bind(local)).unwrap();
        receiver.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        let mut peer = SocketAddr::new(everybody.parse().unwrap(), receiver.local_addr().unwrap().port());
        if let SocketAddr::V6(peer) = &mut peer {
            peer.set_scope_id(index);
        }
        let sender = from.run(|| UdpSocket::bind(local)).unwrap();
        sender.set_broadcast(true).unwrap();
        SockRef::from(&sender).bind_device(Some(interface.as_bytes())).unwrap();
        let end = Instant::now() + LONG;
        while sender.send_to(b"?", peer).is_err() || receiver.recv(&mut [0]).is_err() {
            assert!(Instant::now() < end, "{interface} does not come up");
        }
    }
}
