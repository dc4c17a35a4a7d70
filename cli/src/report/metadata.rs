//! What the kernel tells beside the bytes, as it is printed: how a datagram arrived, and what the socket has counted.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

#[cfg(unix)]
use heliogram::{Credentials, SocketAddrUnix, UnixRemoteInfo};
use heliogram::{Ecn, RecvMetadata, Stats};
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Map, Value, json};

use crate::report;

/// What all of it is asked for; a system that lacks some of it refuses.
pub(crate) use heliogram::RecvMetadataOptions;

/// For people: `to 10.0.0.1 by eth0, ttl 64, dscp 46, ECT(0), at 1700000000.000000001`.
pub(crate) fn text(metadata: &RecvMetadata) -> String {
    let to = metadata.destination.map(|ip| format!("to {}", heliogram::addr::text(&SocketAddr::new(ip, 0))));
    let by = interface(metadata).map(|name| format!("by {name}"));
    let place: Vec<_> = [to, by].into_iter().flatten().collect();
    let facts = [
        (!place.is_empty()).then(|| place.join(" ")),
        metadata.hop_limit.map(|hops| format!("ttl {hops}")),
        metadata.traffic_class.map(|class| format!("dscp {}", class.dscp())),
        metadata.traffic_class.map(|class| ecn(class.ecn()).into()),
        since_epoch(metadata.software_timestamp)
            .map(|time| format!("at {}.{:09}", time.as_secs(), time.subsec_nanos())),
        metadata.dropped.filter(|&count| count > 0).map(|count| format!("{count} dropped before")),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// For machines; the time in nanoseconds as text, because a number of JSON is not exact so far.
pub(crate) fn fields(metadata: &RecvMetadata) -> Map<String, Value> {
    let fields: [(&str, Option<Value>); 7] = [
        ("destination", metadata.destination.map(|ip| ip.to_string().into())),
        ("interface", interface(metadata).map(Into::into)),
        ("ttl", metadata.hop_limit.map(Into::into)),
        ("dscp", metadata.traffic_class.map(|class| class.dscp().into())),
        ("ecn", metadata.traffic_class.map(|class| ecn(class.ecn()).into())),
        ("timestamp", since_epoch(metadata.software_timestamp).map(|time| time.as_nanos().to_string().into())),
        ("dropped", metadata.dropped.map(Into::into)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A local sender for people: its path, and the process if it was asked for. `unix:` alone is a socket without a name.
#[cfg(unix)]
pub(crate) fn local_text(rinfo: &UnixRemoteInfo) -> String {
    let process = |by: Credentials| format!("process {}, user {}, group {}", by.pid, by.uid, by.gid);
    let facts = [rinfo.credentials.map(process), rinfo.truncated.then(|| "cut short".into())];
    match facts.into_iter().flatten().collect::<Vec<_>>().join(", ") {
        facts if facts.is_empty() => format!("unix:{}", rinfo.addr),
        facts => format!("unix:{} ({facts})", rinfo.addr),
    }
}

/// The same for machines, without the path.
#[cfg(unix)]
pub(crate) fn local_fields(rinfo: &UnixRemoteInfo) -> Map<String, Value> {
    let by = rinfo.credentials;
    let fields: [(&str, Option<Value>); 4] = [
        ("pid", by.map(|by| by.pid.into())),
        ("uid", by.map(|by| by.uid.into())),
        ("gid", by.map(|by| by.gid.into())),
        ("truncated", rinfo.truncated.then_some(true.into())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A local address for machines.
#[cfg(unix)]
pub(crate) fn path_field(address: &SocketAddrUnix) -> Map<String, Value> {
    [("path".to_owned(), address.to_string().into())].into_iter().collect()
}

fn interface(metadata: &RecvMetadata) -> Option<String> {
    metadata.interface_name().or(metadata.interface.map(|index| index.to_string()))
}

fn since_epoch(time: Option<SystemTime>) -> Option<Duration> {
    time?.duration_since(SystemTime::UNIX_EPOCH).ok()
}

/// RFC 3168's names.
const fn ecn(mark: Ecn) -> &'static str {
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
    let dropped = stats.dropped.map_or("unknown".into(), |count| HumanCount(count.into()).to_string());
    let (trains, empty) = (HumanCount(stats.gro_packets_in), HumanCount(stats.would_block_in));
    let bytes = HumanBytes(stats.bytes_in);
    format!(
        "datagrams {count}, bytes {bytes}, calls {calls}, trains {trains}, found nothing {empty}, dropped {dropped}"
    )
}

/// The same for machines, and what went out.
pub(crate) fn stats_event(stats: &Stats) -> Value {
    let fields = json!({
        "datagramsIn": stats.datagrams_in,
        "bytesIn": stats.bytes_in,
        "batchesIn": stats.batches_in,
        "groPacketsIn": stats.gro_packets_in,
        "wouldBlockIn": stats.would_block_in,
        "datagramsOut": stats.datagrams_out,
        "bytesOut": stats.bytes_out,
        "batchesOut": stats.batches_out,
        "gsoBatchesOut": stats.gso_batches_out,
        "wouldBlockOut": stats.would_block_out,
        "gsoRefusals": stats.gso_refusals,
        "dropped": stats.dropped,
    });
    report::event("stats", fields.as_object().cloned().unwrap_or_default())
}
