//! Sockets in reactors other than tokio's: async-io's and mio's.

use std::net::SocketAddr;
use std::time::Duration;

use heliogram::{BoundSocket, Datagram, RecvBatch, SmolSocket, Socket, SocketOptions, SocketType};

const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

fn smol() -> (SmolSocket, SocketAddr) {
    let socket = SmolSocket::bind(LOCAL.into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn async_io_wakes_a_receive() {
    let ((server, address), (client, local)) = (smol(), smol());
    let sending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        async_io::block_on(client.send_to(b"hello", address)).unwrap();
    });
    let mut buffer = [0; 16];
    assert_eq!(async_io::block_on(server.recv_from(&mut buffer)).unwrap(), (5, local));
    sending.join().unwrap();
}

#[test]
fn async_io_carries_batches_both_ways() {
    let server = SmolSocket::bind_with(&SocketOptions::new(SocketType::Udp4).gro(true), LOCAL.into()).unwrap();
    let (client, _) = smol();
    client.connect(server.local_addr().unwrap()).unwrap();
    let payloads: Vec<_> = (0..64_u8).map(|number| vec![number; 200]).collect();
    let datagrams: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes)).collect();
    async_io::block_on(async {
        let mut sent = 0;
        while sent < datagrams.len() {
            sent += client.send_batch(&datagrams[sent..]).await.unwrap();
        }
        let (mut batch, mut received) = (RecvBatch::for_gro(4), Vec::new());
        while received.len() < payloads.len() {
            server.recv_batch(&mut batch).await.unwrap();
            received.extend(batch.iter().map(|message| message.data.to_vec()));
        }
        assert_eq!(received, payloads);
    });
}

#[cfg(unix)] // Windows reports no closed port
#[test]
fn async_io_reports_a_peer_that_is_gone() {
    let (client, _) = smol();
    let (server, address) = smol();
    client.connect(address).unwrap();
    drop(server);
    async_io::block_on(client.send(b"x")).unwrap();
    let error = async_io::block_on(client.recv(&mut [0; 9])).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
#[cfg(unix)]
fn mio_reports_what_can_be_received_and_nothing_else() {
    use mio::{Events, Interest, Poll, Token};
    let mut sockets: Vec<_> = (0..3).map(|_| BoundSocket::bind(LOCAL.into()).unwrap()).collect();
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(16));
    for (index, socket) in sockets.iter_mut().enumerate() {
        poll.registry().register(socket, Token(index), Interest::READABLE).unwrap();
    }
    for round in 0..3 {
        sockets[0].try_send_to(b"x", sockets[round].local_addr().unwrap()).unwrap();
        poll.poll(&mut events, Some(Duration::from_secs(5))).unwrap();
        assert_eq!(events.iter().map(|event| event.token().0).collect::<Vec<_>>(), [round]);
        assert_eq!(sockets[round].try_recv(&mut [0; 9]).unwrap(), 1);
        assert!(sockets[round].try_recv(&mut [0; 9]).unwrap_err().is_would_block());
    }
    poll.registry().reregister(&mut sockets[1], Token(7), Interest::WRITABLE).unwrap();
    poll.registry().deregister(&mut sockets[0]).unwrap();
    sockets[1].try_send_to(b"x", sockets[0].local_addr().unwrap()).unwrap();
    poll.poll(&mut events, Some(Duration::from_secs(5))).unwrap();
    assert_eq!(events.iter().map(|event| event.token().0).collect::<Vec<_>>(), [7]);
}

#[test]
#[cfg(unix)]
fn any_reactor_is_lent_the_descriptor_of_a_bound_socket() {
    use async_io::Async;
    let server = Async::new(BoundSocket::bind(LOCAL.into()).unwrap()).unwrap();
    let address = server.get_ref().local_addr().unwrap();
    let sending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        BoundSocket::bind(LOCAL.into()).unwrap().try_send_to(b"hello", address).unwrap();
    });
    let mut buffer = [0; 16];
    let received = async_io::block_on(server.read_with(|socket| Ok(socket.try_recv(&mut buffer)?))).unwrap();
    assert_eq!(&buffer[..received], b"hello");
    sending.join().unwrap();
}

#[test]
#[cfg(unix)]
fn a_bound_socket_has_a_descriptor_as_long_as_it_lives() {
    use std::os::fd::{AsFd, AsRawFd};
    let unbound = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    assert_eq!(BoundSocket::try_from(unbound).unwrap_err().to_string(), "descriptor EBADF");
    let socket = BoundSocket::bind(LOCAL.into()).unwrap();
    let number = socket.as_raw_fd();
    socket.close().unwrap();
    assert!(socket.as_fd().try_clone_to_owned().is_ok(), "nobody else is given the number");
    assert_eq!(socket.as_raw_fd(), number);
    let closed = BoundSocket::try_from(socket.into_inner()).unwrap_err();
    assert_eq!(closed.code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");

    // A send binds too.
    let socket = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    let peer = BoundSocket::bind(LOCAL.into()).unwrap();
    socket.try_send_to(b"x", peer.local_addr().unwrap()).unwrap();
    assert!(BoundSocket::try_from(socket).unwrap().try_recv(&mut [0]).unwrap_err().is_would_block());
}

#[test]
#[cfg(unix)]
fn a_socket_gives_its_very_descriptor_away() {
    use std::os::fd::{AsRawFd, OwnedFd};
    let socket = BoundSocket::bind(LOCAL.into()).unwrap();
    let (number, address) = (socket.as_raw_fd(), socket.local_addr().unwrap());
    let given = OwnedFd::try_from(Socket::from(socket)).unwrap();
    assert_eq!(given.as_raw_fd(), number);
    assert_eq!(std::net::UdpSocket::from(given).local_addr().unwrap(), address);
}
