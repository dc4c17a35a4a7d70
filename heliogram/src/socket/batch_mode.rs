//! [`BatchMode`]: the open file's mode for IPv4, on which the don't-fragment bit of GSO batches depends.
//!
//! A datagram in mode `Want`, the default, has the bit; the segments of a GSO batch have it only in the modes `Do` and `Probe`
//! (`ip_output.c` of Linux). So the open file is in mode `Do` while batches go. A single datagram that exceeds the path's MTU, which
//! `Want` lets this host fragment, is refused then, and sent again in `Want`; the mode stays so until the next batch. Over IPv6 there is
//! no such bit.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sys;
use crate::types::family::SocketType;
use crate::types::send_options::PathMtuDiscovery::{self, Do, Want};

/// What the socket knows of the mode (`IP_MTU_DISCOVER`), and who else depends on it.
#[derive(Debug, Default)]
pub(super) struct BatchMode {
    /// A [`Mode`].
    mode: AtomicU8,
    /// [`Holders`].
    holders: AtomicU8,
    /// Whether the peer of a `udp6` socket is reached by IPv4.
    mapped_peer: AtomicBool,
    /// Held for writing while the mode changes, for reading while a batch leaves that relies on it.
    switch: RwLock<()>,
    /// How many refusals have left an entry in the error queue although the datagram was sent in the end.
    repaired: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Mode {
    /// Not read, or not since somebody could change it.
    Unknown,
    /// Not `Want`: batches leave as single datagrams do.
    Alike,
    /// The program's mode is `Want`, and so is the kernel's.
    Want,
    /// The program's mode is `Want`, the kernel's is `Do`.
    Forced,
}

/// Who may send by the open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Holders {
    /// This socket alone.
    Own,
    /// Sockets of this crate in other processes too, which do all that this one does.
    Siblings,
    /// Anybody: the mode is left alone.
    Strangers,
}

/// Whether the batches of one call may go to peers by IPv4; while it lives they may.
pub(super) struct Permit<'a> {
    ipv4: bool,
    _unchanged: Option<RwLockReadGuard<'a, ()>>,
}

impl Permit<'_> {
    /// For datagrams with a rule of their own, for whose time it holds.
    pub(super) const ALL: Self = Permit { ipv4: true, _unchanged: None };
    pub(super) const BY_IPV6: Self = Permit { ipv4: false, _unchanged: None };

    pub(super) const fn ipv4(&self) -> bool {
        self.ipv4
    }
}

/// Batches.
impl BatchMode {
    /// Sees to it that batches leave with the bit that each datagram alone would have, if there `is_any`.
    pub(super) fn permit(&self, sys: &sys::Socket, is_any: impl FnOnce() -> bool) -> Permit<'_> {
        match self.mode() {
            Mode::Alike => return Permit::ALL,
            Mode::Want if self.holders() == Holders::Strangers => return Permit::BY_IPV6,
            Mode::Forced => {}
            _ if !is_any() || !self.force(sys) => return Permit::BY_IPV6,
            _ => {}
        }
        let unchanged = self.unchanging();
        Permit { ipv4: matches!(self.mode(), Mode::Forced | Mode::Alike), _unchanged: Some(unchanged) }
    }

    /// Whether a permit by IPv4 can be had.
    pub(super) fn permits(&self, sys: Option<&sys::Socket>) -> bool {
        match (self.holders(), self.mode(), sys) {
            (Holders::Strangers, Mode::Unknown, Some(sys)) => self.force(sys),
            (Holders::Strangers, mode, _) => mode == Mode::Alike,
            _ => true,
        }
    }

    /// Puts the open file into mode `Do` if the program's is `Want` and nobody else is concerned. Says whether batches may leave.
    fn force(&self, sys: &sys::Socket) -> bool {
        let _changing = self.changing();
        let (mode, holders) = (self.mode(), self.holders());
        let now = match (mode, holders) {
            (Mode::Alike | Mode::Forced, _) => return true,
            (Mode::Want, Holders::Own) => Ok(Want),
            _ => sys.ipv4_path_mtu_discovery(),
        };
        let next = match (now, holders) {
            (Ok(Want), Holders::Strangers) => Mode::Want,
            (Ok(Want), _) if sys.set_ipv4_path_mtu_discovery(Do).is_ok() => Mode::Forced,
            // Another process has done it.
            (Ok(Do), Holders::Siblings) => Mode::Forced,
            // The system does not let the mode be read or set.
            (Ok(Want) | Err(_), _) => {
                self.holders.store(Holders::Strangers as u8, Ordering::Relaxed);
                Mode::Want
            }
            (Ok(_), _) => Mode::Alike,
        };
        self.set(next);
        next != Mode::Want
    }
}

/// Single datagrams.
impl BatchMode {
    /// Whether mode `Do` may have refused a datagram for its size.
    pub(super) fn may_refuse(&self) -> bool {
        matches!(self.mode(), Mode::Want | Mode::Forced) || self.holders() == Holders::Siblings
    }

    /// Sends again what has been refused, in the program's own mode; says how often it was refused by then. `None` says that the mode was
    /// not the cause.
    pub(super) fn send_in_own<T>(
        &self,
        sys: &sys::Socket,
        mut send: impl FnMut() -> io::Result<T>,
    ) -> Option<(usize, io::Result<T>)> {
        let _changing = self.changing();
        let shared = self.holders() == Holders::Siblings;
        let (mut outcome, mut refusals) = (None, 1);
        // Another process may change the mode in between.
        while refusals < ATTEMPTS && self.restore(sys, shared) {
            let sent = send();
            let again = shared && sent.as_ref().is_err_and(|error| error.raw_os_error() == Some(sys::errno::EMSGSIZE));
            outcome = Some((refusals, sent));
            if !again {
                break;
            }
            refusals += 1;
        }
        // The others take it for granted that the mode is `Do`, and are not notified.
        if shared && self.mode() == Mode::Want && sys.set_ipv4_path_mtu_discovery(Do).is_ok() {
            self.set(Mode::Forced);
        }
        outcome
    }

    /// Puts the program's own mode back, if the kernel's is `Do` for the sake of batches. Says whether the program's is `Want`.
    fn restore(&self, sys: &sys::Socket, shared: bool) -> bool {
        let forced = match (shared, self.mode()) {
            (true, _) => match sys.ipv4_path_mtu_discovery() {
                Ok(Do) => true,
                Ok(Want) => false,
                _ => return false,
            },
            (false, Mode::Forced) => true,
            // Another thread has done it.
            (false, mode) => return mode == Mode::Want,
        };
        if forced && sys.set_ipv4_path_mtu_discovery(Want).is_err() {
            return false;
        }
        self.set(Mode::Want);
        true
    }

    /// Adds entries of the error queue that are about a datagram which was sent in the end.
    pub(super) fn add_repaired(&self, refusals: usize) {
        self.repaired.fetch_add(refusals, Ordering::Relaxed);
    }

    /// Whether a refusal for the size is one of those.
    pub(super) fn take_repaired(&self) -> bool {
        let less = |count: usize| count.checked_sub(1);
        self.repaired.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// The error queue is empty.
    pub(super) fn forget_repaired(&self) {
        self.repaired.store(0, Ordering::Relaxed);
    }
}

/// Who else has the open file, and what the program has chosen.
impl BatchMode {
    /// Others than sockets of this crate may send by the open file from now on.
    pub(super) fn expose(&self, sys: &sys::Socket) {
        let _changing = self.changing();
        if self.mode() == Mode::Forced {
            // It was set before, so it can be set again; if not, there is nobody to report it to.
            let _ = sys.set_ipv4_path_mtu_discovery(Want);
        }
        self.holders.store(Holders::Strangers as u8, Ordering::Relaxed);
        // Whoever reads the descriptor may be about to set the mode.
        self.set(Mode::Unknown);
    }

    /// All who have the open file are sockets of this crate.
    pub(super) fn share(&self) {
        let _changing = self.changing();
        self.holders.store(Holders::Siblings as u8, Ordering::Relaxed);
        self.set(Mode::Unknown);
    }

    pub(super) fn set_mapped_peer(&self, is_mapped: bool) {
        self.mapped_peer.store(is_mapped, Ordering::Relaxed);
    }

    pub(super) fn has_mapped_peer(&self) -> bool {
        self.mapped_peer.load(Ordering::Relaxed)
    }

    /// The mode that the program has chosen, as far as it is the socket's own protocol's.
    pub(super) fn chosen(&self, sys: &sys::Socket) -> io::Result<PathMtuDiscovery> {
        let _unchanged = self.unchanging();
        let now = sys.path_mtu_discovery()?;
        let forced = self.mode() == Mode::Forced || self.holders() == Holders::Siblings;
        Ok(if sys.family == SocketType::Udp4 && now == Do && forced { Want } else { now })
    }

    pub(super) fn choose(&self, sys: &sys::Socket, mode: PathMtuDiscovery) -> io::Result<()> {
        let _changing = self.changing();
        sys.set_path_mtu_discovery(mode)?;
        self.set(if mode == Want { Mode::Want } else { Mode::Alike });
        Ok(())
    }

    /// Calls while the kernel has the program's own mode.
    pub(super) fn unforced<T>(&self, sys: &sys::Socket, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let _changing = self.changing();
        if self.mode() != Mode::Forced {
            return act();
        }
        sys.set_ipv4_path_mtu_discovery(Want)?;
        let outcome = act();
        sys.set_ipv4_path_mtu_discovery(Do)?;
        outcome
    }

    /// Sends in another mode than the socket's own.
    pub(super) fn send_in<T>(
        &self,
        sys: &sys::Socket,
        wanted: PathMtuDiscovery,
        send: impl FnOnce() -> T,
    ) -> io::Result<T> {
        // Two threads that did this at once could leave each other's mode behind.
        let _changing = self.changing();
        let before = sys.path_mtu_discovery()?;
        if before == wanted {
            return Ok(send());
        }
        sys.set_path_mtu_discovery(wanted)?;
        let outcome = send();
        sys.set_path_mtu_discovery(before)?;
        if self.mode() == Mode::Forced && sys.family == SocketType::Udp6 {
            // `before` is IPv6's, and was set for IPv4 too.
            sys.set_ipv4_path_mtu_discovery(Do)?;
        }
        Ok(outcome)
    }
}

/// Its parts.
impl BatchMode {
    fn mode(&self) -> Mode {
        match self.mode.load(Ordering::Relaxed) {
            0 => Mode::Unknown,
            1 => Mode::Alike,
            2 => Mode::Want,
            _ => Mode::Forced,
        }
    }

    fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Relaxed);
    }

    fn holders(&self) -> Holders {
        match self.holders.load(Ordering::Relaxed) {
            0 => Holders::Own,
            1 => Holders::Siblings,
            _ => Holders::Strangers,
        }
    }

    fn changing(&self) -> RwLockWriteGuard<'_, ()> {
        // The lock guards no data that a panic could leave half changed.
        self.switch.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn unchanging(&self) -> RwLockReadGuard<'_, ()> {
        self.switch.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a send is tried in a mode that other processes change.
const ATTEMPTS: usize = 16;
