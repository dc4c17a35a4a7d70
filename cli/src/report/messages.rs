//! How received datagrams are printed.

use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::failure::Outcome;
use crate::report::about::About;
use crate::report::{output, text};
use crate::session::Session;

/// The form of messages.
#[derive(Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct Messages {
    /// Messages are hexadecimal digits
    #[arg(long)]
    pub(crate) hex: bool,

    /// Print received messages as a hex dump, with their ASCII characters
    #[arg(long, conflicts_with = "hex")]
    dump: bool,

    /// Print received messages' bytes and nothing else, for a file or a pipe
    #[arg(long, conflicts_with_all = ["hex", "dump", "json"])]
    raw: bool,
}

impl Messages {
    /// A message on standard output.
    pub(crate) fn print(&self, data: &[u8], about: impl FnOnce() -> About, session: &Session) -> Outcome {
        if self.raw {
            let mut out = std::io::stdout().lock();
            return Ok(out.write_all(data).and_then(|()| out.flush())?);
        }
        let about = about();
        if session.json {
            let mut event = output::event("message", &about.fields);
            let text = str::from_utf8(data).ok();
            output::add(&mut event, json!({ "size": data.len(), "data": text::hex(data), "text": text }));
            return output::print(&event);
        }
        match (self.hex, self.dump) {
            (true, _) => output::print(&format_args!("{} {}", about.text, text::hex(data))),
            (_, true) if data.is_empty() => output::print(&format_args!("{} 0 bytes", about.text)),
            (_, true) => {
                let size = text::count(data.len() as u64, "byte");
                output::print(&format_args!("{} {size}\n{}", about.text, text::dump(data)))
            }
            _ => output::print(&format_args!("{} {}", about.text, text::escape(data))),
        }
    }
}
