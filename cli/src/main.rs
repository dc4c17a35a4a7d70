//! The `heliogram` command.
fn main() {}
