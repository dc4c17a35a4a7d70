//! Addresses and interfaces as text and back.

mod interface;
mod parse;
mod remote_info;
pub(crate) mod zone;

pub use self::parse::parse;
pub use self::remote_info::{RecvInfo, RemoteInfo};
pub use self::zone::{family, text};
