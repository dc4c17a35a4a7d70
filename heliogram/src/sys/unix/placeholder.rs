//! The file under the number of a closed socket's descriptor: one on which every call of a socket fails with `ENOTSOCK`.
//!
//! Sources: `dup(2)`, `eventfd(2)`, `pipe(2)`.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;

#[cfg(target_os = "android")]
use super::call::check_long;
use super::call::{check, retry};

/// Opens the placeholder with the first socket, if a descriptor is left for it, so that closing mostly needs none.
pub(super) fn prepare() {
    let _ = placeholder();
}

/// Closes the kernel socket and puts the placeholder under its number: the address is free, and the number stays taken, so that
/// nobody who borrowed it meets a stranger's file.
///
/// Without a descriptor for the placeholder the address is free when the socket is dropped.
pub(super) fn replace(socket: &socket2::Socket) -> io::Result<()> {
    let Ok(placeholder) = placeholder() else { return Ok(()) };
    let (placeholder, ours) = (placeholder.as_raw_fd(), socket.as_raw_fd());
    #[cfg(target_os = "linux")]
    // SAFETY: both descriptors are open: the placeholder for ever, ours until the socket is dropped.
    return retry(|| check(unsafe { libc::dup3(placeholder, ours, libc::O_CLOEXEC) })).map(drop);
    #[cfg(target_os = "android")]
    // SAFETY: as above. The `libc` crate has no dup3 for Android.
    return retry(|| check_long(unsafe { libc::syscall(libc::SYS_dup3, placeholder, ours, libc::O_CLOEXEC) as _ }))
        .map(drop);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        // SAFETY: as above.
        retry(|| check(unsafe { libc::dup2(placeholder, ours) }))?;
        // SAFETY: the descriptor is open; FD_CLOEXEC is an integer flag, which dup2 has cleared.
        check(unsafe { libc::fcntl(ours, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
    }
}

fn placeholder() -> io::Result<&'static OwnedFd> {
    static PLACEHOLDER: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(placeholder) = PLACEHOLDER.get() {
        return Ok(placeholder);
    }
    let opened = open()?;
    Ok(PLACEHOLDER.get_or_init(|| opened))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn open() -> io::Result<OwnedFd> {
    // SAFETY: the call takes two integers.
    let descriptor = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as libc::c_int) })
}

/// The reading end of a pipe.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open() -> io::Result<OwnedFd> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors that the call writes.
    check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    // SAFETY: both descriptors are new, and nobody else's.
    let [reading, _writing] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    // SAFETY: the descriptor is open; FD_CLOEXEC is an integer flag.
    check(unsafe { libc::fcntl(reading.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    Ok(reading)
}
