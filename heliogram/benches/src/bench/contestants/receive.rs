//! Contestants that receive: all that is there, and then wait for more.

use super::system::{self, Ready, Receiver};
use super::tally::Tally;
use crate::bench::job::{Job, Outcome};
use heliogram::{RecvBatch, Socket, SocketOptions, SocketType};
use quinn_udp::{RecvMeta, UdpSocketState};
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

/// Slots for single datagrams, each as long as an Ethernet frame and then some.
pub(crate) const SLOTS: usize = 64;
pub(crate) const SLOT: usize = 2048;
/// Slots for GRO packets of up to 64 KiB.
pub(crate) const GRO_SLOTS: usize = 8;
const GRO_SLOT: usize = 65_536;

/// Prints the address to which the driver sends the traffic.
pub(crate) fn announce(address: SocketAddr) {
    println!("{address}");
}

pub(crate) fn bare(job: &Job) -> Outcome<()> {
    bare_loop(job, false, Receiver::new(SLOTS, SLOT))
}

pub(crate) fn bare_gro(job: &Job) -> Outcome<()> {
    bare_loop(job, true, Receiver::new(GRO_SLOTS, GRO_SLOT))
}

fn bare_loop(job: &Job, gro: bool, mut receiver: Receiver) -> Outcome<()> {
    let socket = bound()?;
    if gro {
        system::enable_gro(&socket)?;
    }
    announce(socket.local_addr()?);
    drain(&socket, job, |tally| receiver.receive(&socket, gro, |datagram| tally.take(datagram)).map(drop))
}

/// Answers everything with itself.
pub(crate) fn bare_answers(job: &Job) -> Outcome<()> {
    let (socket, mut receiver) = (bound()?, Receiver::new(SLOTS, SLOT));
    announce(socket.local_addr()?);
    drain(&socket, job, |tally| receiver.answer(&socket).map(|count| tally.add(count)))
}

pub(crate) fn batch(job: &Job) -> Outcome<()> {
    batch_loop(job, &options(), RecvBatch::new(SLOTS, SLOT))
}

pub(crate) fn batch_gro(job: &Job) -> Outcome<()> {
    batch_loop(job, &options().gro(true), RecvBatch::for_gro(GRO_SLOTS))
}

fn batch_loop(job: &Job, options: &SocketOptions, mut batch: RecvBatch) -> Outcome<()> {
    let socket = Socket::new(options)?;
    socket.bind(Some(anywhere()))?;
    announce(socket.local_addr()?);
    drain(&socket.reactor_descriptor()?, job, |tally| {
        socket.try_recv_batch(&mut batch).map_err(bare_error)?;
        batch.iter().for_each(|message| tally.take(message.data));
        Ok(())
    })
}

/// The other contestants' errors are the system's number. Converting heliogram's whole error would allocate.
pub(crate) fn bare_error(error: heliogram::Error) -> io::Error {
    if error.is_would_block() { ErrorKind::WouldBlock.into() } else { error.into() }
}

pub(crate) fn quinn(job: &Job) -> Outcome<()> {
    let socket = bound()?;
    let state = UdpSocketState::new((&socket).into())?;
    announce(socket.local_addr()?);
    let mut memory = vec![0_u8; GRO_SLOTS * GRO_SLOT];
    let mut slots: Vec<IoSliceMut<'_>> = memory.chunks_exact_mut(GRO_SLOT).map(IoSliceMut::new).collect();
    let mut metas = [RecvMeta::default(); GRO_SLOTS];
    drain(&socket, job, |tally| {
        let count = state.recv((&socket).into(), &mut slots, &mut metas)?;
        for (slot, meta) in slots.iter().zip(&metas).take(count) {
            slot[..meta.len].chunks(meta.stride).for_each(|datagram| tally.take(datagram));
        }
        Ok(())
    })
}

/// Receives until the time is up. The same loop for all contestants that do not wait by themselves.
fn drain(socket: &impl AsFd, job: &Job, mut receive: impl FnMut(&mut Tally) -> io::Result<()>) -> Outcome<()> {
    let mut tally = Tally::new(job.time());
    while !tally.over() {
        match receive(&mut tally) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                system::wait(socket, Ready::Read, Duration::from_millis(100))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    tally.report()
}

pub(crate) fn options() -> SocketOptions {
    SocketOptions::new(SocketType::Udp4)
}

pub(crate) fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// A socket of the standard library.
pub(crate) fn bound() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(anywhere())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
