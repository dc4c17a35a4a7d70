//! The class that has all sockets of a thread.

use std::rc::Rc;

use heliogram::{SocketOptions, SocketType, addr};
use napi::bindgen_prelude::{JsObjectValue, Object};
use napi::{Env, JsValue, Unknown};
use napi_derive::napi;

use super::fast_calls::fast_calls;
use crate::ffi::{Host, Parts};
use crate::layout::send;
use crate::outcome::EINVAL;
use crate::thread_sockets::ThreadSockets;

/// The sockets of this thread, and the memory that they share with JavaScript.
#[napi(js_name = "ThreadSockets")]
pub struct JsThreadSockets(pub(crate) Rc<ThreadSockets>);

#[napi]
impl JsThreadSockets {
    /// `parts`, which JavaScript keeps for as long as it keeps this object, has five functions and two `ArrayBuffer`s, which must not
    /// be given to a program: `deliver(socket, count, page)`,
    /// `settle(token, outcome)`, `ready(Unix datagram socket, what)`, `turnOver(isNeeded)`, which calls `turned` when the
    /// loop has turned, and `flush()`, which sends what has been batched; `received` and `sent`, the memory of received
    /// batches and of batched sends (`layout.rs`). `host` is `node`, `deno` or `bun`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, parts: Object, host: String) -> napi::Result<Self> {
        let part = |name| parts.get_named_property::<Unknown>(name);
        let parts = Parts {
            all: parts.to_unknown(),
            deliver: part("deliver")?,
            settle: part("settle")?,
            ready: part("ready")?,
            turn_over: part("turnOver")?,
            flush: part("flush")?,
            received: part("received")?,
            sent: part("sent")?,
        };
        let host = match host.as_str() {
            "deno" => Host::Deno,
            "bun" => Host::Bun,
            _ => Host::Node,
        };
        ThreadSockets::new(&env, host, &parts).map(JsThreadSockets)
    }

    /// The version, by which the loader recognizes the binary of another package.
    #[napi(catch_unwind)]
    pub fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Whether the environment of the process lets sockets have offload.
    #[napi(catch_unwind)]
    pub fn permits_offload(&self) -> bool {
        SocketOptions::new(SocketType::Udp4).environment().has_offload()
    }

    /// The number of a destination for the table of sends; `EINVAL` for what is no address, and `SEND.NO_ROOM` where there is no
    /// more room for addresses.
    #[napi(catch_unwind)]
    pub fn destination(&self, address: String) -> i32 {
        match addr::parse(&address, 0) {
            Ok(address) => self.0.destinations.borrow_mut().add(address).map_or(send::NO_ROOM, u32::cast_signed),
            Err(_) => EINVAL,
        }
    }

    /// Forgets all destinations.
    #[napi(catch_unwind)]
    pub fn forget_destinations(&self) {
        self.0.destinations.borrow_mut().clear();
    }

    /// Makes what was thrown an uncaught exception, as if the loop had called what threw it.
    #[napi(catch_unwind)]
    pub fn raise(&self, thrown: Unknown) {
        self.0.raise(&thrown);
    }

    /// The functions that are called so often that they are spared all conversions (`fast_calls.rs`).
    #[napi(catch_unwind)]
    pub fn fast_calls<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        fast_calls(&self.0, env)
    }

    /// The tokens of the sends that will never leave, because their sockets have been closed.
    #[napi(catch_unwind)]
    pub fn take_lost(&self) -> Vec<u32> {
        self.0.sockets.take_lost()
    }
}
