//! `heliogram listen`: prints the datagrams that arrive.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
#[cfg(unix)]
use heliogram::TokioUnixDatagram;
use heliogram::{Message, RecvBatch, RecvMetadataOptions, Stats, TokioSocket};
use serde_json::json;

use crate::failure::Outcome;
use crate::net::peer_filter::PeerFilter;
use crate::net::receiving::Receiving;
use crate::report::about::About;
use crate::report::messages::Messages;
use crate::report::{metadata, output, text};
use crate::session::Session;
use crate::verbs::bounds::Bounds;
use crate::verbs::tally::Tally;

/// Print the datagrams that arrive, one per line: the sender and the message
///
/// Messages go to standard output, everything else to standard error. Control characters are escaped, so that a message
/// is one line; --hex, --dump and --raw show the bytes as they are. Listens to Unix sockets too: unix:/run/own, unix:@name.
#[derive(Args)]
pub(crate) struct Listen {
    /// Print datagrams of this peer or network alone: 10.0.0.1, 10.0.0.0/8, 10.0.0.1:9; may be repeated
    #[arg(long, value_name = "PEER", help_heading = "Messages")]
    from: Vec<PeerFilter>,

    /// Print when each datagram arrived, by the kernel's clock, in UTC
    #[arg(long, help_heading = "Messages")]
    time: bool,

    /// Print how each datagram arrived: its destination and interface, TTL, DSCP and ECN, time, drops before it
    #[arg(long, help_heading = "Messages")]
    info: bool,

    /// Print each second what the socket has counted: datagrams, bytes, system calls, coalesced datagrams, drops
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    bounds: Bounds,

    #[command(flatten)]
    messages: Messages,

    #[command(flatten)]
    receiving: Receiving,
}

impl Listen {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        #[cfg(unix)]
        if let Some(socket) = self.receiving.open_unix(&[(self.stats, "--stats"), (!self.from.is_empty(), "--from")])? {
            return self.run_unix(&socket, session).await;
        }
        let socket = self.receiving.open(false, &session).await?;
        self.ask_for_metadata(&socket)?;
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let mut batch = RecvBatch::for_gro(8);
        let mut tally = Tally::start();
        let mut view = StatsView::new(self.stats);
        while self.bounds.left(tally.datagrams) > 0 {
            let received = view.until_due(socket.recv_batch(&mut batch));
            let Some(received) = session.or(received).await else { break };
            view.show(&socket, &session)?;
            let Some(received) = received else { continue };
            received?;
            let wanted = batch.iter().filter(|message| self.is_wanted(message));
            for message in wanted.take(self.bounds.left(tally.datagrams)) {
                tally.add(message.data.len());
                self.messages.print(message.data, || self.about(&message), &session)?;
            }
        }
        session.begin_line()?;
        view.end(&socket, &session)?;
        self.end(&tally, &session)
    }

    fn ask_for_metadata(&self, socket: &TokioSocket) -> Outcome {
        match (self.info, self.time) {
            (true, _) => Ok(socket.set_recv_metadata(RecvMetadataOptions::all())?),
            (_, true) => Ok(socket.set_recv_metadata(RecvMetadataOptions::new().timestamp(true))?),
            _ => Ok(()),
        }
    }

    fn is_wanted(&self, message: &Message<'_>) -> bool {
        self.from.is_empty() || self.from.iter().any(|filter| filter.admits(&message.rinfo.addr))
    }

    fn about(&self, message: &Message<'_>) -> About {
        let mut about = About::message(message, self.info);
        if self.time {
            about.add_time(message.metadata().software_timestamp.unwrap_or_else(SystemTime::now));
        }
        about
    }

    fn end(&self, tally: &Tally, session: &Session) -> Outcome {
        let time = tally.elapsed();
        session.note(&format!("received {tally} in {}", text::time(time)), || {
            output::summary("listen", json!({ "received": tally.figures() }))
        })?;
        self.bounds.check(tally.datagrams, session)
    }
}

/// Unix sockets: `unix:PATH`, `unix:@NAME`.
#[cfg(unix)]
impl Listen {
    async fn run_unix(&self, socket: &TokioUnixDatagram, session: Session) -> Outcome {
        if self.info {
            socket.set_passcred(true)?;
        }
        let path = socket.local_addr()?;
        session
            .note(&format!("listening on unix:{path}"), || output::event("listening", metadata::path_field(&path)))?;
        let session = session.within(self.bounds.seconds);
        let mut buffer = vec![0; LONGEST_UNIX];
        let mut tally = Tally::start();
        while self.bounds.left(tally.datagrams) > 0 {
            let Some(received) = session.or(socket.recv_msg(&mut buffer)).await else { break };
            let rinfo = received?;
            tally.add(rinfo.size);
            let about = || {
                let mut about = About::unix(&rinfo);
                if self.time {
                    about.add_time(SystemTime::now());
                }
                about
            };
            self.messages.print(&buffer[..rinfo.size], about, &session)?;
        }
        session.begin_line()?;
        self.end(&tally, &session)
    }
}

/// More bytes than a Unix datagram has where nobody has raised the limit of send buffers (`net.core.wmem_max`).
#[cfg(unix)]
const LONGEST_UNIX: usize = 1 << 20;

/// The live view of what the socket has counted.
struct StatsView {
    /// When it is to be shown next; `None` is never.
    due: Option<Instant>,
    shown: Option<Stats>,
}

const EVERY: Duration = Duration::from_secs(1);

impl StatsView {
    fn new(wanted: bool) -> Self {
        StatsView { due: wanted.then(|| Instant::now() + EVERY), shown: None }
    }

    /// What `future` yields; `None` if the next showing is due first.
    async fn until_due<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self.due {
            Some(due) => tokio::time::timeout_at(due.into(), future).await.ok(),
            None => Some(future.await),
        }
    }

    /// Shows it if it is time to, and there is news.
    fn show(&mut self, socket: &TokioSocket, session: &Session) -> Outcome {
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.due = Some(Instant::now() + EVERY);
            self.print(socket, session)?;
        }
        Ok(())
    }

    /// Shows it for the last time.
    fn end(&mut self, socket: &TokioSocket, session: &Session) -> Outcome {
        if self.due.is_some() { self.print(socket, session) } else { Ok(()) }
    }

    fn print(&mut self, socket: &TokioSocket, session: &Session) -> Outcome {
        let stats = socket.stats();
        if self.shown.is_some_and(|shown| {
            (shown.datagrams_in, shown.dropped_packets) == (stats.datagrams_in, stats.dropped_packets)
        }) {
            return Ok(());
        }
        self.shown = Some(stats);
        session.note(&metadata::stats_text(&stats), || metadata::stats_event(&stats))
    }
}
