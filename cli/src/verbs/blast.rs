//! `heliogram blast`: sends a load, or has a `sink` send one.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::failure::{Failure, Outcome};
use crate::load::client::{Client, Order, Outcomes};
use crate::load::control::Load;
use crate::load::sender::Spacing;
use crate::measure::figures::Direction;
use crate::net::route::Route;
use crate::net::sending::Sending;
use crate::net::times::ask_for_times;
use crate::quantity;
use crate::report::live::Live;
use crate::report::summary::Summary;
use crate::report::{figures, output, text};
use crate::session::Session;

/// Send a load to a `sink` and print what came of it, or have the sink send one
///
/// Without a rate the load is as fast as it goes, and a receiver that cannot keep up loses most of it: load only networks
/// and hosts that you may load. Where no sink answers, the load goes one way and only what is sent is known.
#[derive(Args)]
pub(crate) struct Blast {
    /// Have the sink send, and receive
    #[arg(long, help_heading = "Directions", conflicts_with_all = ["bidir", "one_way"])]
    reverse: bool,

    /// Send and receive at the same time
    #[arg(long, help_heading = "Directions", conflicts_with = "one_way")]
    bidir: bool,

    /// Do not ask whether a sink is there
    #[arg(long, help_heading = "Directions")]
    one_way: bool,

    /// How many streams at once, each with a socket and a load of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=128))]
    parallel: u16,

    /// Count as late what took longer than the fastest datagram by more than this
    #[arg(long, value_parser = quantity::seconds, value_name = "SECONDS")]
    late: Option<Duration>,

    /// The time from one line of progress to the next
    #[arg(long, value_parser = quantity::seconds, value_name = "SECONDS", default_value = "1")]
    interval: Duration,

    #[command(flatten)]
    load: LoadFlags,

    #[command(flatten)]
    sending: Sending,
}

#[derive(Args)]
#[command(next_help_heading = "Load")]
struct LoadFlags {
    /// Bytes in each datagram
    #[arg(long, value_name = "BYTES", default_value_t = 1200, value_parser = quantity::size)]
    size: usize,

    /// Bits a second, headers not counted: 500k, 10M, 1G; without it and --pps, full speed
    #[arg(long, value_name = "BITS", value_parser = quantity::bits, conflicts_with = "pps")]
    bitrate: Option<f64>,

    /// Datagrams a second: 500, 20k, 1.5M
    #[arg(long, value_name = "N", value_parser = quantity::rate)]
    pps: Option<f64>,

    /// Have the interface's queueing discipline space the datagrams (SO_TXTIME; needs fq), not a timer
    #[arg(long)]
    txtime: bool,

    /// End after this many datagrams
    #[arg(long, value_name = "N", value_parser = quantity::count)]
    count: Option<u64>,

    /// End after this time [default: 5, or with --count none]
    #[arg(long, value_parser = quantity::seconds)]
    seconds: Option<Duration>,
}

impl LoadFlags {
    fn load(&self) -> Outcome<Load> {
        let rate = match self.bitrate {
            Some(_) if self.size == 0 => return Err(Failure::Usage("empty datagrams have no bits: use --pps".into())),
            Some(bits) => Some(bits / (self.size as f64 * 8.0)),
            None => self.pps,
        };
        if self.txtime && rate.is_none() {
            return Err(Failure::Usage("--txtime needs a rate: --bitrate or --pps".into()));
        }
        let time = self.seconds.or(self.count.is_none().then_some(Duration::from_secs(5)));
        let time_ns = time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        Ok(Load { size: self.size, count: self.count, time_ns, rate })
    }
}

impl Blast {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        if self.parallel > 1 && self.sending.has_port() {
            return Err(Failure::Usage("--parallel needs a port for each stream: --bind must leave it open".into()));
        }
        let load = self.load.load()?;
        let live = Live::new(session.json, self.interval);
        let (mut streams, mut peer) = (JoinSet::new(), None);
        for index in 0..self.parallel {
            let route = self.sending.open(&session).await?;
            ask_for_times(&route.socket)?;
            if index == 0 {
                announce(&route, &load, &session)?;
            }
            peer = Some(route.peer);
            streams.spawn(self.client(route, load, index, &live, &session).run());
        }
        let outcomes: Outcome<Vec<Outcomes>> = streams.join_all().await.into_iter().collect();
        session.begin_line()?;
        report(&outcomes?, peer.expect("there is a stream at least"), &session)
    }

    fn client(&self, route: Route, load: Load, index: u16, live: &Live, session: &Session) -> Client {
        let label = if self.parallel > 1 { format!("stream {index} ") } else { String::new() };
        let line = live.line(&label, json!({ "stream": index }).as_object().cloned().unwrap_or_default());
        let order = Order {
            forward: (!self.reverse).then_some(load),
            reverse: (self.reverse || self.bidir).then_some(load),
            late_after: self.late,
            one_way: self.one_way,
            spacing: if self.load.txtime { Spacing::QueueingDiscipline } else { Spacing::Timer },
        };
        Client::new(route, order, line, session)
    }
}

/// Says where the load goes before it does.
fn announce(route: &Route, load: &Load, session: &Session) -> Outcome {
    let speed = match load.rate {
        Some(rate) => format!("{} datagrams a second", (rate * 1e3).round() / 1e3),
        None => "full speed".into(),
    };
    let end = match load.count {
        Some(count) => text::count(count, "datagram"),
        None => format!("{} s", load.time_ns.unwrap_or(0) as f64 / 1e9),
    };
    let (from, to) = (text::address(&route.local()?), text::address(&route.peer));
    session.note(&format!("blasting {to} from {from}: {} bytes each, {speed}, {end}", load.size), || {
        let mut event = output::address_event("blasting", &route.peer);
        output::add(&mut event, json!({ "from": from, "size": load.size, "rate": load.rate }));
        event
    })
}

fn report(streams: &[Outcomes], peer: SocketAddr, session: &Session) -> Outcome {
    let mut summary = Summary::default();
    let there = text::address(&peer);
    for stream in streams {
        let here = text::address(&stream.local);
        let is_one = streams.len() == 1 && !(stream.forward.is_some() && stream.reverse.is_some());
        add(&mut summary, stream.forward.as_ref(), [&here, &there], is_one);
        add(&mut summary, stream.reverse.as_ref(), [&there, &here], is_one);
    }
    if streams.len() > 1 {
        total(&mut summary, streams);
    }
    session.result(&summary, || event(streams, &peer))?;
    match streams.iter().find_map(|stream| stream.missing.clone()) {
        Some(missing) => Err(Failure::Other(missing)),
        None => Ok(()),
    }
}

/// The rows of one direction; the only one needs no heading.
fn add(summary: &mut Summary, direction: Option<&Direction>, [from, to]: [&str; 2], is_one: bool) {
    let Some(direction) = direction else { return };
    if !is_one {
        summary.heading(format!("{from} to {to}"));
    }
    figures::rows(summary, direction);
    if is_one {
        summary.row("from", from);
        summary.row("to", to);
    }
}

fn event(streams: &[Outcomes], peer: &SocketAddr) -> Value {
    let streams = streams.iter().map(|stream| {
        let mut fields = json!({ "from": text::address(&stream.local) });
        output::add(&mut fields, stream);
        fields
    });
    let mut event = output::summary("blast", output::address_fields(peer));
    output::add(&mut event, json!({ "streams": streams.collect::<Vec<_>>() }));
    event
}

/// What all streams of a direction sent, and what came of it.
fn total(summary: &mut Summary, streams: &[Outcomes]) {
    for (heading, pick) in [("all streams there", 0), ("all streams back", 1)] {
        let directions: Vec<_> =
            streams.iter().filter_map(|stream| [&stream.forward, &stream.reverse][pick].as_ref()).collect();
        if directions.is_empty() {
            continue;
        }
        summary.heading(heading);
        figures::total(summary, &directions);
    }
}
