//! GSO batches that the kernel refuses are split inside the send: each datagram arrives, and once.
#![cfg(target_os = "linux")]

mod common;

use std::os::fd::AsRawFd;
use std::time::Duration;

use common::{bound, configs, endpoint, receive, transmit};
use heliogram::Stats;
use heliogram_quinn::QuicSocket;
use quinn::AsyncUdpSocket;
use quinn::udp::Transmit;

/// Whether this build uses GSO.
const GSO: bool = cfg!(not(heliogram_force_copy));

/// Turns the socket's checksums on or off. Without them the kernel refuses GSO batches (`EINVAL`), and nothing else.
fn checksums(socket: &QuicSocket, on: bool) {
    let (descriptor, value) = (socket.descriptor().unwrap(), libc::c_int::from(!on));
    let length = size_of_val(&value) as libc::socklen_t;
    let option = std::ptr::from_ref(&value).cast();
    // SAFETY: the value is a live c_int and its length its size; the descriptor is open while it is borrowed.
    let answer =
        unsafe { libc::setsockopt(descriptor.as_raw_fd(), libc::SOL_SOCKET, libc::SO_NO_CHECK, option, length) };
    assert_eq!(answer, 0, "{}", std::io::Error::last_os_error());
}

/// Sends a transmit of `count` datagrams of 1000 bytes, and receives them.
async fn send_and_receive(client: &QuicSocket, server: &QuicSocket, count: usize) -> Stats {
    let contents: Vec<u8> = (0..count * 1000).map(|index| (index / 1000) as u8).collect();
    client.try_send(&transmit(server, &contents, Some(1000))).unwrap();
    let received = receive(server, count).await;
    assert!(received.iter().map(|(bytes, _)| &bytes[..]).eq(contents.chunks(1000)));
    client.stats()
}

#[tokio::test]
async fn a_refused_batch_leaves_datagram_by_datagram_and_is_not_tried_again() {
    let (client, server) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    checksums(&client, false);
    let first = send_and_receive(&client, &server, 40).await;
    assert_eq!((first.datagrams_out, first.gso_batches_out, first.gso_refusals), (40, 0, GSO.into()));
    let second = send_and_receive(&client, &server, 40).await;
    assert_eq!((second.datagrams_out, second.gso_batches_out, second.gso_refusals), (80, 0, GSO.into()));
}

#[tokio::test]
async fn a_batch_refused_for_its_size_is_the_concern_of_its_peer_alone() {
    let (client, near, far) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    checksums(&client, false);
    send_and_receive(&client, &far, 10).await;
    checksums(&client, true);
    let stats = send_and_receive(&client, &near, 10).await;
    assert_eq!((stats.gso_batches_out, stats.gso_refusals), (GSO.into(), GSO.into()));
}

#[tokio::test]
async fn a_transmit_whose_segments_are_too_many_bytes_for_a_batch_leaves_in_several() {
    let (client, server) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let contents = vec![7; 64 * 1400];
    let sent = Transmit { ..transmit(&server, &contents, Some(1400)) };
    client.try_send(&sent).unwrap();
    assert_eq!(receive(&server, 64).await.iter().map(|(bytes, _)| bytes.len()).sum::<usize>(), contents.len());
}

#[tokio::test]
async fn a_connection_lives_on_where_gso_is_refused() {
    let (server_config, client_config) = configs();
    let (server, server_socket, address) = endpoint("127.0.0.1:0", Some(server_config));
    let (client, client_socket, _) = endpoint("127.0.0.1:0", None);
    checksums(&server_socket, false);
    checksums(&client_socket, false);
    let receiving = tokio::spawn(async move {
        let connection = server.accept().await.unwrap().await.unwrap();
        connection.accept_uni().await.unwrap().read_to_end(usize::MAX).await.unwrap()
    });
    let connection = client.connect_with(client_config, address, "localhost").unwrap().await.unwrap();
    let mut stream = connection.open_uni().await.unwrap();
    stream.write_all(&[7; 1 << 20]).await.unwrap();
    stream.finish().unwrap();
    let received = tokio::time::timeout(Duration::from_secs(30), receiving).await.unwrap().unwrap();
    assert_eq!(received.len(), 1 << 20);
    let stats = client_socket.stats();
    assert!(stats.gso_batches_out == 0 && stats.datagrams_out > 700, "{stats:?}");
}
