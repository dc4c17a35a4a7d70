//! Standard output and standard error, and the form of what machines read.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::net::SocketAddr;

use heliogram::addr;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Outcome;
use crate::report::text::canonical;

/// The version of the JSON that is printed: `cli/schema.json` describes it.
pub(crate) const SCHEMA: u32 = 1;

/// A line on standard output, which is written line by line.
pub(crate) fn print(line: &impl Display) -> Outcome {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

/// A line on standard error.
pub(crate) fn print_error(line: &impl Display) -> Outcome {
    Ok(writeln!(io::stderr().lock(), "{line}")?)
}

/// An object for machines: the version, its kind, and what it says.
pub(crate) fn event(kind: &str, fields: impl Serialize) -> Value {
    let mut event = json!({ "schema": SCHEMA, "event": kind });
    add(&mut event, fields);
    event
}

/// The event at the end of a command.
pub(crate) fn summary(verb: &str, fields: impl Serialize) -> Value {
    let mut event = event("summary", json!({ "verb": verb }));
    add(&mut event, fields);
    event
}

/// Adds what there is to say besides.
pub(crate) fn add(event: &mut Value, fields: impl Serialize) {
    let fields = serde_json::to_value(fields).expect("fields are a map with text for keys");
    let known = known(fields).as_object_mut().map(std::mem::take).unwrap_or_default();
    event.as_object_mut().expect("an event is an object").extend(known);
}

/// The same without what is `null`: what is unknown is left out.
fn known(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, known(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(known).collect(),
        value => value,
    }
}

/// An event about an address.
pub(crate) fn address_event(kind: &str, addr: &SocketAddr) -> Value {
    event(kind, address_fields(addr))
}

/// An address, its fields named as Node's `rinfo`.
pub(crate) fn address_fields(addr: &SocketAddr) -> Map<String, Value> {
    let addr = canonical(addr);
    let fields: [(&str, Value); 3] =
        [("address", addr::text(&addr).into()), ("family", addr::family(&addr).into()), ("port", addr.port().into())];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}
