//! The files of the repository.

use crate::cargo::{output, program, root};
use std::collections::BTreeMap;
use std::fs;

/// Each text file's content by its path from the root, with `/` between folders.
pub(super) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// What git tracks, and what it would track if it were added. Files that are not text are left out.
    pub(super) fn of_repository() -> Result<Self, String> {
        let list = output(&mut program("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let paths = list.split_terminator('\0');
        Ok(Sources(paths.filter_map(|path| Some((path.into(), fs::read_to_string(root().join(path)).ok()?))).collect()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

#[cfg(test)]
impl Sources {
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Sources(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_has_its_files_and_none_that_git_ignores() {
        let sources = Sources::of_repository().expect("a clone");
        assert!(sources.get("Cargo.toml").is_some_and(|text| text.contains("[workspace]")));
        assert!(sources.iter().all(|(path, _)| !path.starts_with("target/")));
    }
}
