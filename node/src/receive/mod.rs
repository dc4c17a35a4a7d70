//! Received datagrams: read, written where JavaScript reads them, and delivered.

pub(crate) mod record;
pub(crate) mod rows;
pub(crate) mod turn;
