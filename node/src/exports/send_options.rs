//! Options of one datagram.

use heliogram::{Clock, Error, Interface, SendOptions, TrafficClass};
use napi::bindgen_prelude::BigInt;
use napi_derive::napi;

use super::handle::JsHandle;
use super::sockopt::ip;
use super::thread_sockets::JsThreadSockets;
use crate::outcome::{EINVAL, error_number, status};

/// Options of one datagram; `node/lib/dgram/send-options.js` has checked their ranges.
#[napi(object, object_to_js = false)]
pub struct JsSendOptions {
    /// The address of this host to leave from.
    pub source: Option<String>,
    /// The interface to leave by: its name or number.
    pub interface: Option<String>,
    /// DSCP and ECN.
    pub tos: Option<u8>,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// Whether it must not be fragmented.
    pub dont_fragment: Option<bool>,
    /// It is a GSO batch with segments of so many bytes.
    pub segment_size: Option<u16>,
    /// When it leaves, in nanoseconds of the clock of transmit times.
    pub transmit_time: Option<BigInt>,
    /// Whether it gets a transmit timestamp.
    pub transmit_timestamp: bool,
}

impl JsSendOptions {
    /// The options, or the number of the error of one that means nothing here.
    fn options(&self) -> Result<SendOptions, i32> {
        let mut options = SendOptions::new();
        if let Some(source) = &self.source {
            options = options.source(ip(source).ok_or(EINVAL)?);
        }
        if let Some(interface) = &self.interface {
            options = options.interface(index(interface).map_err(|error| error_number(&error))?);
        }
        if let Some(tos) = self.tos {
            options = options.traffic_class(TrafficClass(tos));
        }
        if let Some(ttl) = self.ttl {
            options = options.hop_limit(ttl);
        }
        if let Some(on) = self.dont_fragment {
            options = options.dont_fragment(on);
        }
        if let Some(bytes) = self.segment_size {
            options = options.segment_size(bytes);
        }
        if let Some(time) = &self.transmit_time {
            options = options.transmit_time(time.get_u64().1);
        }
        Ok(options.transmit_timestamp(self.transmit_timestamp))
    }
}

/// The number of an interface; one that is named by its address has none here.
fn index(text: &str) -> Result<u32, Error> {
    match text.parse()? {
        Interface::Index(index) => Ok(index),
        _ => Interface::by_name(text).map(|_| 0),
    }
}

#[napi]
impl JsThreadSockets {
    /// Flushes the batch as `flush` does; its rows may name these options.
    #[napi(catch_unwind)]
    pub fn flush_with(&self, options_of_rows: Vec<JsSendOptions>) {
        let options: Vec<_> = options_of_rows.iter().map(JsSendOptions::options).collect();
        self.0.flush(&options);
    }
}

#[napi]
impl JsHandle {
    /// Names the clock of transmit times: `CLOCK_TAI`, or `CLOCK_MONOTONIC`.
    #[napi(catch_unwind)]
    pub fn set_transmit_time_clock(&self, atomic: bool) -> i32 {
        let clock = if atomic { Clock::Tai } else { Clock::Monotonic };
        status(self.socket().udp.set_transmit_time_clock(clock))
    }
}
