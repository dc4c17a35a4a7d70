//! The client's end of a load: one stream of `heliogram blast`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use heliogram::RecvBatch;
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::load::control::{Cookie, Known, Load, Plan, Reply, Request, decode, encode, hello};
use crate::load::sender::{Sender, Spacing};
use crate::load::stream::{LINGER, dropped};
use crate::measure::clock::{Clocks, Exchange, Offset};
use crate::measure::figures::{Direction, Received, Sent};
use crate::measure::numbering::{Header, StreamId, nanos, now};
use crate::measure::receiver::Receiver;
use crate::net::route::Route;
use crate::report::live::{LiveLine, SoFar, TICK, Way};
use crate::report::output;
use crate::session::Session;

/// What one stream is to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) forward: Option<Load>,
    pub(crate) reverse: Option<Load>,
    pub(crate) late_after: Option<Duration>,
    /// Do not ask whether a `sink` is there.
    pub(crate) one_way: bool,
    pub(crate) spacing: Spacing,
}

/// What came of a stream.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcomes {
    #[serde(skip)]
    pub(crate) local: SocketAddr,
    pub(crate) forward: Option<Direction>,
    pub(crate) reverse: Option<Direction>,
    /// Why something is missing.
    #[serde(skip)]
    pub(crate) missing: Option<String>,
}

/// A stream under way.
pub(crate) struct Client {
    route: Route,
    order: Order,
    session: Session,
    line: LiveLine,
    id: StreamId,
    cookie: Option<Cookie>,
    batch: RecvBatch,
    replies: VecDeque<(Reply, i64)>,
    receiver: Receiver,
    clocks: Clocks,
    heard: Instant,
    asked: Instant,
    refused: u64,
    dropped_before: u64,
}

/// How far the load is.
#[derive(Default)]
struct Progress {
    sent: Option<Sent>,
    /// What the server says that it sent, and since when we know.
    ended: Option<(Sent, Instant)>,
    /// The server's report, if it ends first.
    report: Option<Known>,
    is_interrupted: bool,
}

/// How long an answer is waited for before the question is repeated.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often the server is asked: whether it is there; to begin, and for its report.
const HELLOS: u32 = 4;
const QUESTIONS: u32 = 25;

/// How many exchanges the clocks' offset is taken from.
const PROBES: u32 = 8;

/// How long a server that is to send may say nothing.
const SILENCE: Duration = Duration::from_secs(10);

impl Client {
    pub(crate) fn new(route: Route, order: Order, line: LiveLine, session: &Session) -> Self {
        let now = Instant::now();
        let dropped_before = dropped(&route);
        Client {
            route,
            order,
            session: session.clone(),
            line,
            id: StreamId::random(),
            cookie: None,
            batch: RecvBatch::for_gro(8),
            replies: VecDeque::new(),
            receiver: Receiver::new(order.late_after),
            clocks: Clocks::new(),
            heard: now,
            asked: now,
            refused: 0,
            dropped_before,
        }
    }

    /// Runs the load to its end.
    pub(crate) async fn run(mut self) -> Outcome<Outcomes> {
        let local = self.route.local()?;
        let session = self.session.clone();
        let is_asked = !self.order.one_way && !self.route.is_group();
        let progress = match if is_asked { session.or(self.begin()).await } else { Some(Ok(())) } {
            Some(begun) => {
                begun?;
                self.load().await?
            }
            None => self.give_up(),
        };
        self.line.end();
        let (theirs, missing) = self.end(&progress).await?;
        Ok(self.outcomes(local, progress, theirs, missing))
    }

    /// Interrupted before anything was sent.
    fn give_up(&mut self) -> Progress {
        self.cookie = None;
        Progress { sent: Some(Sent::default()), ..Progress::default() }
    }

    /// Asks the server for the stream, and for its time. Without a server the load goes one way.
    async fn begin(&mut self) -> Outcome {
        self.cookie = self.greet().await?;
        let Some(cookie) = self.cookie else { return self.go_one_way() };
        let late_after_ns = self.order.late_after.map(|late| u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
        let plan = Plan { forward: self.order.forward.is_some(), reverse: self.order.reverse, late_after_ns };
        let start = encode(&Request::Start { cookie, stream: self.id, plan });
        let wanted = |reply: &Reply| matches!(reply, Reply::Ready { .. } | Reply::Refused { .. });
        match self.ask(&start, QUESTIONS, wanted).await? {
            Some((Reply::Refused { reason, .. }, _)) => Err(Failure::Other(format!("the sink refuses: {reason}"))),
            Some(_) => self.compare_clocks(cookie, false).await,
            None => Err(Failure::Other("the sink does not answer any more".into())),
        }
    }

    /// Whether a sink is there: its cookie.
    async fn greet(&mut self) -> Outcome<Option<Cookie>> {
        let hello = hello(u64::from(StreamId::random().0));
        for _ in 0..HELLOS {
            self.send(&hello).await?;
            match self.reply(PATIENCE, |reply| matches!(reply, Reply::Cookie { .. })).await? {
                Some((Reply::Cookie { cookie }, _)) => return Ok(Some(cookie)),
                // Nobody listens there, says the kernel.
                _ if self.refused > 0 => break,
                _ => {}
            }
        }
        Ok(None)
    }

    fn go_one_way(&self) -> Outcome {
        if self.order.reverse.is_some() {
            return Err(Failure::Other("no sink answers there, and only a sink sends a load".into()));
        }
        let text = "no sink answers there: the load goes one way, and only what is sent is known";
        self.session.note(text, || output::event("one_way", output::address_fields(&self.route.peer)))
    }

    /// Exchanges times with the server.
    async fn compare_clocks(&mut self, cookie: Cookie, is_over: bool) -> Outcome {
        let mut misses = 0;
        for _ in 0..PROBES {
            let sent = now();
            self.send(&encode(&Request::Probe { cookie, stream: self.id, sent })).await?;
            let wanted = |reply: &Reply| matches!(reply, Reply::Probe { sent: theirs, .. } if *theirs == sent);
            match self.reply(PATIENCE, wanted).await? {
                Some((Reply::Probe { received, replied, .. }, arrived)) => {
                    let exchange = Exchange { sent, their_received: received, their_sent: replied, received: arrived };
                    self.clocks.note(exchange, is_over);
                }
                _ => misses += 1,
            }
            if misses == 2 {
                break;
            }
        }
        Ok(())
    }

    /// Sends and receives until both sides have sent everything, or one of them is interrupted.
    async fn load(&mut self) -> Outcome<Progress> {
        let mut progress = Progress::default();
        let forward = self.order.forward;
        let mut sender = forward.map(|load| Sender::start(self.route.clone(), self.id, load, self.order.spacing));
        self.heard = Instant::now();
        while !self.is_done(&progress) {
            let session = self.session.clone();
            tokio::select! {
                outcome = sent_by(&mut sender) => {
                    (progress.sent, sender) = (Some(outcome?), None);
                }
                () = session.over(), if !progress.is_interrupted => {
                    progress.is_interrupted = true;
                    sender.iter().for_each(Sender::stop);
                }
                received = self.receive() => received?,
                () = tokio::time::sleep(TICK) => {}
            }
            self.note_replies(&mut progress);
            if progress.report.is_some() {
                sender.iter().for_each(Sender::stop);
            }
            self.talk(&progress).await?;
            self.show(sender.as_ref())?;
        }
        Ok(progress)
    }

    fn is_done(&self, progress: &Progress) -> bool {
        let lingered = |ended: &(Sent, Instant)| ended.1.elapsed() >= LINGER && self.receiver.since_last() >= LINGER;
        let has_sent = self.order.forward.is_none() || progress.sent.is_some();
        let has_received = self.order.reverse.is_none() || progress.ended.as_ref().is_some_and(lingered);
        has_sent && (has_received || progress.report.is_some() || self.heard.elapsed() > SILENCE)
    }

    fn note_replies(&mut self, progress: &mut Progress) {
        for (reply, _) in std::mem::take(&mut self.replies) {
            match reply {
                Reply::Progress { interval, .. } => drop(self.line.show(Way::Forward, "received there", &interval)),
                Reply::Ended { sent, .. } if progress.ended.is_none() => {
                    self.receiver.end(sent.datagrams, now());
                    progress.ended = Some((*sent, Instant::now()));
                }
                Reply::Report { known: theirs, is_final: true, .. } => {
                    theirs.sent.iter().for_each(|sent| self.receiver.end(sent.datagrams, now()));
                    progress.report = Some(*theirs);
                }
                _ => {}
            }
        }
    }

    /// Says to the server each second that we are there, and to stop if we are interrupted.
    async fn talk(&mut self, progress: &Progress) -> Outcome {
        let Some(cookie) = self.cookie else { return Ok(()) };
        let every = if progress.is_interrupted { PATIENCE } else { Duration::from_secs(1) };
        if self.asked.elapsed() < every {
            return Ok(());
        }
        self.asked = Instant::now();
        let stream = self.id;
        let request = match progress.is_interrupted {
            true => Request::Stop { cookie, stream },
            false => Request::Probe { cookie, stream, sent: now() },
        };
        self.send(&encode(&request)).await
    }

    fn show(&mut self, sender: Option<&Sender>) -> Outcome {
        match (sender, self.order.reverse) {
            (_, Some(_)) => {
                let receiver = &self.receiver;
                self.line.update(
                    Way::Reverse,
                    "received",
                    &SoFar {
                        datagrams: receiver.received,
                        bytes: receiver.bytes,
                        lost: Some(receiver.lost()),
                        jitter_ns: receiver.jitter(),
                    },
                )
            }
            (Some(sender), None) if self.cookie.is_none() => {
                let size = self.order.forward.map_or(0, |load| load.size as u64);
                let datagrams = sender.sent();
                self.line.update(
                    Way::Forward,
                    "sent",
                    &SoFar { datagrams, bytes: datagrams * size, lost: None, jitter_ns: None },
                )
            }
            // The server's own lines are shown as they come.
            _ => Ok(()),
        }
    }

    /// Says how many were sent, and asks what became of them.
    async fn end(&mut self, progress: &Progress) -> Outcome<(Option<Received>, Option<String>)> {
        let Some(cookie) = self.cookie else {
            let sent = progress.sent.as_ref().map_or(0, |sent| sent.datagrams);
            let end = encode(&Request::OneWayEnd { stream: self.id, sent });
            for _ in 0..3 {
                self.send(&end).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return Ok((None, None));
        };
        if progress.report.is_none() {
            self.compare_clocks(cookie, true).await?;
        }
        let ours = Known { sent: progress.sent.clone(), received: self.received(), clock: self.clocks.offset() };
        let end = encode(&Request::End { cookie, stream: self.id, known: Box::new(ours) });
        let wanted = |reply: &Reply| matches!(reply, Reply::Report { .. });
        // A server that ends has said what it knows already, and is sent what we know.
        let questions = if progress.report.is_some() { 2 } else { QUESTIONS };
        match self.ask(&end, questions, wanted).await? {
            Some((Reply::Report { known: theirs, .. }, _)) => Ok((theirs.received, None)),
            _ => match &progress.report {
                Some(theirs) => Ok((theirs.received.clone(), None)),
                None => Ok((None, Some("the sink's report did not come".into()))),
            },
        }
    }

    fn outcomes(
        &self,
        local: SocketAddr,
        progress: Progress,
        theirs: Option<Received>,
        missing: Option<String>,
    ) -> Outcomes {
        let their_sent = progress.ended.map(|ended| ended.0).or(progress.report.and_then(|report| report.sent));
        let forward = self.order.forward.map(|_| Direction { sent: progress.sent, received: theirs });
        let reverse = self.order.reverse.map(|_| Direction { sent: their_sent, received: self.received() });
        Outcomes { local, forward, reverse, missing }
    }

    /// What has come to us.
    fn received(&self) -> Option<Received> {
        self.order.reverse.map(|_| {
            let dropped = dropped(&self.route).saturating_sub(self.dropped_before);
            let mut received = Received { dropped_by_socket: Some(dropped), ..self.receiver.figures() };
            if let Some(Offset { offset_ns, uncertainty_ns }) = self.clocks.offset() {
                received.correct(Offset { offset_ns: offset_ns.saturating_neg(), uncertainty_ns });
            }
            received
        })
    }

    /// Sends a question until it is answered, or was asked so many times.
    async fn ask(
        &mut self,
        question: &[u8],
        times: u32,
        wanted: impl Fn(&Reply) -> bool,
    ) -> Outcome<Option<(Reply, i64)>> {
        for _ in 0..times {
            self.send(question).await?;
            if let Some(reply) = self.reply(PATIENCE, &wanted).await? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// The next reply of that kind within this time.
    async fn reply(&mut self, within: Duration, wanted: impl Fn(&Reply) -> bool) -> Outcome<Option<(Reply, i64)>> {
        let until = Instant::now() + within;
        loop {
            if let Some(place) = self.replies.iter().position(|(reply, _)| wanted(reply)) {
                return Ok(self.replies.remove(place));
            }
            if self.refused > 0 && self.cookie.is_none() {
                return Ok(None);
            }
            match tokio::time::timeout_at(until.into(), self.receive()).await {
                Ok(received) => received?,
                Err(_) => return Ok(None),
            }
        }
    }

    async fn send(&mut self, request: &[u8]) -> Outcome {
        match self.route.send(request).await {
            Err(failure) if failure.is_refusal() => {
                self.refused += 1;
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    /// Takes what comes next: datagrams of the load, and replies.
    async fn receive(&mut self) -> Outcome {
        match self.route.recv_batch(&mut self.batch).await {
            Err(failure) if failure.is_refusal() => {
                self.refused += 1;
                return Ok(());
            }
            received => drop(received?),
        }
        let read = now();
        for message in self.batch.iter() {
            let arrived = message.metadata().software_timestamp.map_or(read, nanos);
            match (decode(message.data), Header::read(message.data)) {
                (Some(reply), _) => {
                    self.heard = Instant::now();
                    self.replies.push_back((reply, arrived));
                }
                (None, Some(header)) if header.stream == self.id => {
                    self.heard = Instant::now();
                    self.receiver.note(&header, message.data.len(), arrived);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The end of a load that is being sent; never, if there is none.
async fn sent_by(sender: &mut Option<Sender>) -> Outcome<Sent> {
    match sender {
        Some(sender) => sender.end().await,
        None => std::future::pending().await,
    }
}
