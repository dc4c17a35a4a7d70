//! Waiting in a thread, without a reactor.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use heliogram::{BoundSocket, ErrorKind, Socket, SocketOptions, SocketType};

const LONG: Option<Duration> = Some(Duration::from_secs(20));
const SHORT: Duration = Duration::from_millis(30);

fn bound() -> (BoundSocket, SocketAddr) {
    let socket = BoundSocket::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn the_end_of_the_time_is_no_failure() {
    let (socket, _) = bound();
    let start = Instant::now();
    assert!(!socket.wait_readable(Some(SHORT)).unwrap());
    assert!(start.elapsed() >= SHORT);
    assert!(!socket.wait_readable(Some(Duration::ZERO)).unwrap());
    assert!(!socket.wait_readable(Some(Duration::from_nanos(1))).unwrap());
    assert!(socket.wait_writable(Some(Duration::ZERO)).unwrap());
    assert!(socket.wait_writable(Some(Duration::MAX)).unwrap(), "a moment that cannot be named is never");
}

#[test]
fn a_datagram_ends_the_wait() {
    let (socket, address) = bound();
    for timeout in [None, LONG] {
        let sending = thread::spawn(move || {
            thread::sleep(SHORT);
            bound().0.try_send_to(b"hello", address).unwrap();
        });
        assert!(socket.wait_readable(timeout).unwrap());
        assert_eq!(socket.try_recv(&mut [0; 9]).unwrap(), 5);
        sending.join().unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_peer_that_is_gone_ends_the_wait() {
    let (socket, _) = bound();
    let (peer, address) = bound();
    socket.connect(address).unwrap();
    drop(peer);
    socket.try_send(b"x").unwrap();
    assert!(socket.wait_readable(LONG).unwrap());
    assert_eq!(socket.try_recv(&mut [0]).unwrap_err().reason(), ErrorKind::PeerGone);
}

#[test]
fn closing_ends_the_wait_of_every_thread_and_frees_the_port() {
    for connected in [false, true] {
        let (socket, address) = bound();
        if connected {
            socket.connect(address).unwrap();
        }
        let socket = &socket;
        thread::scope(|scope| {
            let waits = [(); 3].map(|()| scope.spawn(|| socket.wait_readable(LONG)));
            thread::sleep(SHORT);
            let start = Instant::now();
            socket.close().unwrap();
            for wait in waits {
                assert_eq!(wait.join().unwrap().unwrap_err().reason(), ErrorKind::NotRunning);
            }
            assert!(start.elapsed() < Duration::from_secs(5));
        });
        if cfg!(unix) {
            BoundSocket::bind(address).unwrap();
        }
        assert_eq!(socket.wait_writable(None).unwrap_err().reason(), ErrorKind::NotRunning);
    }
}

#[test]
fn there_is_nothing_to_wait_for_without_a_descriptor() {
    let socket = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    assert_eq!(socket.wait_readable(None).unwrap_err().to_string(), "poll EBADF");
}
