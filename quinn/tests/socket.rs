//! The socket by itself: what a transmit becomes on the wire, and what is said of it on the other side.

mod common;

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;

use common::{bound, receive, transmit};
use quinn::AsyncUdpSocket;
use quinn::udp::{EcnCodepoint, Transmit};

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
