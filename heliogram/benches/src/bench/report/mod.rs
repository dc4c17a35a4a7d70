//! What comes out: tables, raw figures, plots, and what the page of results shows of them.

mod machine;
mod page;
#[cfg(feature = "plots")]
mod plot;
pub(crate) mod results;
mod table;
mod tables;
mod write;

pub(crate) use write::write;
