//! `heliogram man` and `heliogram completions`: what packages install besides the program.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::{Failure, Outcome};

/// Print the man page, or write all man pages into a directory
#[derive(Args)]
pub(crate) struct Man {
    /// Where to write heliogram.1 and a page for each command
    directory: Option<PathBuf>,
}

/// Print the completions for a shell
///
/// For bash: heliogram completions bash > ~/.local/share/bash-completion/completions/heliogram
#[derive(Args)]
pub(crate) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

impl Man {
    pub(crate) fn run(&self, command: Command) -> Outcome {
        match &self.directory {
            Some(directory) => clap_mangen::generate_to(command, directory)
                .map_err(|error| Failure::Other(format!("{}: {error}", directory.display()))),
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                Ok(io::stdout().lock().write_all(&page)?)
            }
        }
    }
}

impl Completions {
    pub(crate) fn run(&self, mut command: Command) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "heliogram", &mut script);
        Ok(io::stdout().lock().write_all(&script)?)
    }
}
