//! What is counted and timed.

pub(crate) mod clock;
pub(crate) mod figures;
pub(crate) mod numbering;
pub(crate) mod receiver;
pub(crate) mod sequence;
pub(crate) mod spread;
pub(crate) mod variation;
