//! How readiness reaches the runtimes.

#[cfg(feature = "events")]
pub(super) mod poller;
#[cfg(feature = "smol")]
pub(super) mod smol;
#[cfg(feature = "tokio")]
pub(super) mod tokio;
mod wait;
