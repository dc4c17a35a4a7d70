//! Decisions that are apart from a turn: when GRO starts, how long datagrams wait for each other, which memory they share.

pub(crate) mod auto_gro;
pub(crate) mod coalescing;
pub(crate) mod pages;
