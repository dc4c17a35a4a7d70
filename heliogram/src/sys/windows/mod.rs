//! One socket on Windows, over `socket2`.
//!
//! What Windows lacks here, and how that shows:
//!
//! * batches are datagram after datagram, one call each, and there is no GSO or GRO;
//! * two sockets cannot share a port's load (`reusePort`): `ENOTSUP`;
//! * a peer's closed port is no error, on a connected socket either, as in Node: see [`retry`];
//! * there is no receive metadata but the sender, and there are no send options: `ENOTSUP`.
//!
//! Sources: "Winsock Functions", "IPPROTO_IP Socket Options", "IPPROTO_IPV6 Socket Options", "Windows Sockets Error
//! Codes".

mod descriptor;
mod interface;
mod multicast;
mod options;
mod receiver;
mod socket;

#[cfg(any(feature = "events", feature = "smol", feature = "tokio"))]
pub(crate) use descriptor::Descriptor;
pub use descriptor::{BorrowedDescriptor, Lease, OwnedDescriptor};
pub(crate) use interface::{interface_by_name, interface_index, interface_name, multicast_interfaces};
pub(crate) use options::{get_option, is_managed, now, set_option};
pub(crate) use receiver::Receiver;
pub(crate) use socket::Socket;
