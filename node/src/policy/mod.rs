//! Decisions about when and how much is read, in one place.

pub(crate) mod auto_gro;
pub(crate) mod coalescing;
pub(crate) mod pages;
pub(crate) mod turn;
