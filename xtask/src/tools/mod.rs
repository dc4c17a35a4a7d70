//! Compilers and linkers for systems that this machine is not.

pub(crate) mod toolchain;
pub(crate) mod zig;
