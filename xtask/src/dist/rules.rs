//! What must hold of a binary that is published.

use crate::cargo;
use crate::package::binary::{Binary, dotted, version};
use crate::package::platforms::Platform;
use std::path::Path;

/// The function that Node calls when it loads an addon.
const ENTRY: &str = "napi_register_module_v1";

/// The largest addon for Linux, in bytes.
const LARGEST_ADDON: usize = 1_200_000;

/// Libraries of the system that every installation has. A name that ends with `*` stands for all that begin so.
const LIBRARIES: [(&str, &[&str]); 4] = [
    (
        "linux",
        &[
            "libc.so.6",
            "ld-linux*",
            "ld64.so.1",
            "ld64.so.2",
            "ld.so.1",
            "libdl.so.2",
            "libpthread.so.0",
            "librt.so.1",
            "libm.so.6",
        ],
    ),
    ("darwin", &["/usr/lib/libSystem.B.dylib", "/usr/lib/libiconv.2.dylib"]),
    (
        "freebsd",
        &[
            "libc.so.7",
            "libthr.so.3",
            "libm.so.5",
            "libexecinfo.so.1",
            "libkvm.so.7",
            "libdevstat.so.7",
            "librt.so.1",
            "libutil.so.9",
            "libmemstat.so.3",
            "libprocstat.so.1",
        ],
    ),
    (
        "win32",
        &[
            "kernel32.dll",
            "ntdll.dll",
            "ws2_32.dll",
            "bcryptprimitives.dll",
            "advapi32.dll",
            "userenv.dll",
            "iphlpapi.dll",
            "api-ms-win-*",
            "msvcrt.dll",
        ],
    ),
];

/// musl is one library.
const MUSL: [&str; 2] = ["libc.so", "libc.musl-*"];

/// What a runtime may lack: an addon looks such functions up when it needs them.
const OPTIONAL: [&str; 3] = ["napi_", "node_api_", "uv_"];

pub(crate) fn addon(file: &Path, platform: &Platform) -> Result<String, String> {
    let binary = Binary::read(file)?;
    let mut broken = common(&binary, platform);
    if !binary.exports.contains(ENTRY) {
        broken.push(format!("does not export {ENTRY}"));
    }
    let optional = binary.imports.iter().filter(|name| OPTIONAL.iter().any(|start| name.starts_with(start)));
    broken.extend(optional.map(|name| format!("imports {name}, which not every runtime has")));
    if platform.os == "linux" && binary.bytes.len() > LARGEST_ADDON {
        broken.push(format!("has {} bytes, more than {LARGEST_ADDON}", binary.bytes.len()));
    }
    outcome(file, &binary, &broken)
}

pub(crate) fn command(file: &Path, platform: &Platform) -> Result<String, String> {
    let binary = Binary::read(file)?;
    outcome(file, &binary, &common(&binary, platform))
}

fn outcome(file: &Path, binary: &Binary, broken: &[String]) -> Result<String, String> {
    if !broken.is_empty() {
        return Err(broken.iter().map(|rule| format!("{} {rule}", file.display())).collect::<Vec<_>>().join("\n"));
    }
    let needs = binary.needs.as_ref().map(|needs| format!(", needs {}", dotted(needs))).unwrap_or_default();
    Ok(format!("{} bytes{needs}, exports {}", binary.bytes.len(), binary.exports.len()))
}

fn common(binary: &Binary, platform: &Platform) -> Vec<String> {
    let unknown = binary.libraries.iter().filter(|name| !is_known(name, platform));
    let mut broken: Vec<_> = unknown.map(|name| format!("needs {name}")).collect();
    let oldest = platform.oldest.as_deref().and_then(version);
    if let Some(needs) = binary.needs.as_ref().filter(|needs| oldest.as_ref().is_some_and(|oldest| *needs > oldest)) {
        broken.push(format!("needs version {} of the system, newer than {:?}", dotted(needs), platform.oldest));
    }
    let paths = build_paths();
    let kept = paths.iter().filter(|path| contains(&binary.bytes, path.as_bytes()));
    broken.extend(kept.map(|path| format!("contains the path {path}")));
    broken
}

fn is_known(library: &str, platform: &Platform) -> bool {
    let known = LIBRARIES.iter().find(|(os, _)| *os == platform.os).map_or(&[] as &[_], |(_, known)| known);
    let known = if platform.is_musl() { &MUSL } else { known };
    known.iter().any(|name| match name.strip_suffix('*') {
        Some(start) => library.starts_with(start),
        None => library == *name,
    })
}

/// Paths of this machine that must not stay in a binary.
fn build_paths() -> Vec<String> {
    let home = std::env::home_dir().map(|home| home.join(".cargo"));
    home.into_iter().chain([cargo::root()]).map(|path| path.display().to_string()).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(name: &str) -> Platform {
        Platform::named(name).expect("it is listed")
    }

    fn binary(libraries: &[&str], needs: &str) -> Binary {
        let libraries = libraries.iter().map(ToString::to_string).collect();
        Binary { libraries, needs: version(needs), ..Binary::default() }
    }

    #[test]
    fn libraries_that_not_every_system_has_are_refused() {
        let gnu = platform("linux-x64-gnu");
        assert_eq!(common(&binary(&["libc.so.6", "ld-linux-x86-64.so.2"], "2.17"), &gnu), [""; 0]);
        assert_eq!(common(&binary(&["libssl.so.3"], "2.17"), &gnu), ["needs libssl.so.3"]);
        assert_eq!(common(&binary(&["libc.so.6"], ""), &platform("linux-x64-musl")), ["needs libc.so.6"]);
        assert_eq!(common(&binary(&["api-ms-win-core-synch-l1-2-0.dll"], ""), &platform("win32-x64-msvc")), [""; 0]);
    }

    #[test]
    fn a_newer_system_than_promised_is_refused() {
        let refused = ["needs version 2.18 of the system, newer than Some(\"2.17\")"];
        assert_eq!(common(&binary(&[], "2.18"), &platform("linux-x64-gnu")), refused);
        assert_eq!(common(&binary(&[], "11.0"), &platform("darwin-arm64")), [""; 0]);
    }

    #[test]
    fn a_path_of_this_machine_is_refused() {
        let root = cargo::root().display().to_string();
        let bytes = format!("panicked at {root}/heliogram/src/lib.rs").into_bytes();
        let found = common(&Binary { bytes, ..Binary::default() }, &platform("freebsd-x64"));
        assert_eq!(found, [format!("contains the path {root}")]);
    }
}
