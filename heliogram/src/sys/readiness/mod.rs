//! How readiness reaches the runtimes.

#[cfg(all(unix, feature = "mio"))]
mod mio;
#[cfg(feature = "events")]
pub(super) mod poller;
#[cfg(feature = "smol")]
pub(super) mod smol;
#[cfg(feature = "tokio")]
pub(super) mod tokio;
