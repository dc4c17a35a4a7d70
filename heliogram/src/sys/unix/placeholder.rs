//! The file under the number of a closed socket's descriptor.
//!
//! Sources: `dup(2)`, `null(4)`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use super::call::{check, retry};

/// Closes the kernel socket and puts the placeholder under its number: the address is free, and the number stays taken, so that
/// nobody who borrowed it meets a stranger's file.
pub(super) fn replace(socket: &socket2::Socket) -> io::Result<()> {
    let (placeholder, ours) = (placeholder()?.as_raw_fd(), socket.as_raw_fd());
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: both descriptors are open: the placeholder for ever, ours until the socket is dropped.
    return retry(|| check(unsafe { libc::dup3(placeholder, ours, libc::O_CLOEXEC) })).map(drop);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        // SAFETY: as above.
        retry(|| check(unsafe { libc::dup2(placeholder, ours) }))?;
        // SAFETY: the descriptor is open; FD_CLOEXEC is an integer flag, which dup2 has cleared.
        check(unsafe { libc::fcntl(ours, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
    }
}

/// The description that stands under every closed socket's descriptor: `/dev/null`, on which no socket call succeeds.
///
/// It is opened with the first socket, so that closing never needs a descriptor more.
pub(super) fn placeholder() -> io::Result<&'static File> {
    static PLACEHOLDER: OnceLock<File> = OnceLock::new();
    if let Some(placeholder) = PLACEHOLDER.get() {
        return Ok(placeholder);
    }
    let opened = File::open("/dev/null")?;
    Ok(PLACEHOLDER.get_or_init(|| opened))
}
