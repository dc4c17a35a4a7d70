//! Folders that are filled once.

use std::fs;
use std::path::Path;

/// Fills a folder, unless that has been done with the same contents. The folder is emptied first.
pub(super) fn once(folder: &Path, contents: &str, fill: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let done = folder.join("done");
    if fs::read_to_string(&done).is_ok_and(|done| done == contents) {
        return Ok(());
    }
    let text = |e: std::io::Error| format!("{}: {e}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(text)?;
    }
    fs::create_dir_all(folder).map_err(text)?;
    fill()?;
    fs::write(&done, contents).map_err(text)
}
