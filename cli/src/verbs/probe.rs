//! `heliogram ping --probe`: the path's MTU (RFC 8899) and what it does to congestion marks (RFC 3168).

use std::time::Duration;

use heliogram::{
    Datagram, Ecn, MAX_MESSAGE, PathMtuDiscovery, RecvBatch, RecvMetadataOptions, SendOptions, TrafficClass,
};
use serde::Serialize;

use crate::failure::{Failure, Outcome, is_lacking};
use crate::measure::numbering::{Header, NUMBERED, StreamId};
use crate::net::route::Route;
use crate::report::metadata;
use crate::report::summary::Summary;
use crate::session::Session;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Probed {
    /// The largest packet, IP header included, that came back whole and unfragmented.
    mtu: Option<usize>,
    /// Each mark that was sent, and the one that came back.
    ecn: Option<Vec<Mark>>,
}

#[derive(Clone, Debug, Serialize)]
struct Mark {
    sent: &'static str,
    returned: Option<&'static str>,
}

/// How often a size is tried before it is too large: one datagram may be lost.
const TRIES: u32 = 3;

/// Probes the way to an echo server and back.
pub(crate) async fn run(route: &Route, timeout: Duration, session: &Session) -> Outcome<Probed> {
    let mut probe =
        Probe { route, timeout, session, stream: StreamId::random(), number: 0, batch: RecvBatch::for_gro(8) };
    Ok(Probed { mtu: probe.mtu().await?, ecn: probe.ecn().await? })
}

struct Probe<'a> {
    route: &'a Route,
    timeout: Duration,
    session: &'a Session,
    stream: StreamId,
    number: u64,
    batch: RecvBatch,
}

impl Probe<'_> {
    /// Halves the distance between a size that passes and one that does not. `None` if fragments cannot be forbidden here,
    /// or nothing passes.
    async fn mtu(&mut self) -> Outcome<Option<usize>> {
        match self.route.socket.set_path_mtu_discovery(PathMtuDiscovery::Probe) {
            Err(error) if is_lacking(&error) => return Ok(None),
            outcome => outcome?,
        }
        let headers = if self.route.peer.is_ipv4() { 28 } else { 48 };
        let (mut passes, mut fails) = (NUMBERED, MAX_MESSAGE + 1);
        if !self.passes(passes).await? {
            return Ok(None);
        }
        // Most paths have one of these, and then two tries are enough.
        for common in [1500 - headers, 1501 - headers] {
            if self.passes(common).await? { passes = common } else { fails = fails.min(common) }
        }
        while fails - passes > 1 && !self.session.is_over() {
            let middle = passes.midpoint(fails);
            if self.passes(middle).await? { passes = middle } else { fails = middle }
        }
        Ok(Some(passes + headers))
    }

    async fn passes(&mut self, size: usize) -> Outcome<bool> {
        for _ in 0..TRIES {
            match self.echo(size, None).await {
                Ok(Some(_)) => return Ok(true),
                Ok(None) => {}
                // Longer than the interface takes.
                Err(Failure::Socket(error, _)) if error.code() == "EMSGSIZE" => return Ok(false),
                Err(failure) => return Err(failure),
            }
        }
        Ok(false)
    }

    /// `None` where marks cannot be set or seen.
    async fn ecn(&mut self) -> Outcome<Option<Vec<Mark>>> {
        let metadata = RecvMetadataOptions::new().traffic_class(true);
        match self.route.socket.set_recv_metadata(metadata) {
            Err(error) if is_lacking(&error) => return Ok(None),
            outcome => outcome?,
        }
        let mut marks = Vec::new();
        for sent in [Ecn::Ect0, Ecn::Ect1, Ecn::Ce] {
            let mut returned = None;
            for _ in 0..TRIES {
                returned = returned.or(self.echo(NUMBERED, Some(sent)).await?);
            }
            marks.push(Mark { sent: metadata::ecn(sent), returned: returned.map(metadata::ecn) });
        }
        Ok(Some(marks))
    }

    /// Sends a datagram of this size with this mark; the mark that came back.
    async fn echo(&mut self, size: usize, mark: Option<Ecn>) -> Outcome<Option<Ecn>> {
        let mut bytes = vec![0; size];
        self.number += 1;
        Header { stream: self.stream, number: self.number, sent: None }.write(&mut bytes);
        let options = mark.map(|mark| SendOptions::new().traffic_class(TrafficClass::new(0, mark)));
        let datagram: Datagram<'_> = self.route.datagram(&bytes);
        let datagram = options.as_ref().map_or(datagram, |options| datagram.with(options));
        let session = self.session.clone().within(Some(self.timeout));
        if let Err(failure) = self.route.send_batch(&[datagram]).await {
            return if failure.is_of_network() { Ok(None) } else { Err(failure) };
        }
        while let Some(received) = session.or(self.route.recv_batch(&mut self.batch)).await {
            match received {
                Ok(_) => {}
                Err(failure) if failure.is_of_network() => continue,
                Err(failure) => return Err(failure),
            }
            let is_ours = |header: &Header| (header.stream, header.number) == (self.stream, self.number);
            let whole = self.batch.iter().filter(|message| message.data.len() == size);
            let mut answers = whole.filter(|message| Header::read(message.data).as_ref().is_some_and(is_ours));
            if let Some(answer) = answers.next() {
                return Ok(Some(answer.metadata().ecn()));
            }
        }
        Ok(None)
    }
}

impl Probed {
    pub(crate) fn rows(&self, summary: &mut Summary) {
        summary.row("path MTU", self.mtu.map_or("unknown".into(), |mtu| format!("{mtu} bytes, both ways")));
        let mark = |mark: &Mark| format!("{} comes back {}", mark.sent, mark.returned.unwrap_or("not at all"));
        summary.row(
            "ECN",
            match &self.ecn {
                Some(marks) => marks.iter().map(mark).collect::<Vec<_>>().join(", "),
                None => "unknown on this system".into(),
            },
        );
    }
}
