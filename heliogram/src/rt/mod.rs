//! The sockets of the runtimes. Public are the types; a public module named `tokio` would hide that crate under a glob import.

mod blocking;
pub(crate) mod bound;
#[cfg(any(feature = "events", all(unix, feature = "tokio")))]
pub(crate) mod delegate;
mod lend;
#[cfg(all(unix, feature = "mio"))]
mod mio;
#[cfg(feature = "smol")]
pub(crate) mod smol;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;
