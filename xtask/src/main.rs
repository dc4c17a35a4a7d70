//! The commands that people type.
fn main() {}
