//! Decisions about when and how much is read, in one place.

pub(crate) mod coalescing;
pub(crate) mod turn;
