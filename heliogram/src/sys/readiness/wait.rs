//! How a socket's readiness reaches a thread that waits for it.
//!
//! Sources: `poll(2)`; "WSAPoll function".

use std::io;
use std::time::{Duration, Instant};

use crate::sys::Socket;

/// The longest that a call waits, in milliseconds: where closing the socket does not end a wait, it is noticed after this.
const SLICE: u128 = if cfg!(any(target_os = "linux", target_os = "android")) { 3_600_000 } else { 100 };

impl Socket {
    /// Waits until the socket is readable, or writable, or has failed; says whether it is. `goes_on` is asked after each call
    /// that brought nothing.
    pub(crate) fn wait(
        &self,
        writable: bool,
        timeout: Option<Duration>,
        goes_on: impl Fn() -> bool,
    ) -> io::Result<bool> {
        let waiting = self.shared().waiting()?;
        // A moment that cannot be named is never.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match poll(&waiting, writable, milliseconds(left)) {
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
            if left == Some(Duration::ZERO) || !goes_on() {
                return Ok(false);
            }
        }
    }
}

/// Rounded up, so that nobody wakes before the time.
fn milliseconds(left: Option<Duration>) -> i32 {
    let left = left.map_or(SLICE, |left| left.as_nanos().div_ceil(1_000_000));
    left.min(SLICE) as i32 // at most an hour
}

#[cfg(unix)]
fn poll(socket: &impl std::os::fd::AsRawFd, writable: bool, milliseconds: i32) -> io::Result<bool> {
    let events = if writable { libc::POLLOUT } else { libc::POLLIN };
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
    // SAFETY: the entry is one live pollfd, borrowed mutably for this call.
    let ready = crate::sys::unix::call::check(unsafe { libc::poll(&raw mut entry, 1, milliseconds) })?;
    Ok(ready > 0)
}

#[cfg(windows)]
fn poll(socket: &impl std::os::windows::io::AsRawSocket, writable: bool, milliseconds: i32) -> io::Result<bool> {
    use windows_sys::Win32::Networking::WinSock;
    let events = if writable { WinSock::POLLWRNORM } else { WinSock::POLLRDNORM };
    let mut entry = WinSock::WSAPOLLFD { fd: socket.as_raw_socket() as WinSock::SOCKET, events, revents: 0 };
    // SAFETY: the entry is one live WSAPOLLFD, borrowed mutably for this call.
    match unsafe { WinSock::WSAPoll(&raw mut entry, 1, milliseconds) } {
        WinSock::SOCKET_ERROR => Err(io::Error::last_os_error()),
        ready => Ok(ready > 0),
    }
}
