//! What still works where the kernel or a sandbox refuses a system call or an option: one row each, refused by seccomp to the
//! thread that runs the row.
#![cfg(all(target_os = "linux", target_endian = "little"))]

mod common;

use std::io;
use std::thread;

use common::{LONG, bound, code, recv, send, within};
use heliogram::{Datagram, RecvBatch, RecvMetadataOptions, Socket, SocketOptions, SocketType};

/// What is refused, and with which error number.
enum Refused {
    Call(libc::c_long, i32),
    /// `setsockopt` of this level and option.
    Option(i32, i32, i32),
}

/// A row's name, what is refused, and what works all the same.
type Row = (&'static str, &'static [Refused], fn());

const TABLE: [Row; 7] = [
    (
        "recvmmsg and sendmmsg are unknown",
        &[Refused::Call(libc::SYS_recvmmsg, libc::ENOSYS), Refused::Call(libc::SYS_sendmmsg, libc::ENOSYS)],
        batches_come_and_go,
    ),
    (
        "recvmmsg and sendmmsg are not permitted",
        &[Refused::Call(libc::SYS_recvmmsg, libc::EPERM), Refused::Call(libc::SYS_sendmmsg, libc::EPERM)],
        batches_come_and_go,
    ),
    ("no placeholder", &[Refused::Call(libc::SYS_eventfd2, libc::EPERM)], sockets_open_and_close),
    (
        "no SO_RXQ_OVFL",
        &[Refused::Option(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, libc::ENOPROTOOPT)],
        metadata_comes_without_what_is_lacking,
    ),
    (
        "no SO_TIMESTAMPING",
        &[Refused::Option(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, libc::ENOPROTOOPT)],
        metadata_comes_without_what_is_lacking,
    ),
    ("no UDP_GRO", &[Refused::Option(libc::SOL_UDP, libc::UDP_GRO, libc::ENOPROTOOPT)], gro_is_turned_on_and_off),
    (
        "no SO_DETACH_FILTER",
        &[Refused::Option(libc::SOL_SOCKET, libc::SO_DETACH_FILTER, libc::EPERM)],
        gro_is_turned_on_and_off,
    ),
];

#[test]
fn what_is_refused_has_a_way_around() {
    for (name, refused, works) in TABLE {
        let row = thread::Builder::new().name(name.to_owned()).spawn(move || {
            refuse(refused).unwrap_or_else(|error| panic!("{name}: seccomp: {error}"));
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

/// Refuses to this thread what is listed, by a filter of seccomp (`seccomp(2)`).
fn refuse(refused: &[Refused]) -> io::Result<()> {
    let mut filter: Vec<_> = refused.iter().flat_map(Refused::instructions).collect();
    filter.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the calls take integers, and a pointer to a program that lives until they have returned.
    let outcome = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Refused {
    /// Instructions that refuse it, and go on behind themselves otherwise.
    fn instructions(&self) -> Vec<libc::sock_filter> {
        let (checks, errno) = match *self {
            Refused::Call(number, errno) => (vec![(NUMBER, number as u32)], errno),
            Refused::Option(level, name, errno) => (
                vec![(NUMBER, libc::SYS_setsockopt as u32), (argument(1), level as u32), (argument(2), name as u32)],
                errno,
            ),
        };
        let count = checks.len();
        let mut program = Vec::new();
        for (index, (offset, wanted)) in checks.into_iter().enumerate() {
            program.push(statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset));
            let to_the_end = (2 * (count - index) - 1) as u8;
            let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
            program.push(libc::sock_filter { code, jt: 0, jf: to_the_end, k: wanted });
        }
        program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | errno as u32));
        program
    }
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Where `struct seccomp_data` has the call's number.
const NUMBER: u32 = 0;

/// The lower half of an argument of the call.
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}
