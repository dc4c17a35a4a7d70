//! When a socket asks the kernel for GRO by itself.

use heliogram::{RecvBatch, Socket};

/// Asks for GRO when a receive found as much as it could take at once: few sockets ever need it, and the first of a system costs
/// it more than its bind (`docs/performance/lab-notes.md`). Without GRO the socket goes on as it is.
pub(crate) fn learn(socket: &Socket, batch: &RecvBatch) {
    if batch.is_full() && !socket.gro() {
        drop(socket.start_gro());
    }
}
