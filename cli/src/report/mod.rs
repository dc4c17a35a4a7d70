//! What is printed: lines, the bytes of datagrams, and the summary at the end.

pub(crate) mod messages;
pub(crate) mod metadata;
pub(crate) mod progress;

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use heliogram::addr;
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Map, Value};

use crate::failure::Outcome;
use crate::net::endpoint;

/// A line on standard output, which is written line by line.
pub(crate) fn print(line: &impl Display) -> Outcome {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

/// A line on standard error.
pub(crate) fn tell(line: &impl Display) -> Outcome {
    Ok(writeln!(io::stderr().lock(), "{line}")?)
}

/// Bytes as text on one line that no peer can break, and no terminal obeys: control characters are escaped.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\\' => text.push_str("\\\\"),
                char if char.is_control() => text.extend(char.escape_default()),
                char => text.push(char),
            }
        }
        chunk.invalid().iter().for_each(|byte| write!(text, "\\x{byte:02x}").expect("a string takes all text"));
    }
    text
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all text");
        text
    })
}

/// Hexadecimal digits as bytes; spaces and colons between bytes are ignored.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> =
        text.chars().filter(|char| !matches!(char, ' ' | ':')).map(|char| char.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits make a byte")).collect())
}

/// The summary: facts for people, for machines, or for both.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<(&'static str, String)>,
    fields: Map<String, Value>,
}

impl Report {
    /// For people.
    pub(crate) fn line(&mut self, label: &'static str, text: impl Into<String>) {
        self.lines.push((label, text.into()));
    }

    /// For machines.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    /// How many datagrams met this fate.
    pub(crate) fn count(&mut self, name: &'static str, count: u64) {
        let noun = if count == 1 { "datagram" } else { "datagrams" };
        self.line(name, format!("{} {noun}", HumanCount(count)));
        self.field(&name.replace(' ', "_"), count);
    }

    /// The same; people see it only if there were any.
    pub(crate) fn count_if_any(&mut self, name: &'static str, count: u64) {
        match count {
            0 => self.field(name, 0),
            _ => self.count(name, count),
        }
    }

    /// How many of the numbered datagrams met this fate.
    pub(crate) fn share(&mut self, name: &'static str, part: u64, whole: u64) {
        let percent = part as f64 * 100.0 / whole as f64;
        self.line(
            name,
            match whole {
                0 => "unknown: no datagram had a number".into(),
                _ => format!("{} of {} ({percent:.2} %)", HumanCount(part), HumanCount(whole)),
            },
        );
        self.field(name, (whole > 0).then_some(part));
        self.field("numbered", whole);
    }

    /// A time, for machines in seconds.
    pub(crate) fn time(&mut self, name: &'static str, time: Duration) {
        self.line(name, time_text(time));
        self.field(name, time.as_secs_f64());
    }

    /// Where the datagrams went.
    pub(crate) fn to(&mut self, peer: &SocketAddr) {
        self.line("to", endpoint::text(peer));
        self.fields.extend(address_fields(peer));
    }

    /// The event `summary`.
    pub(crate) fn event(&self) -> Value {
        event("summary", self.fields.clone())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        let lines: Vec<_> = self.lines.iter().map(|(label, text)| format!("{label:<width$}  {text}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// An object for machines, its kind first.
pub(crate) fn event(kind: &str, fields: Map<String, Value>) -> Value {
    let kind = ("event".to_owned(), Value::from(kind));
    std::iter::once(kind).chain(fields).collect()
}

/// An address, its fields named as the manual's `rinfo`.
pub(crate) fn address_fields(addr: &SocketAddr) -> Map<String, Value> {
    let fields: [(&str, Value); 3] =
        [("address", addr::text(addr).into()), ("family", addr::family(addr).into()), ("port", addr.port().into())];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Datagrams and bytes since a moment.
#[derive(Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    since: Instant,
}

impl Tally {
    pub(crate) fn start() -> Self {
        Tally { datagrams: 0, bytes: 0, since: Instant::now() }
    }

    pub(crate) const fn add(&mut self, bytes: usize) {
        self.add_many(1, bytes);
    }

    /// Adds datagrams of this size each.
    pub(crate) const fn add_many(&mut self, datagrams: usize, size: usize) {
        self.datagrams += datagrams as u64;
        self.bytes += (datagrams * size) as u64;
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// The time from the start to that moment.
    pub(crate) fn until(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.since)
    }

    /// The first rows of a summary; `verb` is what was done to the datagrams, in this time.
    pub(crate) fn report(&self, verb: &'static str, time: Duration) -> Report {
        let mut report = Report::default();
        report.count(verb, self.datagrams);
        report.line("bytes", bytes_text(self.bytes));
        report.field("bytes", self.bytes);
        report.line("time", time_text(time));
        report.field("seconds", time.as_secs_f64());
        report
    }

    /// The same, with the rates. Too short a time has none: one datagram a microsecond after another is no rate.
    pub(crate) fn load_report(&self, verb: &'static str, time: Duration) -> Report {
        let mut report = self.report(verb, time);
        if time < SHORTEST {
            report.line("rate", "unknown: less than 10 ms from the first datagram to the last");
            return report;
        }
        let (datagrams, bits) = (per_second(self.datagrams, time), per_second(self.bytes * 8, time));
        report.line("rate", format!("{} datagrams/s, {}", HumanCount(datagrams), bits_text(bits)));
        report.field("datagrams_per_second", datagrams);
        report.field("bits_per_second", bits);
        report
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let (datagrams, bytes) = (self.datagrams, self.bytes);
        write!(f, "{} datagram{}, ", HumanCount(datagrams), plural(datagrams))?;
        write!(f, "{} byte{}", HumanCount(bytes), plural(bytes))
    }
}

/// The least time that a rate is taken from.
const SHORTEST: Duration = Duration::from_millis(10);

/// How many a second; 0 where no time has passed.
pub(crate) fn per_second(count: u64, time: Duration) -> u64 {
    let nanos = time.as_nanos();
    u64::try_from((u128::from(count) * 1_000_000_000).checked_div(nanos).unwrap_or(0)).unwrap_or(u64::MAX)
}

fn bytes_text(bytes: u64) -> String {
    if bytes < 1024 { bytes.to_string() } else { format!("{} ({})", HumanCount(bytes), HumanBytes(bytes)) }
}

/// Bits a second as people read them: `950.1 Mbit/s`.
pub(crate) fn bits_text(bits: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "Gbit/s"), (1_000_000, "Mbit/s"), (1000, "kbit/s")];
    match UNITS.iter().find(|(unit, _)| bits >= *unit) {
        Some((unit, name)) => format!("{:.2} {name}", bits as f64 / *unit as f64),
        None => format!("{bits} bit/s"),
    }
}

/// A time as people read it: `250 µs`, `1.3 ms`, `2.0 s`.
pub(crate) fn time_text(time: Duration) -> String {
    match time.as_micros() {
        micros if micros < 1000 => format!("{micros} µs"),
        micros if micros < 1_000_000 => format!("{:.2} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_on_one_line() {
        assert_eq!(escape("grüß\\\n\u{1b}[2J".as_bytes()), "grüß\\\\\\n\\u{1b}[2J");
        assert_eq!(escape(b"a\xff\0"), "a\\xff\\u{0}");
    }

    #[test]
    fn hexadecimal_and_back() {
        assert_eq!(hex(b"\x00\xffA"), "00ff41");
        assert_eq!(unhex("00 FF:41").unwrap(), b"\x00\xffA");
        assert_eq!(unhex(""), Some(vec![]));
        assert!(unhex("0").is_none() && unhex("0g").is_none());
    }
}
