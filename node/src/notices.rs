//! What the kernel says later of datagrams that were sent: its queue of errors, for the event `'icmp'`.

use std::iter;

use heliogram::{Notice, Origin, QueuedError, addr};
use napi_derive::napi;

use crate::handle::JsHandle;
use crate::numbers::status;

/// How many errors are told at once; a flood of them must not keep the loop.
const AT_ONCE: usize = 32;

/// An error that a datagram met.
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
    /// Who reports it.
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

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Icmp => "icmp",
        Origin::Icmp6 => "icmp6",
        _ => "local",
    }
}

#[napi]
impl JsHandle {
    /// Lets the kernel keep the errors that datagrams meet.
    #[napi(catch_unwind)]
    pub fn set_receive_errors(&self, on: bool) -> i32 {
        let endpoint = self.endpoint();
        let outcome = status(endpoint.socket.set_receive_errors(on));
        if outcome == 0 {
            endpoint.expect_notices(true); // what came before it was turned off is still there
        }
        outcome
    }

    /// Takes errors out of the kernel's queue.
    #[napi(catch_unwind)]
    pub fn take_notices(&self) -> Vec<IcmpError> {
        let endpoint = self.endpoint();
        let notices = iter::from_fn(|| endpoint.socket.try_recv_error().ok()).take(AT_ONCE);
        let errors = notices.filter_map(|notice| match notice {
            Notice::Error(error) => Some(error.into()),
            _ => None,
        });
        errors.collect()
    }
}
