//! QUIC over loopback: bytes arrive whole, in GSO batches, with ECN, from the address that was asked.

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{configs, endpoint};
use quinn::{Connection, Endpoint};

const LONG: Duration = Duration::from_secs(60);

/// Sends `size` bytes from a client at `from` to a server at `at`, reached as `to`, and checks them. Returns both ends' sockets' figures.
async fn transfer(at: &str, to: &str, from: &str, size: usize) -> (heliogram::Stats, heliogram::Stats, SocketAddr) {
    let (server_config, client_config) = configs();
    let (server, server_socket, bound) = endpoint(at, Some(server_config));
    let (client, client_socket, _) = endpoint(from, None);
    let to = SocketAddr::new(to.parse().unwrap(), bound.port());
    let receiving = tokio::spawn(receive(server.clone(), size));
    let connection = client.connect_with(client_config, to, "localhost").unwrap().await.unwrap();
    send(&connection, size).await;
    let remote = connection.remote_address();
    let _received = tokio::time::timeout(LONG, receiving).await.unwrap().unwrap();
    connection.close(0_u32.into(), b"");
    client.wait_idle().await;
    (server_socket.stats(), client_socket.stats(), remote)
}

async fn send(connection: &Connection, size: usize) {
    let chunk: Vec<u8> = (0..1 << 16).map(|index| (index % 251) as u8).collect();
    let mut stream = connection.open_uni().await.unwrap();
    let mut left = size;
    while left > 0 {
        let part = left.min(chunk.len());
        stream.write_all(&chunk[..part]).await.unwrap();
        left -= part;
    }
    stream.finish().unwrap();
    stream.stopped().await.unwrap();
}

/// Receives a stream and checks it. The connection lives until its last acknowledgement has been sent.
async fn receive(server: Endpoint, size: usize) -> Connection {
    let connection = server.accept().await.unwrap().await.unwrap();
    let mut stream = connection.accept_uni().await.unwrap();
    let mut received = 0;
    while let Some(chunk) = stream.read_chunk(usize::MAX, true).await.unwrap() {
        for (index, byte) in chunk.bytes.iter().enumerate() {
            assert_eq!(usize::from(*byte), (received + index) % (1 << 16) % 251);
        }
        received += chunk.bytes.len();
    }
    assert_eq!(received, size);
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_twenty_eight_megabytes_arrive_whole() {
    let (server, client, _) = transfer("127.0.0.1:0", "127.0.0.1", "127.0.0.1:0", 128 << 20).await;
    assert!(client.bytes_out > 128 << 20 && server.bytes_in > 0, "{client:?} {server:?}");
    if cfg!(target_os = "linux") && cfg!(not(heliogram_force_copy)) {
        assert!(client.gso_batches_out > 0 && server.gro_packets_in > 0, "{client:?} {server:?}");
        assert!(client.batches_out < client.datagrams_out, "{client:?}");
    }
}

#[tokio::test]
async fn it_works_on_one_thread_and_by_ipv6() {
    transfer("[::1]:0", "::1", "[::1]:0", 1 << 20).await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_server_on_all_addresses_answers_from_the_address_asked() {
    // A client takes no answer from another address than the one that it has asked, so that it works is the proof.
    let (.., remote) = transfer("0.0.0.0:0", "127.0.0.9", "127.0.0.1:0", 1 << 16).await;
    assert_eq!(remote.ip().to_string(), "127.0.0.9");
    // By IPv4 to a socket of both families.
    transfer("[::]:0", "127.0.0.9", "127.0.0.1:0", 1 << 16).await;
    transfer("[::]:0", "::1", "[::]:0", 1 << 16).await;
}

#[test]
fn the_example_sends_a_file() {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/transfer");
    assert!(example.exists() || cfg!(windows), "cargo build --examples builds {}", example.display());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = std::process::Command::new(example).arg(manifest).output().unwrap();
    let length = std::fs::metadata(manifest).unwrap().len();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && printed.starts_with(&format!("received {length} bytes\n")), "{printed}");
}
