//! What the two ends of a load say to each other: a mark, and behind it JSON.
//!
//! A client asks and asks again until it is answered; a server answers. Before a client has sent back a cookie, which only
//! the owner of its address receives, it gets at most as many bytes as it has sent: a server of this kind is of no use to
//! somebody who forges addresses to flood others.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::measure::clock::Offset;
use crate::measure::figures::{Interval, Received, Sent};
use crate::measure::numbering::StreamId;

/// What a client asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// For a cookie. The padding makes it longer than the answer.
    Hello { nonce: u64, padding: String },
    /// A stream is to begin.
    Start { cookie: Cookie, stream: StreamId, plan: Plan },
    /// What the time is, and that the client is still there.
    Probe { cookie: Cookie, stream: StreamId, sent: i64 },
    /// The server is to stop sending.
    Stop { cookie: Cookie, stream: StreamId },
    /// The stream has ended; what the client knows of it.
    End { cookie: Cookie, stream: StreamId, known: Box<Known> },
    /// A stream has ended that never had an answer.
    OneWayEnd { stream: StreamId, sent: u64 },
}

/// What a server answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Cookie {
        cookie: Cookie,
    },
    Ready {
        stream: StreamId,
    },
    Refused {
        stream: StreamId,
        reason: String,
    },
    Probe {
        stream: StreamId,
        sent: i64,
        received: i64,
        replied: i64,
    },
    /// Once a second, what has come.
    Progress {
        stream: StreamId,
        interval: Interval,
    },
    /// The server has sent everything.
    Ended {
        stream: StreamId,
        sent: Box<Sent>,
    },
    /// What the server knows of the stream. `is_final` says that it is the server that ends.
    Report {
        stream: StreamId,
        known: Box<Known>,
        is_final: bool,
    },
}

/// What one side knows of a stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Known {
    /// What it has sent.
    pub(crate) sent: Option<Sent>,
    pub(crate) received: Option<Received>,
    /// The server's clock less the client's.
    pub(crate) clock: Option<Offset>,
}

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) forward: bool,
    /// What the server sends, if it is to.
    pub(crate) reverse: Option<Load>,
    pub(crate) late_after_ns: Option<u64>,
}

/// A load that one side sends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Bytes in each datagram.
    pub(crate) size: usize,
    pub(crate) count: Option<u64>,
    pub(crate) time_ns: Option<u64>,
    /// Datagrams a second; without one, as fast as they go.
    pub(crate) rate: Option<f64>,
}

impl Load {
    /// Whether a server should send this because somebody asks.
    pub(crate) fn is_valid(&self) -> bool {
        let bounded = self.count.is_some() || self.time_ns.is_some();
        bounded && self.size <= heliogram::MAX_MESSAGE && self.rate.is_none_or(|rate| rate > 0.0)
    }
}

/// Shows that a client receives what is sent to its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cookie {
    nonce: u64,
    proof: u64,
}

/// Makes cookies and knows its own. It keeps nothing of those who ask.
pub(crate) struct Cookies {
    /// Its key is random, so that only this process can make a cookie.
    key: RandomState,
    since: Instant,
}

impl Cookies {
    pub(crate) fn new() -> Self {
        Cookies { key: RandomState::new(), since: Instant::now() }
    }

    pub(crate) fn make(&self, peer: SocketAddr, nonce: u64) -> Cookie {
        Cookie { nonce, proof: self.proof(peer, nonce, self.period()) }
    }

    /// Whether this peer was given that cookie in this period or the one before.
    pub(crate) fn know(&self, peer: SocketAddr, cookie: Cookie) -> bool {
        let now = self.period();
        [now, now.saturating_sub(1)].iter().any(|&period| self.proof(peer, cookie.nonce, period) == cookie.proof)
    }

    fn proof(&self, peer: SocketAddr, nonce: u64, period: u64) -> u64 {
        self.key.hash_one((peer, nonce, period))
    }

    fn period(&self) -> u64 {
        self.since.elapsed().as_secs() / PERIOD.as_secs()
    }
}

/// A cookie is good for a day at least, longer than any load.
const PERIOD: Duration = Duration::from_secs(86_400);

/// Version 1 of this protocol.
const MARK: &[u8] = b"HGRC1";

/// The bytes of a request or a reply.
pub(crate) fn encode(message: &impl Serialize) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    serde_json::to_writer(&mut bytes, message).expect("a message is a map with text for keys");
    bytes
}

/// The request or reply in a datagram, if it is one.
pub(crate) fn decode<T: DeserializeOwned>(datagram: &[u8]) -> Option<T> {
    serde_json::from_slice(datagram.strip_prefix(MARK)?).ok()
}

/// A request for a cookie, longer than the answer to it.
pub(crate) fn hello(nonce: u64) -> Vec<u8> {
    encode(&Request::Hello { nonce, padding: "0".repeat(100) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_no_more_than_it_sent() {
        let peer = "[fe80::1%4]:65535".parse().unwrap();
        let longest = Cookies::new().make(peer, u64::MAX);
        let reply = encode(&Reply::Cookie { cookie: Cookie { proof: u64::MAX, ..longest } });
        assert!(reply.len() <= hello(0).len(), "{} {}", reply.len(), hello(0).len());
    }

    #[test]
    fn a_cookie_is_for_one_peer_and_one_server() {
        let [one, two]: [SocketAddr; 2] = ["127.0.0.1:1", "127.0.0.1:2"].map(|text| text.parse().unwrap());
        let cookies = Cookies::new();
        let cookie = cookies.make(one, 7);
        assert!(cookies.know(one, cookie));
        assert!(!cookies.know(two, cookie) && !Cookies::new().know(one, cookie));
        assert!(!cookies.know(one, Cookie { nonce: 8, ..cookie }));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for datagram in [&b""[..], b"HGRC1", b"HGRC1{", b"HGRC1{\"hello\":{}}", b"HGRC1[]", b"HGRC2{}", &[0xff; 100]] {
            assert!(decode::<Request>(datagram).is_none() && decode::<Reply>(datagram).is_none());
        }
        let deep = [MARK, "[".repeat(60_000).as_bytes()].concat();
        assert!(decode::<Request>(&deep).is_none());
        assert!(matches!(decode(&hello(7)), Some(Request::Hello { nonce: 7, .. })));
    }

    #[test]
    fn only_a_bounded_load_is_sent_for_others() {
        let load = Load { size: 100, count: None, time_ns: Some(1), rate: None };
        assert!(load.is_valid());
        assert!(!Load { time_ns: None, ..load }.is_valid() && !Load { size: 65_508, ..load }.is_valid());
        assert!(!Load { rate: Some(0.0), ..load }.is_valid() && !Load { rate: Some(f64::NAN), ..load }.is_valid());
    }
}
