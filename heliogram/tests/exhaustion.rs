//! A process without free descriptors, and one that signals interrupt constantly.
//!
//! Both change the whole process, so each test runs itself again in a process of its own.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{LONG, assert_works, bound, code, new, recv, send, within};
use heliogram::state::Bind;
use heliogram::{Datagram, Interface, RecvBatch, Socket, SocketType};
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Runs the work in a process of its own: this test, run again by name.
fn alone(work: impl FnOnce()) {
    const CHILD: &str = "HELIOGRAM_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return work();
    }
    let test = thread::current().name().unwrap().to_owned();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
}

/// Opens files until no descriptor is free.
fn take_all_descriptors() -> Vec<File> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64.min(most), most).unwrap();
    let mut files = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => files.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                return files;
            }
        }
    }
}

fn says(outcome: heliogram::Result<()>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn the_first_socket_of_a_process_without_free_descriptors() {
    alone(|| {
        let socket = new(SocketType::Udp4);
        let files = take_all_descriptors();
        assert_eq!(says(socket.bind(Some("127.0.0.1:41234".parse().unwrap()))), "bind EMFILE 127.0.0.1:41234");
        assert_eq!(socket.state().bind, Bind::Unbound);
        drop(files);
        socket.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        assert_works(&socket);
    });
}

#[test]
fn sockets_without_free_descriptors() {
    alone(|| {
        let (old, doomed, peer) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let (to, group) = (peer.local_addr().unwrap(), "239.1.1.1".parse().unwrap());
        let socket = new(SocketType::Udp4);
        let files = take_all_descriptors();
        assert_eq!(says(socket.bind(Some(to))), format!("bind EMFILE {to}"));
        assert_eq!(says(socket.bind(None)), "bind EMFILE 0.0.0.0");
        assert_eq!(says(send(&socket, b"x", Some(to)).map(drop)), "bind EMFILE 0.0.0.0");
        assert_eq!(says(socket.connect(to)), "bind EMFILE 0.0.0.0");
        assert_eq!(says(socket.join_multicast(group, Interface::Default)), "addMembership EMFILE");
        assert_eq!(code(socket.local_addr()), "EBADF");
        // Sockets with a descriptor go on, and closing needs no descriptor.
        send(&old, b"works on", Some(to)).unwrap();
        assert_eq!(recv(&peer), b"works on");
        doomed.close().unwrap();
        assert_eq!(says(socket.bind(None)), "bind EMFILE 0.0.0.0", "the number is not free yet");
        drop(doomed);
        socket.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
        drop(files);
        assert_works(&socket);
        assert_works(&old);
    });
}

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count_signal(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// A handler that interrupts system calls instead of starting them again.
fn handle_signals() {
    let action = SigAction::new(SigHandler::Handler(count_signal), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler touches one atomic, which is async-signal-safe.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
}

/// The thread that gets the signals. With musl its identifier is a pointer.
struct ThreadId(Pthread);

// SAFETY: pthread_kill takes the identifier of a live thread from any thread.
unsafe impl Sync for ThreadId {}

impl ThreadId {
    fn interrupt(&self) {
        pthread_kill(self.0, Signal::SIGUSR1).unwrap();
    }
}

/// Does the work while its thread gets signals constantly.
fn in_a_storm(work: impl FnOnce()) {
    handle_signals();
    let (over, target) = (AtomicBool::new(false), ThreadId(pthread_self()));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                target.interrupt();
                thread::yield_now();
            }
        });
        work();
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn signals_interrupt_nothing() {
    alone(|| {
        let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let to = receiver.local_addr().unwrap();
        let end = Instant::now() + Duration::from_secs(1);
        let mut rounds = 0_u32;
        in_a_storm(|| {
            while Instant::now() < end || SIGNALS.load(Ordering::Relaxed) < 100 {
                round(&sender, &receiver, to, rounds);
                rounds += 1;
            }
        });
        assert!(rounds > 10, "{rounds} rounds");
        assert_works(&sender);
    });
}

/// Sends datagrams and batches, and receives all of them in order.
fn round(sender: &Socket, receiver: &Socket, to: std::net::SocketAddr, number: u32) {
    let payloads: Vec<_> = (0..24_u32).map(|index| (number * 24 + index).to_le_bytes()).collect();
    payloads[..8].iter().for_each(|bytes| assert_eq!(send(sender, bytes, Some(to)), Ok(4)));
    let batch: Vec<_> = payloads[8..].iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
    assert_eq!(sender.try_send_batch(&batch), Ok(16));
    let mut received = Vec::new();
    let mut recv_batch = RecvBatch::new(7, 64);
    for _ in 0..4 {
        received.push(recv(receiver));
    }
    while received.len() < payloads.len() {
        within(LONG, || receiver.try_recv_batch(&mut recv_batch)).unwrap();
        received.extend(recv_batch.iter().map(|message| message.data.to_vec()));
    }
    assert!(received.iter().eq(payloads.iter()), "round {number}");
}

#[test]
fn connects_and_closes_survive_signals() {
    alone(|| {
        let peer = bound("127.0.0.1:0");
        in_a_storm(|| {
            for _ in 0..500 {
                let socket = new(SocketType::Udp4);
                socket.connect(peer.local_addr().unwrap()).unwrap();
                send(&socket, b"x", None).unwrap();
                assert_eq!(recv(&peer), b"x");
                socket.disconnect().unwrap();
                socket.close().unwrap();
            }
        });
    });
}
