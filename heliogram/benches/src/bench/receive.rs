//! Contestants that receive: everything there is, again and again, and wait when there is nothing.

use super::raw::{self, Ready, Receiver};
use super::tally::Tally;
use super::{Job, Outcome};
use heliogram::{RecvBatch, Socket, SocketOptions, SocketType};
use quinn_udp::{RecvMeta, UdpSocketState};
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

/// Slots for single datagrams, each as long as an Ethernet frame and then some.
pub(crate) const SLOTS: usize = 64;
pub(crate) const SLOT: usize = 2048;
/// Slots for trains of up to 64 KiB.
pub(crate) const TRAIN_SLOTS: usize = 8;
const TRAIN_SLOT: usize = 65_536;

/// Tells the driver where to send the traffic.
pub(crate) fn announce(address: SocketAddr) {
    println!("{address}");
}

pub(crate) fn bare(job: &Job) -> Outcome<()> {
    bare_loop(job, false, Receiver::new(SLOTS, SLOT))
}

pub(crate) fn bare_gro(job: &Job) -> Outcome<()> {
    bare_loop(job, true, Receiver::new(TRAIN_SLOTS, TRAIN_SLOT))
}

fn bare_loop(job: &Job, gro: bool, mut receiver: Receiver) -> Outcome<()> {
    let socket = bound()?;
    if gro {
        raw::enable_gro(&socket)?;
    }
    announce(socket.local_addr()?);
    drain(&socket, job, |tally| receiver.receive(&socket, gro, |datagram| tally.take(datagram)).map(drop))
}

pub(crate) fn batch(job: &Job) -> Outcome<()> {
    batch_loop(job, &options(), RecvBatch::new(SLOTS, SLOT))
}

pub(crate) fn trains(job: &Job) -> Outcome<()> {
    batch_loop(job, &options().gro(true), RecvBatch::for_gro(TRAIN_SLOTS))
}

fn batch_loop(job: &Job, options: &SocketOptions, mut batch: RecvBatch) -> Outcome<()> {
    let socket = Socket::new(options)?;
    socket.bind(Some(anywhere()))?;
    announce(socket.local_addr()?);
    drain(&socket.descriptor()?, job, |tally| {
        socket.try_recv_batch(&mut batch).map_err(bare_error)?;
        batch.iter().for_each(|message| tally.take(message.data));
        Ok(())
    })
}

/// The other contestants' errors are the system's number; ours keeps more, which would have to be boxed.
pub(crate) fn bare_error(error: heliogram::Error) -> io::Error {
    if error.is_would_block() { ErrorKind::WouldBlock.into() } else { error.into() }
}

pub(crate) fn quinn(job: &Job) -> Outcome<()> {
    let socket = bound()?;
    let state = UdpSocketState::new((&socket).into())?;
    announce(socket.local_addr()?);
    let mut memory = vec![0_u8; TRAIN_SLOTS * TRAIN_SLOT];
    let mut slots: Vec<IoSliceMut<'_>> = memory.chunks_exact_mut(TRAIN_SLOT).map(IoSliceMut::new).collect();
    let mut metas = [RecvMeta::default(); TRAIN_SLOTS];
    drain(&socket, job, |tally| {
        let count = state.recv((&socket).into(), &mut slots, &mut metas)?;
        for (slot, meta) in slots.iter().zip(&metas).take(count) {
            slot[..meta.len].chunks(meta.stride).for_each(|datagram| tally.take(datagram));
        }
        Ok(())
    })
}

/// Receives until the time is up. The same loop for all who bring no waiting of their own.
fn drain(socket: &impl AsFd, job: &Job, mut receive: impl FnMut(&mut Tally) -> io::Result<()>) -> Outcome<()> {
    let mut tally = Tally::new(job.time());
    while !tally.over() {
        match receive(&mut tally) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                raw::wait(socket, Ready::Read, Duration::from_millis(100))?;
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

/// A socket of the standard library, as bare as it gets.
pub(crate) fn bound() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(anywhere())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
