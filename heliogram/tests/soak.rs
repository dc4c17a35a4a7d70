//! Mixed traffic over the loopback interface, for as many seconds as `HELIOGRAM_SOAK_SECONDS` says: 2 in a test run, longer by
//! `cargo xtask soak`. Window after window of one kind of traffic; each ends when all that it sent has been received, byte by
//! byte. So much is sent at once as a receive buffer has room for: what is missing has been lost by the library. Pauses keep
//! the load below `HELIOGRAM_SOAK_CORES`. Memory and descriptors may not grow from the second third of the time to the last.
#![cfg(target_os = "linux")]

mod common;

use std::collections::HashMap;
use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use common::{LONG, bound, within};
use heliogram::{
    Datagram, Interface, MAX_GRO_PACKET, RecvBatch, RecvInfo, RecvMetadataOptions, Socket, SocketOptions, SocketType,
    TokioSocket,
};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const LENGTHS: [usize; 11] = [0, 1, 7, 64, 512, 1200, 1400, 1472, 9_000, 30_000, 65_507];

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 66, 77, 92);

/// Bytes that hold a datagram's number and length.
const HEADER: usize = 8;

#[test]
fn mixed_traffic_loses_nothing_and_leaves_nothing_behind() {
    let seconds = setting("HELIOGRAM_SOAK_SECONDS", 2.0);
    let cores = setting("HELIOGRAM_SOAK_CORES", 0.5);
    let mut soak = Soak::new();
    let (start, mut samples, mut reported) = (Instant::now(), Vec::new(), 0.0);
    let elapsed = || start.elapsed().as_secs_f64();
    for window in 0.. {
        soak.window(window);
        pace(start, cores);
        let now = elapsed();
        if samples.last().is_none_or(|last: &Sample| now - last.at >= (seconds / 30.0).min(1.0)) {
            samples.push(Sample::now(now));
            if now - reported >= seconds / 10.0 {
                reported = now;
                println!("{now:.0} s: {} datagrams, {}", soak.received, samples[samples.len() - 1].text());
            }
        }
        if now > seconds {
            break;
        }
    }
    let (memory, descriptors) = growth(&samples, seconds);
    println!(
        "{} datagrams in {:.0} s, none lost or changed; growth {memory:.2} MB, {descriptors} descriptors; {:.3} cores",
        soak.received,
        elapsed(),
        busy() / elapsed()
    );
    assert!(memory <= if seconds < 60.0 { 8.0 } else { 1.0 }, "memory grew by {memory} MB");
    assert!(descriptors <= 0, "{descriptors} descriptors are left");
}

fn setting(name: &str, otherwise: f64) -> f64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The time that the process has used, in seconds.
fn busy() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}

/// Pauses until the process has used no more than its share of a core.
fn pace(start: Instant, cores: f64) {
    let wait = busy() / cores - start.elapsed().as_secs_f64();
    if wait > 0.001 {
        thread::sleep(Duration::from_secs_f64(wait.min(1.0)));
    }
}

/// What must not grow, at one moment.
struct Sample {
    at: f64,
    /// In MB.
    memory: f64,
    descriptors: i64,
}

impl Sample {
    fn now(at: f64) -> Self {
        let pages = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: f64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().count() as i64;
        Sample { at, memory: pages * 4096.0 / 1048576.0, descriptors }
    }

    fn text(&self) -> String {
        format!("{:.1} MB, {} descriptors", self.memory, self.descriptors)
    }
}

/// The growth from the second third of the time to the last: of the least memory in MB, and of the most descriptors.
fn growth(samples: &[Sample], seconds: f64) -> (f64, i64) {
    let third = |n: f64| samples.iter().filter(move |s| (n * seconds / 3.0..(n + 1.0) * seconds / 3.0).contains(&s.at));
    if third(1.0).count() == 0 || third(2.0).count() == 0 {
        return (0.0, 0); // a short run on a machine that stood still
    }
    let least = |n| third(n).map(|sample| sample.memory).fold(f64::INFINITY, f64::min);
    let most = |n| third(n).map(|sample| sample.descriptors).max().unwrap_or(0);
    (least(2.0) - least(1.0), most(2.0) - most(1.0))
}

/// The sockets that live as long as the process, and what is on the way between them.
struct Soak {
    v4: [Socket; 2],
    v6: [Socket; 2],
    gro: Socket,
    switched: Socket,
    group: Socket,
    runtime: tokio::runtime::Runtime,
    sent: u32,
    received: u64,
    /// How many of each number and length.
    awaited: HashMap<(u32, usize), usize>,
}

impl Soak {
    fn new() -> Self {
        let v6 = [bound("[::1]:0"), bound("[::1]:0")];
        v6[0].connect(v6[1].local_addr().unwrap()).unwrap();
        v6[1].connect(v6[0].local_addr().unwrap()).unwrap();
        let group = bound(&format!("{GROUP}:0"));
        group.join_multicast_v4(GROUP, Ipv4Addr::LOCALHOST).unwrap();
        let v4 = [bound("127.0.0.1:0"), bound("127.0.0.1:0")];
        v4[0].set_multicast_interface(Interface::Address(Ipv4Addr::LOCALHOST)).unwrap();
        Soak {
            v4,
            v6,
            gro: gro("127.0.0.1:0"),
            switched: bound("127.0.0.1:0"),
            group,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            sent: 0,
            received: 0,
            awaited: HashMap::new(),
        }
    }

    /// Traffic of one kind.
    fn window(&mut self, number: usize) {
        let round = number / 9;
        let length = LENGTHS[round % LENGTHS.len()];
        match number % 9 {
            0 => self.one_by_one(length),
            1 => self.connected(length),
            2 => self.batch_to_gro(&equal(length)),
            3 => self.batch_to_gro(&varied(round)),
            4 => self.switched(length),
            5 => self.multicast(&varied(round)),
            6 => self.in_buffers(length),
            7 => self.tokio(&varied(round)),
            _ => self.reopened(&varied(round)),
        }
        assert!(self.awaited.is_empty(), "lost in window {number}: {:?}", self.awaited);
    }

    /// Datagrams of these lengths, from now on awaited.
    fn make(&mut self, lengths: &[usize]) -> Vec<Vec<u8>> {
        let make = |&length: &usize| {
            self.sent = self.sent.wrapping_add(1);
            let number = if length < HEADER { 0 } else { self.sent };
            *self.awaited.entry((number, length)).or_default() += 1;
            datagram(number, length)
        };
        lengths.iter().map(make).collect()
    }

    fn take(&mut self, bytes: &[u8]) {
        let number = if bytes.len() < HEADER { 0 } else { u32::from_le_bytes(bytes[..4].try_into().unwrap()) };
        let key = (number, bytes.len());
        let left = self.awaited.get_mut(&key).unwrap_or_else(|| panic!("{key:?} is not awaited"));
        *left -= 1;
        if *left == 0 {
            self.awaited.remove(&key);
        }
        assert!(bytes == datagram(number, bytes.len()), "datagram {number} has been changed");
        self.received += 1;
    }

    fn receive_all(&mut self, receiver: impl Fn(&Self) -> &Socket) {
        let mut batch = RecvBatch::for_gro(8);
        while !self.awaited.is_empty() {
            within(LONG, || receiver(self).try_recv_batch(&mut batch))
                .unwrap_or_else(|error| panic!("{error}: {:?}", self.awaited));
            batch.iter().for_each(|message| self.take(message.data));
        }
    }

    fn one_by_one(&mut self, length: usize) {
        let to = self.v4[1].local_addr().unwrap();
        let mut buffer = vec![0; 65_536];
        for bytes in self.make(&[length; 4]) {
            within(LONG, || self.v4[0].try_send_to(&bytes, to)).unwrap();
            let rinfo = within(LONG, || self.v4[1].try_recv_msg(&mut buffer)).unwrap();
            assert!(!rinfo.truncated);
            self.take(&buffer[..rinfo.size]);
        }
    }

    fn connected(&mut self, length: usize) {
        let bytes = self.make(&equal(length));
        send_all(&self.v6[0], &bytes, None);
        self.receive_all(|soak| &soak.v6[1]);
    }

    fn batch_to_gro(&mut self, lengths: &[usize]) {
        let bytes = self.make(lengths);
        send_all(&self.v4[0], &bytes, self.gro.local_addr().ok());
        self.receive_all(|soak| &soak.gro);
    }

    /// GRO is switched on and off while datagrams are on the way.
    fn switched(&mut self, length: usize) {
        let to = self.switched.local_addr().ok();
        for on in [true, false] {
            let bytes = self.make(&equal(length));
            let (first, second) = bytes.split_at(bytes.len() / 2);
            send_all(&self.v4[0], first, to);
            if on {
                self.switched.start_gro().unwrap();
            } else {
                let received = self.switched.stop_gro().unwrap();
                received
                    .iter()
                    .flat_map(|batch| batch.as_ref().unwrap().iter())
                    .for_each(|message| self.take(message.data));
            }
            send_all(&self.v4[0], second, to);
            self.receive_all(|soak| &soak.switched);
        }
    }

    fn multicast(&mut self, lengths: &[usize]) {
        let bytes = self.make(&lengths[..8]);
        let port = self.group.local_addr().unwrap().port();
        send_all(&self.v4[0], &bytes, Some(SocketAddr::new(GROUP.into(), port)));
        self.receive_all(|soak| &soak.group);
    }

    fn in_buffers(&mut self, length: usize) {
        let bytes = self.make(&equal(length));
        send_all(&self.v4[0], &bytes, self.gro.local_addr().ok());
        let mut memory = vec![vec![0; MAX_GRO_PACKET]; 4];
        let mut infos = [RecvInfo::default(); 4];
        while !self.awaited.is_empty() {
            let mut buffers: Vec<_> = memory.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            let count = within(LONG, || self.gro.try_recv_many(&mut buffers, &mut infos)).unwrap();
            for (buffer, rinfo) in memory.iter().zip(&infos[..count]) {
                rinfo.datagrams().for_each(|place| self.take(&buffer[place]));
            }
        }
    }

    /// Two tokio sockets, which are closed afterwards.
    fn tokio(&mut self, lengths: &[usize]) {
        let bytes = self.make(lengths);
        let received = self.runtime.block_on(async {
            let [sender, receiver] = [0, 1].map(|_| TokioSocket::from_socket(bound("127.0.0.1:0")).unwrap());
            let to = receiver.local_addr().unwrap();
            for bytes in &bytes {
                sender.send_to(bytes, to).await.unwrap();
            }
            let mut received = Vec::new();
            while received.len() < bytes.len() {
                let mut buffer = vec![0; 2_000];
                let next = tokio::time::timeout(LONG, receiver.recv_from(&mut buffer));
                let (length, _) = next.await.expect("nothing is lost").unwrap();
                buffer.truncate(length);
                received.push(buffer);
            }
            receiver.close().unwrap();
            received
        });
        received.iter().for_each(|bytes| self.take(bytes));
    }

    /// Every long-lived socket but two is replaced.
    fn reopened(&mut self, lengths: &[usize]) {
        self.gro.close().unwrap();
        self.gro = gro("127.0.0.1:0");
        self.switched = bound("127.0.0.1:0");
        self.switched.set_recv_metadata(RecvMetadataOptions::all()).unwrap();
        self.batch_to_gro(lengths);
    }
}

fn gro(local: &str) -> Socket {
    let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true)).unwrap();
    socket.bind(local.parse().ok()).unwrap();
    socket
}

/// As many of that length as a receive buffer has room for, and no more than a GSO batch.
fn equal(length: usize) -> Vec<usize> {
    vec![length; (100_000 / (length + 700)).clamp(1, 64)]
}

fn varied(round: usize) -> Vec<usize> {
    (0..16).map(|number| (number * 97 + round * 13) % 1_400).collect()
}

fn datagram(number: u32, length: usize) -> Vec<u8> {
    let mut bytes = vec![(number.wrapping_mul(31) as usize + length) as u8; length];
    if length >= HEADER {
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        bytes[4..8].copy_from_slice(&(length as u32).to_le_bytes());
    }
    bytes
}

fn send_all(sender: &Socket, bytes: &[Vec<u8>], to: Option<SocketAddr>) {
    let datagram = |bytes| to.map_or(Datagram::new(bytes), |to| Datagram::new(bytes).to(to));
    let batch: Vec<_> = bytes.iter().map(|bytes| datagram(bytes)).collect();
    let mut sent = 0;
    while sent < batch.len() {
        sent += within(LONG, || sender.try_send_batch(&batch[sent..])).unwrap();
    }
}
