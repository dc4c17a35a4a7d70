//! What the contestants receive from and send to. Both parts end by themselves.

use super::receive::{announce, anywhere, bound};
use super::system::{self, Fan, Ready, Receiver};
use crate::bench::job::{Job, Outcome};
use std::io::{self, ErrorKind, Read};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the traffic outlives what is measured, unless it is ended before.
const GRACE: Duration = Duration::from_secs(4);

/// Sends GSO batches as fast as the kernel takes them. A receiver without `UDP_GRO` gets their datagrams one by one; a
/// sender that sends them one by one could not keep a batching receiver busy.
pub(crate) fn flood(job: &Job) -> Outcome<()> {
    system::take_core(job.core)?;
    let socket = bound()?;
    let to = job.peers[0];
    let mut bytes = vec![7; job.size * job.segments()];
    let end = Instant::now() + job.time() + GRACE;
    while Instant::now() < end {
        match system::send_segments(&socket, to, &mut bytes, job.size) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => system::wait(&socket, Ready::Write, GRACE)?,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// How many sockets send datagrams that GRO must not join: the kernel joins those of one flow only.
const FLOWS: usize = 8;
/// Datagrams of one call of theirs.
const BATCH: usize = 64;

/// Sends datagrams one by one from several sockets, as fast as the kernel takes them.
pub(crate) fn singles(job: &Job) -> Outcome<()> {
    system::take_core(job.core)?;
    let sockets: Vec<UdpSocket> = (0..FLOWS).map(|_| bound()).collect::<io::Result<_>>()?;
    let mut fan = Fan::new(&job.peers, BATCH, job.size);
    let end = Instant::now() + job.time() + GRACE;
    while Instant::now() < end {
        for socket in &sockets {
            match fan.send(socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => system::wait(socket, Ready::Write, GRACE)?,
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
        }
    }
    Ok(())
}

/// What has become due leaves at every such tick, so that a sender with a core of its own keeps an even rate.
const TICK: Duration = Duration::from_micros(50);

/// Sends so many datagrams a second, one by one; each begins with its number, by which a receiver knows what was lost.
pub(crate) fn paced(rate: u32, job: &Job) -> Outcome<()> {
    system::take_core(job.core)?;
    let socket = UdpSocket::bind(anywhere())?;
    let (mut bytes, mut sent) = (vec![0; job.size], 0_u32);
    let start = Instant::now();
    while start.elapsed() < job.time() + GRACE {
        let tick = Instant::now();
        while f64::from(sent) < start.elapsed().as_secs_f64() * f64::from(rate) {
            bytes[..4].copy_from_slice(&sent.to_le_bytes());
            socket.send_to(&bytes, job.peers[0])?;
            sent += 1;
        }
        while tick.elapsed() < TICK {
            std::hint::spin_loop();
        }
    }
    Ok(())
}

/// What is not answered for so long is lost.
const LOST: Duration = Duration::from_millis(20);

/// Clients with a socket each, which have so many datagrams under way at a time: each answer makes the next one leave.
pub(crate) fn clients(clients: usize, under_way: usize, job: &Job) -> Outcome<()> {
    system::take_core(job.core)?;
    let sockets: Vec<UdpSocket> = (0..clients).map(|_| bound()).collect::<io::Result<_>>()?;
    let (question, mut answer) = (vec![7; job.size], vec![0; job.size]);
    for socket in &sockets {
        socket.connect(job.peers[0])?;
        (0..under_way).try_for_each(|_| socket.send(&question).map(drop))?;
    }
    let end = Instant::now() + job.time() + GRACE;
    while Instant::now() < end {
        let ready = system::wait_for_any(&sockets, LOST)?;
        if ready.is_empty() {
            sockets.iter().try_for_each(|socket| socket.send(&question).map(drop))?;
        }
        for socket in ready.into_iter().map(|index| &sockets[index]) {
            while socket.recv(&mut answer).is_ok() {
                socket.send(&question)?;
            }
        }
    }
    Ok(())
}

/// Sends everything back, one by one; waits as a program does that has nothing else to do.
pub(crate) fn echo(job: &Job) -> Outcome<()> {
    system::take_core(job.core)?;
    let socket = UdpSocket::bind(anywhere())?;
    socket.set_read_timeout(Some(GRACE))?;
    announce(socket.local_addr()?);
    let mut bytes = [0; 2048];
    loop {
        match socket.recv_from(&mut bytes) {
            Ok((size, from)) => drop(socket.send_to(&bytes[..size], from)?),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Receives and forgets until its standard input ends; then prints how many datagrams came.
pub(crate) fn sink(peers: usize, gro: bool, job: &Job) -> Outcome<()> {
    system::take_core(job.core)?;
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
            system::wait(&sockets[0], Ready::Read, Duration::from_millis(1))?;
        }
    }
    println!("{datagrams}");
    Ok(())
}

fn sink_socket(gro: bool) -> io::Result<UdpSocket> {
    let socket = bound()?;
    if gro {
        system::enable_gro(&socket)?;
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
        // End or error, the driver is gone.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        OVER.store(true, Ordering::Relaxed);
    });
    &OVER
}
