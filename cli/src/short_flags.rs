//! The short flags: each verb has those of the tool that it replaces.

use clap::Command;

/// Verb, long flag, and its short one.
const SHORT: &[(&str, &[(&str, char)])] = &[
    // nc
    ("listen", &[("count", 'W'), ("seconds", 'w'), ("dump", 'x')]),
    (
        "send",
        &[
            ("source", 's'),
            ("bind", 'p'),
            ("timeout", 'w'),
            ("tos", 'T'),
            ("ttl", 'M'),
            ("broadcast", 'b'),
            ("dump", 'x'),
        ],
    ),
    // ping
    (
        "ping",
        &[
            ("count", 'c'),
            ("interval", 'i'),
            ("timeout", 'W'),
            ("deadline", 'w'),
            ("size", 's'),
            ("quiet", 'q'),
            ("ttl", 't'),
            ("tos", 'Q'),
            ("device", 'I'),
        ],
    ),
    // iperf3
    (
        "blast",
        &[
            ("bitrate", 'b'),
            ("seconds", 't'),
            ("count", 'k'),
            ("size", 'l'),
            ("parallel", 'P'),
            ("reverse", 'R'),
            ("interval", 'i'),
            ("bind", 'B'),
            ("tos", 'S'),
        ],
    ),
    ("sink", &[("interval", 'i')]),
];

/// The command with its short flags.
pub(crate) fn add(command: Command) -> Command {
    SHORT.iter().fold(command, |command, (verb, flags)| {
        command.mut_subcommand(verb, |verb| {
            flags.iter().fold(verb, |verb, (long, short)| verb.mut_arg(long, |flag| flag.short(*short)))
        })
    })
}
