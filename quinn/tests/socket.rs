//! The socket by itself: what a transmit becomes on the wire, and what is said of it on the other side.

use std::future::poll_fn;
use std::io::IoSliceMut;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use heliogram_quinn::QuicSocket;
use quinn::AsyncUdpSocket;
use quinn::udp::{EcnCodepoint, RecvMeta, Transmit};

fn bound(local: &str) -> QuicSocket {
    QuicSocket::from_std(UdpSocket::bind(local).unwrap()).unwrap()
}

/// Each datagram with what was said of it, until there are `count`.
async fn receive(socket: &QuicSocket, count: usize) -> Vec<(Vec<u8>, RecvMeta)> {
    let mut received = Vec::new();
    while received.len() < count {
        let mut memory = vec![vec![0; 1 << 16]; 4];
        let mut buffers: Vec<_> = memory.iter_mut().map(|bytes| IoSliceMut::new(bytes)).collect();
        let mut metas = [RecvMeta::default(); 4];
        let receiving = poll_fn(|context| socket.poll_recv(context, &mut buffers, &mut metas));
        let used = tokio::time::timeout(Duration::from_secs(10), receiving).await.unwrap().unwrap();
        for (bytes, meta) in memory.iter().zip(&metas[..used]) {
            received.extend(bytes[..meta.len].chunks(meta.stride.max(1)).map(|datagram| (datagram.to_vec(), *meta)));
        }
    }
    received
}

fn transmit<'a>(to: &QuicSocket, contents: &'a [u8], segment_size: Option<usize>) -> Transmit<'a> {
    Transmit { destination: to.local_addr().unwrap(), ecn: None, contents, segment_size, src_ip: None }
}

#[tokio::test]
async fn segments_arrive_as_datagrams_with_their_mark_and_address() {
    for local in ["127.0.0.1:0", "[::1]:0"] {
        let (client, server) = (bound(local), bound(local));
        let contents: Vec<u8> = (0..9_500).map(|index| (index / 1000) as u8).collect();
        let marked = Transmit { ecn: Some(EcnCodepoint::Ect0), ..transmit(&server, &contents, Some(1000)) };
        client.try_send(&marked).unwrap();
        let received = receive(&server, 10).await;
        assert!(received.iter().map(|(bytes, _)| &bytes[..]).eq(contents.chunks(1000)));
        for (_, meta) in received {
            assert_eq!(meta.addr, client.local_addr().unwrap());
            if cfg!(target_os = "linux") {
                assert_eq!(meta.ecn, Some(EcnCodepoint::Ect0));
                assert_eq!(meta.dst_ip, Some(server.local_addr().unwrap().ip()));
            }
        }
        assert!(!client.may_fragment() && client.max_transmit_segments() == 64);
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_transmit_leaves_from_its_source() {
    let (client, server) = (bound("0.0.0.0:0"), bound("127.0.0.1:0"));
    let source: IpAddr = "127.0.0.7".parse().unwrap();
    client.try_send(&Transmit { src_ip: Some(source), ..transmit(&server, b"hello", None) }).unwrap();
    let (bytes, meta) = receive(&server, 1).await.remove(0);
    assert_eq!((&bytes[..], meta.addr.ip()), (&b"hello"[..], source));
}

#[tokio::test]
async fn a_send_that_fails_is_a_lost_datagram() {
    let (client, server) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    // Over what UDP can carry: what a probe for the path's MTU meets, and what does not end a connection.
    client.try_send(&transmit(&server, &[0; 65_536], None)).unwrap();
    client.try_send(&transmit(&server, b"next", None)).unwrap();
    assert_eq!(receive(&server, 1).await[0].0, b"next");
}

#[tokio::test]
async fn several_tasks_wait_for_room_each_with_its_own_poller() {
    let client = Arc::new(bound("127.0.0.1:0"));
    let mut pollers: Vec<_> = (0..3).map(|_| Arc::clone(&client).create_io_poller()).collect();
    for poller in &mut pollers {
        poll_fn(|context| poller.as_mut().poll_writable(context)).await.unwrap();
        poll_fn(|context| poller.as_mut().poll_writable(context)).await.unwrap();
    }
    client.close().unwrap();
    for poller in &mut pollers {
        poll_fn(|context| poller.as_mut().poll_writable(context)).await.unwrap_err();
    }
}
