//! Compilers, linkers, loaders and runtimes for systems that this machine is not.

pub(crate) mod debian;
mod once;
pub(crate) mod python;
pub(crate) mod toolchain;
pub(crate) mod zig;
