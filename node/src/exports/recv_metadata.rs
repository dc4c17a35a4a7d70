//! Which receive metadata a socket reports.

use heliogram::RecvMetadataOptions;
use napi_derive::napi;

use super::handle::JsHandle;
use crate::outcome::status;
use crate::receive::record::Reported;

/// The fields of receive metadata that a program asked for.
#[napi(object, object_to_js = false)]
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

#[napi]
impl JsHandle {
    /// Asks the kernel for these fields with each datagram, and for no others.
    #[napi(catch_unwind)]
    pub fn set_recv_metadata(&self, fields: RecvMetadataFields) -> i32 {
        let info = RecvMetadataOptions::new()
            .packet_info(fields.local)
            .traffic_class(fields.tos)
            .hop_limit(fields.ttl)
            .timestamp(fields.timestamp)
            .hardware_timestamp(fields.hardware_timestamp)
            .dropped_packets(fields.dropped);
        let socket = self.socket();
        let outcome = status(socket.udp.set_recv_metadata(info));
        if outcome == 0 {
            let reported = Reported { segment_size: fields.segment_size, truncated: fields.truncated };
            let any = !info.is_empty() || reported.segment_size || reported.truncated;
            socket.report(any.then_some(reported));
        }
        outcome
    }
}
