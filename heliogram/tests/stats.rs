//! The counters of `Socket::stats`.
#![cfg(target_os = "linux")]

mod common;

use common::{LONG, bound, code, new, recv, send, within};
use heliogram::send_queue::SendQueue;
use heliogram::{Datagram, RecvBatch, Socket, SocketOptions, SocketType, Stats};

/// Whether this build uses GSO, GRO and many messages in a call.
const BATCHES: bool = cfg!(not(heliogram_force_copy));

#[test]
fn the_counters_of_a_new_socket_are_zero() {
    let unbound = new(SocketType::Udp4);
    assert_eq!(unbound.stats(), Stats::default());
    let bound = bound("127.0.0.1:0");
    let stats = bound.stats();
    assert_eq!((stats.datagrams_in, stats.datagrams_out, stats.dropped_packets), (0, 0, Some(0)));
}

#[test]
fn single_datagrams_are_counted_both_ways() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    for size in [0, 10, 100] {
        send(&sender, &vec![7; size], receiver.local_addr().ok()).unwrap();
        recv(&receiver);
    }
    assert_eq!(code(receiver.try_recv_msg(&mut [0])), "EAGAIN");
    assert_eq!(code(send(&sender, &[0; 65_508], receiver.local_addr().ok())), "EMSGSIZE");
    let (out, came) = (sender.stats(), receiver.stats());
    assert_eq!((out.datagrams_out, out.bytes_out, out.batches_out, out.gso_batches_out), (3, 110, 3, 0));
    assert_eq!((came.datagrams_in, came.bytes_in, came.batches_in, came.gro_packets_in), (3, 110, 3, 0));
    assert!(came.would_block_in >= 1);
    assert_eq!((came.datagrams_out, out.datagrams_in), (0, 0));
    receiver.close().unwrap();
    assert_eq!(
        (receiver.stats().datagrams_in, receiver.stats().dropped_packets),
        (3, None),
        "the counters outlive the close"
    );
}

#[test]
fn batches_and_gro_packets_are_counted_by_call_and_by_datagram() {
    let receiver = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true)).unwrap();
    receiver.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    let sender = bound("127.0.0.1:0");
    let to = receiver.local_addr().unwrap();
    let mut batch = vec![Datagram::new(&[7; 100]).to(to); 10];
    batch.push(Datagram::new(&[7; 300]).to(to));
    assert_eq!(sender.try_send_batch(&batch), Ok(11));
    let (mut recv_batch, mut count) = (RecvBatch::for_gro(16), 0);
    while count < 11 {
        count += within(LONG, || receiver.try_recv_batch(&mut recv_batch)).unwrap();
    }
    let (out, came) = (sender.stats(), receiver.stats());
    assert_eq!((out.datagrams_out, out.bytes_out, out.batches_out), (11, 1300, 1));
    assert_eq!((came.datagrams_in, came.bytes_in), (11, 1300));
    assert_eq!((out.gso_batches_out, came.gro_packets_in), if BATCHES { (1, 1) } else { (0, 0) });
}

#[test]
fn refused_gso_batches_are_counted() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    sender.setsockopt(libc::SOL_SOCKET, libc::SO_NO_CHECK, &1_i32.to_ne_bytes()).unwrap();
    assert_eq!(sender.try_send_batch(&[Datagram::new(&[7; 100]).to(receiver.local_addr().unwrap()); 8]), Ok(8));
    let stats = sender.stats();
    assert_eq!((stats.datagrams_out, stats.gso_batches_out, stats.gso_refusals), (8, 0, u64::from(BATCHES)));
}

#[test]
fn the_count_of_drops_is_what_was_sent_and_not_received() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    receiver.set_recv_buffer_size(16 << 10).unwrap();
    for _ in 0..200 {
        send(&sender, &[7; 1000], receiver.local_addr().ok()).unwrap();
    }
    while receiver.try_recv_msg(&mut [0; 1000]).is_ok() {}
    let stats = receiver.stats();
    let dropped = u64::from(stats.dropped_packets.unwrap());
    assert!(dropped > 0);
    assert_eq!(sender.stats().datagrams_out, stats.datagrams_in + dropped);
}

#[test]
fn the_peaks_of_the_send_queue_are_kept() {
    let (sender, receiver) = (new(SocketType::Udp4), bound("127.0.0.1:0"));
    let datagram = Datagram::new(&[7; 100]).to(receiver.local_addr().unwrap());
    sender.begin_bind().unwrap();
    let mut queue = SendQueue::new();
    (0..5).for_each(|_| queue.send(&sender, &[datagram], |_| (), |_, _| {}));
    sender.finish_bind("127.0.0.1:0".parse().unwrap()).unwrap();
    assert!(queue.flush(&sender, |(), outcome| assert_eq!(outcome, Ok(100))));
    let stats = sender.stats();
    assert_eq!((stats.queue_count_peak, stats.queue_size_peak, stats.datagrams_out), (5, 500, 5));
}
