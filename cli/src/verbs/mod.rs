//! The subcommands, one per file, and what several of them share.

pub(crate) mod blast;
mod bounds;
pub(crate) mod echo;
pub(crate) mod listen;
pub(crate) mod man;
pub(crate) mod ping;
mod probe;
pub(crate) mod relay;
pub(crate) mod send;
pub(crate) mod sink;
mod tally;
