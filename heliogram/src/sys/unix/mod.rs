//! Linux, macOS and FreeBSD.

mod address;
pub(super) mod call;
mod clock;
pub(crate) mod cmsg;
pub(super) mod descriptor;
mod interfaces;
mod mmsg;
mod multicast;
mod options;
mod placeholder;
mod recvmsg;
pub(super) mod socket;
pub(crate) mod unix_datagram;

pub(crate) use clock::now;
#[cfg(any(feature = "events", feature = "tokio"))]
pub(crate) use descriptor::Descriptor;
pub(crate) use interfaces::{interface_index, interface_name, multicast_interfaces};
pub(crate) use mmsg::Receiver;
pub(crate) use socket::Socket;
pub use socket::{BorrowedDescriptor, OwnedDescriptor};
