//! `heliogram echo`: sends every datagram back.

use clap::Args;
use heliogram::TokioSocket;
use heliogram::{Datagram, RecvBatch};

use crate::failure::{Failure, Outcome};
use crate::net::options::{Bounds, Receiving};
use crate::report::Tally;
use crate::report::progress::{Meter, TICK};
use crate::session::Session;

/// Send every datagram back to where it came from (RFC 862), for `ping` and others to measure
///
/// Whoever forges a sender's address makes an echo server load a stranger: on an open network, listen on an address that
/// only your own hosts reach, or set --count or --seconds.
#[derive(Args)]
pub(crate) struct Echo {
    #[command(flatten)]
    receiving: Receiving,

    #[command(flatten)]
    bounds: Bounds,
}

impl Echo {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let socket = self.receiving.open(true, &session).await?;
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let mut meter = Meter::start(self.bounds.goal(), &session);
        let mut batch = RecvBatch::for_gro(8);
        let mut echoes = Echoes { socket: &socket, session: &session, tally: Tally::start(), failed: 0 };
        while self.bounds.left(&echoes.tally) > 0 {
            let received = tokio::time::timeout(TICK, socket.recv_batch(&mut batch));
            let Some(received) = session.or(received).await else { break };
            if let Ok(received) = received {
                received?;
                echoes.send(&batch, self.bounds.left(&echoes.tally)).await?;
            }
            meter.show(&echoes.tally)?;
        }
        meter.end();
        let (tally, failed) = (echoes.tally, echoes.failed);
        let mut report = tally.report("echoed", tally.elapsed());
        report.count_if_any("failed", failed);
        session.result(&report, || report.event())?;
        self.bounds.check(&tally, &session)
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
        let messages = batch.iter().take(most);
        let replies: Vec<_> = messages.map(|message| Datagram::new(message.data).to(message.rinfo.addr)).collect();
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

    /// One answer that cannot go must not end the service of the others. The first is told, all are counted.
    fn note_failure(&mut self, error: heliogram::Error) -> Outcome<usize> {
        self.failed += 1;
        if self.failed == 1 {
            let failure = Failure::from(error);
            self.session.note(&failure.to_string(), || failure.event())?;
        }
        Ok(1)
    }
}
