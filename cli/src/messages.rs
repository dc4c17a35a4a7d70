//! How received datagrams are printed.

use std::io::Write;

use clap::Args;
use heliogram::Message;

use crate::endpoint;
use crate::failure::Outcome;
use crate::report;
use crate::session::{Session, address_event};
use crate::told;

/// The form of messages.
#[derive(Args)]
pub(crate) struct Messages {
    /// Messages are hexadecimal digits; with --json they are in "hex" instead of "text"
    #[arg(long)]
    pub(crate) hex: bool,

    /// Print received messages' bytes and nothing else, for a file or a pipe
    #[arg(long, conflicts_with_all = ["hex", "json"])]
    raw: bool,
}

impl Messages {
    /// A datagram on standard output: its sender, with `info` how it arrived, and its bytes.
    pub(crate) fn print(&self, message: &Message<'_>, info: bool, session: &Session) -> Outcome {
        if self.raw {
            let mut out = std::io::stdout().lock();
            return Ok(out.write_all(message.data).and_then(|()| out.flush())?);
        }
        if session.json {
            return report::print(&self.event(message, info));
        }
        let data = if self.hex { report::hex(message.data) } else { report::escape(message.data) };
        let from = endpoint::text(&message.info.addr);
        match info {
            true => report::print(&format_args!("{from} ({}) {data}", told::text(&message.info.arrival))),
            false => report::print(&format_args!("{from} {data}")),
        }
    }

    fn event(&self, message: &Message<'_>, info: bool) -> serde_json::Value {
        let mut event = address_event("message", &message.info.addr);
        event["size"] = message.data.len().into();
        match str::from_utf8(message.data) {
            Ok(text) if !self.hex => event["text"] = text.into(),
            _ => event["hex"] = report::hex(message.data).into(),
        }
        if info {
            told::fields(&message.info.arrival).into_iter().for_each(|(name, value)| event[name] = value);
        }
        event
    }
}
