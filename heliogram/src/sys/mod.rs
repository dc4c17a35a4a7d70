//! What the crate needs of an operating system; the only place that knows which one it runs on.
//!
//! A system is ported by supplying this, and nothing above changes:
//!
//! | item | contract |
//! | --- | --- |
//! | `OwnedDescriptor` | the owned descriptor of a socket that a caller hands over |
//! | `Socket` | `open` non-blocking and close-on-exec; `adopt` a descriptor; `bind`, `connect`, `disconnect`, addresses |
//! | `Socket` options | broadcast, TTLs, multicast, memberships, buffer sizes; what is lacking fails with `ENOTSUP` |
//! | `Socket::send`, `recv`, `recv_unnamed` | one datagram, never waiting, repeated after `EINTR` |
//! | `Socket::send_runs` | as many runs as the system takes at once, in order; what it took |
//! | `Receiver`, `Socket::recv_slots` | memory for many datagrams, and filling it |
//! | `Socket::set_recv_metadata`, `recv_with_metadata` | receive metadata; what the system lacks is `ENOTSUP` |
//! | `Socket::release` | gives the port back while the number of the descriptor stays taken until the drop |
//! | `unix_datagram` | datagrams between processes of one host; Unix systems only |
//! | `interface_index`, `interface_name` | the index that a zone of an address means, and back |
//! | `interface_by_name` | the index of the interface that people call so |
//! | `errno` | the system's error numbers, their names and words |
//! | `Registration`, `Readiness` | readiness for tokio |
//! | `Poller` | readiness for the event loop |
//! | `Socket::wait` | readiness for a thread |
//!
//! Two cfgs force the fallback paths on systems that have better ones: `heliogram_force_single` (neither `recvmmsg` nor
//! `sendmmsg`) and `heliogram_force_copy` (neither `UDP_SEGMENT` nor `UDP_GRO`).

pub(crate) mod errno;
mod family;
#[cfg(feature = "bytes")]
mod fill;
mod outcome;
mod portable;
mod readiness;
mod sockopt;
#[cfg(unix)]
mod unix;
mod unsupported;
#[cfg(windows)]
mod windows;

#[cfg(feature = "bytes")]
pub(crate) use fill::fill;
pub(crate) use outcome::{Received, Taken};
#[cfg(feature = "events")]
pub(crate) use readiness::poller::{Events, Poller, Watch};
#[cfg(feature = "smol")]
pub(crate) use readiness::smol::Watched;
#[cfg(feature = "tokio")]
pub(crate) use readiness::tokio::{Readiness, Registration};
pub(crate) use sockopt::with_sockopts;
pub use sockopt::{Sockopt, SockoptValues, Systems};
#[cfg(unix)]
use unix as system;
#[cfg(unix)]
pub(crate) use unix::unix_datagram;
#[cfg(windows)]
use windows as system;
#[cfg(windows)]
pub use windows::Lease;

#[cfg(any(feature = "events", feature = "smol", feature = "tokio"))]
pub(crate) use system::Descriptor;
pub use system::{BorrowedDescriptor, OwnedDescriptor};
pub(crate) use system::{
    Receiver, Socket, interface_by_name, interface_index, interface_name, is_managed, multicast_interfaces, now,
};
#[cfg(all(unix, any(test, fuzzing)))]
pub(crate) use unix::cmsg;

/// Whether a bind succeeds on a socket that a membership call has bound, and leaves it where it is, as in Node on this system.
pub(crate) const BINDS_AFTER_MEMBERSHIP: bool = cfg!(windows);

/// Whether the system has GSO at all; the socket still finds out for each device.
pub(crate) const SEGMENTS: bool = cfg!(any(target_os = "linux", target_os = "android")) && !cfg!(heliogram_force_copy);
