//! The kernel's receive timestamps.

use heliogram::{RecvMetadataOptions, TokioSocket};

use crate::failure::{Outcome, is_lacking};

/// Asks for the kernel's receive timestamps, where the system has them.
pub(crate) fn ask_for_times(socket: &TokioSocket) -> Outcome {
    match socket.set_recv_metadata(RecvMetadataOptions::new().timestamp(true)) {
        Err(error) if is_lacking(&error) => Ok(()),
        outcome => Ok(outcome?),
    }
}
