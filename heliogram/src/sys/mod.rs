//! What the crate needs of an operating system; the only place that knows which one it runs on.
//!
//! A system is ported by supplying this, and nothing above changes:
//!
//! | item | contract |
//! | --- | --- |
//! | `OwnedDescriptor` | the owned descriptor of a socket that a caller hands over |
//! | `Socket` | `open` non-blocking and close-on-exec; `adopt` a descriptor; `bind`, `connect`, `disconnect`, addresses |
//! | `Socket` options | broadcast, TTLs, multicast, memberships, buffer sizes; what is lacking fails with `ENOTSUP` |
//! | `Socket::send`, `recv` | one datagram, never waiting, repeated after `EINTR` |
//! | `Socket::send_runs` | as many runs as the system takes at once, in order; what it took |
//! | `Receiver`, `Socket::recv_slots` | memory for many datagrams, and filling it |
//! | `Socket::set_recv_metadata`, `recv_told` | what the kernel tells beside the bytes; what it cannot is `ENOTSUP` |
//! | `Socket::retire` | gives the port back while the number of the descriptor stays taken until the drop |
//! | `local` | datagrams between processes of one host; Unix systems only |
//! | `interface_index`, `interface_name` | `if_nametoindex(3)` and back |
//! | `errno` | the system's error numbers, their names and words |
//! | `Registration`, `Readiness` | readiness for the tokio face |
//! | `Poller` | readiness for the events face |
//!
//! Two cfgs force the fallback paths on systems that have better ones: `heliogram_force_single` (neither `recvmmsg` nor
//! `sendmmsg`) and `heliogram_force_copy` (neither `UDP_SEGMENT` nor `UDP_GRO`).

pub(crate) mod errno;
mod options;

#[cfg(unix)]
mod ancillary;
#[cfg(unix)]
pub(crate) mod cmsg;
#[cfg(unix)]
mod knobs;
#[cfg(unix)]
pub(crate) mod local;
#[cfg(unix)]
mod mmsg;
#[cfg(feature = "events")]
mod poll;
#[cfg(feature = "tokio")]
mod reactor;
mod sockopt;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use mmsg::Receiver;
#[cfg(feature = "events")]
pub(crate) use poll::{Events, Poller, Watch};
#[cfg(feature = "tokio")]
pub(crate) use reactor::{Readiness, Registration};
pub(crate) use sockopt::with_sockopts;
pub use sockopt::{Sockopt, SockoptValues, Systems};
#[cfg(unix)]
pub use unix::BorrowedDescriptor;
#[cfg(unix)]
pub use unix::OwnedDescriptor;
#[cfg(unix)]
pub(crate) use unix::{Socket, interface_index, interface_name, multicast_interfaces, now};
#[cfg(windows)]
pub use windows::{BorrowedDescriptor, OwnedDescriptor};
#[cfg(windows)]
pub(crate) use windows::{Receiver, Socket, interface_index, interface_name, multicast_interfaces, now};

/// What the kernel said of one received message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// Bytes in the slot.
    pub(crate) length: usize,
    /// The size of the segments, if the message is a train.
    pub(crate) segment: Option<u16>,
    /// The end did not fit.
    pub(crate) truncated: bool,
}

/// What a send of several messages has taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) datagrams: usize,
    /// How many messages were several datagrams.
    pub(crate) trains: usize,
}

/// Whether the system can send trains at all; the socket still finds out for each device.
pub(crate) const SEGMENTS: bool = cfg!(any(target_os = "linux", target_os = "android")) && !cfg!(heliogram_force_copy);
