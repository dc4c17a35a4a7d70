//! Receiving many datagrams into the caller's own buffers.

mod common;

use std::io::IoSliceMut;

use common::{LONG, bound, code, within};
use heliogram::{
    BlockList, Datagram, MAX_GRO_PACKET, RecvInfo, RecvMetadataOptions, Result, Socket, SocketOptions, SocketType,
};

/// Receives until `count` datagrams have come; each with its `RecvInfo`.
fn receive(socket: &Socket, count: usize, size: usize) -> Vec<(Vec<u8>, RecvInfo)> {
    let mut received = Vec::new();
    while received.len() < count {
        within(LONG, || once(socket, 8, size, &mut received)).unwrap();
    }
    assert_eq!(code(once(socket, 8, size, &mut Vec::new())), "EAGAIN");
    received
}

fn once(socket: &Socket, slots: usize, size: usize, into: &mut Vec<(Vec<u8>, RecvInfo)>) -> Result<usize> {
    let mut memory = vec![vec![0; size]; slots];
    let mut buffers: Vec<_> = memory.iter_mut().map(|bytes| IoSliceMut::new(bytes)).collect();
    let mut infos = vec![RecvInfo::default(); slots];
    let used = socket.try_recv_many(&mut buffers, &mut infos)?;
    for (buffer, info) in buffers.iter().zip(&infos[..used]) {
        into.extend(info.datagrams().map(|place| (buffer[place].to_vec(), *info)));
    }
    Ok(used)
}

#[test]
fn each_datagram_gets_its_own_buffer() {
    for local in ["127.0.0.1:0", "[::1]:0"] {
        let (server, client) = (bound(local), bound(local));
        let to = server.local_addr().unwrap();
        for size in [0, 1, 64, 1400] {
            client.try_send_to(&vec![7; size], to).unwrap();
        }
        let received = receive(&server, 4, 100);
        let lengths: Vec<_> = received.iter().map(|(bytes, info)| (bytes.len(), info.size, info.truncated)).collect();
        assert_eq!(lengths, [(0, 0, false), (1, 1, false), (64, 64, false), (100, 100, true)]);
        assert!(received.iter().all(|(_, info)| info.addr == client.local_addr().unwrap()));
        assert_eq!((server.stats().datagrams_in, server.stats().bytes_in), (4, 165));
    }
}

#[test]
fn the_shorter_slice_limits_the_count() {
    let server = bound("127.0.0.1:0");
    for _ in 0..3 {
        server.try_send_to(b"x", server.local_addr().unwrap()).unwrap();
    }
    let mut memory = [0; 3];
    let mut buffers: Vec<_> = memory.chunks_mut(1).map(IoSliceMut::new).collect();
    let mut infos = [RecvInfo::default(); 2];
    assert_eq!(server.try_recv_many(&mut buffers, &mut []).unwrap(), 0);
    let mut received = 0;
    while received < 2 {
        let recv_batch = 2 - received;
        received += within(LONG, || server.try_recv_many(&mut buffers, &mut infos[..recv_batch])).unwrap();
    }
    assert_eq!(within(LONG, || server.try_recv_many(&mut buffers[..1], &mut infos)).unwrap(), 1);
    assert_eq!(code(server.try_recv_many(&mut buffers, &mut infos)), "EAGAIN");
}

#[test]
fn gro_packets_are_split_by_their_remote_info() {
    let server = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true)).unwrap();
    server.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    let client = bound("127.0.0.1:0");
    let payloads: Vec<_> = (0..20_u8).map(|number| vec![number; 500]).collect();
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(server.local_addr().unwrap())).collect();
    assert_eq!(client.try_send_batch(&batch).unwrap(), 20);
    assert_eq!(code(once(&server, 1, MAX_GRO_PACKET - 1, &mut Vec::new())), "ERR_HELIOGRAM_GRO");
    let received = receive(&server, 20, MAX_GRO_PACKET);
    assert!(received.iter().map(|(bytes, _)| bytes).eq(&payloads));
    assert_eq!((server.stats().datagrams_in, server.stats().bytes_in), (20, 10_000));
}

#[test]
fn datagrams_of_blocked_senders_leave_no_gap_in_the_buffers() {
    let mut list = BlockList::new();
    list.add_address("127.0.0.2".parse().unwrap());
    let server = Socket::new(&SocketOptions::new(SocketType::Udp4).receive_block_list(list)).unwrap();
    server.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    let (stranger, friend) = (bound("127.0.0.2:0"), bound("127.0.0.1:0"));
    for (socket, bytes) in
        [(&stranger, b"no"), (&friend, b"a_"), (&stranger, b"no"), (&stranger, b"no"), (&friend, b"b_")]
    {
        socket.try_send_to(bytes, server.local_addr().unwrap()).unwrap();
    }
    let received = receive(&server, 2, 64);
    assert_eq!(received.iter().map(|(bytes, _)| &bytes[..]).collect::<Vec<_>>(), [b"a_", b"b_"]);
    assert_eq!(server.stats().datagrams_in, 2);
}

#[test]
#[cfg(unix)]
fn receive_metadata_is_reported_when_asked_for() {
    let server = bound("127.0.0.1:0");
    server.set_recv_metadata(RecvMetadataOptions::new().packet_info(true)).unwrap();
    for _ in 0..3 {
        server.try_send_to(b"x", server.local_addr().unwrap()).unwrap();
    }
    for (_, info) in receive(&server, 3, 64) {
        assert_eq!(info.metadata.destination, Some("127.0.0.1".parse().unwrap()));
        assert!(info.metadata.interface.is_some() && info.metadata.hop_limit.is_none());
    }
}

#[test]
fn unbound_and_closed_sockets_are_errors() {
    let socket = common::new(SocketType::Udp4);
    assert_eq!(code(once(&socket, 1, 9, &mut Vec::new())), "EBADF");
    socket.close().unwrap();
    assert_eq!(code(once(&socket, 1, 9, &mut Vec::new())), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}
