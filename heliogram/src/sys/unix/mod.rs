//! Linux, macOS and FreeBSD.

pub(super) mod call;
pub(crate) mod cmsg;
pub(super) mod descriptor;
mod host;
pub(super) mod kernel;
mod mmsg;
mod multicast;
mod offload;
mod options;
mod placeholder;
mod recvmsg;
pub(super) mod socket;
pub(crate) mod unix_datagram;

#[cfg(any(feature = "events", feature = "smol", feature = "tokio"))]
pub(crate) use descriptor::Descriptor;
pub(crate) use host::{
    interface_index as interface_by_name, interface_index, interface_name, multicast_interfaces, now,
};
pub(crate) use mmsg::Receiver;
pub(crate) use options::is_managed;
pub(crate) use socket::Socket;
pub use socket::{BorrowedDescriptor, OwnedDescriptor};
