//! Sending and receiving a datagram allocates nothing, on every path made for throughput.

use allocation_counter::measure;
use heliogram::{Datagram, RecvBatch, Socket, SocketOptions, SocketType};
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr};

/// Datagrams of one round; the default receive buffer holds them.
const COUNT: usize = 32;

fn options() -> SocketOptions {
    SocketOptions::new(SocketType::Udp4)
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn bound(options: &SocketOptions) -> (Socket, SocketAddr) {
    let socket = Socket::new(options).unwrap();
    socket.bind(Some(anywhere())).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// The allocations of a second `round`; the first makes what is made once.
fn allocations(mut round: impl FnMut()) -> u64 {
    round();
    measure(|| (0..4).for_each(|_| round())).count_total
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![0; 9]))), 4);
}

/// Receives until `COUNT` datagrams have come.
fn receive_all(receiver: &Socket, batch: &mut RecvBatch) {
    let mut count = 0;
    while count < COUNT {
        count += receiver.try_recv_batch(batch).unwrap();
        assert!(batch.iter().all(|message| message.data == [7; 100]));
    }
}

#[test]
fn single_datagrams_allocate_nothing() {
    let (sender, _) = bound(&options());
    let (receiver, peer) = bound(&options());
    let mut buffer = [0; 200];
    let count = allocations(|| {
        sender.try_send_to_vectored(&[IoSlice::new(&[7; 60]), IoSlice::new(&[7; 40])], peer).unwrap();
        assert_eq!(receiver.try_recv_msg(&mut buffer).unwrap().size, 100);
        assert!(receiver.try_recv_msg(&mut buffer).unwrap_err().is_would_block());
    });
    assert_eq!(count, 0);
}

#[test]
fn batches_allocate_nothing() {
    for (options, mut batch) in [(options(), RecvBatch::new(8, 2048)), (options().gro(true), RecvBatch::for_gro(8))] {
        let (sender, _) = bound(&crate::options());
        let (receiver, peer) = bound(&options);
        let datagrams = [Datagram::new(&[7; 100]).to(peer); COUNT];
        let count = allocations(|| {
            assert_eq!(sender.try_send_batch(&datagrams).unwrap(), COUNT);
            receive_all(&receiver, &mut batch);
        });
        assert_eq!(count, 0, "{options:?}");
    }
}

#[test]
fn datagrams_to_many_peers_allocate_nothing() {
    let (sender, _) = bound(&options());
    let receivers: Vec<_> = (0..COUNT).map(|_| bound(&options())).collect();
    let datagrams: Vec<_> = receivers.iter().map(|(_, peer)| Datagram::new(&[7; 100]).to(*peer)).collect();
    let mut buffer = [0; 200];
    let count = allocations(|| {
        assert_eq!(sender.try_send_batch(&datagrams).unwrap(), COUNT);
        assert!(receivers.iter().all(|(receiver, _)| receiver.try_recv_msg(&mut buffer).unwrap().size == 100));
    });
    assert_eq!(count, 0);
}

#[cfg(feature = "tokio")]
mod in_tokio {
    use super::*;
    use heliogram::TokioSocket;
    use tokio::runtime::Builder;

    #[test]
    fn tokio_allocates_nothing() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        for (options, mut batch) in [(options(), RecvBatch::new(8, 2048)), (options().gro(true), RecvBatch::for_gro(8))]
        {
            let sender = runtime.block_on(TokioSocket::bind_with(&super::options(), anywhere())).unwrap();
            let receiver = runtime.block_on(TokioSocket::bind_with(&options, anywhere())).unwrap();
            let datagrams = [Datagram::new(&[7; 100]).to(receiver.local_addr().unwrap()); COUNT];
            let count = allocations(|| runtime.block_on(exchange(&sender, &datagrams, &receiver, &mut batch)));
            assert_eq!(count, 0, "{options:?}");
        }
    }

    async fn exchange(sender: &TokioSocket, datagrams: &[Datagram<'_>], receiver: &TokioSocket, batch: &mut RecvBatch) {
        assert_eq!(sender.send_batch(datagrams).await.unwrap(), COUNT);
        let mut count = 0;
        while count < COUNT {
            count += receiver.recv_batch(batch).await.unwrap();
        }
    }

    /// The bytes still allocated after `CLOSES` rounds; the runtime itself keeps some.
    fn kept(round: impl AsyncFn()) -> i64 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let rounds = || {
            runtime.block_on(async {
                for count in 0..CLOSES {
                    round().await;
                    if count % 16 == 0 {
                        // The runtime frees registrations when it polls its driver.
                        tokio::task::yield_now().await;
                    }
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            })
        };
        rounds();
        measure(rounds).bytes_current
    }

    const CLOSES: usize = 1000;

    #[test]
    fn a_closed_socket_leaves_nothing_behind() {
        let closing = async || {
            let socket = TokioSocket::bind_with(&options(), anywhere()).await.unwrap();
            socket.close().unwrap();
        };
        let kept = kept(closing);
        assert!(kept < CLOSES as i64, "{kept} bytes stay after {CLOSES} closed sockets");
    }

    #[cfg(unix)]
    #[test]
    fn a_closed_unix_datagram_socket_leaves_nothing_behind() {
        let closing = async || {
            let socket = heliogram::TokioUnixDatagram::new(&heliogram::UnixDatagramOptions::new()).unwrap();
            socket.close().unwrap();
        };
        let kept = kept(closing);
        assert!(kept < CLOSES as i64, "{kept} bytes stay after {CLOSES} closed sockets");
    }

    #[test]
    fn single_datagrams_in_tokio_allocate_nothing() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let sender = runtime.block_on(TokioSocket::bind_with(&options(), anywhere())).unwrap();
        let receiver = runtime.block_on(TokioSocket::bind_with(&options(), anywhere())).unwrap();
        let peer = receiver.local_addr().unwrap();
        let mut buffer = [0; 200];
        let count = allocations(|| {
            runtime.block_on(async {
                sender.send_to(&[7; 100], peer).await.unwrap();
                assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 100);
            });
        });
        assert_eq!(count, 0);
    }
}

#[cfg(feature = "events")]
mod in_events {
    use super::*;
    use heliogram::events::{EventLoop, event};
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn events_allocate_nothing() {
        for options in [options(), options().gro(true)] {
            let events = EventLoop::new().unwrap();
            let receiver = events.create_socket(&options).unwrap();
            let sender = events.create_socket(&super::options()).unwrap();
            receiver.bind(anywhere()).unwrap();
            sender.bind(anywhere()).unwrap();
            events.run_once(None).unwrap();
            let peer = receiver.local_addr().unwrap();
            let left = Rc::new(Cell::new(0));
            let counter = Rc::clone(&left);
            receiver.on(event::Message, move |_, (msg, rinfo)| {
                assert_eq!((msg, rinfo.size), (&[7; 100][..], 100));
                counter.set(counter.get() - 1);
            });
            let count = allocations(|| {
                left.set(COUNT + 1);
                sender.try_send_batch(&[Datagram::new(&[7; 100]).to(peer); COUNT]).unwrap();
                sender.send(&[7; 100], peer).unwrap();
                while left.get() > 0 {
                    events.run_once(None).unwrap();
                }
            });
            assert_eq!(count, 0, "{options:?}");
        }
    }
}
