//! The kernel's times of arrival.

use heliogram::{RecvMetadataOptions, TokioSocket};

use crate::failure::Outcome;

/// Asks for the kernel's times of arrival, where the system has them.
pub(crate) fn ask_for_times(socket: &TokioSocket) -> Outcome {
    match socket.set_recv_metadata(RecvMetadataOptions::new().timestamp(true)) {
        Err(error) if error.code() == "ENOTSUP" => Ok(()),
        outcome => Ok(outcome?),
    }
}
