//! The sockets of a program, and its calls.

use std::io::IoSliceMut;
use std::net::SocketAddr;

use super::stamp::{Stamps, check};
use crate::{
    Datagram, Interface, RecvBatch, RecvInfo, RecvMetadataOptions, RemoteInfo, SendOptions, Socket, SocketOptions,
    SocketType,
};

/// No other program of the machine uses this address of the loopback interface; some systems have only the usual one.
const HOSTS: [&str; 2] = ["127.66.77.88:0", "127.0.0.1:0"];

/// The kinds of calls.
pub(super) const CALLS: u8 = 20;

/// The lengths of datagrams.
const LENGTHS: [usize; SIZES] = [100, 0, 1, 6, 7, 100, 512, 1400, 1472, 9_000, 40_000, 65_507];
pub(super) const SIZES: usize = 12;

/// The sizes of buffers.
const BUFFERS: [usize; 4] = [65_536, 2_000, 50, 65_527];

/// Two sockets that send to each other and to themselves.
pub(super) struct Sockets {
    sockets: [Socket; 2],
    addresses: [SocketAddr; 2],
    stamps: Stamps,
}

impl Sockets {
    /// The bits of `made`: GRO for each, offload for both, receive metadata.
    pub(super) fn new(made: u8) -> Self {
        let sockets = [1, 2].map(|bit| {
            let options = SocketOptions::new(SocketType::Udp4).gro(made & bit != 0).offload(made & 4 == 0);
            let socket = Socket::new(&options).expect("no size that could be refused");
            let is_bound = HOSTS.iter().any(|host| socket.bind(host.parse().ok()).is_ok());
            assert!(is_bound, "there is a loopback interface");
            if made & 8 != 0 {
                _ = socket.set_recv_metadata(RecvMetadataOptions::all());
            }
            socket
        });
        let addresses = [0, 1].map(|index: usize| sockets[index].local_addr().expect("it is bound"));
        Sockets { sockets, addresses, stamps: Stamps::default() }
    }

    /// One call; `detail` says on which socket, to which, and how large. Whether it succeeds depends on the other threads.
    pub(super) fn call(&self, call: u8, detail: u8) {
        let socket = &self.sockets[usize::from(detail & 1)];
        let to = self.addresses[usize::from(detail >> 1 & 1)];
        let choice = usize::from(detail >> 2);
        match call % CALLS {
            0 => drop(socket.try_send_to(&self.stamps.datagram(length(choice)), to)),
            1 | 2 => self.send_batch(socket, Some(to), equal(choice)),
            3 => self.send_batch(socket, Some(to), (0..choice % SIZES).map(length).collect()),
            4 => self.send_batch(socket, None, equal(choice)),
            5 => self.send_segments(socket, to, length(choice)),
            6 | 7 => self.receive(socket, choice),
            8 | 9 => self.receive_batch(socket, choice),
            10 => self.receive_packet(socket, choice),
            11 => self.receive_many(socket, choice),
            12 => self.peek(socket, choice),
            13 | 14 => drop(socket.start_gro()),
            15 => self.stop_gro(socket),
            16 => self.metadata(socket, choice),
            17 => drop(if choice & 1 == 0 { socket.connect(to) } else { socket.disconnect() }),
            18 => drop(socket.join_multicast([239, 66, 77, 88].into(), Interface::Address([127, 0, 0, 1].into()))),
            _ => self.rare(socket, choice),
        }
    }

    fn send_batch(&self, socket: &Socket, to: Option<SocketAddr>, lengths: Vec<usize>) {
        let payloads: Vec<_> = lengths.into_iter().map(|length| self.stamps.datagram(length)).collect();
        let datagram = |payload| to.map_or(Datagram::new(payload), |to| Datagram::new(payload).to(to));
        let batch: Vec<_> = payloads.iter().map(|payload| datagram(payload)).collect();
        if let Ok(count) = socket.try_send_batch(&batch) {
            assert!(count <= batch.len(), "{count} of {} datagrams", batch.len());
        }
    }

    /// A batch that the caller segments.
    fn send_segments(&self, socket: &Socket, to: SocketAddr, length: usize) {
        let length = length.clamp(1, 9_000);
        let payload: Vec<_> = (0..7).flat_map(|_| self.stamps.datagram(length)).collect();
        let options = SendOptions::new().segment_size(length as u16);
        _ = socket.try_send_batch(&[Datagram::new(&payload).to(to).with(&options)]);
    }

    fn receive(&self, socket: &Socket, choice: usize) {
        let mut buffer = vec![0; buffer(choice)];
        if let Ok(rinfo) = socket.try_recv_msg(&mut buffer) {
            self.stamps.take(&buffer[..rinfo.size], rinfo.truncated);
        }
    }

    fn receive_batch(&self, socket: &Socket, choice: usize) {
        let mut batch = RecvBatch::new(1 + choice / BUFFERS.len(), buffer(choice));
        if let Ok(count) = socket.try_recv_batch(&mut batch) {
            assert_eq!(batch.iter().count(), count);
            self.take_all(&batch);
        }
    }

    fn receive_packet(&self, socket: &Socket, choice: usize) {
        let mut buffer = vec![0; buffer(choice)];
        if let Ok(rinfo) = socket.try_recv_gro(&mut buffer) {
            self.take_packet(&buffer, &rinfo);
        }
    }

    fn receive_many(&self, socket: &Socket, choice: usize) {
        let mut memory = vec![vec![0; buffer(choice)]; 1 + choice / BUFFERS.len()];
        let mut buffers: Vec<_> = memory.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let mut infos = vec![RecvInfo::default(); buffers.len()];
        if let Ok(count) = socket.try_recv_many(&mut buffers, &mut infos) {
            buffers.iter().zip(&infos[..count]).for_each(|(buffer, rinfo)| self.take_packet(buffer, rinfo));
        }
    }

    /// Leaves the datagram where it is; a peek does not say whether it was cut.
    fn peek(&self, socket: &Socket, choice: usize) {
        let mut buffer = vec![0; buffer(choice)];
        if let Ok((size, _)) = socket.try_peek_from(&mut buffer) {
            if size < buffer.len() {
                check(&buffer[..size], false);
            }
        }
    }

    fn stop_gro(&self, socket: &Socket) {
        let received = socket.stop_gro().unwrap_or_default();
        received.iter().filter_map(|outcome| outcome.as_ref().ok()).for_each(|batch| self.take_all(batch));
    }

    fn metadata(&self, socket: &Socket, choice: usize) {
        let options = if choice & 1 == 0 { RecvMetadataOptions::all() } else { RecvMetadataOptions::new() };
        _ = socket.set_recv_metadata(options);
        _ = socket.set_recv_errors(choice & 2 == 0);
        _ = socket.try_recv_error_queue();
    }

    /// What ends much, and so is called seldom.
    fn rare(&self, socket: &Socket, choice: usize) {
        match choice {
            0 => _ = socket.close(),
            1..8 => _ = socket.set_recv_buffer_size(100_000),
            8..16 => _ = socket.stats(),
            _ => _ = socket.set_dont_fragment(choice & 1 == 0),
        }
    }

    /// Whatever is left in the kernel is whole too.
    pub(super) fn receive_rest(&self) {
        let mut batch = RecvBatch::for_gro(8);
        for socket in &self.sockets {
            // An error of the network is reported once, and something may be behind it.
            let mut errors = 0;
            while errors < 3 {
                match socket.try_recv_batch(&mut batch) {
                    Ok(_) => self.take_all(&batch),
                    Err(_) => errors += 1,
                }
            }
        }
    }

    fn take_all(&self, batch: &RecvBatch) {
        batch.iter().for_each(|message| self.stamps.take(message.data, message.rinfo.truncated));
    }

    fn take_packet(&self, buffer: &[u8], rinfo: &RemoteInfo) {
        rinfo.datagrams().for_each(|place| self.stamps.take(&buffer[place], rinfo.truncated));
    }
}

fn length(choice: usize) -> usize {
    LENGTHS[choice % SIZES]
}

/// So many of one length as a receive buffer has room for, and no more than a GSO batch.
fn equal(choice: usize) -> Vec<usize> {
    let length = length(choice);
    vec![length; (1 + choice).min(1 + 50_000 / (1 + length))]
}

fn buffer(choice: usize) -> usize {
    BUFFERS[choice % BUFFERS.len()]
}
