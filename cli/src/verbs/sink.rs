//! `heliogram sink`: takes loads and counts them.

use std::time::Duration;

use clap::Args;
use heliogram::RecvBatch;
use serde_json::json;

use crate::failure::Outcome;
use crate::load::server::Server;
use crate::net::receiving::Receiving;
use crate::net::times::ask_for_times;
use crate::quantity;
use crate::report::live::Live;
use crate::report::summary::Summary;
use crate::report::{figures, output};
use crate::session::Session;
use crate::verbs::bounds::Bounds;

/// Receive the loads of `blast`, from many clients, and report what came of each
///
/// A datagram that was sent and is not counted was lost on the way or dropped by this host because the socket's receive
/// buffer was full; the latter are counted too, but not by peer. Rates are taken from the first datagram to the last.
#[derive(Args)]
pub(crate) struct Sink {
    /// End when nothing has come for this long after the last datagram
    #[arg(long, value_parser = quantity::seconds, value_name = "SECONDS", help_heading = "End")]
    idle: Option<Duration>,

    /// Count as late what took longer than the fastest datagram by more than this
    #[arg(long, value_parser = quantity::seconds, value_name = "SECONDS")]
    late: Option<Duration>,

    /// The time from one line of progress to the next
    #[arg(long, value_parser = quantity::seconds, value_name = "SECONDS", default_value = "1")]
    interval: Duration,

    #[command(flatten)]
    bounds: Bounds,

    #[command(flatten)]
    receiving: Receiving,
}

impl Sink {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let socket = self.receiving.open(true, &session).await?;
        ask_for_times(&socket)?;
        session.note_address("listening", "on", &socket.local_addr()?)?;
        let session = session.within(self.bounds.seconds);
        let mut batch = RecvBatch::for_gro(16);
        let mut server = Server::new(socket, self.late, Live::new(session.json, self.interval), &session);
        while self.bounds.left(server.datagrams()) > 0 && !self.is_idle(&server) {
            if !server.step(&mut batch, self.bounds.left(server.datagrams())).await? {
                break;
            }
        }
        session.begin_line()?;
        server.end(&mut batch).await?;
        total(&server, &session)?;
        self.bounds.check(server.datagrams(), &session)
    }

    fn is_idle(&self, server: &Server<'_>) -> bool {
        server.total.last.zip(self.idle).is_some_and(|(last, idle)| last.elapsed() >= idle)
    }
}

/// All streams together. People have seen it already if there was one stream and nothing else.
fn total(server: &Server<'_>, session: &Session) -> Outcome {
    let received = server.figures();
    let is_news = server.total.streams != 1 || server.total.foreign > 0;
    if !session.json && !is_news {
        return Ok(());
    }
    let mut summary = Summary::default();
    if server.total.streams > 1 {
        summary.heading(format!("in all, {} streams", server.total.streams));
    }
    figures::received_rows(&mut summary, &received);
    session.result(&summary, || {
        let (streams, foreign) = (server.total.streams, server.total.foreign);
        output::summary("sink", json!({ "stream_count": streams, "foreign": foreign, "received": received }))
    })
}
