//! Who sent a message, and how it came.

use std::time::SystemTime;

use heliogram::Message;
#[cfg(unix)]
use heliogram::{Credentials, UnixRemoteInfo};
use serde_json::{Map, Value};

use crate::measure::numbering::nanos;
use crate::report::{metadata, output, text};

/// Who sent a message, and what else there is to say about it.
pub(crate) struct About {
    /// For people.
    pub(crate) text: String,
    /// For machines.
    pub(crate) fields: Map<String, Value>,
}

impl About {
    /// The sender, and with `info` how the datagram arrived.
    pub(crate) fn message(message: &Message<'_>, info: bool) -> Self {
        let addr = &message.rinfo.addr;
        let (mut text, mut fields) = (text::address(addr), output::address_fields(addr));
        if info {
            let received = message.metadata();
            text = format!("{text} ({})", metadata::text(&received));
            fields.extend(metadata::fields(&received));
        }
        About { text, fields }
    }

    /// A sender's path, and the process if it was asked for. `unix:` alone is a socket without a name.
    #[cfg(unix)]
    pub(crate) fn unix(rinfo: &UnixRemoteInfo) -> Self {
        let process = |by: Credentials| format!("process {}, user {}, group {}", by.pid, by.uid, by.gid);
        let facts = [rinfo.credentials.map(process), rinfo.truncated.then(|| "cut short".into())];
        let text = match facts.into_iter().flatten().collect::<Vec<_>>().join(", ") {
            facts if facts.is_empty() => format!("unix:{}", rinfo.addr),
            facts => format!("unix:{} ({facts})", rinfo.addr),
        };
        let mut fields = metadata::path_field(&rinfo.addr);
        let by = rinfo.credentials;
        let facts: [(&str, Option<Value>); 4] = [
            ("pid", by.map(|by| by.pid.into())),
            ("uid", by.map(|by| by.uid.into())),
            ("gid", by.map(|by| by.gid.into())),
            ("truncated", rinfo.truncated.then_some(true.into())),
        ];
        fields.extend(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Self { text, fields }
    }

    /// Says when the datagram came.
    pub(crate) fn add_time(&mut self, time: SystemTime) {
        self.text = format!("{} {}", text::moment(time), self.text);
        self.fields.insert("timestamp_ns".into(), nanos(time).into());
    }
}
