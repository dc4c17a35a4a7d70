//! `heliogram echo`: sends every datagram back.

use std::time::Duration;

use clap::Args;
use heliogram::{Datagram, Ecn, Message, RecvBatch, RecvMetadataOptions, SendOptions, TokioSocket};
use serde_json::{Map, json};

use crate::failure::{Failure, Outcome, is_lacking};
use crate::net::receiving::Receiving;
use crate::report::live::{Live, TICK, Way};
use crate::report::summary::Summary;
use crate::report::{output, text};
use crate::session::Session;
use crate::verbs::bounds::Bounds;
use crate::verbs::tally::Tally;

/// Send every datagram back to where it came from (RFC 862), for `ping` and others to measure
///
/// The congestion mark (ECN) goes back too.
/// Whoever forges a sender's address makes an echo server load a stranger: on an open network, listen on an address that
/// only your own hosts reach, or set --count or --seconds.
#[derive(Args)]
pub(crate) struct Echo {
    #[command(flatten)]
    bounds: Bounds,

    #[command(flatten)]
    receiving: Receiving,
}

impl Echo {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let socket = self.receiving.open(true, &session).await?;
        ask_for_ecn(&socket)?;
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let mut line = Live::new(session.json, Duration::from_secs(1)).line("", Map::new());
        let mut batch = RecvBatch::for_gro(8);
        let mut echoes = Echoes { socket: &socket, session: &session, tally: Tally::start(), failed: 0 };
        while self.bounds.left(echoes.tally.datagrams) > 0 {
            let received = tokio::time::timeout(TICK, socket.recv_batch(&mut batch));
            let Some(received) = session.or(received).await else { break };
            if let Ok(received) = received {
                received?;
                echoes.send(&batch, self.bounds.left(echoes.tally.datagrams)).await?;
            }
            line.update(Way::Reverse, "echoed", &echoes.tally.so_far())?;
        }
        line.end();
        session.begin_line()?;
        echoes.end()?;
        self.bounds.check(echoes.tally.datagrams, &session)
    }
}

/// Asks for each datagram's congestion mark, where the system reports it.
fn ask_for_ecn(socket: &TokioSocket) -> Outcome {
    match socket.set_recv_metadata(RecvMetadataOptions::new().traffic_class(true)) {
        Err(error) if is_lacking(&error) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// The answers.
struct Echoes<'a> {
    socket: &'a TokioSocket,
    session: &'a Session,
    tally: Tally,
    failed: u64,
}

impl Echoes<'_> {
    /// Sends back at most this many of a batch.
    async fn send(&mut self, batch: &RecvBatch, most: usize) -> Outcome {
        let replies: Vec<_> = batch.iter().take(most).map(|message| reply(&message)).collect();
        let mut rest = &replies[..];
        while !rest.is_empty() {
            let Some(sent) = self.session.or(self.socket.send_batch(rest)).await else { break };
            let done = match sent {
                Ok(sent) => self.note(&rest[..sent]),
                Err(error) => self.note_failure(error)?,
            };
            rest = &rest[done..];
        }
        Ok(())
    }

    fn note(&mut self, sent: &[Datagram<'_>]) -> usize {
        sent.iter().for_each(|datagram| self.tally.add(datagram.payload().len()));
        sent.len()
    }

    /// One answer that cannot go must not end the service of the others. The first is reported, all are counted.
    fn note_failure(&mut self, error: heliogram::Error) -> Outcome<usize> {
        self.failed += 1;
        if self.failed == 1 {
            let failure = Failure::from(error);
            self.session.note(&failure.to_string(), || output::event("error", failure.fields()))?;
        }
        Ok(1)
    }

    fn end(&self) -> Outcome {
        let mut summary = Summary::default();
        summary.row("echoed", text::count(self.tally.datagrams, "datagram"));
        summary.row("bytes", text::bytes(self.tally.bytes));
        summary.row("time", text::time(self.tally.elapsed()));
        summary.row_if("failed", (self.failed > 0).then(|| text::count(self.failed, "datagram")));
        self.session.result(&summary, || {
            output::summary("echo", json!({ "echoed": self.tally.figures(), "failed": self.failed }))
        })
    }
}

/// The same bytes to where they came from, with the same congestion mark, by which `ping --probe` sees what the path does
/// to marks.
fn reply<'a>(message: &Message<'a>) -> Datagram<'a> {
    let reply = Datagram::new(message.data).to(message.rinfo.addr);
    match message.metadata().ecn() {
        Ecn::NotEct => reply,
        Ecn::Ect0 => reply.with(&ECT_0),
        Ecn::Ect1 => reply.with(&ECT_1),
        Ecn::Ce => reply.with(&CE),
    }
}

static ECT_0: SendOptions = marked(Ecn::Ect0);
static ECT_1: SendOptions = marked(Ecn::Ect1);
static CE: SendOptions = marked(Ecn::Ce);

const fn marked(mark: Ecn) -> SendOptions {
    SendOptions::new().traffic_class(heliogram::TrafficClass::new(0, mark))
}
