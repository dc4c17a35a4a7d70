//! The subcommands, one per file.

pub(crate) mod blast;
pub(crate) mod echo;
pub(crate) mod listen;
pub(crate) mod ping;
pub(crate) mod send;
pub(crate) mod sink;
