//! JavaScript runtimes as contestants: how a script is started on one, and their versions.

use super::child::this_program;
use crate::bench::contest::Script;
use crate::bench::contestants::system;
use crate::bench::job::Outcome;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// The script of all contestants.
const PROGRAM: &str = "node/bench/contestant.mjs";

/// Milliseconds at the start that are not measured: the first datagrams run before the script is compiled.
const WARM_UP: &str = "500";

/// A runtime that is here.
#[derive(Clone)]
pub(crate) struct Runtime {
    name: String,
    program: PathBuf,
}

impl Runtime {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, program) = text.split_once('=').ok_or("expected NAME=PROGRAM")?;
        Ok(Runtime { name: name.into(), program: program.into() })
    }

    /// Its name and version.
    pub(crate) fn version(&self) -> String {
        let output = Command::new(&self.program).arg("--version").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let word = text.split_whitespace().find(|word| word.contains('.')).unwrap_or("of unknown version");
        format!("{} {}", self.name, word.trim_start_matches('v'))
    }

    /// The runtime's own arguments. Scripts that measure memory start garbage collections themselves.
    fn arguments(&self) -> &'static [&'static str] {
        match self.name.as_str() {
            "deno" => &["run", "--allow-all", "--no-check", "--v8-flags=--expose-gc"],
            "bun" => &[],
            _ => &["--expose-gc"],
        }
    }
}

/// The last one of that name, so that a choice on the command line wins over xtask's.
fn find<'a>(runtimes: &'a [Runtime], name: &str) -> Outcome<&'a Runtime> {
    let found = runtimes.iter().rfind(|runtime| runtime.name == name);
    found.ok_or_else(|| format!("no {name} here; --runtime {name}=PROGRAM names one").into())
}

impl Script {
    /// The script in a role, tied to a core.
    pub(crate) fn command(&self, runtimes: &[Runtime], core: usize, role: &[&str]) -> Outcome<Command> {
        let runtime = find(runtimes, self.runtime)?;
        let mut command = this_program()?;
        command.args(["on-core", &core.to_string(), "--"]).arg(&runtime.program);
        command.args(runtime.arguments()).arg(PROGRAM).args(role);
        command.args(["--sockets", self.sockets, "--options", self.options, "--warm-up", WARM_UP]).args(self.flags);
        command.envs(self.environment.iter().copied());
        Ok(command)
    }
}

/// Pins this process to a core, and becomes the program.
pub(crate) fn become_program(core: usize, program: &[OsString]) -> Outcome<()> {
    system::take_core(core)?;
    let error = Command::new(&program[0]).args(&program[1..]).exec();
    Err(format!("{}: {error}", program[0].display()).into())
}
