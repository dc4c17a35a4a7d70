//! What is in a built binary: what it exports, and what it needs from the system that loads it.

use goblin::Object;
use goblin::elf::Elf;
use goblin::mach::{Mach, MachO, load_command::CommandVariant};
use goblin::pe::PE;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The parts of a version, compared as numbers.
pub(crate) type Version = Vec<u32>;

#[derive(Debug, Default)]
pub(crate) struct Binary {
    pub(crate) bytes: Vec<u8>,
    pub(crate) exports: BTreeSet<String>,
    /// Symbols that must be found when it is loaded.
    pub(crate) imports: BTreeSet<String>,
    /// Libraries that are loaded with it.
    pub(crate) libraries: BTreeSet<String>,
    /// The newest glibc among the versions of its imports, or the oldest macOS.
    pub(crate) needs: Option<Version>,
}

impl Binary {
    pub(crate) fn read(file: &Path) -> Result<Binary, String> {
        let bytes = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let parsed = match Object::parse(&bytes) {
            Ok(Object::Elf(elf)) => Ok(of_elf(&elf)),
            Ok(Object::PE(pe)) => Ok(of_pe(&pe)),
            Ok(Object::Mach(Mach::Binary(macho))) => of_macho(&macho).map_err(|e| e.to_string()),
            Ok(_) => Err("neither ELF, PE nor Mach-O".into()),
            Err(error) => Err(error.to_string()),
        };
        parsed.map(|binary| Binary { bytes, ..binary }).map_err(|e| format!("{}: {e}", file.display()))
    }
}

fn of_elf(elf: &Elf<'_>) -> Binary {
    let symbols = || elf.dynsyms.iter().filter(|symbol| symbol.st_bind() != goblin::elf::sym::STB_LOCAL);
    let names = |imported: bool| {
        let symbols = symbols().filter(move |symbol| symbol.is_import() == imported);
        symbols
            .filter_map(|symbol| elf.dynstrtab.get_at(symbol.st_name))
            .filter(|name| !name.is_empty())
            .map(String::from)
    };
    Binary {
        exports: names(false).collect(),
        imports: names(true).collect(),
        libraries: elf.libraries.iter().map(ToString::to_string).collect(),
        needs: glibc(elf),
        ..Binary::default()
    }
}

/// The newest version of glibc among the symbols that an ELF file imports; nothing if it imports none.
fn glibc(elf: &Elf<'_>) -> Option<Version> {
    let mut newest = None;
    for library in elf.verneed.iter().flat_map(|section| section.iter()) {
        let names = library.iter().filter_map(|symbol| elf.dynstrtab.get_at(symbol.vna_name));
        newest = newest.max(names.filter_map(|name| version(name.strip_prefix("GLIBC_")?)).max());
    }
    newest
}

fn of_pe(pe: &PE<'_>) -> Binary {
    Binary {
        exports: pe.exports.iter().filter_map(|export| export.name).map(String::from).collect(),
        imports: pe.imports.iter().map(|import| import.name.to_string()).collect(),
        libraries: pe.libraries.iter().map(|name| name.to_lowercase()).collect(),
        ..Binary::default()
    }
}

fn of_macho(macho: &MachO<'_>) -> goblin::error::Result<Binary> {
    // The first library is the file itself; names of symbols begin with an underscore.
    let plain = |name: &str| name.strip_prefix('_').unwrap_or(name).to_owned();
    Ok(Binary {
        exports: macho.exports()?.iter().map(|export| plain(&export.name)).collect(),
        imports: macho.imports()?.iter().map(|import| plain(import.name)).collect(),
        libraries: macho.libs.iter().skip(1).map(ToString::to_string).collect(),
        needs: macho.load_commands.iter().find_map(|command| macos(&command.command)),
        ..Binary::default()
    })
}

/// The oldest macOS that a load command allows: 0x000B0000 is 11.0.
fn macos(command: &CommandVariant) -> Option<Version> {
    let packed = match command {
        CommandVariant::BuildVersion(command) => command.minos,
        CommandVariant::VersionMinMacosx(command) => command.version,
        _ => return None,
    };
    Some(vec![packed >> 16, packed >> 8 & 0xff])
}

/// "2.17" as numbers; nothing if it is no version (`GLIBC_PRIVATE`).
pub(crate) fn version(text: &str) -> Option<Version> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

pub(crate) fn dotted(version: &Version) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("2.9") < version("2.17"));
        assert!(version("2.3.4") < version("2.4"));
        assert_eq!(version("PRIVATE"), None);
        assert_eq!(dotted(&vec![2, 17]), "2.17");
        assert_eq!(macos(&CommandVariant::VersionMinMacosx(min_macos(0x000B_0000))), version("11.0"));
    }

    fn min_macos(version: u32) -> goblin::mach::load_command::VersionMinCommand {
        goblin::mach::load_command::VersionMinCommand { cmd: 0, cmdsize: 16, version, sdk: 0 }
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn this_program_needs_glibc() {
        let own = Binary::read(&std::env::current_exe().expect("this program is a file")).expect("a binary");
        assert!(own.needs > version("2.2") && own.needs < version("99"), "{:?}", own.needs);
        assert!(own.libraries.contains("libc.so.6") && own.imports.contains("memcpy"));
    }

    #[test]
    fn a_text_is_no_binary() {
        let error = Binary::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect_err("it is a text");
        assert!(error.contains("Cargo.toml"), "{error}");
    }
}
