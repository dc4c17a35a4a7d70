//! Invalid input and errors over loopback: each is reported with its code, and the socket still works.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{
    LONG, assert_works, bound, bound_reserved, code, ip, new, ports, recv, recv_error_queue, recv_from, send,
};
use heliogram::state::{Bind, Connect};
use heliogram::{BlockList, Datagram, Interface, MAX_MESSAGE, RecvBatch, Socket, SocketOptions, SocketType};

const V4: &str = "127.0.0.1:0";
const V6: &str = "[::1]:0";

fn pair(local: &str) -> (Socket, Socket, SocketAddr) {
    let (sender, receiver) = (bound(local), bound(local));
    let to = receiver.local_addr().unwrap();
    (sender, receiver, to)
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn empty_messages_are_sent_and_received() {
    for local in [V4, V6] {
        let (sender, receiver, to) = pair(local);
        assert_eq!(send(&sender, b"", Some(to)), Ok(0));
        assert_eq!(sender.try_send_to(&[], to), Ok(0));
        assert_eq!(sender.try_send_batch(&[Datagram::new(b"").to(to)]), Ok(1));
        for _ in 0..3 {
            let (bytes, info) = recv_from(&receiver);
            assert_eq!((bytes.len(), info.size, info.truncated), (0, 0, false));
            assert_eq!(info.addr, sender.local_addr().unwrap());
        }
    }
}

#[test]
fn the_longest_message_is_sent_and_one_byte_more_is_refused() {
    // Over IPv6 the header does not count towards the length (RFC 8200, section 3).
    for (local, longest) in [(V4, MAX_MESSAGE), (V6, 65_535 - 8)] {
        let (sender, receiver, to) = pair(local);
        let message: Vec<u8> = (0..=longest).map(|index| (index % 251) as u8).collect();
        assert_eq!(send(&sender, &message[..longest], Some(to)), Ok(longest));
        assert!(recv(&receiver) == message[..longest], "not what was sent");
        let error = send(&sender, &message, Some(to)).unwrap_err();
        assert_eq!(error.to_string(), format!("send EMSGSIZE {}:{}", to.ip(), to.port()));
        assert_eq!((error.errno(), error.syscall()), (Some(-libc::EMSGSIZE), Some("send")));
        assert_eq!((error.address().unwrap(), error.port()), (to.ip().to_string().into(), Some(to.port())));
        assert_works(&sender);
    }
}

#[test]
fn the_longest_message_is_sent_in_a_batch_and_one_byte_more_ends_it() {
    for (local, longest) in [(V4, MAX_MESSAGE), (V6, 65_535 - 8)] {
        let (sender, receiver, to) = pair(local);
        let message = vec![7; longest + 1];
        let sizes = [3, longest, longest + 1, 3];
        let batch: Vec<_> = sizes.iter().map(|&size| Datagram::new(&message[..size]).to(to)).collect();
        assert_eq!(sender.try_send_batch(&batch), Ok(2));
        assert_eq!([recv(&receiver).len(), recv(&receiver).len()], [3, longest]);
        let error = sender.try_send_batch(&batch[2..]).unwrap_err();
        assert_eq!(error.to_string(), format!("send EMSGSIZE {}:{}", to.ip(), to.port()));
        assert_eq!(sender.try_send_batch(&batch[3..]), Ok(1));
        assert_eq!(recv(&receiver).len(), 3);
    }
}

#[test]
fn a_message_of_more_buffers_than_the_system_takes_is_refused() {
    let (sender, receiver, to) = pair(V4);
    let parts = [IoSlice::new(b"ab"); 1025];
    assert_eq!(sender.try_send_to_vectored(&parts[..1024], to), Ok(2048));
    assert_eq!(recv(&receiver), b"ab".repeat(1024));
    assert_eq!(code(sender.try_send_to_vectored(&parts, to)), "EMSGSIZE");
    assert_works(&sender);
}

#[test]
fn a_datagram_larger_than_the_buffer_is_marked_as_truncated() {
    let (sender, receiver, to) = pair(V4);
    for (recv_batch, text) in [(0, ""), (3, "dat"), (8, "datagram"), (9, "datagram")] {
        send(&sender, b"datagram", Some(to)).unwrap();
        let mut buffer = vec![0; recv_batch];
        let info = receiver.try_recv_msg(&mut buffer).unwrap();
        assert_eq!((&buffer[..info.size], info.truncated), (text.as_bytes(), recv_batch < 8));
    }
    assert_works(&receiver);
}

#[test]
fn invalid_destinations_are_refused() {
    let mut list = BlockList::new();
    list.add_subnet("198.51.100.0".parse().unwrap(), 24).unwrap();
    let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).send_block_list(list)).unwrap();
    socket.bind(Some(addr(V4))).unwrap();
    for (to, why) in [
        ("127.0.0.1:0", "ERR_SOCKET_BAD_PORT"),
        ("[::1]:9", "EINVAL"),
        ("[::ffff:127.0.0.1]:9", "EINVAL"),
        ("198.51.100.7:9", "ERR_IP_BLOCKED"),
        ("255.255.255.255:9", "EACCES"),
    ] {
        assert_eq!(code(send(&socket, b"x", Some(addr(to)))), why, "send to {to}");
        assert_eq!(code(socket.try_send_batch(&[Datagram::new(b"x").to(addr(to))])), why, "batch to {to}");
        assert_eq!(code(socket.connect(addr(to))), why, "connect to {to}");
        assert_eq!(socket.state().connect, Connect::Disconnected);
        assert_works(&socket);
    }
    assert_eq!(
        send(&socket, b"x", Some(addr("198.51.100.7:9"))).unwrap_err().to_string(),
        "IP(198.51.100.7) is blocked by net.BlockList"
    );
    assert_eq!(socket.connect(addr("255.255.255.255:9")).unwrap_err().to_string(), "connect EACCES 255.255.255.255:9");
}

#[test]
fn invalid_local_addresses_leave_the_socket_unbound() {
    let taken = bound(V4);
    for (local, why) in [
        (taken.local_addr().unwrap(), "EADDRINUSE"),
        (addr("192.0.2.1:0"), "EADDRNOTAVAIL"),
        (addr("[::1]:0"), "EINVAL"),
        (addr("255.255.255.255:0"), "EADDRNOTAVAIL"),
    ] {
        let socket = new(SocketType::Udp4);
        // Linux accepts the broadcast address as a local one; every other is refused.
        let outcome = code(socket.bind(Some(local)));
        assert!(outcome == why || local.ip() == Ipv4Addr::BROADCAST, "bind to {local}: {outcome}");
        if outcome != "ok" {
            assert_eq!(socket.state().bind, Bind::Unbound);
            socket.bind(Some(addr(V4))).unwrap();
            assert_works(&socket);
        }
    }
}

#[test]
fn a_failed_implicit_bind_is_an_error_and_may_be_repeated() {
    let options = SocketOptions::new(SocketType::Udp4).recv_buffer_size(1 << 20);
    let socket = Socket::new(&options).unwrap();
    assert_eq!(code(send(&socket, b"x", None)), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
    assert_eq!(code(send(&socket, b"x", Some(addr("127.0.0.1:0")))), "ERR_SOCKET_BAD_PORT");
    assert_eq!((socket.state().bind, code(socket.local_addr())), (Bind::Unbound, "EBADF"));
    let receiver = bound(V4);
    send(&socket, b"x", receiver.local_addr().ok()).unwrap();
    assert_eq!(recv(&receiver), b"x");
    assert_works(&socket);
}

#[test]
fn invalid_groups_are_refused_and_valid_ones_still_joined() {
    let here = Interface::Address(Ipv4Addr::LOCALHOST);
    let socket = bound(V4);
    for group in ["127.0.0.1", "0.0.0.0", "255.255.255.255", "223.255.255.255", "240.0.0.0"] {
        let group = group.parse().unwrap();
        assert_eq!(code(socket.join_multicast(group, here)), "EINVAL", "{group}");
        let source = Ipv4Addr::LOCALHOST.into();
        assert_eq!(code(socket.join_ssm(source, group, here)), "EINVAL", "{group}");
    }
    assert_eq!(code(socket.join_multicast("::1".parse().unwrap(), Interface::Default)), "ENOPROTOOPT");
    assert_eq!(code(bound(V6).join_multicast("::1".parse().unwrap(), Interface::Default)), "EINVAL");
    socket.join_multicast("239.1.1.1".parse().unwrap(), here).unwrap();
    assert_works(&socket);
}

#[test]
fn a_closed_peer_is_reported_to_a_connected_socket_only() {
    for (host, local) in [("127.0.0.1", V4), ("::1", V6)] {
        let gone = bound_reserved(host).local_addr().unwrap();
        let loner = bound(local);
        for _ in 0..3 {
            send(&loner, b"x", Some(gone)).unwrap();
            assert_eq!(code(loner.try_recv_msg(&mut [0; 9])), "EAGAIN");
        }
        let friend = bound(local);
        friend.connect(gone).unwrap();
        send(&friend, b"x", None).unwrap();
        let error = recv_error_queue(&friend);
        assert_eq!(error.to_string(), "recvmsg ECONNREFUSED");
        assert_eq!((error.errno(), error.syscall()), (Some(-libc::ECONNREFUSED), Some("recvmsg")));
        assert_eq!((error.address(), error.port()), (None, None));
        assert_eq!(code(friend.try_recv_msg(&mut [0; 9])), "EAGAIN", "reported once");
        friend.disconnect().unwrap();
        assert_works(&loner);
    }
}

#[test]
fn every_send_and_receive_reports_a_closed_peer_once() {
    let gone = bound_reserved("127.0.0.1").local_addr().unwrap();
    let socket = bound(V4);
    socket.connect(gone).unwrap();
    let x = [Datagram::new(b"x")];
    for _ in 0..3 {
        send(&socket, b"x", None).unwrap();
        let error = send(&socket, b"x", None).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.address(), error.port()), ("send ECONNREFUSED", None, None));
        assert_eq!(socket.try_send_batch(&x), Ok(1));
        assert_eq!(code(socket.try_send_batch(&x)), "ECONNREFUSED");
        assert_eq!(socket.try_send_batch(&x), Ok(1));
        assert_eq!(code(socket.try_recv_batch(&mut RecvBatch::new(4, 64))), "ECONNREFUSED");
        assert_eq!(code(socket.try_recv_batch(&mut RecvBatch::new(4, 64))), "EAGAIN");
    }
    // A new socket on the old port receives as any other.
    let receiver = bound(&gone.to_string());
    send(&socket, b"hello", None).unwrap();
    assert_eq!(recv(&receiver), b"hello");
}

#[test]
fn a_connected_socket_receives_from_its_peer_only() {
    let friend = bound(V4);
    let to = friend.local_addr().unwrap();
    // A port that the test chose: Linux releases one that it chose itself with the peer.
    let own = bound_reserved("127.0.0.1").local_addr().unwrap();
    let socket = bound(&own.to_string());
    socket.connect(to).unwrap();
    let stranger = bound(V4);
    send(&stranger, b"psst", Some(own)).unwrap();
    send(&friend, b"hello", Some(own)).unwrap();
    assert_eq!(recv(&socket), b"hello");
    assert_eq!(code(socket.try_recv_msg(&mut [0; 9])), "EAGAIN");
    assert_eq!(socket.peer_addr(), Ok(to));
    socket.disconnect().unwrap();
    assert_eq!(code(socket.peer_addr()), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
    send(&stranger, b"psst", Some(own)).unwrap();
    assert_eq!(recv(&socket), b"psst");
}

#[test]
#[cfg(target_os = "linux")]
fn disconnecting_releases_an_ephemeral_port_until_the_next_send() {
    let (_sender, receiver, to) = pair(V4);
    let socket = new(SocketType::Udp4);
    socket.connect(to).unwrap();
    socket.disconnect().unwrap();
    assert_eq!(socket.local_addr().unwrap().port(), 0);
    send(&socket, b"x", Some(to)).unwrap();
    assert_ne!(socket.local_addr().unwrap().port(), 0);
    assert_eq!(recv(&receiver), b"x");
    assert_works(&socket);
}

/// The outcome of adopting this descriptor, and whether the socket can still be bound.
fn adopt(descriptor: impl Into<OwnedFd>) -> String {
    let socket = new(SocketType::Udp4);
    let error = socket.bind_descriptor(descriptor.into()).unwrap_err();
    assert_eq!(socket.state().bind, Bind::Unbound);
    socket.bind(Some(addr(V4))).unwrap();
    assert_works(&socket);
    format!("{} {error}", error.code())
}

#[test]
fn the_errors_of_other_descriptors_name_their_types() {
    let refused = |name| format!("ERR_INVALID_FD_TYPE Unsupported fd type: {name}");
    let listener = TcpListener::bind(V4).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(adopt(stream), refused("TCP"));
    assert_eq!(adopt(listener), refused("TCP"));
    assert_eq!(adopt(UnixStream::pair().unwrap().0), refused("PIPE"));
    assert_eq!(adopt(UnixDatagram::unbound().unwrap()), refused("UNKNOWN"));
    assert_eq!(adopt(std::io::pipe().unwrap().0), refused("PIPE"));
    assert_eq!(adopt(std::io::pipe().unwrap().1), refused("PIPE"));
    assert_eq!(adopt(File::open(std::env::current_exe().unwrap()).unwrap()), refused("FILE"));
    assert_eq!(adopt(File::open("/dev/null").unwrap()), refused("FILE"));
    assert_eq!(adopt(File::open("/").unwrap()), refused("UNKNOWN"));
    assert_eq!(adopt(nix::pty::openpty(None, None).unwrap().slave), refused("TTY"));
    assert_eq!(adopt(UdpSocket::bind(V6).unwrap()), "EINVAL open EINVAL");
}

#[test]
fn a_refused_descriptor_is_closed() {
    let listener = TcpListener::bind(V4).unwrap();
    let address = listener.local_addr().unwrap();
    adopt(listener);
    assert!(TcpStream::connect(address).is_err(), "the listener is closed");
}

#[test]
fn a_bound_descriptor_is_adopted() {
    let address = ports::reserved(ip("127.0.0.1"));
    let other = UdpSocket::bind(address).unwrap();
    let socket = new(SocketType::Udp4);
    socket.bind_descriptor(other.into()).unwrap();
    assert_eq!((socket.state().bind, socket.local_addr()), (Bind::Bound, Ok(address)));
    let descriptor = socket.descriptor().unwrap();
    let kernel = socket2::SockRef::from(&descriptor);
    assert!(kernel.nonblocking().unwrap() && !kernel.reuse_address().unwrap());
    assert_eq!(code(socket.try_recv_msg(&mut [0; 9])), "EAGAIN");
    assert_works(&socket);
    assert_eq!(code(socket.bind_descriptor(UdpSocket::bind(V4).unwrap().into())), "ERR_SOCKET_ALREADY_BOUND");
    socket.close().unwrap();
    assert_eq!(code(socket.bind_descriptor(UdpSocket::bind(V4).unwrap().into())), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    UdpSocket::bind(address).expect("closing has freed the port");
}

#[test]
fn an_adopted_socket_keeps_its_peer() {
    let peer = bound(V4);
    let other = UdpSocket::bind(V4).unwrap();
    other.connect(peer.local_addr().unwrap()).unwrap();
    let socket = new(SocketType::Udp4);
    socket.bind_descriptor(other.into()).unwrap();
    assert_eq!(socket.peer_addr(), peer.local_addr());
    send(&socket, b"from the new owner", None).unwrap();
    assert_eq!(recv(&peer), b"from the new owner");
    socket.disconnect().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn an_adopted_socket_gets_the_options() {
    let options = SocketOptions::new(SocketType::Udp4).gro(true).recv_buffer_size(20_000).send_buffer_size(10_000);
    let socket = Socket::new(&options).unwrap();
    socket.bind_descriptor(UdpSocket::bind(V4).unwrap().into()).unwrap();
    assert_eq!((socket.recv_buffer_size(), socket.send_buffer_size()), (Ok(40_000), Ok(20_000)));
    let sender = bound(V4);
    let batch = [Datagram::new(b"one by one").to(socket.local_addr().unwrap()); 5];
    assert_eq!(sender.try_send_batch(&batch), Ok(5));
    let mut recv_batch = RecvBatch::for_gro(8);
    let mut received = 0;
    while received < 5 {
        received += common::within(LONG, || socket.try_recv_batch(&mut recv_batch)).unwrap();
        assert!(recv_batch.iter().all(|message| message.data == b"one by one"));
    }
}

#[test]
fn a_socket_with_a_descriptor_cannot_adopt_another() {
    let socket = new(SocketType::Udp4);
    socket.join_multicast("239.1.1.1".parse().unwrap(), Interface::Address(Ipv4Addr::LOCALHOST)).unwrap();
    let error = socket.bind_descriptor(UdpSocket::bind(V4).unwrap().into()).unwrap_err();
    assert_eq!(error.to_string(), "open EBUSY");
    assert_works(&socket);
}

/// Whether the descriptor is close-on-exec.
fn closes_on_exec(number: i32) -> bool {
    !cfg!(target_os = "linux") || {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
        i32::from_str_radix(flags, 8).unwrap() & libc::O_CLOEXEC != 0
    }
}

#[test]
fn closing_frees_the_port_at_once_and_the_number_only_with_the_socket() {
    let socket = bound_reserved("127.0.0.1");
    let address = socket.local_addr().unwrap();
    let number = socket.descriptor().unwrap().as_raw_fd();
    assert!(closes_on_exec(number));
    socket.close().unwrap();
    assert!(closes_on_exec(number), "no child inherits what is left of it");
    let next = bound(&address.to_string());
    let files: Vec<_> = (0..64).map(|_| File::open("/dev/null").unwrap()).collect();
    assert!(files.iter().all(|file| file.as_raw_fd() != number), "the number is still ours");
    assert_eq!(code(socket.close()), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    drop(socket);
    assert_works(&next);
}

#[test]
fn a_closed_socket_stays_closed() {
    let (socket, _peer, to) = pair(V4);
    socket.close().unwrap();
    let not_running = "ERR_SOCKET_DGRAM_NOT_RUNNING";
    assert_eq!(code(send(&socket, b"x", Some(to))), not_running);
    assert_eq!(code(socket.try_send_batch(&[Datagram::new(b"x").to(to)])), not_running);
    assert_eq!(code(socket.try_recv_msg(&mut [0; 9])), not_running);
    assert_eq!(code(socket.try_recv_batch(&mut RecvBatch::new(1, 9))), not_running);
    assert_eq!(code(socket.bind(None)), not_running);
    assert_eq!(code(socket.connect(to)), not_running);
    assert_eq!(code(socket.local_addr()), not_running);
    assert_eq!(code(socket.finish_bind(addr(V4))), "ok", "a late answer is dropped");
    assert_eq!(code(socket.local_addr()), not_running);
}

/// Works until the socket is closed under it; every other error must be temporary.
fn until_closed(mut work: impl FnMut() -> heliogram::Result<usize>) -> usize {
    let mut done = 0;
    loop {
        match work() {
            Ok(count) => done += count,
            Err(error) if error.is_would_block() || error.code() == "ECONNREFUSED" => thread::yield_now(),
            Err(error) => {
                assert_eq!(error.code(), "ERR_SOCKET_DGRAM_NOT_RUNNING", "{error}");
                return done;
            }
        }
    }
}

#[test]
fn closing_ends_sends_and_receives_of_other_threads_with_the_right_error() {
    for round in 0..20 {
        let (socket, peer) = (bound_reserved("127.0.0.1"), bound(V4));
        let (own, to) = (socket.local_addr().unwrap(), peer.local_addr().unwrap());
        let start = Barrier::new(4);
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                start.wait();
                until_closed(|| send(&socket, b"single", Some(to)))
            });
            let batches = scope.spawn(|| {
                let batch = [Datagram::new(b"batch").to(own); 16];
                start.wait();
                until_closed(|| socket.try_send_batch(&batch))
            });
            let receiver = scope.spawn(|| {
                let mut batch = RecvBatch::new(8, 64);
                start.wait();
                until_closed(|| socket.try_recv_batch(&mut batch))
            });
            start.wait();
            thread::sleep(Duration::from_micros(300 * round));
            socket.close().unwrap();
            for worker in [sender, batches, receiver] {
                worker.join().unwrap();
            }
        });
        // The port is free although the socket value still exists.
        assert_works(&bound(&own.to_string()));
        drop(peer);
    }
}

#[test]
fn a_socket_closed_during_the_implicit_bind_of_a_send_stays_closed() {
    let to = bound(V4).local_addr().unwrap();
    for _ in 0..200 {
        let socket = new(SocketType::Udp4);
        thread::scope(|scope| {
            let sender = scope.spawn(|| code(send(&socket, b"x", Some(to))));
            socket.close().unwrap();
            let outcome = sender.join().unwrap();
            assert!(["ok", "ERR_SOCKET_DGRAM_NOT_RUNNING"].contains(&outcome), "{outcome}");
        });
        assert_eq!(code(socket.local_addr()), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    }
}

#[test]
fn all_threads_may_use_one_socket() {
    const EACH: u32 = 1000;
    let (sender, receiver, to) = pair(V4);
    let arrived = AtomicU32::new(0);
    let seen = Mutex::new(Vec::new());
    let end = Instant::now() + LONG;
    thread::scope(|scope| {
        for thread in 0..3 {
            let (sender, arrived) = (&sender, &arrived);
            scope.spawn(move || {
                for number in 0..EACH {
                    // Never more datagrams under way than the receive buffer holds.
                    while number > arrived.load(Ordering::Relaxed) / 3 + 40 {
                        assert!(Instant::now() < end, "something was lost");
                        thread::yield_now();
                    }
                    let message = (thread * EACH + number).to_le_bytes();
                    let batch = [Datagram::new(&message).to(to)];
                    let outcome =
                        if number % 2 == 0 { send(sender, &message, Some(to)) } else { sender.try_send_batch(&batch) };
                    outcome.unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let mut recv_batch = RecvBatch::new(4, 16);
                while arrived.load(Ordering::Relaxed) < 3 * EACH {
                    assert!(Instant::now() < end, "something was lost");
                    let count = match receiver.try_recv_batch(&mut recv_batch) {
                        Err(error) if error.is_would_block() => continue,
                        other => other.unwrap(),
                    };
                    let numbers = recv_batch.iter().map(|message| u32::from_le_bytes(message.data.try_into().unwrap()));
                    seen.lock().unwrap().extend(numbers);
                    arrived.fetch_add(count as u32, Ordering::Relaxed);
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..3 * EACH), "lost, or seen twice");
}
