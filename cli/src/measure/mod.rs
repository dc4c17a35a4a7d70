//! What is counted and timed.

pub(crate) mod numbering;
pub(crate) mod sequence;
