//! The command's archives, and the checksums of everything.

use crate::cargo::{self, output};
use crate::package::platforms::Platform;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What is packed beside the program, with its path from the root.
const BESIDE: [&str; 3] = ["cli/README.md", "LICENSE-APACHE", "LICENSE-MIT"];
const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// Packs the program into `heliogram-cli-vVERSION-TARGET.tar.gz`, or `.zip` for Windows, in a folder of the same name.
pub(crate) fn pack(built: &Path, platform: &Platform, out: &Path) -> Result<(), String> {
    let name = format!("heliogram-cli-v{}-{}", env!("CARGO_PKG_VERSION"), target(platform));
    let folder = out.join("archives").join(&name);
    fill(&folder, built).map_err(|e| format!("{}: {e}", folder.display()))?;
    documents(&folder)?;
    let packed = if platform.os == "win32" { zip(&folder, &name, out) } else { tar_gz(&folder, &name, out) };
    packed.map_err(|e| format!("{name}: {e}"))
}

/// The target by which `cargo binstall` looks for an archive: on Windows that of the usual toolchain.
fn target(platform: &Platform) -> String {
    match platform.target.split_once("-windows-") {
        Some((machine, _)) => format!("{machine}-windows-msvc"),
        None => platform.target.clone(),
    }
}

fn fill(folder: &Path, program: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    ["man", "completions"].iter().try_for_each(|part| fs::create_dir_all(folder.join(part)))?;
    let beside = BESIDE.iter().map(|path| cargo::root().join(path));
    for file in beside.chain([program.to_path_buf()]) {
        fs::copy(&file, folder.join(file.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Manual pages and completions, as the program of this machine prints them.
fn documents(folder: &Path) -> Result<(), String> {
    let heliogram = || cargo::cargo(&["run", "--quiet", "--package", "heliogram-cli", "--"]);
    output(heliogram().arg("man").arg(folder.join("man")))?;
    for shell in SHELLS {
        let file = folder.join("completions").join(shell);
        let text = output(heliogram().args(["completions", shell]))?;
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

fn tar_gz(folder: &Path, name: &str, out: &Path) -> io::Result<()> {
    let archive = File::create(out.join(format!("{name}.tar.gz")))?;
    let mut tar = tar::Builder::new(GzEncoder::new(archive, Compression::best()));
    tar.append_dir_all(name, folder)?;
    tar.into_inner()?.finish()?;
    Ok(())
}

fn zip(folder: &Path, name: &str, out: &Path) -> io::Result<()> {
    let mut zip = ZipWriter::new(File::create(out.join(format!("{name}.zip")))?);
    for part in ["", "man", "completions"] {
        for file in fs::read_dir(folder.join(part))?.map(|entry| Ok::<_, io::Error>(entry?.path())) {
            let file = file?;
            if file.is_file() {
                let inside = Path::new(name).join(part).join(file.file_name().unwrap_or_default());
                zip.start_file_from_path(inside, SimpleFileOptions::default())?;
                io::copy(&mut File::open(&file)?, &mut zip)?;
            }
        }
    }
    zip.finish()?;
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
    fn archives_are_named_as_binstall_asks_for_them() {
        let target = |name| target(&Platform::named(name).expect("it is listed"));
        assert_eq!(target("win32-arm64-msvc"), "aarch64-pc-windows-msvc");
        assert_eq!(target("linux-x64-musl"), "x86_64-unknown-linux-musl");
    }

    #[test]
    fn a_line_is_one_of_sha256sum_s() {
        let file = std::env::temp_dir().join(format!("xtask-checksum-{}", std::process::id()));
        fs::write(&file, "abc").expect("a file of ours");
        let text = line(&file).expect("it is there");
        fs::remove_file(&file).expect("it is ours");
        assert!(text.starts_with("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  xtask-checksum-"));
    }
}
