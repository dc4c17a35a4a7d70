//! One client's stream, as a server sees it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::load::control::{Known, Plan, Reply, encode};
use crate::load::sender::{Sender, Spacing};
use crate::measure::figures::{Direction, Received, Sent};
use crate::measure::numbering::StreamId;
use crate::measure::receiver::Receiver;
use crate::net::route::Route;
use crate::report::live::{LiveLine, SoFar, Way};
use crate::report::summary::Summary;
use crate::report::{figures, output, text};

/// How long after an end, and after the last datagram, stragglers and copies are waited for.
pub(crate) const LINGER: Duration = Duration::from_millis(500);

/// How long a stream without an end may be silent: a client that talks says each second that it is there.
const SILENCE: Duration = Duration::from_secs(10);

/// The same of a sender that never had an answer and may be slow.
const ONE_WAY_SILENCE: Duration = Duration::from_secs(60);

/// How often what has no answer is sent again.
const AGAIN: Duration = Duration::from_millis(200);

/// One client's stream.
pub(crate) struct Stream {
    pub(crate) route: Route,
    id: StreamId,
    /// `None` of a sender that never had an answer.
    plan: Option<Plan>,
    pub(crate) receiver: Receiver,
    sender: Option<Sender>,
    /// What we have sent.
    sent: Option<Sent>,
    theirs: Known,
    /// When something came from the client, when it said that it has ended, and when we last asked it to.
    heard: Instant,
    ended: Option<Instant>,
    asked: Instant,
    /// What the socket had dropped before this stream began.
    dropped_before: u64,
    line: LiveLine,
    /// The report, once it has been made.
    report: Option<Vec<u8>>,
}

impl Stream {
    pub(crate) fn new(route: Route, id: StreamId, plan: Option<Plan>, late: Option<Duration>, line: LiveLine) -> Self {
        let late = plan.as_ref().and_then(|plan| plan.late_after_ns).map(Duration::from_nanos).or(late);
        let sender = plan
            .as_ref()
            .and_then(|plan| plan.reverse)
            .map(|load| Sender::start(route.clone(), id, load, Spacing::Timer));
        let receiver = if plan.is_some() { Receiver::new(late) } else { Receiver::joining(late) };
        let dropped_before = dropped(&route);
        let now = Instant::now();
        Stream {
            route,
            id,
            plan,
            receiver,
            sender,
            sent: None,
            theirs: Known::default(),
            heard: now,
            ended: None,
            asked: now,
            dropped_before,
            line,
            report: None,
        }
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.route.peer
    }

    /// Whether the client talks, and does not only send.
    pub(crate) const fn is_two_way(&self) -> bool {
        self.plan.is_some()
    }

    /// Something has come from the client.
    pub(crate) fn hear(&mut self) {
        self.heard = Instant::now();
    }

    /// The client has ended.
    pub(crate) fn end(&mut self, theirs: Known, now: i64) {
        if let Some(sent) = &theirs.sent {
            self.receiver.end(sent.datagrams, now);
        }
        self.ended.get_or_insert_with(Instant::now);
        self.theirs = theirs;
        self.stop();
    }

    /// A sender that never had an answer says how many it has sent.
    pub(crate) fn end_one_way(&mut self, sent: u64, now: i64) {
        self.receiver.end(sent, now);
        if self.receiver.has_ended() {
            self.ended.get_or_insert_with(Instant::now);
        }
    }

    /// Sends nothing more.
    pub(crate) fn stop(&self) {
        if let Some(sender) = &self.sender {
            sender.stop();
        }
    }

    /// Whether the client has said that it has ended.
    pub(crate) const fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether the report has been made.
    pub(crate) const fn is_finished(&self) -> bool {
        self.report.is_some()
    }

    /// Whether nobody will ask for the report again.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.is_finished() && self.heard.elapsed() > SILENCE
    }

    /// Whether it is time for the report.
    pub(crate) fn is_due(&self) -> bool {
        let silence = self.heard.elapsed();
        let limit = if self.is_two_way() { SILENCE } else { ONE_WAY_SILENCE };
        let lingered = self.ended.is_some_and(|ended| ended.elapsed() >= LINGER);
        !self.is_finished() && self.sender.is_none() && (lingered && self.has_settled() || silence > limit)
    }

    /// Whether no straggler has come for a while.
    fn has_settled(&self) -> bool {
        self.receiver.since_last() >= LINGER
    }

    /// What is to be done now and then.
    pub(crate) fn tick(&mut self) -> Outcome {
        if let Some(outcome) = self.sender.as_mut().and_then(Sender::try_end) {
            (self.sender, self.sent) = (None, Some(outcome.unwrap_or_default()));
        }
        if self.heard.elapsed() > SILENCE {
            self.stop();
        }
        match &self.sent {
            Some(sent) if !self.has_ended() && self.asked.elapsed() >= AGAIN => {
                self.asked = Instant::now();
                self.reply(&Reply::Ended { stream: self.id, sent: Box::new(sent.clone()) });
            }
            _ => {}
        }
        self.show()
    }

    /// Shows what has come, here and to the client.
    fn show(&mut self) -> Outcome {
        let is_receiving = self.plan.as_ref().is_none_or(|plan| plan.forward);
        if self.is_finished() || !is_receiving {
            return Ok(());
        }
        let receiver = &self.receiver;
        let so_far = SoFar {
            datagrams: receiver.received,
            bytes: receiver.bytes,
            lost: Some(receiver.lost()),
            jitter_ns: receiver.jitter(),
        };
        let Some(interval) = self.line.look(&so_far) else { return Ok(()) };
        if self.is_two_way() {
            self.reply(&Reply::Progress { stream: self.id, interval });
        }
        self.line.show(Way::Forward, "received", &interval)
    }

    /// A reply that is lost is asked for again.
    pub(crate) fn reply(&self, reply: &Reply) {
        let _ = self.route.try_send_batch(&[self.route.datagram(&encode(reply))]);
    }

    /// Reports what is known here to a client that has not ended, once nothing more is sent to it.
    pub(crate) fn report_early(&self) {
        if self.is_two_way() && !self.has_ended() && self.sender.is_none() {
            self.reply(&self.report_reply(true));
        }
    }

    /// Says again what was said at the end.
    pub(crate) fn report_again(&self) {
        if let Some(report) = &self.report {
            let _ = self.route.try_send_batch(&[self.route.datagram(report)]);
        }
    }

    /// Makes the report: for the client, and what is to be printed here.
    pub(crate) fn finish(&mut self, is_final: bool) -> (Summary, Value) {
        self.line.end();
        let report = encode(&self.report_reply(is_final));
        let _ = self.is_two_way().then(|| self.route.try_send_batch(&[self.route.datagram(&report)]));
        self.report = Some(report);
        (self.summary(), self.event())
    }

    fn report_reply(&self, is_final: bool) -> Reply {
        let known = Known { sent: self.sent.clone(), received: self.received(), clock: self.theirs.clock };
        Reply::Report { stream: self.id, known: Box::new(known), is_final }
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        if let Some(forward) = self.forward() {
            summary.heading(format!("from {}", text::address(&self.peer())));
            figures::rows(&mut summary, &forward);
        }
        if let Some(reverse) = self.reverse() {
            summary.heading(format!("to {}", text::address(&self.peer())));
            figures::rows(&mut summary, &reverse);
        }
        summary
    }

    fn event(&self) -> Value {
        let mut event = output::address_event("stream", &self.peer());
        output::add(&mut event, json!({ "forward": self.forward(), "reverse": self.reverse() }));
        event
    }

    /// From the client to us.
    fn forward(&self) -> Option<Direction> {
        self.received().map(|received| Direction { sent: self.theirs.sent.clone(), received: Some(received) })
    }

    fn reverse(&self) -> Option<Direction> {
        self.plan.as_ref()?.reverse?;
        Some(Direction { sent: self.sent.clone(), received: self.theirs.received.clone() })
    }

    pub(crate) fn received(&self) -> Option<Received> {
        self.plan.as_ref().is_none_or(|plan| plan.forward).then(|| {
            let dropped = dropped(&self.route).saturating_sub(self.dropped_before);
            let mut received = Received { dropped_by_socket: Some(dropped), ..self.receiver.figures() };
            self.theirs.clock.into_iter().for_each(|clock| received.correct(clock));
            received
        })
    }
}

/// How many datagrams the socket has dropped because its receive buffer was full.
pub(crate) fn dropped(route: &Route) -> u64 {
    route.socket.stats().dropped_packets.unwrap_or(0).into()
}
