//! What is printed: lines, the bytes of datagrams, and the summary at the end.

use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use heliogram::addr;
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Map, Value, json};

use crate::endpoint;
use crate::failure::Outcome;

/// A line on standard output, which is written line by line.
pub(crate) fn print(line: &impl Display) -> Outcome {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
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

/// The summary: each row is one fact, for people and for machines.
#[derive(Default)]
pub(crate) struct Report(Vec<(&'static str, String, Value)>);

impl Report {
    /// A fact by its name, as text and as a value.
    pub(crate) fn row(&mut self, name: &'static str, text: impl Into<String>, value: impl Into<Value>) {
        self.0.push((name, text.into(), value.into()));
    }

    /// A row that counts datagrams.
    pub(crate) fn count(&mut self, name: &'static str, count: u64) {
        let noun = if count == 1 { "datagram" } else { "datagrams" };
        self.row(name, format!("{} {noun}", HumanCount(count)), count);
    }

    /// The same, which people see only where there is something to tell.
    pub(crate) fn count_if_any(&mut self, name: &'static str, count: u64) {
        self.count(name, count);
        if count == 0 {
            self.hide();
        }
    }

    /// A row that counts a part of numbered datagrams, and one for machines with the whole.
    pub(crate) fn share(&mut self, name: &'static str, part: u64, whole: u64) {
        let percent = part as f64 * 100.0 / whole as f64;
        let text = match whole {
            0 => "unknown: no datagram had a number".into(),
            _ => format!("{} of {} ({percent:.2} %)", HumanCount(part), HumanCount(whole)),
        };
        self.row(name, text, (whole > 0).then_some(part));
        self.row("numbered", "", whole);
    }

    /// A time, for machines in seconds.
    pub(crate) fn time(&mut self, name: &'static str, time: Duration) {
        self.row(name, time_text(time), time.as_secs_f64());
    }

    /// Keeps the last row from people.
    fn hide(&mut self) {
        if let Some(row) = self.0.last_mut() {
            row.1.clear();
        }
    }

    /// Where the datagrams went.
    pub(crate) fn to(mut self, peer: &SocketAddr) -> Self {
        self.row("to", endpoint::text(peer), json!({ "address": addr::text(peer), "port": peer.port() }));
        self
    }

    /// The event `summary`.
    pub(crate) fn event(&self) -> Value {
        let mut fields = Map::from_iter([("event".to_owned(), Value::from("summary"))]);
        fields.extend(self.0.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
        Value::Object(fields)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rows = self.0.iter().filter(|row| !row.1.is_empty()).map(|row| (row.0.replace('_', " "), &row.1)).peekable();
        while let Some((name, text)) = rows.next() {
            write!(f, "{name:<12} {text}{}", if rows.peek().is_some() { "\n" } else { "" })?;
        }
        Ok(())
    }
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
        report.row("bytes", bytes_text(self.bytes), self.bytes);
        report.row("seconds", format!("{:.3}", time.as_secs_f64()), time.as_secs_f64());
        report
    }

    /// The same, with the rates.
    pub(crate) fn load_report(&self, verb: &'static str, time: Duration) -> Report {
        let mut report = self.report(verb, time);
        let (datagrams, bits) = (per_second(self.datagrams, time), per_second(self.bytes * 8, time));
        report.row("datagrams_per_second", HumanCount(datagrams).to_string(), datagrams);
        report.row("bits_per_second", bits_text(bits), bits);
        report
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let (datagrams, bytes) = (self.datagrams, self.bytes);
        write!(f, "{} datagram{}, ", HumanCount(datagrams), plural(datagrams))?;
        write!(f, "{} byte{}", HumanCount(bytes), plural(bytes))
    }
}

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
