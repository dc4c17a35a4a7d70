//! What the fuzz targets call: each takes any input, and panics when an invariant does not hold. The same functions
//! run for a bounded number of cases in this crate's own tests.

pub mod address;
pub mod programs;

#[cfg(unix)]
pub use crate::sys::cmsg::fuzzing as control_messages;
