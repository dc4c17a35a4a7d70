//! Addresses and interfaces as text and back.

mod interface;
mod parse;
pub(crate) mod zone;

pub use self::parse::parse;
pub use self::zone::{family, text};
