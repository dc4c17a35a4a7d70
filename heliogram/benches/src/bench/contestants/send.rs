//! Contestants that send: batch after batch, waiting only when the kernel's buffer is full.

use super::receive::{anywhere, bare_error, bound, options};
use super::system::{self, Fan, Ready};
use super::tally::Tally;
use crate::bench::job::{Job, Outcome};
use heliogram::{Datagram, Socket};
use quinn_udp::{Transmit, UdpSocketState};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::time::Duration;

/// Datagrams of one `sendmmsg` to many peers.
const FAN: usize = 64;

pub(crate) fn bare_segment(job: &Job) -> Outcome<()> {
    let socket = bound()?;
    let peer = job.peers[0];
    let mut bytes = vec![7; job.size * job.segments()];
    repeat(&socket, job, || system::send_segments(&socket, peer, &mut bytes, job.size))
}

/// Datagrams to each peer of a turn that fans out.
const ROUNDS: usize = 8;

/// A GSO batch to each peer.
pub(crate) fn bare_segment_each(job: &Job) -> Outcome<()> {
    let socket = bound()?;
    let mut bytes = vec![7; job.size * ROUNDS];
    let mut peers = job.peers.iter().cycle();
    repeat(&socket, job, || {
        system::send_segments(&socket, *peers.next().unwrap_or(&job.peers[0]), &mut bytes, job.size)
    })
}

pub(crate) fn bare_sendmmsg(job: &Job) -> Outcome<()> {
    let socket = bound()?;
    let mut fan = Fan::new(&job.peers, FAN, job.size);
    repeat(&socket, job, || fan.send(&socket))
}

/// One peer: the library makes a GSO batch by itself.
pub(crate) fn batch_to_one(job: &Job) -> Outcome<()> {
    batch(job, job.segments())
}

/// The peers in turn: no two neighbours have the same one.
pub(crate) fn batch_to_many(job: &Job) -> Outcome<()> {
    batch(job, FAN)
}

fn batch(job: &Job, count: usize) -> Outcome<()> {
    let socket = Socket::new(&options())?;
    socket.bind(Some(anywhere()))?;
    let bytes = vec![7; job.size * count];
    let datagrams = datagrams(job, &bytes);
    repeat(&socket.reactor_descriptor()?, job, || socket.try_send_batch(&datagrams).map_err(bare_error))
}

/// The bytes cut into datagrams, one for each peer in turn.
pub(crate) fn datagrams<'a>(job: &Job, bytes: &'a [u8]) -> Vec<Datagram<'a>> {
    let peers = job.peers.iter().cycle();
    bytes.chunks(job.size).zip(peers).map(|(payload, &peer)| Datagram::new(payload).to(peer)).collect()
}

pub(crate) fn quinn(job: &Job) -> Outcome<()> {
    let socket = bound()?;
    let state = UdpSocketState::new((&socket).into())?;
    let contents = vec![7; job.size * job.segments()];
    let destination = job.peers[0];
    let transmit = Transmit { destination, ecn: None, contents: &contents, segment_size: Some(job.size), src_ip: None };
    repeat(&socket, job, || state.try_send((&socket).into(), &transmit).map(|()| job.segments()))
}

/// Sends until the time is up. The same loop for all contestants that do not wait by themselves.
fn repeat(socket: &impl AsFd, job: &Job, mut send: impl FnMut() -> io::Result<usize>) -> Outcome<()> {
    let mut tally = Tally::new(job.time());
    while !tally.over() {
        match send() {
            Ok(count) => tally.add(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                system::wait(socket, Ready::Write, Duration::from_millis(100))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    tally.report()
}
