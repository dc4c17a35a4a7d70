//! The contests of the crate: beside bare system calls, quinn-udp and tokio.

#[cfg(feature = "quic")]
use crate::bench::contest::BYTES;
use crate::bench::contest::{ARRIVED, Contest, Contestant, Goal, Kind, Length, RATE, Side, Traffic};
#[cfg(feature = "quic")]
use crate::bench::contestants::quic;
use crate::bench::contestants::{event_loops, receive, send};
use crate::bench::job::{Job, Outcome};

const fn contestant(name: &'static str, run: fn(&Job) -> Outcome<()>) -> Contestant {
    Contestant { name, kind: Kind::Here(run) }
}

const fn contest(
    name: &'static str,
    traffic: Traffic,
    contestants: &'static [Contestant],
    goals: &'static [Goal],
) -> Contest {
    let metrics = if matches!(traffic, Traffic::Flood) { &[RATE] as &[_] } else { &[RATE, ARRIVED] };
    let length = Length::Rounds { in_short: true };
    Contest { name, side: Side::Library, sizes: &[64, 1400], traffic, role: &[], length, contestants, metrics, goals }
}

/// A receiver as the system gives it, and one with GRO.
const PLAIN: Traffic = Traffic::Sink { peers: 1, gro: false };
const WITH_GRO: Traffic = Traffic::Sink { peers: 1, gro: true };
const MANY: Traffic = Traffic::Sink { peers: 16, gro: false };

pub(crate) const CONTESTS: &[Contest] = &[
    contest(
        "receive, one by one",
        Traffic::Flood,
        &[
            contestant("bare recvmmsg", receive::bare),
            contestant("heliogram recv_batch", receive::batch),
            contestant("heliogram events", event_loops::events),
        ],
        &[
            Goal::times("heliogram recv_batch", 0.97, "bare recvmmsg"),
            Goal::times("heliogram events", 0.90, "bare recvmmsg"),
        ],
    ),
    contest(
        "receive, GRO",
        Traffic::Flood,
        &[
            contestant("bare recvmmsg + UDP_GRO", receive::bare_gro),
            contestant("heliogram recv_batch, GRO", receive::batch_gro),
            contestant("quinn-udp", receive::quinn),
            contestant("heliogram events, GRO", event_loops::events_gro),
        ],
        &[
            Goal::times("heliogram recv_batch, GRO", 0.95, "bare recvmmsg + UDP_GRO"),
            Goal::times("heliogram recv_batch, GRO", 1.0, "quinn-udp"),
        ],
    ),
    contest(
        "receive, tokio",
        Traffic::Flood,
        &[
            contestant("tokio::net recv_from", event_loops::tokio_net_recv),
            contestant("bare recvmmsg", receive::bare),
            contestant("TokioSocket recv_from", event_loops::tokio_recv),
            contestant("TokioSocket recv_batch", event_loops::tokio_recv_batch),
            contestant("TokioSocket messages, GRO", event_loops::tokio_messages),
            contestant("TokioSocket recv_batch, GRO", event_loops::tokio_recv_batch_gro),
        ],
        &[
            Goal::times("TokioSocket recv_from", 0.99, "tokio::net recv_from"),
            Goal::times("TokioSocket recv_batch", 0.95, "bare recvmmsg"),
            Goal::times("TokioSocket messages, GRO", 0.80, "TokioSocket recv_batch, GRO").at(&[64]),
            Goal::times("TokioSocket messages, GRO", 0.75, "TokioSocket recv_batch, GRO").at(&[1400]),
            // At 1400 bytes the bare UDP_GRO loop itself does not do 15 times as much.
            Goal::times("TokioSocket recv_batch, GRO", 15.0, "tokio::net recv_from").at(&[64, 512]),
        ],
    ),
    contest(
        "send to one",
        PLAIN,
        &[
            contestant("bare UDP_SEGMENT", send::bare_segment),
            contestant("heliogram send_batch", send::batch_to_one),
            contestant("quinn-udp", send::quinn),
        ],
        &[Goal::times("heliogram send_batch", 0.97, "bare UDP_SEGMENT")],
    ),
    contest(
        "send to one with GRO",
        WITH_GRO,
        &[
            contestant("bare UDP_SEGMENT", send::bare_segment),
            contestant("heliogram send_batch", send::batch_to_one),
            contestant("quinn-udp", send::quinn),
        ],
        &[],
    ),
    contest(
        "send to many",
        MANY,
        &[contestant("bare sendmmsg", send::bare_sendmmsg), contestant("heliogram send_batch", send::batch_to_many)],
        &[Goal::times("heliogram send_batch", 0.97, "bare sendmmsg")],
    ),
    contest(
        "send, tokio",
        WITH_GRO,
        &[
            contestant("tokio::net send_to", event_loops::tokio_net_send),
            contestant("TokioSocket send_to", event_loops::tokio_send),
            contestant("TokioSocket send_batch", event_loops::tokio_send_batch),
        ],
        &[Goal::times("TokioSocket send_to", 0.99, "tokio::net send_to")],
    ),
    #[cfg(feature = "quic")]
    QUIC,
];

/// 128 MB over loopback, with datagrams as long as an Ethernet allows.
#[cfg(feature = "quic")]
const QUIC: Contest = Contest {
    sizes: &[1452],
    metrics: &[BYTES],
    ..contest(
        "QUIC",
        Traffic::Nothing,
        &[contestant("quinn", quic::stock), contestant("quinn on heliogram-quinn", quic::heliogram)],
        &[Goal::times("quinn on heliogram-quinn", 0.98, "quinn").in_metric(BYTES)],
    )
};
