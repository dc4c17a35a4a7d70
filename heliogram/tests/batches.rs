//! Batches over loopback: order, sizes, GSO and GRO, truncation, block lists.

use std::net::SocketAddr;

use heliogram::{BlockList, Datagram, RecvBatch, Socket, SocketOptions, SocketType};

fn bound(options: SocketOptions) -> (Socket, SocketAddr) {
    let socket = Socket::new(&options).unwrap();
    socket.bind(Some(SocketAddr::new(options.socket_type().localhost(), 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Receives all datagrams. Loopback delivers before a send returns, so there is no need to wait.
fn drain(socket: &Socket, batch: &mut RecvBatch) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match socket.try_recv_batch(batch) {
            Ok(count) => {
                let came: Vec<_> = batch.iter().map(|message| message.data.to_vec()).collect();
                assert_eq!(count, came.len());
                for first in 0..=count + 1 {
                    let rest = batch.gro_packets_from(first).flat_map(|packet| {
                        assert_eq!(packet.data.len(), packet.rinfo.size);
                        packet.rinfo.datagrams().map(move |place| &packet.data[place])
                    });
                    assert!(rest.eq(came.iter().skip(first)), "from {first} of {count}");
                }
                all.extend(came);
            }
            Err(error) => {
                assert!(error.is_would_block(), "{error}");
                return all;
            }
        }
    }
}

fn send_all(socket: &Socket, batch: &[Datagram<'_>]) {
    let mut sent = 0;
    while sent < batch.len() {
        sent += socket.try_send_batch(&batch[sent..]).unwrap();
    }
}

/// Payloads of these sizes, each beginning with its number.
fn numbered(sizes: &[usize]) -> Vec<Vec<u8>> {
    let number = |index: usize, size: usize| {
        let mut bytes = vec![index as u8; size];
        bytes.iter_mut().zip(index.to_le_bytes()).for_each(|(byte, number)| *byte = number);
        bytes
    };
    sizes.iter().enumerate().map(|(index, &size)| number(index, size)).collect()
}

#[test]
fn a_batch_arrives_whole_and_in_order_with_and_without_gro() {
    for socket_type in [SocketType::Udp4, SocketType::Udp6] {
        for gro in [false, true] {
            let (server, address) = bound(SocketOptions::new(socket_type).gro(gro));
            let (client, _) = bound(SocketOptions::new(socket_type));
            let sizes = [64, 64, 64, 10, 0, 10, 10, 9, 9, 1400, 1400, 1400, 1, 0, 0, 64, 64];
            let payloads = numbered(&sizes);
            let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(address)).collect();
            send_all(&client, &batch);
            assert_eq!(drain(&server, &mut RecvBatch::for_gro(4)), payloads, "{socket_type} gro {gro}");
        }
    }
}

#[test]
fn a_connected_socket_sends_batches_without_addresses() {
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4).gro(true));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4));
    client.connect(address).unwrap();
    let payloads = numbered(&[100; 50]);
    send_all(&client, &payloads.iter().map(|bytes| Datagram::new(bytes)).collect::<Vec<_>>());
    assert_eq!(drain(&server, &mut RecvBatch::for_gro(8)), payloads);
}

#[test]
fn contiguous_payloads_arrive_as_separate_datagrams() {
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4));
    let bytes: Vec<u8> = (0..250_u8).collect();
    let batch: Vec<_> = bytes.chunks(20).map(|chunk| Datagram::new(chunk).to(address)).collect();
    send_all(&client, &batch);
    let chunks: Vec<_> = bytes.chunks(20).map(<[u8]>::to_vec).collect();
    assert_eq!(drain(&server, &mut RecvBatch::new(8, 64)), chunks);
}

#[test]
fn a_datagram_larger_than_its_slot_is_marked_as_truncated() {
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4));
    send_all(&client, &[Datagram::new(b"0123456789").to(address), Datagram::new(b"01").to(address)]);
    let mut batch = RecvBatch::new(4, 4);
    assert_eq!(server.try_recv_batch(&mut batch).unwrap(), 2);
    let seen: Vec<_> = batch.iter().map(|message| (message.data.to_vec(), message.rinfo.truncated)).collect();
    assert_eq!(seen, [(b"0123".to_vec(), true), (b"01".to_vec(), false)]);
}

#[test]
fn a_socket_with_gro_refuses_buffers_too_small_for_a_gro_packet() {
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4).gro(true));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4));
    send_all(&client, &[Datagram::new(b"abc").to(address)]);
    assert_eq!(server.try_recv_msg(&mut [0; 9]).unwrap_err().code(), "ERR_HELIOGRAM_GRO");
    assert_eq!(server.try_recv_batch(&mut RecvBatch::new(4, 2048)).unwrap_err().code(), "ERR_HELIOGRAM_GRO");
    assert_eq!(drain(&server, &mut RecvBatch::for_gro(1)), [b"abc"]);
}

#[test]
fn try_recv_gro_reads_a_gro_packet_into_the_callers_memory() {
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4).gro(true));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4));
    let payloads = numbered(&[700, 700, 700, 9]);
    send_all(&client, &payloads.iter().map(|bytes| Datagram::new(bytes).to(address)).collect::<Vec<_>>());
    let mut memory = vec![0; 70_000];
    assert_eq!(server.try_recv_gro(&mut memory[..65_506]).unwrap_err().code(), "ERR_HELIOGRAM_GRO");
    let mut received = Vec::new();
    while let Ok(rinfo) = server.try_recv_gro(&mut memory) {
        received.extend(rinfo.datagrams().map(|place| memory[place].to_vec()));
    }
    assert_eq!(received, payloads);
    assert_eq!(server.stats().datagrams_in, 4);
    send_all(&client, &[Datagram::new(b"").to(address)]);
    let empty = server.try_recv_gro(&mut memory).unwrap();
    assert!(empty.datagrams().eq(std::iter::once(0..0)));
}

#[test]
fn a_batch_ends_before_the_first_blocked_destination() {
    let mut list = BlockList::new();
    list.add_subnet("127.0.0.8".parse().unwrap(), 29).unwrap();
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4).send_block_list(list));
    let blocked = SocketAddr::new("127.0.0.9".parse().unwrap(), 9);
    let batch = [address, blocked, address].map(|to| Datagram::new(b"x").to(to));
    assert_eq!(client.try_send_batch(&batch).unwrap(), 1);
    assert_eq!(client.try_send_batch(&batch[1..]).unwrap_err().code(), "ERR_IP_BLOCKED");
    assert_eq!(client.try_send_batch(&batch[2..]).unwrap(), 1);
    assert_eq!(drain(&server, &mut RecvBatch::new(4, 64)).len(), 2);
}

#[test]
fn mixed_families_and_missing_addresses_end_a_batch() {
    let (_server, address) = bound(SocketOptions::new(SocketType::Udp4));
    let (client, _) = bound(SocketOptions::new(SocketType::Udp4));
    let to_v6 = Datagram::new(b"x").to("[::1]:9".parse().unwrap());
    assert_eq!(client.try_send_batch(&[Datagram::new(b"x").to(address), to_v6]).unwrap(), 1);
    assert_eq!(client.try_send_batch(&[to_v6]).unwrap_err().code(), "EINVAL");
    assert_eq!(client.try_send_batch(&[Datagram::new(b"x").to(address), Datagram::new(b"x")]).unwrap(), 1);
    assert_eq!(client.try_send_batch(&[Datagram::new(b"x")]).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
    assert_eq!(client.try_send_batch(&[]).unwrap(), 0);
}

#[test]
fn datagrams_of_blocked_senders_are_dropped() {
    let mut list = BlockList::new();
    list.add_address("127.0.0.2".parse().unwrap());
    let (server, address) = bound(SocketOptions::new(SocketType::Udp4).receive_block_list(list));
    let stranger = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    stranger.bind(Some("127.0.0.2:0".parse().unwrap())).unwrap();
    let (friend, _) = bound(SocketOptions::new(SocketType::Udp4));
    send_all(&stranger, &[Datagram::new(b"no").to(address)]);
    send_all(&friend, &[Datagram::new(b"yes").to(address)]);
    send_all(&stranger, &[Datagram::new(b"no").to(address)]);
    assert_eq!(drain(&server, &mut RecvBatch::new(8, 64)), [b"yes"]);
    send_all(&stranger, &[Datagram::new(b"no").to(address)]);
    assert!(server.try_recv_msg(&mut [0; 9]).unwrap_err().is_would_block());
}

#[cfg(unix)]
#[test]
fn an_error_behind_a_batch_is_its_own_sockets() {
    // Where errors come behind messages (`heliogram_force_single`), the batch must not carry one to another socket.
    let mut batch = RecvBatch::new(8, 64);
    let (idle, _) = bound(SocketOptions::new(SocketType::Udp4));
    for _ in 0..20 {
        let (socket, address) = bound(SocketOptions::new(SocketType::Udp4));
        let (peer, peer_address) = bound(SocketOptions::new(SocketType::Udp4));
        socket.connect(peer_address).unwrap();
        peer.try_send_to(b"x", address).unwrap();
        peer.close().unwrap();
        drop(peer);
        socket.try_send(b"gone?").unwrap();
        let first = socket.try_recv_batch(&mut batch);
        assert!(idle.try_recv_batch(&mut batch).unwrap_err().is_would_block());
        let second = socket.try_recv_batch(&mut batch);
        let refused =
            |outcome: &heliogram::Result<usize>| outcome.as_ref().is_err_and(|error| error.code() == "ECONNREFUSED");
        assert!(refused(&first) || refused(&second), "{first:?}, {second:?}");
    }
}
