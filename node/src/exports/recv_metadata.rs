//! Which receive metadata a socket reports.

use heliogram::RecvMetadataOptions;
use napi_derive::napi;

use super::handle::JsHandle;
use crate::outcome::status;
use crate::receive::record::Reported;

/// The fields of receive metadata that a program asked for.
#[napi(object, object_to_js = false)]
#[derive(Clone, Copy)]
pub struct RecvMetadataFields {
    /// Destination, local address, interface.
    pub local: bool,
    /// DSCP and ECN.
    pub tos: bool,
    /// TTL or hop limit.
    pub ttl: bool,
    /// The kernel's time.
    pub timestamp: bool,
    /// The device's time.
    pub hardware_timestamp: bool,
    /// Drops.
    pub dropped: bool,
    /// The segment size of a GRO packet; the kernel gives it unasked.
    pub segment_size: bool,
    /// Whether the datagram was truncated; the kernel says so unasked.
    pub truncated: bool,
}

impl RecvMetadataFields {
    /// What the kernel is asked for.
    pub(crate) fn of_kernel(self) -> RecvMetadataOptions {
        RecvMetadataOptions::new()
            .packet_info(self.local)
            .traffic_class(self.tos)
            .hop_limit(self.ttl)
            .timestamp(self.timestamp)
            .hardware_timestamp(self.hardware_timestamp)
            .dropped_packets(self.dropped)
    }

    /// What listeners are given, if there is anything.
    pub(crate) fn reported(self) -> Option<Reported> {
        let reported = Reported { segment_size: self.segment_size, truncated: self.truncated };
        (!self.of_kernel().is_empty() || reported.segment_size || reported.truncated).then_some(reported)
    }
}

#[napi]
impl JsHandle {
    /// Asks the kernel for these fields with each datagram, and for no others.
    #[napi(catch_unwind)]
    pub fn set_recv_metadata(&self, fields: RecvMetadataFields) -> i32 {
        let socket = self.socket();
        let outcome = status(socket.udp.set_recv_metadata(fields.of_kernel()));
        if outcome == 0 {
            socket.report(fields.reported());
        }
        outcome
    }
}
