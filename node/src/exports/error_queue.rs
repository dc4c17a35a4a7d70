//! A socket's error queue: errors that sent datagrams met, and transmit timestamps, for the events `'icmp'` and
//! `'transmitTimestamp'`.

use std::iter;

use heliogram::{ErrorOrigin, ErrorQueueEntry, QueuedError, TransmitTimestamp, addr};
use napi::bindgen_prelude::{BigInt, Either};
use napi_derive::napi;

use super::handle::JsHandle;
use crate::outcome::{nanoseconds, since_epoch, status};

/// How many entries are taken at once: a flood of them must not hold the loop.
const AT_ONCE: usize = 32;

/// An error that a sent datagram met.
#[napi(object, object_from_js = false)]
pub struct IcmpError {
    /// Its name, `ECONNREFUSED`.
    pub code: &'static str,
    /// The system's number, negative.
    pub errno: i32,
    /// Where the datagram was going.
    pub address: Option<String>,
    /// The port there.
    pub port: Option<u32>,
    /// The host that reports it.
    pub offender: Option<String>,
    /// Where the error comes from.
    pub origin: &'static str,
    /// The ICMP message's type.
    #[napi(js_name = "type")]
    pub icmp_type: u32,
    /// The ICMP message's code.
    pub icmp_code: u32,
    /// The path's MTU.
    pub mtu: Option<u32>,
}

impl From<QueuedError> for IcmpError {
    fn from(error: QueuedError) -> Self {
        IcmpError {
            code: error.code(),
            errno: error.errno,
            address: error.peer.map(|peer| addr::text(&peer)),
            port: error.peer.map(|peer| peer.port().into()),
            offender: error.offender.map(|offender| offender.to_string()),
            origin: origin(error.origin),
            icmp_type: error.icmp_type.into(),
            icmp_code: error.icmp_code.into(),
            mtu: error.mtu,
        }
    }
}

/// The transmit timestamp of a datagram.
#[napi(object, object_from_js = false)]
pub struct JsTransmitTimestamp {
    /// The number of the datagram among those with a timestamp.
    pub id: u32,
    /// When the kernel gave it to the device.
    pub timestamp: Option<BigInt>,
    /// When the device sent it.
    pub hardware_timestamp: Option<BigInt>,
}

impl From<TransmitTimestamp> for JsTransmitTimestamp {
    fn from(sent: TransmitTimestamp) -> Self {
        JsTransmitTimestamp {
            id: sent.id,
            timestamp: sent.software_timestamp.map(|time| since_epoch(time).into()),
            hardware_timestamp: sent.hardware_timestamp.map(|time| nanoseconds(time).into()),
        }
    }
}

fn origin(origin: ErrorOrigin) -> &'static str {
    match origin {
        ErrorOrigin::Icmp => "icmp",
        ErrorOrigin::Icmp6 => "icmp6",
        _ => "local",
    }
}

#[napi]
impl JsHandle {
    /// Turns the error queue on or off.
    #[napi(catch_unwind)]
    pub fn set_recv_errors(&self, on: bool) -> i32 {
        let socket = self.socket();
        let outcome = status(socket.udp.set_recv_errors(on));
        if outcome == 0 {
            socket.expect_error_queue();
        }
        outcome
    }

    /// Turns on transmit timestamps for datagrams that ask for one.
    #[napi(catch_unwind)]
    pub fn enable_transmit_timestamps(&self) -> i32 {
        let socket = self.socket();
        let outcome = status(socket.udp.set_transmit_timestamps(true));
        if outcome == 0 {
            socket.expect_error_queue();
        }
        outcome
    }

    /// Takes entries out of the error queue.
    #[napi(catch_unwind)]
    pub fn take_error_queue(&self) -> Vec<Either<IcmpError, JsTransmitTimestamp>> {
        let socket = self.socket();
        let entries = iter::from_fn(|| socket.udp.try_recv_error_queue().ok()).take(AT_ONCE);
        let known = entries.filter_map(|entry| match entry {
            ErrorQueueEntry::Error(error) => Some(Either::A(error.into())),
            ErrorQueueEntry::TransmitTimestamp(sent) => Some(Either::B(sent.into())),
            _ => None,
        });
        known.collect()
    }
}
