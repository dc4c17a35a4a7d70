//! Linux, macOS and FreeBSD.

mod address;
pub(super) mod call;
mod clock;
pub(crate) mod cmsg;
mod interfaces;
mod mmsg;
mod multicast;
mod options;
mod placeholder;
mod recvmsg;
pub(super) mod socket;
pub(crate) mod unix_datagram;

pub(crate) use clock::now;
pub(crate) use interfaces::{interface_index, interface_name, multicast_interfaces};
pub(crate) use mmsg::Receiver;
pub(crate) use socket::Socket;
pub use socket::{BorrowedDescriptor, OwnedDescriptor};
