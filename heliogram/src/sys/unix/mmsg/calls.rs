//! `sendmmsg` and `recvmmsg`; and the same message by message, for systems that have neither, for kernels and sandboxes that
//! refuse them, and under `heliogram_force_single`.
//!
//! Sources: `recvmmsg(2)`, `sendmmsg(2)`, `seccomp(2)`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

use crate::sys::unix::call::{check_long, retry};

/// A message and how much of it was moved: the layout of the kernel's `mmsghdr`, which not every system's libc has.
#[repr(C)]
pub(super) struct Header {
    pub(super) message: libc::msghdr,
    pub(super) length: libc::c_uint,
}

impl Header {
    pub(super) fn new() -> Self {
        // SAFETY: a msghdr of zeros is valid: integers, and pointers that may be null.
        Header { message: unsafe { MaybeUninit::zeroed().assume_init() }, length: 0 }
    }

    /// A `size_t` on Linux, a `socklen_t` elsewhere.
    #[allow(clippy::unnecessary_cast, reason = "the type differs from system to system")]
    pub(super) const fn control_length(&self) -> usize {
        self.message.msg_controllen as usize
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single)))]
mod many {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::sys::unix::call::check;

    const _: () = assert!(size_of::<Header>() == size_of::<libc::mmsghdr>());

    /// Whether this process may not use the two calls: found out by the first refusal.
    static REFUSED: AtomicBool = AtomicBool::new(false);

    /// Sends what one call takes; says how many messages that is.
    pub(crate) fn transmit(descriptor: RawFd, headers: &mut [Header]) -> io::Result<usize> {
        if let [header] = headers {
            // One message is cheaper without the list.
            return transmit_one(descriptor, header);
        }
        unless_refused(
            headers,
            |headers| {
                let (list, count) = (headers.as_mut_ptr().cast::<libc::mmsghdr>(), headers.len() as libc::c_uint);
                // SAFETY: Header has mmsghdr's layout; every pointer in the headers leads to memory that the caller keeps in
                // place and borrowed for this call, with the lengths beside them.
                check(unsafe { libc::sendmmsg(descriptor, list, count, FLAGS as _) })
            },
            |headers| single::transmit(descriptor, headers),
        )
    }

    /// Receives what there is; says how many messages that is. The kernel itself keeps an error that comes behind them.
    pub(crate) fn collect(descriptor: RawFd, headers: &mut [Header]) -> io::Result<(usize, Option<io::Error>)> {
        unless_refused(
            headers,
            |headers| {
                let (list, count) = (headers.as_mut_ptr().cast::<libc::mmsghdr>(), headers.len() as libc::c_uint);
                // SAFETY: as in transmit; whoever owns the memory has borrowed it mutably, so nobody else reads it.
                let count =
                    check(unsafe { libc::recvmmsg(descriptor, list, count, FLAGS as _, std::ptr::null_mut()) })?;
                Ok((count, None))
            },
            |headers| single::collect(descriptor, headers),
        )
    }

    /// Calls `many`; if the process may not, `single`, from then on. `EPERM` may also be a firewall's word about one datagram: then
    /// `single` is refused alike.
    fn unless_refused<T>(
        headers: &mut [Header],
        many: impl Fn(&mut [Header]) -> io::Result<T>,
        single: impl Fn(&mut [Header]) -> io::Result<T>,
    ) -> io::Result<T> {
        if REFUSED.load(Ordering::Relaxed) {
            return single(headers);
        }
        let outcome = many(headers);
        match outcome.as_ref().err().and_then(io::Error::raw_os_error) {
            Some(raw @ (libc::ENOSYS | libc::EPERM)) => {
                let outcome = single(headers);
                let refused_alike = outcome.as_ref().is_err_and(|error| error.raw_os_error() == Some(raw));
                REFUSED.fetch_or(!refused_alike, Ordering::Relaxed);
                outcome
            }
            _ => outcome,
        }
    }
}

#[cfg_attr(
    all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single)),
    allow(unused_imports, reason = "where both calls are there, this is for who is refused")
)]
mod single {
    use super::*;

    /// Sends until a message is refused; says how many went. That one is the first of the next call, and refused again, as
    /// with `sendmmsg`.
    pub(crate) fn transmit(descriptor: RawFd, headers: &mut [Header]) -> io::Result<usize> {
        one_by_one(headers, |header| transmit_one(descriptor, header)).map(|(count, _)| count)
    }

    /// Receives until there is nothing; says how many messages came, and the error that ended it.
    pub(crate) fn collect(descriptor: RawFd, headers: &mut [Header]) -> io::Result<(usize, Option<io::Error>)> {
        one_by_one(headers, |header| {
            // SAFETY: the header's pointers lead to memory whose owner has borrowed it mutably for this call.
            let length = unsafe { libc::recvmsg(descriptor, &mut header.message, FLAGS) };
            header.length = check_long(length)? as libc::c_uint;
            Ok(1)
        })
    }

    /// Goes on until a call fails. A failure after the first call comes beside the count, unless it is that nothing is left.
    fn one_by_one<T>(
        items: &mut [T],
        mut call: impl FnMut(&mut T) -> io::Result<usize>,
    ) -> io::Result<(usize, Option<io::Error>)> {
        for (index, item) in items.iter_mut().enumerate() {
            match retry(|| call(item)) {
                Ok(_) => {}
                Err(error) if index == 0 => return Err(error),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((index, None)),
                Err(error) => return Ok((index, Some(error))),
            }
        }
        Ok((items.len(), None))
    }

    #[test]
    fn a_failure_after_the_first_call_is_kept() {
        let fail_at = |at: usize, kind: io::ErrorKind| {
            let mut call = |item: &mut usize| if *item == at { Err(kind.into()) } else { Ok(1) };
            one_by_one(&mut [0, 1, 2], &mut call).map(|(count, late)| (count, late.map(|error| error.kind())))
        };
        let refused = io::ErrorKind::ConnectionRefused;
        assert_eq!(fail_at(2, refused).unwrap(), (2, Some(refused)));
        assert_eq!(fail_at(1, io::ErrorKind::WouldBlock).unwrap(), (1, None));
        assert_eq!(fail_at(0, refused).unwrap_err().kind(), refused);
        assert_eq!(fail_at(9, refused).unwrap(), (3, None));
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single)))]
pub(super) use many::{collect, transmit};
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(heliogram_force_single))))]
pub(super) use single::{collect, transmit};

/// Never wait, whatever the descriptor's own flags say by now; never a SIGPIPE.
const FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

fn transmit_one(descriptor: RawFd, header: &mut Header) -> io::Result<usize> {
    // SAFETY: every pointer in the header leads to memory that the caller keeps in place and borrowed for this call.
    check_long(unsafe { libc::sendmsg(descriptor, &header.message, FLAGS) })?;
    Ok(1)
}
