//! A datagram that says how it leaves. It is sent by itself, at once.

use std::cell::Cell;

use heliogram::{Clock, Datagram, Error, Interface, SendOptions, TrafficClass};
use napi::bindgen_prelude::BigInt;
use napi_derive::napi;

use crate::handle::JsHandle;
use crate::knobs::{ip, named};
use crate::numbers::{EINVAL, error_number, number, status};
use crate::send::WAITS;

/// How one datagram leaves; `node/lib/outgoing.js` has checked the ranges.
#[napi(object, object_to_js = false)]
pub struct Outgoing {
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
    /// It is a train of datagrams of so many bytes.
    pub segment_size: Option<u16>,
    /// When it leaves, in nanoseconds of the departure clock.
    pub departure: Option<BigInt>,
}

impl Outgoing {
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
        if let Some(departure) = &self.departure {
            options = options.departure(departure.get_u64().1);
        }
        Ok(options)
    }
}

/// The number of an interface; one that is named by its address has none here.
fn index(text: &str) -> Result<u32, Error> {
    match named(text)? {
        Interface::Index(index) => Ok(index),
        _ => Interface::by_name(text).map(|_| 0),
    }
}

#[napi]
impl JsHandle {
    /// Sends one datagram with options: `[outcome]`, or `[WAITS, token]`.
    #[napi(catch_unwind)]
    pub fn send_with(&self, bytes: &[u8], address: Option<String>, port: u32, outgoing: Outgoing) -> Vec<i32> {
        let options = match outgoing.options() {
            Ok(options) => options,
            Err(error) => return vec![error],
        };
        let datagram = match address.map(|address| self.parse(&address, port)) {
            None => Datagram::new(bytes),
            Some(Some(peer)) => Datagram::new(bytes).to(peer),
            Some(None) => return vec![EINVAL],
        };
        let outcome = Cell::new((EINVAL, 0));
        let token = |_| {
            let token = self.token();
            outcome.set((WAITS, token.cast_signed()));
            token
        };
        let done = |_, result| outcome.set((number(result), 0));
        self.endpoint().send(&[datagram.with(&options)], token, done);
        vec![outcome.get().0, outcome.get().1]
    }

    /// Names the clock of departures: `CLOCK_TAI`, or `CLOCK_MONOTONIC`.
    #[napi(catch_unwind)]
    pub fn set_departure_clock(&self, atomic: bool) -> i32 {
        let clock = if atomic { Clock::Tai } else { Clock::Monotonic };
        status(self.endpoint().socket.set_departure_clock(clock))
    }
}
