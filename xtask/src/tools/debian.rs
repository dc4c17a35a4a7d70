//! Packages of Debian, of another release or processor than this machine's, unpacked into the target directory.

use super::once::once;
use crate::cargo::{self, output, program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root folder of these packages.
pub(crate) fn root(release: &str, processor: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let folder = cargo::target_directory()?.join("xtask").join(format!("{release}-{processor}"));
    let root = folder.join("root");
    once(&folder, &packages.join("\n"), || {
        for part in ["lists/partial", "archives/partial", "root"] {
            fs::create_dir_all(folder.join(part)).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let source = format!("deb [signed-by={KEYS}] {} {release} main\n", mirror()?);
        fs::write(folder.join("sources.list"), source).map_err(|e| format!("sources.list: {e}"))?;
        output(apt(&folder, processor).arg("update"))?;
        output(apt(&folder, processor).arg("download").args(packages).current_dir(&folder))?;
        unpack(&folder, &root)
    })?;
    Ok(root)
}

const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where this machine gets its own packages from.
fn mirror() -> Result<String, String> {
    let targets = ["indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"];
    let list = output(&mut program("apt-get", &targets))?;
    let found = list.lines().find_map(|line| line.strip_prefix("Debian "));
    found.map(String::from).ok_or_else(|| "this machine has no packages of Debian's".into())
}

/// apt-get with state of its own.
fn apt(folder: &Path, processor: &str) -> Command {
    let mut command = program("apt-get", &["-q", "-o", "Dir::Etc::SourceParts=/nonexistent"]);
    command.args(["-o", "Dir::State::status=/dev/null", "-o", "APT::Sandbox::User="]);
    for (name, value) in [("Architecture", processor), ("Architectures", processor)] {
        command.args(["-o", &format!("APT::{name}={value}")]);
    }
    for (name, place) in [("Etc::SourceList", "sources.list"), ("State::lists", "lists"), ("Cache", "")] {
        command.args(["-o", &format!("Dir::{name}={}", folder.join(place).display())]);
    }
    command
}

fn unpack(folder: &Path, root: &Path) -> Result<(), String> {
    let files = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let packages =
        files.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "deb"));
    let mut unpack = packages.map(|package| output(program("dpkg-deb", &["-x"]).arg(package).arg(root)));
    unpack.try_for_each(|outcome| outcome.map(drop))
}
