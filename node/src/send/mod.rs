//! Batched sends, read where JavaScript wrote them.

pub(crate) mod destinations;
pub(crate) mod rows;
