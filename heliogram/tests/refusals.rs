//! What still works where the kernel or a sandbox refuses a system call or an option: one row each, refused by seccomp to the
//! thread that runs the row.
#![cfg(all(target_os = "linux", target_endian = "little"))]

mod common;

use std::thread;

use common::seccomp::{Refused, refuse};
use common::{LONG, bound, code, recv, send, within};
use heliogram::{Datagram, RecvBatch, RecvMetadataOptions, Socket, SocketOptions, SocketType};

/// What is refused, and with which error number.
enum What {
    Call(libc::c_long, i32),
    /// `setsockopt` of this level and option.
    Option(i32, i32, i32),
}

impl What {
    fn refused(&self) -> Refused {
        match *self {
            What::Call(call, errno) => Refused { call, arguments: Vec::new(), errno },
            What::Option(level, name, errno) => {
                let arguments = vec![(1, level as u32), (2, name as u32)];
                Refused { call: libc::SYS_setsockopt, arguments, errno }
            }
        }
    }
}

/// A row's name, what is refused, and what works all the same.
type Row = (&'static str, &'static [What], fn());

const TABLE: [Row; 8] = [
    (
        "recvmmsg and sendmmsg are unknown",
        &[What::Call(libc::SYS_recvmmsg, libc::ENOSYS), What::Call(libc::SYS_sendmmsg, libc::ENOSYS)],
        batches_come_and_go,
    ),
    (
        "recvmmsg and sendmmsg are not permitted",
        &[What::Call(libc::SYS_recvmmsg, libc::EPERM), What::Call(libc::SYS_sendmmsg, libc::EPERM)],
        batches_come_and_go,
    ),
    ("no placeholder", &[What::Call(libc::SYS_eventfd2, libc::EPERM)], sockets_open_and_close),
    (
        "no SO_RXQ_OVFL",
        &[What::Option(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, libc::ENOPROTOOPT)],
        metadata_comes_without_what_is_lacking,
    ),
    (
        "no SO_TIMESTAMPING",
        &[What::Option(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, libc::ENOPROTOOPT)],
        metadata_comes_without_what_is_lacking,
    ),
    ("no UDP_GRO", &[What::Option(libc::SOL_UDP, libc::UDP_GRO, libc::ENOPROTOOPT)], gro_is_turned_on_and_off),
    (
        "no SO_DETACH_FILTER",
        &[What::Option(libc::SOL_SOCKET, libc::SO_DETACH_FILTER, libc::EPERM)],
        gro_is_turned_on_and_off,
    ),
    (
        "no IP_MTU_DISCOVER",
        &[What::Option(libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::EPERM)],
        batches_of_one_size_come_and_go,
    ),
];

#[test]
fn what_is_refused_has_a_way_around() {
    for (name, refused, works) in TABLE {
        let row = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let refused: Vec<_> = refused.iter().map(What::refused).collect();
            refuse(&refused).unwrap_or_else(|error| panic!("{name}: seccomp: {error}"));
            works();
        });
        row.unwrap().join().unwrap_or_else(|_| panic!("{name}"));
    }
}

fn batches_come_and_go() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let to = receiver.local_addr().unwrap();
    let payloads: Vec<_> = (0..64_u8).map(|index| vec![index; 1 + usize::from(index)]).collect();
    let batch: Vec<_> = payloads.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
    assert_eq!(sender.try_send_batch(&batch), Ok(64));
    let (mut room, mut received) = (RecvBatch::new(16, 2000), Vec::new());
    while received.len() < 64 {
        within(LONG, || receiver.try_recv_batch(&mut room)).unwrap();
        received.extend(room.iter().map(|message| message.data.to_vec()));
    }
    assert_eq!(received, payloads);
    assert_eq!(code(receiver.try_recv_batch(&mut room)), "EAGAIN");
}

/// Without the mode that GSO batches need, they leave one by one.
fn batches_of_one_size_come_and_go() {
    let (sender, receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let to = receiver.local_addr().unwrap();
    for _ in 0..2 {
        assert_eq!(sender.try_send_batch(&[Datagram::new(&[7; 100]).to(to); 8]), Ok(8));
        (0..8).for_each(|_| assert_eq!(recv(&receiver), [7; 100]));
    }
    assert_eq!(sender.stats().gso_batches_out, 0);
    assert_eq!(sender.max_gso_segment(Some(to)), 0);
}

fn sockets_open_and_close() {
    let receiver = bound("127.0.0.1:0");
    send(&bound("127.0.0.1:0"), b"here", receiver.local_addr().ok()).unwrap();
    assert_eq!(recv(&receiver), b"here");
    receiver.close().unwrap();
    assert_eq!(code(receiver.try_recv(&mut [0])), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

fn metadata_comes_without_what_is_lacking() {
    let receiver = bound("127.0.0.1:0");
    receiver.set_recv_metadata(RecvMetadataOptions::new().packet_info(true)).unwrap();
    send(&bound("127.0.0.1:0"), b"here", receiver.local_addr().ok()).unwrap();
    let rinfo = within(LONG, || receiver.try_recv_msg(&mut [0; 9])).unwrap();
    assert!(rinfo.metadata.local_ip.is_some());
    let all = RecvMetadataOptions::all().hardware_timestamp(true);
    assert_eq!(code(receiver.set_recv_metadata(all)), "ENOPROTOOPT", "what is asked for is not left out in silence");
}

fn gro_is_turned_on_and_off() {
    let receiver = Socket::new(&SocketOptions::new(SocketType::Udp4).gro(true)).unwrap();
    receiver.bind(Some("127.0.0.1:0".parse().unwrap())).unwrap();
    let (sender, to) = (bound("127.0.0.1:0"), receiver.local_addr().unwrap());
    assert_eq!(sender.try_send_batch(&[Datagram::new(&[7; 100]).to(to); 5]), Ok(5));
    let (mut room, mut received) = (RecvBatch::for_gro(8), 0);
    while received < 5 {
        received += within(LONG, || receiver.try_recv_batch(&mut room)).unwrap();
    }
    receiver.stop_gro().unwrap();
    send(&sender, b"one", Some(to)).unwrap();
    assert_eq!(recv(&receiver), b"one");
}

/// Refuses this thread to have another descriptor watched (`EPOLL_CTL_ADD`): the limit of the user is reached.
fn refuse_to_watch() {
    let arguments = vec![(1, libc::EPOLL_CTL_ADD as u32)];
    refuse(&[Refused { call: libc::SYS_epoll_ctl, arguments, errno: libc::ENOSPC }]).unwrap();
}

/// The address of a socket that is closed again.
fn free_address() -> std::net::SocketAddr {
    bound("127.0.0.1:0").local_addr().unwrap()
}

#[cfg(feature = "tokio")]
#[test]
fn a_tokio_socket_that_cannot_be_watched_is_an_error_and_leaves_nothing_behind() {
    use heliogram::{TokioSocket, TokioUnixDatagram, UnixDatagramOptions};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (old, address) = (runtime.block_on(TokioSocket::bind("127.0.0.1:0")).unwrap(), free_address());
    refuse_to_watch();
    runtime.block_on(async {
        assert_eq!(TokioSocket::bind(address).await.unwrap_err().to_string(), "register ENOSPC");
        let unix = TokioUnixDatagram::new(&UnixDatagramOptions::default());
        assert_eq!(unix.unwrap_err().to_string(), "register ENOSPC");
        let free = bound(&address.to_string()); // nobody has kept the port
        assert_eq!(TokioSocket::from_socket(free).unwrap_err().to_string(), "register ENOSPC");
        old.send_to(b"works on", old.local_addr().unwrap()).await.unwrap();
        assert_eq!(old.recv(&mut [0; 16]).await, Ok(8));
    });
}

#[cfg(feature = "smol")]
#[test]
fn a_smol_socket_that_cannot_be_watched_is_an_error_and_leaves_nothing_behind() {
    use heliogram::SmolSocket;
    let (old, address) = (SmolSocket::bind(([127, 0, 0, 1], 0).into()).unwrap(), free_address());
    refuse_to_watch();
    assert_eq!(SmolSocket::bind(address).unwrap_err().to_string(), "register ENOSPC");
    drop(bound(&address.to_string())); // nobody has kept the port
    async_io::block_on(async {
        old.send_to(b"works on", old.local_addr().unwrap()).await.unwrap();
        assert_eq!(old.recv(&mut [0; 16]).await, Ok(8));
    });
}

#[cfg(feature = "events")]
#[test]
fn an_event_socket_that_cannot_be_watched_says_so_and_can_be_closed() {
    use heliogram::events::{EventLoop, event};
    use std::{cell::RefCell, rc::Rc};
    let (events, log) = (EventLoop::new().unwrap(), Rc::new(RefCell::new(Vec::new())));
    refuse_to_watch();
    let socket = events.create_socket(&SocketOptions::new(SocketType::Udp4)).unwrap();
    let to = log.clone();
    socket.on(event::Error, move |socket, error| {
        to.borrow_mut().push(error.to_string());
        socket.close().unwrap();
    });
    let to = log.clone();
    socket.on(event::Close, move |_, ()| to.borrow_mut().push("close".to_owned()));
    socket.bind(0).unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), ["poll ENOSPC", "close"]);

    // Without a listener the loop's run returns it.
    let socket = events.create_socket(&SocketOptions::new(SocketType::Udp4)).unwrap();
    socket.bind(0).unwrap();
    assert_eq!(events.run().unwrap_err().to_string(), "poll ENOSPC");
    socket.close().unwrap();
    events.run().unwrap();
}
