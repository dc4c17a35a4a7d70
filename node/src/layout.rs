//! What Rust and JavaScript agree on: columns of rows, flags, sentinels, sizes. This is the only table of them;
//! `node/lib/bridge/layout.js` is generated from it, and a test compares the two.

/// The longest message that the kernel gives, a GRO packet, and more than any datagram has.
const LONGEST: usize = 65_536;

/// How many segments the longest GRO packet has (`UDP_MAX_SEGMENTS` of older kernels), and how many messages a system call takes at once.
const SEGMENTS: usize = 64;

macro_rules! layout {
    ($($(#[doc = $about:literal])* $section:ident: $type:ty { $($(#[doc = $doc:literal])* $name:ident = $value:expr;)* })*) => {
        $(
            $(#[doc = $about])*
            pub(crate) mod $section {
                #[allow(unused_imports, reason = "sections refer to each other and to the constants above")]
                use super::*;
                $($(#[doc = $doc])* #[allow(dead_code, reason = "some are for JavaScript alone")] pub(crate) const $name: $type = $value;)*
            }
        )*

        #[cfg(test)]
        const TABLE: &[Section] = &[$(Section {
            about: &[$($about),*],
            name: stringify!($section),
            entries: &[$((&[$($doc),*], stringify!($name), $section::$name as i64)),*],
        }),*];
    };
}

layout! {
    /// A row of the table of received messages. The length is a negative number of the system's where an error has been received instead.
    recv_row: usize {
        /// Where the bytes begin in their memory.
        OFFSET = 0;
        LENGTH = 1;
        PORT = 2;
        FLAGS = 3;
        /// The sender's address in four columns, in network order; of IPv4 the last one has it.
        ADDRESS = 4;
        /// The zone of a link-local IPv6 address, or 0.
        SCOPE = 8;
        /// Where the receive metadata is, if the flags say that there is some.
        METADATA = 9;
        /// The row that has the sender's address and zone: this one, or one before it with the same sender.
        SENDER = 10;
        COLUMNS = 11;
    }

    /// Flags of a received message.
    recv_flag: i32 {
        IPV6 = 1;
        METADATA = 2;
    }

    /// The memory of received batches: the table, whose last cell has how many messages have been delivered; room for metadata and for
    /// the text of one address; room for two messages of any size.
    recv_memory: usize {
        /// One turn's messages of one socket whose listeners take batches: the longest GRO packet.
        ROWS = SEGMENTS;
        /// The cell.
        DELIVERED = ROWS * recv_row::COLUMNS;
        /// Where the text of an address is put.
        TEXT = 4 * (DELIVERED + 1);
        /// `xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:255.255.255.255%`, and a name of an interface.
        TEXT_BYTES = 64;
        METADATA = TEXT + TEXT_BYTES;
        /// Enough for a turn's.
        METADATA_BYTES = 8_192;
        PAYLOAD = METADATA + METADATA_BYTES;
        BYTES = PAYLOAD + 2 * LONGEST;
    }

    /// A record of receive metadata: where its fields are, in bytes. Numbers are little-endian, times in nanoseconds.
    metadata: usize {
        /// Which of the fields are known, one bit for each of `METADATA_BIT`.
        KNOWN = 0;
        TOS = 1;
        TTL = 2;
        /// The lengths of the texts behind the record.
        DESTINATION_LENGTH = 3;
        LOCAL_ADDRESS_LENGTH = 4;
        INTERFACE_LENGTH = 5;
        /// Two bytes.
        SEGMENT_SIZE = 6;
        /// Four bytes.
        INTERFACE_INDEX = 8;
        /// Four bytes.
        DROPPED = 12;
        /// Eight bytes.
        TIMESTAMP = 16;
        /// Eight bytes.
        HARDWARE_TIMESTAMP = 24;
        TRUNCATED = 32;
        TEXTS = 33;
    }

    /// The bits of the fields that are known.
    metadata_bit: u8 {
        TOS = 1;
        TTL = 2;
        SEGMENT_SIZE = 4;
        INTERFACE_INDEX = 8;
        DROPPED = 16;
        TIMESTAMP = 32;
        HARDWARE_TIMESTAMP = 64;
        TRUNCATED = 128;
    }

    /// What `deliver` is called with in place of a number of messages.
    deliver: i32 {
        /// To go on with the batch whose listener threw.
        RESUME = -1;
        /// There may be something in the socket's error queue.
        ERROR_QUEUE = -2;
    }

    /// A row of the table of batched sends.
    send_row: usize {
        SOCKET = 0;
        OFFSET = 1;
        LENGTH = 2;
        PORT = 3;
        DESTINATION = 4;
        /// The place of the datagram's options, from 1 on; 0 for none.
        OPTIONS = 5;
        /// Written in place of the options: the size, a negative number of the system's, or `SEND.WAITS` with the token in place of
        /// the offset.
        OUTCOME = 5;
        COLUMNS = 6;
    }

    /// The memory of batched sends: the table, whose last cell has how many rows there are, and the bytes.
    send_memory: usize {
        /// One turn's datagrams: 32 peers with 8 each, for example.
        ROWS = 256;
        /// The cell.
        COUNT = ROWS * send_row::COLUMNS;
        PAYLOAD = 4 * (COUNT + 1);
        /// A batch leaves when it has so many bytes.
        BATCH_BYTES = 6 * LONGEST;
        /// Larger than any datagram: what is longer still is cut to this, and the kernel refuses it all the same.
        TOO_LONG = LONGEST;
        BYTES = PAYLOAD + BATCH_BYTES + TOO_LONG;
    }

    /// Numbers that stand for something else in a row of a send.
    send: i32 {
        /// The outcome of a send which the kernel had no room for.
        WAITS = i32::MIN;
        /// The destination of a send to the connected peer.
        PEER = -1;
        /// Instead of a destination's number: the table of destinations is full.
        NO_ROOM = -1;
    }

    /// The flags of `open`.
    open_flag: i32 {
        REUSE_ADDR = 1;
        REUSE_PORT = 2;
        IPV6_ONLY = 4;
        NO_OFFLOAD = 8;
        POOLED_BUFFERS = 16;
    }

    /// A socket's state as a number: its bind state, and its connect state shifted.
    state: i32 {
        BIND_MASK = 3;
        CONNECT_SHIFT = 2;
    }

    /// What a Unix datagram socket is ready for.
    unix_ready: i32 {
        READABLE = 1;
        WRITABLE = 2;
    }

    /// Turns of the loop.
    turn: usize {
        /// How many messages of one socket are delivered before the loop turns, as in Node.
        MESSAGES = 32;
    }
}

#[cfg(test)]
type Entry = (&'static [&'static str], &'static str, i64);

#[cfg(test)]
struct Section {
    about: &'static [&'static str],
    name: &'static str,
    entries: &'static [Entry],
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::fs;
    use std::path::Path;

    use heliogram::{Sockopt, SockoptValues, Systems};

    use super::*;

    /// Rewrites the file instead of comparing it.
    const UPDATE: &str = "UPDATE_LAYOUT";

    fn generated() -> String {
        let mut text = "'use strict';\n\
             // What Rust and JavaScript agree on. Generated from node/src/layout.rs by its test:\n\
             // UPDATE_LAYOUT=1 cargo test -p heliogram-node layout\n"
            .to_owned();
        text.push_str("\n/** The version of the addon that this is the layout of. */\n");
        writeln!(text, "exports.VERSION = '{}';", env!("CARGO_PKG_VERSION")).unwrap();
        for Section { about, name, entries } in TABLE {
            comment(&mut text, "", about);
            writeln!(text, "exports.{} = Object.freeze({{", name.to_uppercase()).unwrap();
            for (doc, name, value) in *entries {
                if !doc.is_empty() {
                    comment(&mut text, "  ", doc);
                }
                writeln!(text, "  {name}: {value},").unwrap();
            }
            text.push_str("});\n");
        }
        text + &sockopts()
    }

    /// The library's table of socket options, by whose rows the addon's methods take them.
    fn sockopts() -> String {
        let mut text = "\n/** The integer and boolean socket options: rows of the library's table, which the addon names by their places. */\n\
             exports.SOCKOPTS = Object.freeze([\n"
            .to_owned();
        for option in Sockopt::ALL {
            let (name, range) = (option.js_name(), option.range());
            let values = match option.values() {
                SockoptValues::Bool => "isBoolean: true".to_owned(),
                _ => format!("least: {}, most: {}", range.start(), range.end()),
            };
            writeln!(text, "  {{ name: '{name}', {values} }},").unwrap();
        }
        text + "]);\n"
    }

    fn comment(text: &mut String, indent: &str, lines: &[&str]) {
        let blank = if indent.is_empty() { "\n" } else { "" };
        let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
        writeln!(text, "{blank}{indent}/** {} */", lines.join(&format!("\n{indent} * "))).unwrap();
    }

    /// The methods of the options, with their documentation.
    fn declarations() -> String {
        let mut text = String::new();
        for option in Sockopt::ALL {
            let (name, summary) = (option.js_name(), option.summary());
            let systems = match option.systems() {
                Systems::All => "",
                Systems::Unix => " Not on Windows.",
                _ => " Linux.",
            };
            let (kind, range) = match option.values() {
                SockoptValues::Bool => ("boolean", String::new()),
                _ => ("number", format!(" From {} to {}.", option.range().start(), option.range().end())),
            };
            writeln!(text, "  /** {summary}{range}{systems} */\n  get{name}(): {kind};").unwrap();
            if !OF_NODE.contains(&name) {
                writeln!(text, "  /** Sets what {{@link get{name}}} reads. */\n  set{name}(value: {kind}): void;")
                    .unwrap();
            }
        }
        text
    }

    /// The setters of these are Node's.
    const OF_NODE: [&str; 4] = ["Broadcast", "TTL", "MulticastTTL", "MulticastLoopback"];

    /// Compares a file with what it must be, or rewrites it.
    fn must_be(file: &str, wanted: impl FnOnce(&str) -> String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let stored = fs::read_to_string(&path).unwrap_or_default();
        let wanted = wanted(&stored);
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&path, wanted).unwrap();
        } else {
            assert!(stored == wanted, "{} is not what Rust says: run the test with {UPDATE}=1", path.display());
        }
    }

    #[test]
    fn javascript_has_the_same_layout() {
        must_be("lib/bridge/layout.js", |_| generated());
    }

    #[test]
    fn the_types_have_every_socket_option() {
        must_be("index.d.ts", |stored| {
            let (before, rest) = stored.split_once("  // <socket options>\n").unwrap();
            let (_, after) = rest.split_once("  // </socket options>\n").unwrap();
            format!("{before}  // <socket options>\n{}  // </socket options>\n{after}", declarations())
        });
    }
}
