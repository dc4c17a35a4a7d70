//! What a built binary asks of the system that loads it.

use goblin::elf::Elf;
use std::fs;
use std::path::Path;

/// Fails if the binary asks for a glibc newer than `limit`, and names the version that it asks for.
pub(crate) fn require_glibc(file: &Path, limit: &str) -> Result<(), String> {
    let bytes = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let needed = glibc_of(&bytes).map_err(|e| format!("{}: {e}", file.display()))?;
    if needed <= version(limit) {
        return Ok(());
    }
    Err(format!("{} needs glibc {}, newer than {limit}", file.display(), dotted(&needed)))
}

/// The newest version of glibc among the symbols that an ELF file imports; nothing if it imports none.
fn glibc_of(bytes: &[u8]) -> goblin::error::Result<Option<Vec<u32>>> {
    let elf = Elf::parse(bytes)?;
    let mut newest = None;
    for library in elf.verneed.iter().flat_map(|section| section.iter()) {
        let names = library.iter().filter_map(|symbol| elf.dynstrtab.get_at(symbol.vna_name));
        newest = newest.max(names.filter_map(|name| version(name.strip_prefix("GLIBC_")?)).max());
    }
    Ok(newest)
}

/// "2.17" as numbers, which compare as versions do; nothing if it is no version (`GLIBC_PRIVATE`).
fn version(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

fn dotted(version: &Option<Vec<u32>>) -> String {
    let parts: Vec<_> = version.iter().flatten().map(u32::to_string).collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("2.9") < version("2.17"));
        assert!(version("2.3.4") < version("2.4"));
        assert_eq!(version("PRIVATE"), None);
        assert_eq!(dotted(&version("2.17")), "2.17");
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn this_program_needs_a_glibc_and_not_one_of_the_future() {
        let own = std::env::current_exe().expect("this program is a file");
        require_glibc(&own, "99.0").expect("it runs");
        let error = require_glibc(&own, "2.1").expect_err("it needs a newer one");
        assert!(error.contains(" needs glibc 2.") && error.ends_with("newer than 2.1"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_elf_is_an_error() {
        let error = require_glibc(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").as_path(), "2.17");
        assert!(error.expect_err("it is a text").contains("Cargo.toml"));
    }
}
