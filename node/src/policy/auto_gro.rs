//! When a socket asks the kernel for GRO by itself.

use heliogram::Socket;

/// Asks for GRO; called when a receive found as much as it could take at once: few sockets ever need it, and the first of a system
/// costs it more than its bind (`docs/performance/lab-notes.md`). Without GRO the socket goes on as it is.
pub(crate) fn start(socket: &Socket) {
    if !socket.gro() {
        drop(socket.start_gro());
    }
}
