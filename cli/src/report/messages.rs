//! How received datagrams are printed.

use std::io::Write;

use clap::Args;
use heliogram::Message;
use serde_json::{Map, Value};

use crate::failure::Outcome;
use crate::net::endpoint;
use crate::report;
use crate::report::metadata;
use crate::session::Session;

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
        let (addr, received) = (&message.rinfo.addr, &message.rinfo.metadata);
        let from = || match info {
            true => format!("{} ({})", endpoint::text(addr), metadata::text(received)),
            false => endpoint::text(addr),
        };
        let facts = || if info { metadata::fields(received) } else { Map::new() };
        self.show(message.data, session, from, || (report::address_fields(addr), facts()))
    }

    /// The same of any socket's: `from` for people; for machines the sender, and what is told beside the bytes.
    pub(crate) fn show(
        &self,
        data: &[u8],
        session: &Session,
        from: impl FnOnce() -> String,
        fields: impl FnOnce() -> (Map<String, Value>, Map<String, Value>),
    ) -> Outcome {
        if self.raw {
            let mut out = std::io::stdout().lock();
            return Ok(out.write_all(data).and_then(|()| out.flush())?);
        }
        if session.json {
            let (sender, facts) = fields();
            return report::print(&self.event(data, sender, facts));
        }
        let text = if self.hex { report::hex(data) } else { report::escape(data) };
        report::print(&format_args!("{} {text}", from()))
    }

    fn event(&self, data: &[u8], sender: Map<String, Value>, facts: Map<String, Value>) -> Value {
        let mut event = report::event("message", sender);
        event["size"] = data.len().into();
        match str::from_utf8(data) {
            Ok(text) if !self.hex => event["text"] = text.into(),
            _ => event["hex"] = report::hex(data).into(),
        }
        facts.into_iter().for_each(|(name, value)| event[name] = value);
        event
    }
}
