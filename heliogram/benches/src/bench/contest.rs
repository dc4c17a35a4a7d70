//! What a contest is: contestants that do the same work in different ways, what is measured, and the goals.

use super::job::{Job, Outcome};

/// Contestants that do the same work in different ways.
pub(crate) struct Contest {
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    /// Payload bytes of a datagram.
    pub(crate) sizes: &'static [usize],
    pub(crate) traffic: Traffic,
    /// The role of a script and its arguments.
    pub(crate) role: &'static [&'static str],
    pub(crate) length: Length,
    /// The first is what the others are compared with.
    pub(crate) contestants: &'static [Contestant],
    /// The first is what is plotted.
    pub(crate) metrics: &'static [Metric],
    pub(crate) goals: &'static [Goal],
}

impl Contest {
    /// The name under a heading that names the side.
    pub(crate) fn title(&self) -> &'static str {
        self.name.trim_start_matches("js ")
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    /// The crate, beside other crates and bare system calls
    Library,
    /// The npm package, beside the runtimes' own sockets
    Package,
}

pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What a contestant is when it runs.
pub(crate) enum Kind {
    /// A function of this binary.
    Here(fn(&Job) -> Outcome<()>),
    /// `node/bench/contestant.mjs` on a runtime.
    Script(&'static Script),
}

/// How a script is started.
pub(crate) struct Script {
    /// `node`, `deno` or `bun`.
    pub(crate) runtime: &'static str,
    /// Which sockets: `host`, `heliogram` or `udpSocket` (Bun's own interface).
    pub(crate) sockets: &'static str,
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// Options for `createSocket`, as JSON.
    pub(crate) options: &'static str,
    /// The script's arguments besides its role.
    pub(crate) flags: &'static [&'static str],
}

/// What runs on the other core.
#[derive(Clone, Copy)]
pub(crate) enum Traffic {
    /// GSO batches to the contestant, as fast as the kernel takes them.
    Flood,
    /// Datagrams one by one, `sendmmsg` from several sockets.
    Singles,
    /// So many datagrams a second, numbered, one by one.
    Paced(u32),
    Sink {
        peers: usize,
        gro: bool,
    },
    /// So many clients, each of which has so many datagrams under way and waits for answers.
    Clients {
        clients: usize,
        under_way: usize,
    },
    /// Debian's dnsperf, with so many clients, which measures by itself.
    Dnsperf(usize),
    /// Sends everything back; a bare loop.
    Echo,
    /// Sends everything back; the same sockets as the contestant.
    EchoAlike,
    Nothing,
}

/// How often it runs, and for how long.
#[derive(Clone, Copy)]
pub(crate) enum Length {
    /// In every round of the plan.
    Rounds { in_short: bool },
    /// A few times in the long form, not in the short one; each measures for so many milliseconds.
    Few(u64),
}

/// A figure that a contestant reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// What it is divided by to be shown, and with how many digits.
    pub(crate) unit: f64,
    pub(crate) digits: usize,
    pub(crate) more_is_better: bool,
}

const fn less(key: &'static str, title: &'static str, digits: usize) -> Metric {
    Metric { key, title, unit: 1.0, digits, more_is_better: false }
}

pub(crate) const RATE: Metric =
    Metric { key: "rate", title: "million datagrams per CPU second", unit: 1e6, digits: 3, more_is_better: true };
/// Bytes of a stream.
#[cfg(feature = "quic")]
pub(crate) const BYTES: Metric =
    Metric { key: "bytes", title: "MB per CPU second", unit: 1e6, digits: 0, more_is_better: true };
pub(crate) const ARRIVED: Metric =
    Metric { key: "arrived", title: "arrived, %", unit: 0.01, digits: 0, more_is_better: true };
pub(crate) const QUERIES: Metric =
    Metric { key: "queries", title: "thousand queries a second", unit: 1e3, digits: 1, more_is_better: true };
pub(crate) const TICKS: Metric =
    Metric { key: "ticks", title: "ticks of a 10 ms interval kept, %", unit: 0.01, digits: 0, more_is_better: true };
pub(crate) const MEMORY: Metric = less("memory", "peak memory, MB", 1);
pub(crate) const P50: Metric = less("p50", "p50, µs", 1);
pub(crate) const P99: Metric = less("p99", "p99, µs", 1);
pub(crate) const CPU: Metric = less("cpu", "CPU µs per datagram", 2);
pub(crate) const LOSS: Metric = Metric { unit: 0.01, ..less("loss", "lost, %", 2) };
pub(crate) const TURNS: Metric = less("turns", "turns until a quiet socket is served", 0);
pub(crate) const KEPT: Metric = less("kept", "bytes per kept message", 0);
pub(crate) const KEPT_RESIDENT: Metric = less("kept_resident", "resident bytes per kept message, with garbage", 0);
pub(crate) const GROWTH: Metric = less("growth", "memory grown, times the kept bytes", 2);
pub(crate) const SOCKET_MEMORY: Metric = less("socket_memory", "KB per socket", 2);
pub(crate) const SOCKET_TIME: Metric = less("socket_time", "µs to bind and close one", 1);
pub(crate) const REQUIRE: Metric = less("require", "ms to require", 2);
pub(crate) const FIRST: Metric = less("first", "ms to the first socket", 2);

/// What one contestant must reach.
pub(crate) struct Goal {
    pub(crate) of: &'static str,
    pub(crate) metric: Metric,
    pub(crate) bound: Bound,
    /// For datagrams of these sizes only; for all of the contest's if there are none.
    pub(crate) sizes: &'static [usize],
}

/// In the direction of the metric: at least, or at most where less is better.
pub(crate) enum Bound {
    /// So many times another contestant's.
    Times(f64, &'static str),
    /// Another contestant's and so much more.
    Plus(f64, &'static str),
    /// This, in the unit that is shown.
    Is(f64),
}

impl Goal {
    pub(crate) const fn times(of: &'static str, factor: f64, against: &'static str) -> Self {
        Goal { of, metric: RATE, bound: Bound::Times(factor, against), sizes: &[] }
    }

    pub(crate) const fn plus(of: &'static str, more: f64, against: &'static str) -> Self {
        Goal { of, metric: RATE, bound: Bound::Plus(more, against), sizes: &[] }
    }

    pub(crate) const fn is(of: &'static str, value: f64) -> Self {
        Goal { of, metric: RATE, bound: Bound::Is(value), sizes: &[] }
    }

    pub(crate) const fn in_metric(self, metric: Metric) -> Self {
        Goal { metric, ..self }
    }

    pub(crate) const fn at(self, sizes: &'static [usize]) -> Self {
        Goal { sizes, ..self }
    }

    pub(crate) fn holds_at(&self, size: usize) -> bool {
        self.sizes.is_empty() || self.sizes.contains(&size)
    }
}
