//! Which receive metadata a socket reports.

use heliogram::RecvMetadataOptions;
use napi_derive::napi;

use super::handle::JsHandle;
use crate::outcome::status;
use crate::receive::record::Reported;

/// What a socket is to tell of each datagram.
#[napi(object, object_to_js = false)]
pub struct Asked {
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
    /// The train's segment size, which the kernel tells anyway.
    pub segment_size: bool,
    /// Whether it was cut short, which the kernel tells anyway.
    pub truncated: bool,
}

#[napi]
impl JsHandle {
    /// Asks the kernel to tell this of each datagram, and nothing else.
    #[napi(catch_unwind)]
    pub fn set_recv_metadata(&self, asked: Asked) -> i32 {
        let info = RecvMetadataOptions::new()
            .packet_info(asked.local)
            .traffic_class(asked.tos)
            .hop_limit(asked.ttl)
            .timestamp(asked.timestamp)
            .hardware_timestamp(asked.hardware_timestamp)
            .dropped(asked.dropped);
        let socket = self.socket();
        let outcome = status(socket.udp.set_recv_metadata(info));
        if outcome == 0 {
            let reported = Reported { segment_size: asked.segment_size, truncated: asked.truncated };
            let any = !info.is_empty() || reported.segment_size || reported.truncated;
            socket.report(any.then_some(reported));
        }
        outcome
    }
}
