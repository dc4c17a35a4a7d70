//! GRO is switched on and off while other threads receive: no order of calls merges datagrams or truncates one
//! silently.
#![cfg(target_os = "linux")]

mod common;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use common::{LONG, bound, code, set_option};
use heliogram::{Datagram, RecvBatch, Socket, SocketOptions, SocketType};
use proptest::prelude::*;

const SIZE: usize = 100;

/// The call that a receiving thread repeats.
#[derive(Clone, Copy, Debug)]
enum Receive {
    One,
    SmallBatch,
    LargeBatch,
    GroPacket,
}

impl Receive {
    /// Receives, and asserts that each datagram has its size and is whole.
    fn call(self, socket: &Socket, seen: &AtomicUsize) {
        let check = |size: usize, truncated: bool| {
            assert_eq!((size, truncated), (SIZE, false), "{self:?}");
            seen.fetch_add(1, Ordering::Relaxed);
        };
        match self {
            Receive::One => {
                if let Ok(rinfo) = socket.try_recv_msg(&mut [0; 2000]) {
                    check(rinfo.size, rinfo.truncated);
                }
            }
            Receive::SmallBatch | Receive::LargeBatch => {
                let slot = if matches!(self, Receive::SmallBatch) { 2000 } else { 65_536 };
                let mut batch = RecvBatch::new(4, slot);
                if socket.try_recv_batch(&mut batch).is_ok() {
                    batch.iter().for_each(|message| check(message.data.len(), message.rinfo.truncated));
                }
            }
            Receive::GroPacket => {
                if let Ok(rinfo) = socket.try_recv_gro(&mut vec![0; 65_536]) {
                    rinfo.datagrams().for_each(|place| check(place.len(), rinfo.truncated));
                }
            }
        }
    }
}

/// Switches GRO on and off by `steps`, while one thread sends and two receive.
fn switch(receivers: [Receive; 2], steps: &[bool]) {
    let socket = bound("127.0.0.1:0");
    let to = socket.local_addr().unwrap();
    let (stop, seen) = (AtomicBool::new(false), AtomicUsize::new(0));
    let until_stopped = |mut work: Box<dyn FnMut() + Send + '_>| {
        while !stop.load(Ordering::Relaxed) {
            work();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| until_stopped(Box::new(sender(to))));
        for receive in receivers {
            let (socket, seen) = (&socket, &seen);
            scope.spawn(move || until_stopped(Box::new(move || receive.call(socket, seen))));
        }
        for &on in steps {
            let before = seen.load(Ordering::Relaxed);
            // A receive with too small a buffer is refused while GRO is on, so one of the two threads may receive
            // nothing.
            for _ in 0..50 {
                if seen.load(Ordering::Relaxed) > before + 20 {
                    break;
                }
                thread::yield_now();
            }
            if on {
                socket.start_gro().unwrap();
            } else {
                let rest = socket.stop_gro().unwrap();
                let batches = rest.iter().filter_map(|received| received.as_ref().ok());
                batches.flat_map(RecvBatch::iter).for_each(|message| assert_eq!(message.data.len(), SIZE));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

fn sender(to: SocketAddr) -> impl FnMut() {
    let sender = bound("127.0.0.1:0");
    move || drop(sender.try_send_batch(&[Datagram::new(&[7; SIZE]).to(to); 64]))
}

fn receive() -> impl Strategy<Value = Receive> {
    prop_oneof![Just(Receive::One), Just(Receive::SmallBatch), Just(Receive::LargeBatch), Just(Receive::GroPacket),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_calls_merges_datagrams(
        receivers in prop::array::uniform2(receive()),
        steps in prop::collection::vec(any::<bool>(), 1..5),
    ) {
        switch(receivers, &steps);
    }
}

#[test]
fn threads_that_stop_gro_at_once_do_not_wait_for_each_other() {
    let (ended, is_over) = std::sync::mpsc::channel();
    // The threads are not joined: if they wait for ever, the test fails all the same.
    thread::spawn(move || {
        let socket = bound("127.0.0.1:0");
        let to = socket.local_addr().unwrap();
        for _ in 0..100 {
            socket.start_gro().unwrap();
            // What is taken out while GRO is stopped makes that last longer.
            (0..4).for_each(|_| sender(to)());
            let stop = || {
                while socket.gro() {
                    socket.stop_gro().unwrap();
                }
            };
            thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(stop))));
        }
        ended.send(()).unwrap();
    });
    is_over.recv_timeout(3 * LONG).expect("no thread waits for another");
}

#[test]
fn an_adopted_descriptor_with_gro_on_is_received_as_single_datagrams() {
    let raw = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true)).unwrap();
    raw.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    // A duplicate of a socket that has GRO on, as another program's may have.
    let duplicate = raw.descriptor().unwrap().try_clone_to_owned().unwrap();
    let adopted = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    adopted.bind_descriptor(duplicate).unwrap();
    let to = adopted.local_addr().unwrap();
    bound("127.0.0.1:0").try_send_batch(&[Datagram::new(&[7; SIZE]).to(to); 5]).unwrap();
    let on = adopted.gro();
    let mut batch = RecvBatch::for_gro(8);
    if on {
        assert_eq!(code(adopted.try_recv(&mut [0; 2000])), "ERR_HELIOGRAM_GRO");
    }
    assert_eq!(adopted.try_recv_batch(&mut batch), Ok(5));
    assert!(batch.iter().all(|message| message.data.len() == SIZE));
}

#[test]
fn whatever_else_the_kernel_reports_leaves_room_for_the_size_of_a_gro_packets_datagrams() {
    let receiver = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true)).unwrap();
    receiver.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    // As another program may have left them on a descriptor that is adopted.
    let software = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
    set_option(&receiver.descriptor().unwrap(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, software as i32);
    for option in [libc::SO_TIMESTAMP, SO_RCVMARK] {
        set_option(&receiver.descriptor().unwrap(), libc::SOL_SOCKET, option, 1);
    }
    let send =
        || bound("127.0.0.1:0").try_send_batch(&[Datagram::new(&[7; SIZE]).to(receiver.local_addr().unwrap()); 5]);
    send().unwrap();
    let mut batch = RecvBatch::for_gro(8);
    assert_eq!(receiver.try_recv_batch(&mut batch), Ok(5));
    assert!(batch.iter().all(|message| message.data.len() == SIZE));
    send().unwrap();
    let rinfo = receiver.try_recv_gro(&mut vec![0; 65_536]).unwrap();
    assert_eq!(rinfo.datagrams().count(), if receiver.stats().gro_packets_in > 0 { 5 } else { 1 });
}

/// Of `asm-generic/socket.h`.
const SO_RCVMARK: libc::c_int = 75;

#[test]
fn what_the_socket_manages_is_not_set_behind_its_back() {
    let socket = bound("127.0.0.1:0");
    let managed = [
        (libc::SOL_UDP, libc::UDP_GRO),
        (libc::SOL_UDP, libc::UDP_SEGMENT),
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
        (libc::IPPROTO_IP, libc::IP_RECVERR),
        (libc::IPPROTO_IP, libc::IP_PKTINFO),
        (libc::SOL_SOCKET, libc::SO_TIMESTAMP),
        (libc::SOL_SOCKET, libc::SO_TIMESTAMPING),
        (libc::SOL_SOCKET, libc::SO_TXTIME),
        (libc::SOL_SOCKET, libc::SO_ATTACH_FILTER),
    ];
    for (level, name) in managed {
        assert_eq!(code(socket.setsockopt(level, name, &1_i32.to_ne_bytes())), "ERR_HELIOGRAM_MANAGED_OPTION");
    }
    socket.setsockopt(libc::SOL_SOCKET, libc::SO_PRIORITY, &1_i32.to_ne_bytes()).unwrap();
}
