//! The contests of the npm package: beside the sockets of Node, Deno and Bun. What the scripts do is in `node/bench/`.

use crate::bench::contest::{
    ARRIVED, CPU, Contest, Contestant, FIRST, GROWTH, Goal, KEPT, KEPT_RESIDENT, Kind, LOSS, Length, MEMORY, Metric,
    P50, P99, QUERIES, RATE, REQUIRE, SOCKET_MEMORY, SOCKET_TIME, Script, Side, TICKS, TURNS, Traffic,
};
use crate::bench::contestants::{receive, send};
use crate::bench::job::{Job, Outcome};

const HOST: &str = "node:dgram";
const OURS: &str = "heliogram";
const NO_OFFLOAD: &str = "heliogram, no offload";
const COALESCING: &str = "heliogram, receiveCoalescing: 200";
const POOLED: &str = "heliogram, pooled buffers";
const MANY_RECEIVED: &str = "heliogram, 'messages'";
const MANY_SENT: &str = "heliogram, sendMany";
const DENO: &str = "Deno's node:dgram";
const DENO_OURS: &str = "heliogram in Deno";
const DENO_NO_OFFLOAD: &str = "heliogram in Deno, no offload";
const BUN: &str = "Bun's node:dgram";
const BUN_UDP: &str = "Bun.udpSocket";
const BUN_OURS: &str = "heliogram in Bun";
const BUN_NO_OFFLOAD: &str = "heliogram in Bun, no offload";

const BARE_RECEIVER: &str = "bare recvmmsg";
const BARE_SENDER: &str = "bare UDP_SEGMENT";
const BARE_ANSWERS: &str = "bare recvmmsg + sendmmsg";
const BARE_FAN_OUT: &str = "bare UDP_SEGMENT to each peer";

const WITHOUT_OFFLOAD: &[(&str, &str)] = &[("HELIOGRAM_OFFLOAD", "0")];

macro_rules! script {
    ($name:expr, $runtime:literal, $sockets:literal, $environment:expr) => {
        script!($name, $runtime, $sockets, $environment, "{}")
    };
    ($name:expr, $runtime:literal, $sockets:literal, $environment:expr, $options:literal) => {
        script!($name, $runtime, $sockets, $environment, $options, &[])
    };
    ($name:expr, $runtime:literal, $sockets:literal, $environment:expr, $options:literal, $flags:expr) => {
        Contestant {
            name: $name,
            kind: Kind::Script(&Script {
                runtime: $runtime,
                sockets: $sockets,
                environment: $environment,
                options: $options,
                flags: $flags,
            }),
        }
    };
}

/// The limit: a loop of system calls that does nothing else.
const fn bare(name: &'static str, run: fn(&Job) -> Outcome<()>) -> Contestant {
    Contestant { name, kind: Kind::Here(run) }
}

const IN_NODE: &[Contestant] = &[script!(HOST, "node", "host", &[]), script!(OURS, "node", "heliogram", &[])];

/// Without pooled buffers and without Deno's own socket: there each kept message keeps 128 and 64 KiB, which is gigabytes in a minute.
const KEEPERS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(NO_OFFLOAD, "node", "heliogram", WITHOUT_OFFLOAD),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
];

const IN_NODE_EITHER_WAY: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(MANY_RECEIVED, "node", "heliogram", &[], "{}", &["--many"]),
    script!(NO_OFFLOAD, "node", "heliogram", WITHOUT_OFFLOAD),
    bare(BARE_RECEIVER, receive::bare),
];

/// The `dgram` of every runtime, and the limit.
const ANSWERERS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(DENO, "deno", "host", &[]),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(BUN, "bun", "host", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
    bare(BARE_ANSWERS, receive::bare_answers),
];

const ANSWERERS_IN_NODE: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    bare(BARE_ANSWERS, receive::bare_answers),
];

const FAN_OUT: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    bare(BARE_FAN_OUT, send::bare_segment_each),
];

/// The `dgram` of every runtime.
const DGRAMS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(DENO, "deno", "host", &[]),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(BUN, "bun", "host", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
];

/// With Bun's own interface besides.
const SOCKETS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(DENO, "deno", "host", &[]),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(BUN, "bun", "host", &[]),
    script!(BUN_UDP, "bun", "udpSocket", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
];

/// With receive coalescing besides.
const STEADY_RECEIVERS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(COALESCING, "node", "heliogram", &[], r#"{"receiveCoalescing":200}"#),
    script!(DENO, "deno", "host", &[]),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(BUN, "bun", "host", &[]),
    script!(BUN_UDP, "bun", "udpSocket", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
];

/// Without offload besides, as on a system that has none, and with the package's own ways to receive.
const RECEIVERS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(NO_OFFLOAD, "node", "heliogram", WITHOUT_OFFLOAD),
    script!(POOLED, "node", "heliogram", &[], r#"{"pooledBuffers":true}"#),
    script!(MANY_RECEIVED, "node", "heliogram", &[], "{}", &["--many"]),
    script!(DENO, "deno", "host", &[]),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(DENO_NO_OFFLOAD, "deno", "heliogram", WITHOUT_OFFLOAD),
    script!(BUN, "bun", "host", &[]),
    script!(BUN_UDP, "bun", "udpSocket", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
    script!(BUN_NO_OFFLOAD, "bun", "heliogram", WITHOUT_OFFLOAD),
    bare(BARE_RECEIVER, receive::bare),
    bare("bare recvmmsg + UDP_GRO", receive::bare_gro),
];

const SENDERS: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(MANY_SENT, "node", "heliogram", &[], "{}", &["--many"]),
    script!(NO_OFFLOAD, "node", "heliogram", WITHOUT_OFFLOAD),
    script!(DENO, "deno", "host", &[]),
    script!(DENO_OURS, "deno", "heliogram", &[]),
    script!(BUN, "bun", "host", &[]),
    script!(BUN_UDP, "bun", "udpSocket", &[]),
    script!(BUN_OURS, "bun", "heliogram", &[]),
    bare(BARE_SENDER, send::bare_segment),
    bare("bare sendmmsg", send::bare_sendmmsg),
];

const TO_ONE: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    script!(MANY_SENT, "node", "heliogram", &[], "{}", &["--many"]),
    bare(BARE_SENDER, send::bare_segment),
];

const TO_MANY: &[Contestant] = &[
    script!(HOST, "node", "host", &[]),
    script!(OURS, "node", "heliogram", &[]),
    bare("bare sendmmsg", send::bare_sendmmsg),
];

const SIZES: &[usize] = &[64, 512, 1400];
const ENDS: &[usize] = &[64, 1400];
const SMALL: &[usize] = &[64];
const LONG_ONLY: Length = Length::Rounds { in_short: false };
const ALWAYS: Length = Length::Rounds { in_short: true };

const SENT: &[Metric] = &[RATE, ARRIVED];
const TRIP: &[Metric] = &[P50, P99];
const STEADY: &[Metric] = &[CPU, LOSS];

const fn contest(
    name: &'static str,
    role: &'static [&'static str],
    traffic: Traffic,
    contestants: &'static [Contestant],
    metrics: &'static [Metric],
    goals: &'static [Goal],
) -> Contest {
    Contest { name, side: Side::Package, sizes: SMALL, traffic, role, length: LONG_ONLY, contestants, metrics, goals }
}

const ONE: Traffic = Traffic::Sink { peers: 1, gro: false };
const CLIENTS: Traffic = Traffic::Clients { clients: 64, under_way: 1 };
const MANY: Traffic = Traffic::Sink { peers: 16, gro: false };
/// A receiver with GRO takes a GSO batch whole. Without it, the sender's CPU time would include splitting the batch for the receiver's queue.
const WITH_GRO: Traffic = Traffic::Sink { peers: 1, gro: true };

const fn sends(
    name: &'static str,
    role: &'static [&'static str],
    contestants: &'static [Contestant],
    goals: &'static [Goal],
) -> Contest {
    contest(name, role, ONE, contestants, SENT, goals)
}

pub(crate) const CONTESTS: &[Contest] = &[
    Contest {
        sizes: SIZES,
        length: ALWAYS,
        ..contest(
            "js receive",
            &["receive"],
            Traffic::Flood,
            RECEIVERS,
            &[RATE, MEMORY],
            &[
                Goal::times(NO_OFFLOAD, 3.3, HOST).at(&[64]),
                Goal::times(NO_OFFLOAD, 2.2, HOST).at(&[1400]),
                Goal::times(OURS, 10.0, HOST).at(&[64]),
                Goal::times(OURS, 2.8, HOST).at(&[1400]),
                Goal::times(POOLED, 8.0, HOST).at(&[1400]),
                Goal::times(MANY_RECEIVED, 1.5, OURS).at(&[64]),
                Goal::times(MANY_RECEIVED, 3.0, OURS).at(&[1400]),
                Goal::plus(NO_OFFLOAD, 8.0, HOST).in_metric(MEMORY).at(&[64, 1400]),
                Goal::plus(OURS, 8.0, HOST).in_metric(MEMORY).at(&[64, 1400]),
                Goal::times(DENO_NO_OFFLOAD, 5.5, DENO).at(&[64]),
                Goal::times(BUN_NO_OFFLOAD, 1.2, BUN).at(&[64]),
                Goal::times(BUN_OURS, 5.0, BUN).at(&[64]),
            ],
        )
    },
    contest(
        "js receive, single datagrams",
        &["receive"],
        Traffic::Singles,
        IN_NODE_EITHER_WAY,
        &[RATE, MEMORY],
        &[Goal::times(OURS, 1.2, HOST), Goal::times(OURS, 0.98, NO_OFFLOAD), Goal::times(OURS, 0.76, BARE_RECEIVER)],
    ),
    Contest {
        sizes: SIZES,
        length: ALWAYS,
        ..sends(
            "js send",
            &["send"],
            SENDERS,
            &[
                Goal::times(OURS, 5.5, HOST).at(&[64]),
                Goal::times(OURS, 5.0, HOST).at(&[512]),
                Goal::times(OURS, 4.0, HOST).at(&[1400]),
                Goal::times(OURS, 0.72, BARE_SENDER).at(&[64]),
                Goal::times(OURS, 0.66, BARE_SENDER).at(&[1400]),
                Goal::times(DENO_OURS, 8.0, DENO).at(&[64]),
                Goal::times(BUN_OURS, 5.5, BUN).at(&[64]),
            ],
        )
    },
    Contest {
        sizes: ENDS,
        ..sends("js send, callbacks", &["send", "--callbacks"], IN_NODE, &[Goal::times(OURS, 5.0, HOST)])
    },
    Contest {
        sizes: ENDS,
        ..sends("js send, 64 in flight", &["send", "--under-way"], IN_NODE, &[Goal::times(OURS, 5.0, HOST)])
    },
    Contest { sizes: ENDS, ..contest("js send, to a GRO receiver", &["send"], WITH_GRO, TO_ONE, SENT, &[]) },
    sends("js send, connected", &["send", "--connected"], SOCKETS, &[Goal::times(OURS, 4.5, HOST)]),
    contest("js send, many peers", &["send"], MANY, TO_MANY, SENT, &[Goal::times(OURS, 1.4, HOST)]),
    Contest {
        sizes: &[200, 1200],
        ..contest(
            "js fan-out",
            &["send", "--rounds", "8"],
            Traffic::Sink { peers: 32, gro: false },
            FAN_OUT,
            SENT,
            &[Goal::times(OURS, 0.7, BARE_FAN_OUT)],
        )
    },
    sends("js send, mixed sizes", &["send", "--mixed"], IN_NODE, &[Goal::times(OURS, 1.4, HOST)]),
    contest(
        "js answers",
        &["answer"],
        CLIENTS,
        ANSWERERS,
        &[RATE],
        &[
            Goal::times(OURS, 2.1, HOST),
            Goal::times(OURS, 0.79, BARE_ANSWERS),
            Goal::times(DENO_OURS, 3.6, DENO),
            Goal::times(DENO_OURS, 0.95, HOST),
            Goal::times(BUN_OURS, 1.6, BUN),
        ],
    ),
    contest(
        "js answers, after an await",
        &["answer", "--later"],
        CLIENTS,
        ANSWERERS_IN_NODE,
        &[RATE],
        &[Goal::times(OURS, 2.2, HOST)],
    ),
    contest(
        "js answers, callbacks",
        &["answer", "--callbacks"],
        CLIENTS,
        ANSWERERS_IN_NODE,
        &[RATE],
        &[Goal::times(OURS, 1.7, HOST)],
    ),
    Contest {
        sizes: &[1200],
        ..contest(
            "js answers, four under way",
            &["answer"],
            Traffic::Clients { clients: 16, under_way: 4 },
            ANSWERERS_IN_NODE,
            &[RATE],
            &[Goal::times(OURS, 2.0, HOST)],
        )
    },
    Contest {
        length: Length::Few(2000),
        ..contest(
            "js DNS server",
            &["dns"],
            Traffic::Dnsperf(64),
            DGRAMS,
            &[QUERIES],
            &[
                Goal::times(OURS, 1.4, HOST).in_metric(QUERIES),
                Goal::times(DENO_OURS, 2.6, DENO).in_metric(QUERIES),
                Goal::times(BUN_OURS, 1.15, BUN).in_metric(QUERIES),
            ],
        )
    },
    Contest {
        sizes: SIZES,
        length: ALWAYS,
        ..contest(
            "js round trip",
            &["ping"],
            Traffic::Echo,
            SOCKETS,
            TRIP,
            &[
                Goal::times(OURS, 0.95, HOST).in_metric(P50).at(SMALL),
                Goal::times(OURS, 1.0, HOST).in_metric(P99).at(SMALL),
                Goal::times(BUN_OURS, 1.05, BUN).in_metric(P50).at(SMALL),
                Goal::times(BUN_OURS, 1.2, BUN).in_metric(P99).at(SMALL),
            ],
        )
    },
    contest(
        "js round trip, both ends",
        &["ping"],
        Traffic::EchoAlike,
        DGRAMS,
        TRIP,
        &[
            Goal::times(OURS, 0.95, HOST).in_metric(P50),
            Goal::times(OURS, 1.0, HOST).in_metric(P99),
            Goal::times(BUN_OURS, 1.05, BUN).in_metric(P50),
        ],
    ),
    contest(
        "js 20,000 a second",
        &["steady"],
        Traffic::Paced(20_000),
        STEADY_RECEIVERS,
        STEADY,
        &[Goal::times(COALESCING, 0.85, HOST).in_metric(CPU), Goal::times(BUN_OURS, 1.1, BUN).in_metric(CPU)],
    ),
    contest(
        "js 100,000 a second",
        &["steady"],
        Traffic::Paced(100_000),
        STEADY_RECEIVERS,
        STEADY,
        &[
            Goal::times(COALESCING, 0.55, HOST).in_metric(CPU),
            Goal::times(DENO_OURS, 0.4, DENO).in_metric(CPU),
            Goal::is(DENO_OURS, 1.0).in_metric(LOSS),
        ],
    ),
    Contest {
        length: Length::Few(1000),
        ..contest(
            "js fairness",
            &["fairness"],
            Traffic::Flood,
            DGRAMS,
            &[TICKS, TURNS],
            &[
                Goal::is(OURS, 90.0).in_metric(TICKS),
                Goal::is(OURS, 2.0).in_metric(TURNS),
                Goal::is(DENO_OURS, 90.0).in_metric(TICKS),
                Goal::is(DENO_OURS, 2.0).in_metric(TURNS),
                Goal::is(BUN_OURS, 90.0).in_metric(TICKS),
                Goal::is(BUN_OURS, 2.0).in_metric(TURNS),
            ],
        )
    },
    Contest {
        sizes: &[100],
        length: Length::Few(1500),
        ..contest(
            "js kept messages",
            &["keep"],
            Traffic::Paced(20_000),
            DGRAMS,
            &[KEPT, KEPT_RESIDENT],
            &[
                Goal::times(OURS, 1.0, HOST).in_metric(KEPT),
                // Deno's own keeps 64 KiB with it.
                Goal::is(DENO_OURS, 320.0).in_metric(KEPT),
                Goal::times(BUN_OURS, 1.0, BUN).in_metric(KEPT),
            ],
        )
    },
    Contest {
        sizes: &[1400],
        length: Length::Few(60_000),
        ..contest(
            "js one kept in a thousand",
            &["keep", "--one-in", "1000"],
            Traffic::Flood,
            KEEPERS,
            &[GROWTH],
            &[
                Goal::is(OURS, 3.0).in_metric(GROWTH),
                Goal::is(NO_OFFLOAD, 3.0).in_metric(GROWTH),
                Goal::is(DENO_OURS, 3.0).in_metric(GROWTH),
                Goal::is(BUN_OURS, 3.0).in_metric(GROWTH),
            ],
        )
    },
    Contest {
        length: Length::Few(0),
        ..contest(
            "js 10,000 idle sockets",
            &["idle", "--count", "10000"],
            Traffic::Nothing,
            DGRAMS,
            &[SOCKET_MEMORY, SOCKET_TIME],
            &[
                Goal::times(OURS, 1.0, HOST).in_metric(SOCKET_MEMORY),
                Goal::times(OURS, 1.1, HOST).in_metric(SOCKET_TIME),
                Goal::times(DENO_OURS, 1.0, DENO).in_metric(SOCKET_MEMORY),
                Goal::times(DENO_OURS, 1.0, DENO).in_metric(SOCKET_TIME),
                Goal::times(BUN_OURS, 1.0, BUN).in_metric(SOCKET_MEMORY),
                Goal::times(BUN_OURS, 1.0, BUN).in_metric(SOCKET_TIME),
            ],
        )
    },
    Contest {
        length: Length::Few(0),
        ..contest(
            "js start",
            &["start"],
            Traffic::Nothing,
            DGRAMS,
            &[REQUIRE, FIRST],
            &[
                Goal::is(OURS, 5.0).in_metric(REQUIRE),
                Goal::is(DENO_OURS, 5.0).in_metric(REQUIRE),
                Goal::is(BUN_OURS, 5.0).in_metric(REQUIRE),
            ],
        )
    },
];
