//! `cargo xtask test`: what must hold before a change lands, in three tiers.

mod library;
mod package;
mod tier;

use crate::steps::Steps;
use std::process::ExitCode;
use tier::Tier;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Five minutes at most: format, clippy, Rust tests, the package's behaviour on the latest Node
    #[arg(long, conflicts_with = "all")]
    quick: bool,
    /// Before a release: in addition everything that takes long or that few machines can run
    #[arg(long)]
    all: bool,
    /// Only the npm package's part
    #[arg(long)]
    node: bool,
}

impl Options {
    fn tier(&self) -> Tier {
        match (self.quick, self.all) {
            (true, _) => Tier::Quick,
            (_, true) => Tier::All,
            _ => Tier::Default,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let mut steps = Steps::new("test")?;
    if !options.node {
        library::test(&mut steps, options.tier())?;
    }
    package::test(&mut steps, options.tier());
    Ok(steps.finish())
}
