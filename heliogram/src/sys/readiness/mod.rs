//! How readiness reaches the runtimes.

#[cfg(feature = "events")]
pub(super) mod poller;
#[cfg(feature = "tokio")]
pub(super) mod tokio;
