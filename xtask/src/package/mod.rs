//! The npm package: its addon, its platforms, what npm installs for its tests, the runtimes that run them.

pub(crate) mod binary;
pub(crate) mod host_addon;
pub(crate) mod npm;
pub(crate) mod platforms;
pub(crate) mod runtimes;
