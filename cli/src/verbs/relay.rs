//! `heliogram relay`: passes datagrams on, and does to them what bad networks do.

use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use heliogram::{RecvBatch, TokioSocket};
use serde_json::json;
use tokio::sync::mpsc;

use crate::failure::Outcome;
use crate::measure::numbering::{nanos, now};
use crate::net::endpoint::{self, Endpoint};
use crate::net::receiving::Receiving;
use crate::net::sending::Sending;
use crate::net::times::ask_for_times;
use crate::relay::clients::{Clients, Returned};
use crate::relay::direction::{Direction, Event, Waiting};
use crate::relay::impairment::Impairment;
use crate::report::live::Way;
use crate::report::output;
use crate::report::summary::Summary;
use crate::session::Session;
use crate::verbs::bounds::Bounds;

/// Pass datagrams on to a server and its answers back, with losses, delays, copies, reordering and a rate
///
/// For machines without tc-netem(8), whose meanings the flags have. Each client gets a socket of its own towards the server.
#[derive(Args)]
pub(crate) struct Relay {
    /// The server: localhost:41234, [::1]:41234
    #[arg(index = 2, value_name = "HOST:PORT", value_parser = endpoint::peer)]
    server: Endpoint,

    /// Which datagrams suffer: those to the server, its answers, or both
    #[arg(long, value_enum, default_value_t = Suffers::Both, help_heading = "Impairment")]
    direction: Suffers,

    /// Print what becomes of each datagram
    #[arg(long)]
    log: bool,

    #[command(flatten)]
    impairment: Impairment,

    #[command(flatten)]
    bounds: Bounds,

    #[command(flatten)]
    receiving: Receiving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Suffers {
    Forward,
    Reverse,
    Both,
}

/// How many answers wait to be passed on.
const RETURNED: usize = 4096;

impl Relay {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let socket = self.receiving.open(false, &session).await?;
        ask_for_times(&socket)?;
        // A server whose name nobody knows is reported at once, and not with the first client.
        Sending::to(self.server.clone()).open(&session).await?;
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let (sender, mut returned) = mpsc::channel(RETURNED);
        let mut passage = Passage::new(&self, &socket, sender, &session);
        let mut batch = RecvBatch::for_gro(8);
        while self.bounds.left(passage.received()) > 0 {
            passage.send_due()?;
            let due = passage.due();
            tokio::select! {
                () = session.over() => break,
                received = socket.recv_batch(&mut batch) => match received {
                    Ok(_) => passage.forward(&batch).await?,
                    // The kernel's word on an answer whose client has gone.
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(error.into()),
                },
                Some(answer) = returned.recv() => passage.reverse(&answer)?,
                () = wait_for(due) => {}
            }
        }
        session.begin_line()?;
        passage.end()?;
        self.bounds.check(passage.received(), &session)
    }

    /// What is done in this direction.
    fn impairment(&self, way: Suffers) -> Impairment {
        if [Suffers::Both, way].contains(&self.direction) { self.impairment.clone() } else { self.impairment.none() }
    }
}

/// Datagrams on their way.
struct Passage<'a> {
    relay: &'a Relay,
    socket: &'a TokioSocket,
    session: &'a Session,
    sending: Sending,
    clients: Clients,
    forward: Direction,
    reverse: Direction,
}

impl<'a> Passage<'a> {
    fn new(relay: &'a Relay, socket: &'a TokioSocket, returned: mpsc::Sender<Returned>, session: &'a Session) -> Self {
        Passage {
            relay,
            socket,
            session,
            sending: Sending::to(relay.server.clone()),
            clients: Clients::new(returned),
            forward: Direction::new(Way::Forward, &relay.impairment(Suffers::Forward)),
            reverse: Direction::new(Way::Reverse, &relay.impairment(Suffers::Reverse)),
        }
    }

    /// How many datagrams have come from clients.
    fn received(&self) -> u64 {
        self.forward.received()
    }

    /// When the next copy is to leave.
    fn due(&self) -> Option<i64> {
        self.forward.due().into_iter().chain(self.reverse.due()).min()
    }

    async fn forward(&mut self, batch: &RecvBatch) -> Outcome {
        let read = now();
        for message in batch.iter() {
            let client = message.rinfo.addr;
            if self.clients.route(client, &self.sending, self.session).await?.is_none() {
                continue;
            }
            let arrived = message.metadata().software_timestamp.map_or(read, nanos);
            let event = self.forward.take(client, message.data, arrived);
            self.log(event)?;
        }
        Ok(())
    }

    fn reverse(&mut self, answer: &Returned) -> Outcome {
        let event = self.reverse.take(answer.client, &answer.bytes, answer.arrived);
        self.log(event)
    }

    /// Sends what is due, in the order in which it is due.
    fn send_due(&mut self) -> Outcome {
        while let Some(copy) = self.forward.next(now()) {
            let given = now();
            let event = match self.send_forward(&copy) {
                true => self.forward.leave(&copy, given),
                false => self.forward.fail(&copy),
            };
            self.log(Some(event))?;
        }
        while let Some(copy) = self.reverse.next(now()) {
            let given = now();
            let event = match self.socket.try_send_to(&copy.bytes, copy.client) {
                Ok(_) => self.reverse.leave(&copy, given),
                Err(_) => self.reverse.fail(&copy),
            };
            self.log(Some(event))?;
        }
        Ok(())
    }

    fn send_forward(&self, copy: &Waiting) -> bool {
        let Some(route) = self.clients.known(&copy.client) else { return false };
        let send = || route.try_send_batch(&[route.datagram(&copy.bytes)]);
        match send() {
            // An answer to an earlier datagram: this one has not been tried.
            Err(failure) if failure.is_refusal() => send().is_ok(),
            outcome => outcome.is_ok(),
        }
    }

    fn log(&self, event: Option<Event>) -> Outcome {
        match event.filter(|_| self.relay.log) {
            Some(event) => self.session.result(&event.text(), || event.fields()),
            None => Ok(()),
        }
    }

    fn end(&self) -> Outcome {
        let (forward, reverse) = (self.forward.done(), self.reverse.done());
        let mut summary = Summary::default();
        forward.rows(&mut summary, "to the server");
        reverse.rows(&mut summary, "back");
        let dropped = self.socket.stats().dropped_packets.filter(|&count| count > 0);
        summary.row_if("dropped", dropped.map(|count| format!("{count} datagrams by this socket, which had no room")));
        self.session.result(&summary, || {
            output::summary("relay", json!({ "forward": forward, "reverse": reverse, "dropped_by_socket": dropped }))
        })
    }
}

/// Waits for a moment, in nanoseconds since 1970. The runtime's timers are exact to a millisecond, so that the last ones are
/// slept through in small steps, between which what arrives is taken.
async fn wait_for(due: Option<i64>) {
    let Some(due) = due else { return std::future::pending().await };
    let left = Duration::from_nanos(u64::try_from(due.saturating_sub(now())).unwrap_or(0));
    if left > COARSE {
        return tokio::time::sleep(left - COARSE).await;
    }
    if left > SPIN {
        thread::sleep((left - SPIN).min(STEP));
    }
    tokio::task::yield_now().await;
}

/// How far the runtime's timers may be off.
const COARSE: Duration = Duration::from_millis(2);

/// How much longer than asked a sleep may take.
const SPIN: Duration = Duration::from_micros(80);

const STEP: Duration = Duration::from_micros(200);
