//! The command's archives, and the checksums of everything.

use crate::cargo;
use crate::package::platforms::Platform;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What lies beside the program, with its path from the root.
const BESIDE: [&str; 3] = ["cli/README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Packs the program into `heliogram-VERSION-PLATFORM.tar.gz`, in a folder of the same name.
pub(crate) fn pack(built: &Path, platform: &Platform, out: &Path) -> Result<(), String> {
    let name = format!("heliogram-{}-{}", env!("CARGO_PKG_VERSION"), platform.name);
    let archive = out.join(format!("{name}.tar.gz"));
    write(&archive, &name, built).map_err(|e| format!("{}: {e}", archive.display()))
}

fn write(archive: &Path, folder: &str, program: &Path) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(archive)?, Compression::best()));
    let beside = BESIDE.iter().map(|path| cargo::root().join(path));
    for file in beside.chain([program.to_path_buf()]) {
        let name = file.file_name().unwrap_or_default();
        tar.append_path_with_name(&file, Path::new(folder).join(name))?;
    }
    tar.into_inner()?.finish()?;
    Ok(())
}

/// Writes `SHA256SUMS`, as `sha256sum --check` reads it.
pub(crate) fn checksums(out: &Path) -> Result<String, String> {
    let write = || -> io::Result<usize> {
        let mut files: Vec<PathBuf> = fs::read_dir(out)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.retain(|file| file.is_file() && !file.ends_with("SHA256SUMS"));
        files.sort();
        let lines: Vec<String> = files.iter().map(|file| line(file)).collect::<io::Result<_>>()?;
        fs::write(out.join("SHA256SUMS"), lines.concat())?;
        Ok(lines.len())
    };
    write().map(|count| format!("{count} files in {}", out.display())).map_err(|e| format!("{}: {e}", out.display()))
}

fn line(file: &Path) -> io::Result<String> {
    let digest = Sha256::digest(fs::read(file)?);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{digest}  {}\n", file.file_name().unwrap_or_default().display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_of_sha256sum_s() {
        let file = std::env::temp_dir().join(format!("xtask-checksum-{}", std::process::id()));
        fs::write(&file, "abc").expect("a file of ours");
        let text = line(&file).expect("it is there");
        fs::remove_file(&file).expect("it is ours");
        assert!(text.starts_with("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  xtask-checksum-"));
    }
}
