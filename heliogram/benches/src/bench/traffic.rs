//! What the contestants receive from and send to. Both parts end by themselves.

use super::raw::{self, Ready, Receiver};
use super::receive::{announce, bound};
use super::{Job, Outcome};
use std::io::{self, ErrorKind, Read};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the traffic outlives what is measured, if nobody ends it before.
const GRACE: Duration = Duration::from_secs(4);

/// Sends trains as fast as the kernel takes them. A receiver without `UDP_GRO` gets their datagrams one by one; a
/// sender that sends them one by one could not keep a batching receiver busy.
pub(crate) fn flood(job: &Job) -> Outcome<()> {
    raw::take_core(job.core)?;
    let socket = bound()?;
    let to = job.peers[0];
    let mut bytes = vec![7; job.size * job.train()];
    let end = Instant::now() + job.time() + GRACE;
    while Instant::now() < end {
        match raw::send_train(&socket, to, &mut bytes, job.size) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => raw::wait(&socket, Ready::Write, GRACE)?,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Receives and forgets until its standard input ends; then prints how many datagrams came.
pub(crate) fn sink(peers: usize, gro: bool, job: &Job) -> Outcome<()> {
    raw::take_core(job.core)?;
    let sockets: Vec<UdpSocket> = (0..peers).map(|_| sink_socket(gro)).collect::<io::Result<_>>()?;
    for socket in &sockets {
        announce(socket.local_addr()?);
    }
    let end = Instant::now() + job.time() + GRACE;
    let over = until_input_ends();
    let mut receiver = Receiver::new(8, 65_536);
    let mut datagrams = 0_u64;
    while Instant::now() < end && !over.load(Ordering::Relaxed) {
        let before = datagrams;
        for socket in &sockets {
            drain(&mut receiver, socket, gro, &mut datagrams)?;
        }
        if datagrams == before {
            raw::wait(&sockets[0], Ready::Read, Duration::from_millis(1))?;
        }
    }
    println!("{datagrams}");
    Ok(())
}

fn sink_socket(gro: bool) -> io::Result<UdpSocket> {
    let socket = bound()?;
    if gro {
        raw::enable_gro(&socket)?;
    }
    Ok(socket)
}

fn drain(receiver: &mut Receiver, socket: &UdpSocket, gro: bool, datagrams: &mut u64) -> io::Result<()> {
    match receiver.receive(socket, gro, |_| *datagrams += 1) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

/// A flag that is set when the driver closes our standard input, or is gone.
fn until_input_ends() -> &'static AtomicBool {
    static OVER: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        // Whatever the reading ends with, there is nobody left to work for.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        OVER.store(true, Ordering::Relaxed);
    });
    &OVER
}
