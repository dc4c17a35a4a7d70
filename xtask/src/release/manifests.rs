//! Reading the files that a release is described in.

use crate::cargo::root;
use std::fs;

pub(super) fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

/// What follows `key = "` or `"key": "` up to the next quote.
pub(super) fn value<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim_start().strip_prefix(start)?.split('"').next())
}
