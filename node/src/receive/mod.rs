//! Received datagrams, written where JavaScript reads them.

pub(crate) mod record;
pub(crate) mod rows;
