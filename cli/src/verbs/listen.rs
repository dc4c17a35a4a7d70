//! `heliogram listen`: prints the datagrams that arrive.

use std::future::Future;
use std::time::{Duration, Instant};

use clap::Args;
use heliogram::TokioSocket;
#[cfg(unix)]
use heliogram::TokioUnixDatagram;
use heliogram::{RecvBatch, Stats};

use crate::failure::Outcome;
use crate::net::options::{Bounds, Receiving};
#[cfg(unix)]
use crate::report;
use crate::report::messages::Messages;
use crate::report::metadata::{self, RecvMetadataOptions};
use crate::report::{Tally, time_text};
use crate::session::Session;

/// Print the datagrams that arrive, one per line: the sender and the message
///
/// Messages go to standard output, everything else to standard error. Control characters are escaped, so that a message
/// is one line; --hex and --raw show the bytes as they are.
#[derive(Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    receiving: Receiving,

    #[command(flatten)]
    bounds: Bounds,

    #[command(flatten)]
    messages: Messages,

    /// Say how each datagram arrived: which address and interface it came to, TTL, DSCP and ECN, the kernel's time, losses
    #[arg(long)]
    info: bool,

    /// Tell each second what the socket has counted: datagrams, bytes, system calls, trains, losses
    #[arg(long)]
    stats: bool,
}

impl Listen {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        #[cfg(unix)]
        if let Some(socket) = self.receiving.open_local((self.stats, "--stats"))? {
            return self.run_local(&socket, session).await;
        }
        let socket = self.receiving.open(false, &session).await?;
        if self.info {
            socket.set_recv_metadata(RecvMetadataOptions::all())?;
        }
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let mut batch = RecvBatch::for_gro(8);
        let mut tally = Tally::start();
        let mut view = View::new(self.stats);
        while self.bounds.left(&tally) > 0 {
            let received = view.until_due(socket.recv_batch(&mut batch));
            let Some(received) = session.or(received).await else { break };
            view.show(&socket, &session)?;
            let Some(received) = received else { continue };
            received?;
            for message in batch.iter().take(self.bounds.left(&tally)) {
                tally.add(message.data.len());
                self.messages.print(&message, self.info, &session)?;
            }
        }
        session.begin_line()?;
        view.end(&socket, &session)?;
        self.end(&tally, &session)
    }

    fn end(&self, tally: &Tally, session: &Session) -> Outcome {
        let time = tally.elapsed();
        let text = format!("received {tally} in {}", time_text(time));
        session.note(&text, || tally.report("received", time).event())?;
        self.bounds.check(tally, session)
    }
}

/// Local sockets: `unix:PATH`, `unix:@NAME`.
#[cfg(unix)]
impl Listen {
    async fn run_local(&self, socket: &TokioUnixDatagram, session: Session) -> Outcome {
        if self.info {
            socket.set_passcred(true)?;
        }
        let path = socket.local_addr()?;
        session
            .note(&format!("listening on unix:{path}"), || report::event("listening", metadata::path_field(&path)))?;
        let session = session.within(self.bounds.seconds);
        let mut buffer = vec![0; LOCAL_MOST];
        let mut tally = Tally::start();
        while self.bounds.left(&tally) > 0 {
            let Some(received) = session.or(socket.recv_msg(&mut buffer)).await else { break };
            let rinfo = received?;
            tally.add(rinfo.size);
            let fields = || (metadata::path_field(&rinfo.addr), metadata::local_fields(&rinfo));
            self.messages.show(&buffer[..rinfo.size], &session, || metadata::local_text(&rinfo), fields)?;
        }
        session.begin_line()?;
        self.end(&tally, &session)
    }
}

/// More than a local datagram has where nobody has raised the limit of send buffers (`net.core.wmem_max`).
#[cfg(unix)]
const LOCAL_MOST: usize = 1 << 20;

/// The live view of what the socket has counted.
struct View {
    /// When it is to be shown next; `None` is never.
    due: Option<Instant>,
    shown: Option<Stats>,
}

const EVERY: Duration = Duration::from_secs(1);

impl View {
    fn new(wanted: bool) -> Self {
        View { due: wanted.then(|| Instant::now() + EVERY), shown: None }
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
        if self.shown.is_some_and(|shown| (shown.datagrams_in, shown.dropped) == (stats.datagrams_in, stats.dropped)) {
            return Ok(());
        }
        self.shown = Some(stats);
        session.note(&metadata::stats_text(&stats), || metadata::stats_event(&stats))
    }
}
