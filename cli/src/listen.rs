//! `heliogram listen`: prints the datagrams that arrive.

use clap::Args;
use heliogram::RecvBatch;

use crate::failure::Outcome;
use crate::messages::Messages;
use crate::options::{Bounds, Receiving};
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
}

impl Listen {
    pub(crate) async fn run(self, session: Session) -> Outcome {
        let socket = self.receiving.open(false, &session).await?;
        session.note_address("listening", "on", &socket.address()?)?;
        let session = session.within(self.bounds.seconds);
        let mut batch = RecvBatch::for_trains(8);
        let mut tally = Tally::start();
        while self.bounds.left(&tally) > 0 {
            let Some(received) = session.or(socket.recv_batch(&mut batch)).await else { break };
            received?;
            for message in batch.iter().take(self.bounds.left(&tally)) {
                tally.add(message.data.len());
                self.messages.print(&message, &session)?;
            }
        }
        session.begin_line()?;
        let time = tally.elapsed();
        let text = format!("received {tally} in {}", time_text(time));
        session.note(&text, || tally.report("received", time).event())?;
        self.bounds.check(&tally, &session)
    }
}
