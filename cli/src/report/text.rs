//! Text for people: the bytes of datagrams, addresses, times and amounts.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use heliogram::addr;
use indicatif::{HumanBytes, HumanCount};

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

/// Bytes as `hexdump -C` shows them: sixteen a line, with their place before and their ASCII behind.
pub(crate) fn dump(bytes: &[u8]) -> String {
    let lines = bytes.chunks(16).enumerate().map(|(index, line)| {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let (left, right) = line.split_at(line.len().min(8));
        let ascii: String =
            line.iter().map(|&byte| if (b' '..=b'~').contains(&byte) { byte as char } else { '.' }).collect();
        format!("    {:04x}  {:<23}  {:<23}  |{ascii}|", index * 16, hex(left), hex(right))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An address and port as they are typed, zones by name.
pub(crate) fn address(addr: &SocketAddr) -> String {
    let addr = canonical(addr);
    let ip = addr::text(&addr);
    if addr.is_ipv6() { format!("[{ip}]:{}", addr.port()) } else { format!("{ip}:{}", addr.port()) }
}

/// An IPv4 peer of a socket for both families, as the IPv4 address that it has.
pub(crate) fn canonical(addr: &SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, addr.port()),
        _ => *addr,
    }
}

/// A number and its noun: `1 datagram`, `2,000 datagrams`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

/// A part of a whole: `3 of 1,000 (0.30 %)`.
pub(crate) fn share(part: u64, whole: u64) -> String {
    let percent = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    format!("{} of {} ({percent:.2} %)", HumanCount(part), HumanCount(whole))
}

/// Bytes: `1,200 (1.17 KiB)`.
pub(crate) fn bytes(bytes: u64) -> String {
    if bytes < 1024 { bytes.to_string() } else { format!("{} ({})", HumanCount(bytes), HumanBytes(bytes)) }
}

/// Bits a second: `950.10 Mbit/s`.
pub(crate) fn bits(bits: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "Gbit/s"), (1_000_000, "Mbit/s"), (1000, "kbit/s")];
    match UNITS.iter().find(|(unit, _)| bits >= *unit) {
        Some((unit, name)) => format!("{:.2} {name}", bits as f64 / *unit as f64),
        None => format!("{bits} bit/s"),
    }
}

/// A time: `250 µs`, `1.30 ms`, `2.00 s`.
pub(crate) fn time(time: Duration) -> String {
    match time.as_micros() {
        micros if micros < 1000 => format!("{micros} µs"),
        micros if micros < 1_000_000 => format!("{:.2} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

/// A time in nanoseconds that may be negative.
pub(crate) fn nanos(nanos: i64) -> String {
    let text = time(Duration::from_nanos(nanos.unsigned_abs()));
    if nanos < -999 { format!("-{text}") } else { text }
}

/// A moment: `2026-11-29T20:38:17.123456789Z`.
pub(crate) fn moment(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(time).to_string()
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

    #[test]
    fn a_dump_has_places_bytes_and_ascii() {
        let lines = dump(b"0123456789abcdef\x00\xffA");
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines[0], "    0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|");
        assert_eq!(lines[1], "    0010  00 ff 41                                          |..A|");
        assert_eq!(dump(b""), "");
    }

    #[test]
    fn amounts() {
        assert_eq!((count(1, "datagram"), share(3, 1000)), ("1 datagram".into(), "3 of 1,000 (0.30 %)".into()));
        assert_eq!(
            (nanos(-1_500_000), nanos(999), bits(10_000_000)),
            ("-1.50 ms".into(), "0 µs".into(), "10.00 Mbit/s".into())
        );
        assert_eq!(address(&"[::ffff:10.0.0.1]:9".parse().unwrap()), "10.0.0.1:9");
    }
}
