//! `heliogram send`: sends messages, and may wait for answers.

use std::pin::pin;
use std::time::Duration;

use clap::Args;
#[cfg(unix)]
use heliogram::TokioUnixDatagram;
use heliogram::{MAX_MESSAGE, RecvBatch};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Stdin};

use crate::failure::{Failure, Outcome};
use crate::net::route::Route;
use crate::net::sending::Sending;
use crate::quantity;
use crate::report::about::About;
use crate::report::messages::Messages;
#[cfg(unix)]
use crate::report::metadata;
use crate::report::{output, text};
use crate::session::Session;
use crate::verbs::tally::Tally;

/// Send a message, or each line of standard input, and print the answers
///
/// With standard input, answers are printed as they come, as `nc -u` does, until the input ends. With --timeout each message
/// waits for its answer. Sends to Unix sockets too: unix:/run/own, unix:@name.
#[derive(Args)]
pub(crate) struct Send {
    /// The message; with - or without one, each line of standard input
    #[arg(index = 2)]
    message: Option<String>,

    /// Standard input is one message, whatever its lines
    #[arg(long)]
    whole: bool,

    /// Send each message this many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = quantity::count)]
    count: u64,

    /// After each message wait this long for its answer, and fail if there is none; from a group, all that come
    #[arg(long, value_name = "SECONDS", value_parser = quantity::seconds)]
    timeout: Option<Duration>,

    #[command(flatten)]
    messages: Messages,

    #[command(flatten)]
    sending: Sending,
}

impl Send {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        #[cfg(unix)]
        if let Some(socket) = self.sending.open_unix(&[(self.timeout.is_some(), "--timeout")])? {
            return self.run_unix(&socket, &session).await;
        }
        let mut source = self.source()?;
        let route = self.sending.open(&session).await?;
        let mut sender = Sender::new(&self, route, &session);
        while let Some(message) = sender.next(&mut source).await? {
            sender.send(&self.bytes(message)?).await?;
        }
        sender.finish()
    }

    /// To a Unix socket: `unix:PATH`, `unix:@NAME`. Waits while the peer's queue is full.
    #[cfg(unix)]
    async fn run_unix(&self, socket: &TokioUnixDatagram, session: &Session) -> Outcome {
        let (mut source, mut tally, peer) = (self.source()?, Tally::start(), socket.peer_addr()?);
        while let Some(message) = session.or(source.next(self.whole)).await {
            let Some(message) = message? else { break };
            let message = self.bytes(message)?;
            for _ in 0..self.count {
                let Some(sent) = session.or(socket.send(&message)).await else { break };
                tally.add(sent?);
            }
        }
        session.begin_line()?;
        session.note(&format!("sent {tally} to unix:{peer}"), || {
            let mut event = output::summary("send", metadata::path_field(&peer));
            output::add(&mut event, json!({ "sent": tally.figures() }));
            event
        })
    }

    fn source(&self) -> Outcome<Source> {
        match self.message.as_deref() {
            None | Some("-") => Ok(Source::Input(BufReader::new(tokio::io::stdin()))),
            Some(_) if self.whole => {
                Err(Failure::Usage("--whole applies to standard input, and here is a message".into()))
            }
            Some(text) => Ok(Source::Argument(Some(text.as_bytes().to_vec()))),
        }
    }

    fn bytes(&self, message: Vec<u8>) -> Outcome<Vec<u8>> {
        if !self.messages.hex {
            return Ok(message);
        }
        let digits = String::from_utf8_lossy(&message);
        text::unhex(&digits).ok_or_else(|| Failure::Usage(format!("{digits:?} is not hexadecimal digits in pairs")))
    }
}

/// Where messages come from.
enum Source {
    Argument(Option<Vec<u8>>),
    Input(BufReader<Stdin>),
}

impl Source {
    async fn next(&mut self, whole: bool) -> Outcome<Option<Vec<u8>>> {
        match self {
            Source::Argument(message) => Ok(message.take()),
            Source::Input(_) if whole => self.rest().await.map(Some),
            Source::Input(input) => line(input).await,
        }
    }

    /// All of standard input; of more than a datagram holds, enough for the system to refuse it.
    async fn rest(&mut self) -> Outcome<Vec<u8>> {
        let mut message = Vec::new();
        if let Source::Input(input) = std::mem::replace(self, Source::Argument(None)) {
            input.take(MAX_MESSAGE as u64 + 1).read_to_end(&mut message).await.map_err(unreadable)?;
        }
        Ok(message)
    }
}

/// The next line, without its end.
async fn line(input: &mut BufReader<Stdin>) -> Outcome<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line).await.map_err(unreadable)? == 0 {
        return Ok(None);
    }
    let end = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line).len());
    line.truncate(end.unwrap_or(line.len()));
    Ok(Some(line))
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::Other(format!("standard input: {error}"))
}

/// A message's way out, and its answers' way back.
struct Sender<'a> {
    send: &'a Send,
    route: Route,
    session: &'a Session,
    tally: Tally,
    unanswered: u64,
    batch: RecvBatch,
}

impl<'a> Sender<'a> {
    fn new(send: &'a Send, route: Route, session: &'a Session) -> Self {
        Sender { send, route, session, tally: Tally::start(), unanswered: 0, batch: RecvBatch::for_gro(8) }
    }

    /// The next message. What comes back while a person types is printed, unless each message waits for its answer.
    async fn next(&mut self, source: &mut Source) -> Outcome<Option<Vec<u8>>> {
        let is_interactive = matches!(source, Source::Input(_)) && self.send.timeout.is_none();
        let mut reading = pin!(source.next(self.send.whole));
        loop {
            let answers = self.route.recv_batch(&mut self.batch);
            let step = async {
                tokio::select! {
                    message = &mut reading => Some(message),
                    received = answers, if is_interactive => received.err().map(Err),
                }
            };
            match self.session.or(step).await {
                None => return Ok(None),
                Some(Some(message)) => return message,
                Some(None) => self.print_answers(self.session)?,
            }
        }
    }

    async fn send(&mut self, message: &[u8]) -> Outcome {
        for _ in 0..self.send.count {
            let Some(sent) = self.session.or(self.route.send(message)).await else { break };
            sent?;
            self.tally.add(message.len());
            if let Some(time) = self.send.timeout {
                self.unanswered += u64::from(!self.answers(time).await?);
            }
        }
        Ok(())
    }

    /// Prints what comes back; says whether anything did. One peer gives one answer, a group any number.
    async fn answers(&mut self, time: Duration) -> Outcome<bool> {
        let session = self.session.clone().within(Some(time));
        let mut answered = false;
        while self.route.is_group() || !answered {
            let Some(received) = session.or(self.route.recv_batch(&mut self.batch)).await else { break };
            received?;
            self.print_answers(&session)?;
            answered = true;
        }
        Ok(answered || session.is_interrupted())
    }

    fn print_answers(&self, session: &Session) -> Outcome {
        let print = |message: heliogram::Message<'_>| {
            self.send.messages.print(message.data, || About::message(&message, false), session)
        };
        self.batch.iter().try_for_each(print)
    }

    fn finish(&self) -> Outcome {
        self.session.begin_line()?;
        let (tally, peer) = (self.tally, self.route.peer);
        self.session.note(&format!("sent {tally} to {}", text::address(&peer)), || {
            let mut event = output::summary("send", output::address_fields(&peer));
            output::add(&mut event, json!({ "sent": tally.figures(), "unanswered": self.unanswered }));
            event
        })?;
        match self.unanswered {
            0 => Ok(()),
            count => Err(Failure::Other(format!("no answer to {count} of {} datagrams", tally.datagrams))),
        }
    }
}
