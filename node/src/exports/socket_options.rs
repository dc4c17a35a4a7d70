//! The options of a socket that are there before its first datagram (`socketOptions` of `createSocket`).

use heliogram::SocketOptions;
use napi_derive::napi;

use super::fast_calls::open_with;
use super::recv_metadata::RecvMetadataFields;
use super::sockopt::sockopt;
use super::thread_sockets::JsThreadSockets;

/// What is set before the bind.
#[napi(object, object_to_js = false)]
pub struct BeforeBind {
    /// Rows of the library's table of socket options and their values, by turns.
    pub sockopts: Vec<u32>,
    /// The name of the interface that the socket keeps to.
    pub device: Option<String>,
    /// Receive metadata.
    pub metadata: Option<RecvMetadataFields>,
    /// Whether there is an error queue.
    pub errors: bool,
}

impl BeforeBind {
    fn set(&self, mut options: SocketOptions) -> SocketOptions {
        for pair in self.sockopts.chunks_exact(2) {
            if let (Some(option), value) = (sockopt(pair[0]), pair[1]) {
                options = options.sockopt(option, value);
            }
        }
        if let Some(device) = &self.device {
            options = options.device(device);
        }
        if let Some(fields) = self.metadata {
            options = options.recv_metadata(fields.of_kernel());
        }
        options.recv_errors(self.errors)
    }
}

#[napi]
impl JsThreadSockets {
    /// As the call `open`, with these options.
    #[napi(catch_unwind)]
    pub fn open_with(&self, family: i32, flags: i32, coalescing: i32, before: BeforeBind) -> i32 {
        let number = open_with(&self.0, (family, flags, coalescing), |options| before.set(options));
        if let Some(socket) = self.0.sockets.get(number.cast_unsigned()) {
            socket.report(before.metadata.and_then(RecvMetadataFields::reported));
            if before.errors {
                socket.expect_error_queue();
            }
        }
        number
    }
}
