//! The tokio socket over loopback: waiting, cancelling, closing, streaming.

#[path = "common/ports.rs"]
mod ports;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use heliogram::TokioSocket;
use heliogram::{BlockList, Datagram, RecvBatch, SocketOptions, SocketType};

use ports::reserved;
use tokio::io::ReadBuf;

const V4: SocketOptions = SocketOptions::new(SocketType::Udp4);

async fn bound(options: &SocketOptions) -> (TokioSocket, SocketAddr) {
    let address = reserved(options.socket_type().localhost());
    let socket = TokioSocket::bind_with(options, address).await.unwrap();
    (socket, address)
}

/// Waits for something that must happen at once; fails after five seconds.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.expect("within five seconds")
}

async fn next<S: Stream>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    soon(std::future::poll_fn(|context| stream.as_mut().poll_next(context))).await
}

#[tokio::test]
async fn a_receive_waits_for_its_datagram() {
    let (server, address) = bound(&V4).await;
    let (client, _) = bound(&V4).await;
    let mut buffer = [0; 16];
    let (received, sent) = tokio::join!(soon(server.recv(&mut buffer)), async {
        tokio::task::yield_now().await;
        client.send_to(b"hello", address).await
    });
    assert_eq!((received.unwrap(), sent.unwrap()), (5, 5));
    assert_eq!(&buffer[..5], b"hello");
}

#[tokio::test]
async fn names_are_looked_up_and_only_for_the_sockets_family() {
    let socket = TokioSocket::bind_with(&V4, "localhost:0").await.unwrap();
    assert_eq!(socket.local_addr().unwrap().ip(), "127.0.0.1".parse::<std::net::IpAddr>().unwrap());
    let error = TokioSocket::bind_with(&V4, "[::1]:0").await.unwrap_err();
    assert_eq!(error.to_string(), "bind EINVAL ::1");
    let error = socket.connect("[::1]:53").await.unwrap_err();
    assert_eq!(error.to_string(), "connect EINVAL ::1:53");
    let error = socket.send_to(b"x", "[::1]:53").await.unwrap_err();
    assert_eq!(error.to_string(), "send EINVAL ::1:53");
}

#[tokio::test]
async fn a_connected_socket_receives_from_its_peer_only() {
    let (server, address) = bound(&V4).await;
    let (client, local) = bound(&V4).await;
    let (stranger, _) = bound(&V4).await;
    client.connect(address).await.unwrap();
    stranger.send_to(b"no", local).await.unwrap();
    server.send_to(b"yes", local).await.unwrap();
    let mut buffer = [0; 16];
    let info = soon(client.recv_msg(&mut buffer)).await.unwrap();
    assert_eq!((&buffer[..info.size], info.addr), (&b"yes"[..], address));
}

#[cfg(unix)] // Windows reports no closed port
#[tokio::test]
async fn a_connected_socket_reports_a_closed_peer_and_goes_on() {
    let (server, address) = bound(&V4).await;
    let (client, local) = bound(&V4).await;
    client.connect(address).await.unwrap();
    server.close().unwrap();
    client.send(b"anyone?").await.unwrap();
    let error = soon(client.recv(&mut [0; 16])).await.unwrap_err();
    assert_eq!((error.code(), error.syscall()), ("ECONNREFUSED", Some("recvmsg")));
    let reborn = TokioSocket::bind_with(&V4, address).await.unwrap();
    reborn.send_to(b"here", local).await.unwrap();
    assert_eq!(soon(client.recv(&mut [0; 16])).await.unwrap(), 4);
}

#[tokio::test]
async fn a_dropped_receive_loses_nothing() {
    let (server, address) = bound(&V4).await;
    let (client, _) = bound(&V4).await;
    for round in 0..50_u8 {
        {
            let mut buffer = [0; 4];
            let mut receive = pin!(server.recv(&mut buffer));
            let pending = std::future::poll_fn(|context| receive.as_mut().poll(context).map(Some));
            tokio::select! {
                biased;
                _ = pending => panic!("nothing was sent yet"),
                () = std::future::ready(()) => {}
            }
            client.send_to(&[round], address).await.unwrap();
        }
        let mut buffer = [0; 4];
        soon(server.recv(&mut buffer)).await.unwrap();
        assert_eq!(buffer[0], round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_wakes_every_waiting_task() {
    let (server, address) = bound(&V4).await;
    let server = Arc::new(server);
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.recv(&mut [0; 4]).await.unwrap_err().code() })
        })
        .collect();
    tokio::task::yield_now().await;
    server.close().unwrap();
    for task in waiting {
        assert_eq!(soon(task).await.unwrap(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    }
    assert_eq!(server.recv(&mut [0; 4]).await.unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    soon(server.closed()).await;
    TokioSocket::bind_with(&V4, address).await.expect("the port is free once the waiters have been woken");
}

#[tokio::test]
async fn without_a_waiter_the_port_is_free_when_close_returns() {
    let (server, address) = bound(&V4).await;
    server.close().unwrap();
    TokioSocket::bind_with(&V4, address).await.unwrap();
    soon(server.closed()).await;
}

#[tokio::test]
async fn a_waiter_keeps_the_port_until_it_is_dropped() {
    let (server, address) = bound(&V4).await;
    {
        let mut buffer = [0; 4];
        let mut waiter = pin!(server.recv(&mut buffer));
        tokio::select! {
            biased;
            _ = &mut waiter => panic!("nothing was sent"),
            () = std::future::ready(()) => {}
        }
        server.close().unwrap();
        assert_eq!(TokioSocket::bind_with(&V4, address).await.unwrap_err().code(), "EADDRINUSE");
    }
    soon(server.closed()).await;
    TokioSocket::bind_with(&V4, address).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn closing_ends_waits_although_the_descriptor_has_a_duplicate() {
    use std::os::fd::AsFd;
    let (server, address) = bound(&V4).await;
    let server = Arc::new(server);
    let duplicate = server.as_fd().try_clone_to_owned().unwrap();
    let waiter = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.recv(&mut [0; 4]).await.unwrap_err().code() }
    });
    tokio::task::yield_now().await;
    server.close().unwrap();
    assert_eq!(soon(waiter).await.unwrap(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    soon(server.closed()).await;
    // Later datagrams are the duplicate's, and wake no task here.
    let other = std::net::UdpSocket::from(duplicate);
    assert_eq!(other.local_addr().unwrap(), address);
    bound(&V4).await.0.send_to(b"late", address).await.unwrap();
    other.set_nonblocking(false).unwrap();
    assert_eq!(other.recv(&mut [0; 9]).unwrap(), 4);
}

#[tokio::test]
async fn batches_both_ways() {
    for gro in [false, true] {
        let (server, address) = bound(&V4.gro(gro)).await;
        let (client, _) = bound(&V4).await;
        let payloads: Vec<_> = (0..200_u8).map(|index| vec![index; 1 + usize::from(index) / 50]).collect();
        let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(address)).collect();
        let mut sent = 0;
        while sent < batch.len() {
            sent += soon(client.send_batch(&batch[sent..])).await.unwrap();
        }
        let mut recv_batch = RecvBatch::for_gro(4);
        let mut received = Vec::new();
        while received.len() < payloads.len() {
            assert_eq!(soon(server.recv_batch(&mut recv_batch)).await.unwrap(), recv_batch.len());
            received.extend(recv_batch.iter().map(|message| message.data.to_vec()));
        }
        assert_eq!(received, payloads, "gro {gro}");
    }
}

#[tokio::test]
async fn a_receive_waits_past_a_batch_of_blocked_datagrams() {
    let mut list = BlockList::new();
    list.add_address("127.0.0.2".parse().unwrap());
    let (server, address) = bound(&V4.receive_block_list(list)).await;
    let stranger = TokioSocket::bind_with(&V4, "127.0.0.2:0").await.unwrap();
    stranger.send_to(b"no", address).await.unwrap();
    let mut batch = RecvBatch::new(4, 64);
    let (outcome, ()) = tokio::join!(soon(server.recv_batch(&mut batch)), async {
        tokio::task::yield_now().await;
        let (friend, _) = bound(&V4).await;
        friend.send_to(b"yes", address).await.unwrap();
    });
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!(batch.iter().next().unwrap().data, b"yes");
}

#[tokio::test]
async fn messages_come_as_a_stream_that_ends_with_the_socket() {
    let (server, address) = bound(&V4).await;
    let (client, _) = bound(&V4).await;
    let mut messages = pin!(server.messages());
    for text in ["one", "two", ""] {
        client.send_to(text.as_bytes(), address).await.unwrap();
    }
    for text in ["one", "two", ""] {
        let (bytes, info) = next(messages.as_mut()).await.unwrap().unwrap();
        assert_eq!((&bytes[..], info.size), (text.as_bytes(), text.len()));
    }
    server.close().unwrap();
    assert!(next(messages.as_mut()).await.is_none());
    assert!(next(messages.as_mut()).await.is_none());
}

#[tokio::test]
async fn messages_of_a_stream_keep_their_bytes_while_more_come() {
    let (server, address) = bound(&V4.gro(true).recv_buffer_size(1 << 20)).await;
    let (client, _) = bound(&V4).await;
    client.connect(address).await.unwrap();
    let (mut messages, mut kept) = (pin!(server.messages()), Vec::new());
    // Few bytes are copied, many are shared; the memory is used again once nothing is kept.
    for (round, size) in [1, 300, 1400, 1400, 7, 1400].into_iter().enumerate() {
        let payloads: Vec<_> = (0..40_u8).map(|number| vec![number ^ round as u8; size]).collect();
        let datagrams: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes)).collect();
        client.send_all(&mut &datagrams[..]).await.unwrap();
        for payload in &payloads {
            let (bytes, info) = soon(next(messages.as_mut())).await.unwrap().unwrap();
            assert_eq!((&bytes[..], info.size, info.addr), (&payload[..], size, client.local_addr().unwrap()));
            kept.push((bytes, payload.clone()));
        }
        assert!(kept.iter().all(|(bytes, payload)| bytes == payload));
        if round == 2 {
            kept.clear();
        }
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_stream_has_the_metadata_of_its_last_message_and_asks_the_block_list() {
    use std::net::{IpAddr, Ipv4Addr};
    let mut list = heliogram::BlockList::new();
    list.add_address(Ipv4Addr::new(127, 0, 0, 2).into());
    let (server, address) = bound(&V4.receive_block_list(list)).await;
    server.set_recv_metadata(heliogram::RecvMetadataOptions::new().packet_info(true)).unwrap();
    let unwanted = TokioSocket::bind("127.0.0.2:0").await.unwrap();
    let (friend, _) = bound(&V4).await;
    for text in ["one", "two", "three"] {
        unwanted.send_to(b"no", address).await.unwrap();
        friend.send_to(text.as_bytes(), address).await.unwrap();
    }
    let mut messages = server.messages();
    assert_eq!(messages.metadata(), heliogram::RecvMetadata::default());
    for text in ["one", "two", "three"] {
        let (bytes, info) = soon(next(Pin::new(&mut messages))).await.unwrap().unwrap();
        assert_eq!((&bytes[..], info.addr), (text.as_bytes(), friend.local_addr().unwrap()));
        assert_eq!(messages.metadata().local_ip, Some(IpAddr::from(Ipv4Addr::LOCALHOST)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_tasks_that_wait_and_are_cancelled_at_random_lose_nothing() {
    const COUNT: u32 = 2_000;
    let (server, address) = bound(&V4.recv_buffer_size(4 << 20)).await;
    let (server, seen) = (Arc::new(server), Arc::new(std::sync::Mutex::new(Vec::new())));
    let tasks: Vec<_> = (0..50_u64)
        .map(|task| {
            let (server, seen) = (Arc::clone(&server), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut random = task + 1;
                loop {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let patience = Duration::from_micros(random >> 54);
                    let mut buffer = [0; 9];
                    // A receive that is cancelled has taken nothing.
                    match tokio::time::timeout(patience, server.recv(&mut buffer)).await {
                        Ok(Ok(size)) => {
                            seen.lock().unwrap().push(u32::from_le_bytes(buffer[..size].try_into().unwrap()))
                        }
                        Ok(Err(error)) => return error.code().to_owned(),
                        Err(_) => {}
                    }
                }
            })
        })
        .collect();
    let (client, _) = bound(&V4).await;
    for number in 0..COUNT {
        client.send_to(&number.to_le_bytes(), address).await.unwrap();
        if number % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    soon(async {
        while seen.lock().unwrap().len() < COUNT as usize {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    server.close().unwrap();
    for task in tasks {
        assert_eq!(soon(task).await.unwrap(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    }
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..COUNT), "each once");
}

#[test]
fn a_socket_whose_runtime_is_gone_says_so_and_waits_for_nothing() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (server, address) = first.block_on(bound(&V4));
    drop(first);
    runtime().block_on(async {
        let error = soon(server.recv(&mut [0; 9])).await.unwrap_err();
        assert_eq!((error.syscall(), error.is_would_block()), (Some("poll"), false), "{error}");
        assert!(soon(server.readable()).await.is_err());
        // What need not wait goes on.
        assert_eq!(soon(server.send_to(b"hello", address)).await.unwrap(), 5);
        assert_eq!(server.try_recv(&mut [0; 9]).unwrap(), 5);
        server.close().unwrap();
        soon(server.closed()).await;
        TokioSocket::bind(address).await.unwrap();
    });
}

#[tokio::test]
async fn a_codec_makes_frames_of_each_datagram_alone() {
    use futures_sink::Sink;
    use heliogram::TokioFramed;
    use tokio_util::codec::LinesCodec;
    let (server, address) = bound(&V4).await;
    let (client, local) = bound(&V4).await;
    client.send_to(b"one\ntwo\nthr", address).await.unwrap();
    client.send_to(b"ee\n", address).await.unwrap();
    client.send_to(b"\xff\n", address).await.unwrap();
    let mut sending = TokioFramed::new(&client, LinesCodec::new_with_max_length(9));
    for text in ["four", "five"] {
        soon(std::future::poll_fn(|context| Sink::<(&str, SocketAddr)>::poll_ready(Pin::new(&mut sending), context)))
            .await
            .unwrap();
        Pin::new(&mut sending).start_send((text, address)).unwrap();
    }
    soon(std::future::poll_fn(|context| Sink::<(&str, SocketAddr)>::poll_close(Pin::new(&mut sending), context)))
        .await
        .unwrap();

    let mut receiving = pin!(TokioFramed::new(&server, LinesCodec::new()));
    for text in ["one", "two", "thr", "ee"] {
        assert_eq!(next(receiving.as_mut()).await.unwrap().unwrap(), (text.to_owned(), local));
    }
    assert!(next(receiving.as_mut()).await.unwrap().is_err(), "no UTF-8");
    for text in ["four", "five"] {
        assert_eq!(next(receiving.as_mut()).await.unwrap().unwrap(), (text.to_owned(), local));
    }
    server.close().unwrap();
    assert!(next(receiving.as_mut()).await.is_none());
}

#[tokio::test]
async fn an_unbound_socket_cannot_be_registered() {
    let socket = heliogram::Socket::new(&V4).unwrap();
    assert_eq!(TokioSocket::from_socket(socket).unwrap_err().code(), "EBADF");
    let socket = heliogram::Socket::new(&V4).unwrap();
    socket.bind(None).unwrap();
    assert!(TokioSocket::from_socket(socket).is_ok());
}

#[tokio::test]
async fn a_batch_that_empties_the_queue_leaves_the_socket_writable() {
    let (server, address) = bound(&V4.gro(true)).await;
    let (client, _) = bound(&V4).await;
    let mut batch = RecvBatch::for_gro(2);
    for _ in 0..3 {
        client.send_to(b"ping", address).await.unwrap();
        assert_eq!(soon(server.recv_batch(&mut batch)).await.unwrap(), 1);
        let peer = batch.iter().next().unwrap().rinfo.addr;
        assert_eq!(soon(server.send_to(b"pong", peer)).await.unwrap(), 4);
        assert_eq!(soon(client.recv(&mut [0; 9])).await.unwrap(), 4);
    }
}

#[tokio::test]
async fn a_connected_socket_connects_again_and_sends_to_others() {
    let (first, first_address) = bound(&V4).await;
    let (second, second_address) = bound(&V4).await;
    let (client, local) = bound(&V4).await;
    client.connect(first_address).await.unwrap();
    client.connect(second_address).await.unwrap();
    assert_eq!((client.local_addr().unwrap(), client.peer_addr().unwrap()), (local, second_address));
    client.send(b"peer").await.unwrap();
    let mut buffer = [0; 16];
    assert_eq!(soon(second.recv_from(&mut buffer)).await.unwrap(), (4, local));
    if cfg!(target_os = "linux") {
        client.send_to(b"other", first_address).await.unwrap();
        assert_eq!(soon(first.recv_from(&mut buffer)).await.unwrap(), (5, local));
    }
    // A connect that fails changes nothing.
    assert_eq!(client.connect("[::1]:9").await.unwrap_err().code(), "EINVAL");
    assert_eq!(client.peer_addr().unwrap(), second_address);
}

#[tokio::test]
async fn a_call_that_would_block_clears_the_report_of_readiness() {
    let (server, address) = bound(&V4).await;
    let (client, _) = bound(&V4).await;
    let mut buffer = [0; 16];
    for _ in 0..3 {
        client.send_to(b"x", address).await.unwrap();
        soon(server.readable()).await.unwrap();
        assert_eq!(server.try_recv(&mut buffer).unwrap(), 1);
        while server.try_recv(&mut buffer).is_ok() {}
        // A report from before may still be given to who polled then, once.
        let poll =
            || std::future::poll_fn(|context| std::task::Poll::Ready(server.poll_recv_ready(context).is_pending()));
        assert!(poll().await || poll().await);
    }
}

#[cfg(unix)] // Windows reports no closed port
#[tokio::test]
async fn who_polls_a_connected_socket_learns_that_its_peer_is_gone() {
    let (server, address) = bound(&V4).await;
    let (client, _) = bound(&V4).await;
    client.connect(address).await.unwrap();
    server.close().unwrap();
    client.send(b"x").await.unwrap();
    let mut memory = [0; 16];
    let mut buffer = tokio::io::ReadBuf::new(&mut memory);
    let error = soon(std::future::poll_fn(|context| client.poll_recv(context, &mut buffer))).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn who_polls_is_woken_by_a_close_which_frees_the_port() {
    let (server, address) = bound(&V4).await;
    let server = Arc::new(server);
    let polling = tokio::spawn({
        let server = Arc::clone(&server);
        async move { std::future::poll_fn(|context| server.poll_recv_ready(context)).await }
    });
    tokio::task::yield_now().await;
    server.close().unwrap();
    assert!(std::net::UdpSocket::bind(address).is_ok());
    assert_eq!(soon(polling).await.unwrap().unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_that_give_up_now_and_then_lose_nothing() {
    const DATAGRAMS: usize = 2000;
    let (server, address) = bound(&V4).await;
    let (client, _) = bound(&V4).await;
    let (server, (sender, mut seen)) = (Arc::new(server), tokio::sync::mpsc::unbounded_channel());
    for task in 0..50_u64 {
        let (server, sender) = (Arc::clone(&server), sender.clone());
        tokio::spawn(async move {
            let mut buffer = [0; 8];
            for turn in 0.. {
                tokio::select! {
                    biased;
                    received = server.recv(&mut buffer) => match received {
                        Ok(_) => sender.send(u64::from_le_bytes(buffer)).unwrap(),
                        Err(_) => return,
                    },
                    () = tokio::time::sleep(Duration::from_micros((task * 7 + turn * 13) % 400)) => {}
                }
            }
        });
    }
    let mut numbers = std::collections::BTreeSet::new();
    for number in 0..DATAGRAMS as u64 {
        client.send_to(&number.to_le_bytes(), address).await.unwrap();
        // Fewer than the receive buffer holds are under way at once.
        if number % 50 == 49 {
            while numbers.len() <= number as usize {
                numbers.insert(soon(seen.recv()).await.unwrap());
            }
        }
    }
    assert_eq!(numbers.len(), DATAGRAMS);
    server.close().unwrap();
}

#[tokio::test]
async fn a_socket_with_gro_receives_one_datagram_at_a_time_too() {
    let (server, address) = bound(&V4.clone().gro(true)).await;
    let (client, local) = bound(&V4).await;
    let payloads: Vec<_> = (0..30_u8).map(|number| vec![number; 100]).collect();
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(address)).collect();
    client.send_all(&mut &batch[..]).await.unwrap();
    let mut buffer = [0; 100];
    for (index, payload) in payloads.iter().enumerate() {
        assert_eq!(soon(server.peek_sender()).await.unwrap(), local);
        assert_eq!(soon(server.peek(&mut buffer)).await.unwrap(), 100);
        let from = match index % 4 {
            0 => soon(server.recv_from(&mut buffer)).await.unwrap().1,
            1 => soon(server.recv_msg(&mut buffer)).await.unwrap().addr,
            2 => server.try_recv_from(&mut buffer).unwrap().1,
            _ => {
                let mut bytes = Vec::new();
                let from = soon(server.recv_buf_from(&mut bytes)).await.unwrap().1;
                buffer[..64].copy_from_slice(&bytes[..64]);
                from
            }
        };
        assert_eq!((&buffer[..64], from), (&payload[..64], local));
    }
    assert!(server.try_recv(&mut buffer).unwrap_err().is_would_block());
    client.send_to(b"longer than three bytes", address).await.unwrap();
    let info = soon(server.recv_msg(&mut buffer[..3])).await.unwrap();
    assert_eq!((info.size, info.truncated), (3, true));
}

#[tokio::test]
async fn what_is_left_of_a_gro_packet_comes_though_the_kernel_has_nothing() {
    let (server, address) = bound(&V4.clone().gro(true)).await;
    let (client, _) = bound(&V4).await;
    let payloads: Vec<_> = (0..5_u8).map(|number| [number; 100]).collect();
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(address)).collect();
    client.send_all(&mut &batch[..]).await.unwrap();
    let mut buffer = [0; 100];
    soon(server.recv(&mut buffer)).await.unwrap();
    if server.stats().gro_packets_in == 0 {
        println!("SKIPPED the rest of a GRO packet: the kernel joined nothing");
        return;
    }
    // The kernel's queue is empty, and reported so.
    assert!(server.try_recv_batch(&mut RecvBatch::for_gro(1)).unwrap_err().is_would_block());
    soon(server.readable()).await.unwrap();
    soon(server.peek(&mut buffer)).await.unwrap();
    soon(server.recv(&mut buffer)).await.unwrap();
    assert_eq!(buffer, payloads[1]);
    soon(poll_fn(|context| server.poll_recv_ready(context))).await.unwrap();
    soon(poll_fn(|context| server.poll_recv(context, &mut ReadBuf::new(&mut buffer)))).await.unwrap();
    assert_eq!(buffer, payloads[2]);
    server.close().unwrap();
    assert_eq!(soon(server.recv(&mut buffer)).await.unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

#[cfg(unix)] // elsewhere a duplicate is given
#[tokio::test]
async fn a_socket_taken_out_of_the_runtime_has_the_descriptor_that_it_had() {
    use std::os::fd::{AsRawFd, OwnedFd};
    let (socket, address) = bound(&V4).await;
    let number = socket.as_raw_fd();
    // A task that has polled must not keep the descriptor registered.
    assert!(poll_fn(|context| std::task::Poll::Ready(socket.poll_recv_ready(context).is_pending())).await);
    let socket = socket.into_std().unwrap();
    assert_eq!(socket.as_raw_fd(), number);
    let socket = TokioSocket::from_std(socket).unwrap();
    socket.send_to(b"hello", address).await.unwrap();
    assert_eq!(soon(socket.recv(&mut [0; 9])).await.unwrap(), 5);
    assert_eq!(OwnedFd::try_from(socket).unwrap().as_raw_fd(), number);
}
