//! Receive metadata and the socket's counters, as they are printed.

use std::net::{IpAddr, SocketAddr};

#[cfg(unix)]
use heliogram::SocketAddrUnix;
use heliogram::{Ecn, RecvMetadata, Stats};
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Map, Value, json};

use crate::measure::numbering::nanos;
use crate::report::{output, text};

/// For people: `to 10.0.0.1 by eth0, ttl 64, dscp 46, ECT(0), at 2026-11-29T20:38:17.123456789Z`.
pub(crate) fn text(metadata: &RecvMetadata) -> String {
    let to = destination(metadata).map(|ip| format!("to {}", heliogram::addr::text(&SocketAddr::new(ip, 0))));
    let by = interface(metadata).map(|name| format!("by {name}"));
    let place: Vec<_> = [to, by].into_iter().flatten().collect();
    let facts = [
        (!place.is_empty()).then(|| place.join(" ")),
        metadata.hop_limit.map(|hops| format!("ttl {hops}")),
        metadata.traffic_class.map(|class| format!("dscp {}", class.dscp())),
        metadata.traffic_class.map(|class| ecn(class.ecn()).into()),
        metadata.software_timestamp.map(|time| format!("at {}", text::moment(time))),
        metadata.dropped_packets.filter(|&count| count > 0).map(|count| format!("{count} dropped before")),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// For machines.
pub(crate) fn fields(metadata: &RecvMetadata) -> Map<String, Value> {
    let fields: [(&str, Option<Value>); 7] = [
        ("destination", destination(metadata).map(|ip| ip.to_string().into())),
        ("interface", interface(metadata).map(Into::into)),
        ("ttl", metadata.hop_limit.map(Into::into)),
        ("dscp", metadata.traffic_class.map(|class| class.dscp().into())),
        ("ecn", metadata.traffic_class.map(|class| ecn(class.ecn()).into())),
        ("timestamp_ns", metadata.software_timestamp.map(|time| nanos(time).into())),
        ("dropped", metadata.dropped_packets.map(Into::into)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A Unix socket's address for machines.
#[cfg(unix)]
pub(crate) fn path_field(address: &SocketAddrUnix) -> Map<String, Value> {
    [("path".to_owned(), address.to_string().into())].into_iter().collect()
}

fn destination(metadata: &RecvMetadata) -> Option<IpAddr> {
    metadata.destination.map(|ip| ip.to_canonical())
}

fn interface(metadata: &RecvMetadata) -> Option<String> {
    metadata.interface_name().or(metadata.interface.map(|index| index.to_string()))
}

/// RFC 3168's names.
pub(crate) const fn ecn(mark: Ecn) -> &'static str {
    match mark {
        Ecn::NotEct => "Not-ECT",
        Ecn::Ect0 => "ECT(0)",
        Ecn::Ect1 => "ECT(1)",
        Ecn::Ce => "CE",
    }
}

/// What has come in, on one line.
pub(crate) fn stats_text(stats: &Stats) -> String {
    let (count, calls) = (HumanCount(stats.datagrams_in), HumanCount(stats.batches_in));
    let dropped = stats.dropped_packets.map_or("unknown".into(), |count| HumanCount(count.into()).to_string());
    let (coalesced, empty) = (HumanCount(stats.gro_packets_in), HumanCount(stats.would_block_in));
    let bytes = HumanBytes(stats.bytes_in);
    format!(
        "datagrams {count}, bytes {bytes}, calls {calls}, coalesced {coalesced}, found nothing {empty}, dropped {dropped}"
    )
}

/// The same for machines.
pub(crate) fn stats_event(stats: &Stats) -> Value {
    output::event(
        "stats",
        json!({
            "datagrams": stats.datagrams_in,
            "bytes": stats.bytes_in,
            "calls": stats.batches_in,
            "coalesced": stats.gro_packets_in,
            "found_nothing": stats.would_block_in,
            "dropped": stats.dropped_packets,
        }),
    )
}
