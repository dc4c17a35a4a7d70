//! One place where a rule is broken.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    /// A path from the repository's root.
    place: String,
    what: String,
}

impl Finding {
    pub(super) fn new(check: &'static str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Finding { check, place: place.into(), what: what.into() }
    }

    /// The top folder, or the file's name in the root.
    pub(super) fn area(&self) -> &str {
        self.place.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.check, self.place, self.what)
    }
}
