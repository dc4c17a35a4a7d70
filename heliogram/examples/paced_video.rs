//! A simple video call: the datagrams of each frame leave evenly spread and marked as ECN-capable, and the rate follows
//! the congestion that routers mark instead of dropping.
//!
//! `cargo run -p heliogram --example paced_video -- receive 5004`, and in another terminal
//! `cargo run -p heliogram --example paced_video -- send 127.0.0.1:5004`. Both end by themselves.
//!
//! The timer wakes the sender a little before each datagram's time. If the interface has the queueing discipline `fq`
//! (`tc qdisc replace dev eth0 root fq`), the kernel holds the datagram back until that time; otherwise the timer's
//! milliseconds are the precision.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use heliogram::TokioSocket;
use heliogram::{Clock, Datagram, Ecn, RecvMetadataOptions, SendOptions, SocketOptions, SocketType};
use tokio::time::{Instant, sleep_until, timeout};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const FRAME: Duration = Duration::from_millis(20);
const FRAMES: u32 = 100;
/// Bytes of a datagram: the frame's number, and the picture.
const SIZE: usize = 1000;
/// Bytes of the receive buffer: enough for the whole video, or as much as the system allows.
const RECV_BUFFER_SIZE: u32 = 4 << 20;
/// How long before its time a datagram is handed to the kernel.
const LEAD: Duration = Duration::from_millis(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["receive", port] => receive(port.parse()?).await,
        ["send", peer] => send(peer.parse()?).await,
        _ => Err("receive PORT, or send ADDRESS:PORT".into()),
    }
}

/// Reports to the sender after each frame how many datagrams came and how many of them were marked.
async fn receive(port: u16) -> Result<()> {
    let options = SocketOptions::new(SocketType::Udp4).recv_buffer_size(RECV_BUFFER_SIZE);
    let socket = TokioSocket::bind_with(&options, (Ipv4Addr::UNSPECIFIED, port)).await?;
    socket.set_recv_metadata(RecvMetadataOptions::new().traffic_class(true))?;
    println!("listening on {}", socket.local_addr()?);
    let (mut frame, mut came, mut marked) = (0, [0_u32; 2], [0_u32; 2]);
    let mut buffer = [0; 2048];
    loop {
        let rinfo = socket.recv_msg(&mut buffer).await?;
        let Some(number) = buffer[..rinfo.size].first_chunk().copied().map(u32::from_be_bytes) else { break };
        if number != frame {
            frame = number;
            let report = [came[0].to_be_bytes(), marked[0].to_be_bytes()].concat();
            socket.send_to(&report, rinfo.addr).await?;
            (came[0], marked[0]) = (0, 0);
        }
        let mark = u32::from(rinfo.metadata.ecn() == Ecn::Ce);
        came = came.map(|count| count + 1);
        marked = marked.map(|count| count + mark);
    }
    println!("received {} datagrams, {} of them marked", came[1], marked[1]);
    Ok(())
}

async fn send(peer: SocketAddr) -> Result<()> {
    let socket = TokioSocket::bind_with(&SocketOptions::new(SocketType::Udp4), (Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.connect(peer).await?;
    let held = socket.set_transmit_time_clock(Clock::Monotonic);
    if let Err(error) = &held {
        eprintln!("{error}: only the timer spreads the datagrams");
    }
    let (start, clock) = (Instant::now() + FRAME, Clock::Monotonic.now().unwrap_or(0));
    let mut rate = Rate(FIRST);
    let mut sent = 0;
    for frame in 0..FRAMES {
        let picture = [&frame.to_be_bytes()[..], &[7; SIZE - 4]].concat();
        let datagrams = rate.datagrams();
        for index in 0..datagrams {
            let due = FRAME * frame + FRAME * index / datagrams;
            sleep_until(start + due - LEAD).await;
            let mut options = SendOptions::new().traffic_class(Ecn::Ect1.into());
            if held.is_ok() {
                options = options.transmit_time(clock + (FRAME + due).as_nanos() as u64);
            }
            sent += socket.send_batch(&[Datagram::new(&picture).with(&options)]).await?;
        }
        rate.hear(&socket);
    }
    // An empty datagram ends the call. Further reports do not matter.
    sleep_until(start + FRAME * FRAMES).await;
    timeout(FRAME, socket.send(&[])).await??;
    println!("sent {sent} datagrams in {FRAMES} frames, from {FIRST:.0} to {:.0} a frame", rate.0);
    Ok(())
}

/// Datagrams a frame, as many as the path takes without marks.
struct Rate(f64);

const FIRST: f64 = 20.0;
const MOST: f64 = 40.0;

impl Rate {
    fn datagrams(&self) -> u32 {
        self.0.round().clamp(1.0, MOST) as u32
    }

    /// Lowers the rate by half the share of marked datagrams (RFC 8257); without marks, adds one datagram a frame.
    fn hear(&mut self, socket: &TokioSocket) {
        let mut report = [0; 8];
        while socket.try_recv_msg(&mut report).is_ok_and(|rinfo| rinfo.size == report.len()) {
            let [came, marked] =
                [0, 4].map(|at| f64::from(u32::from_be_bytes([0, 1, 2, 3].map(|byte| report[at + byte]))));
            match marked > 0.0 {
                true => self.0 *= 1.0 - marked / came.max(1.0) / 2.0,
                false => self.0 += 1.0,
            }
            self.0 = self.0.clamp(1.0, MOST);
        }
    }
}
