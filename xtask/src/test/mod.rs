//! `cargo xtask test`: what must hold before a change lands, in three tiers.

mod library;
mod oldest_rust;
mod package;
#[cfg(target_os = "linux")]
mod platforms;
mod tier;

use crate::docs;
use crate::soak;
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
    /// Only the part that runs other platforms than this machine's
    #[arg(long)]
    platforms: bool,
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
    let (tier, is_part) = (options.tier(), options.node || options.platforms);
    if !is_part {
        library::test(&mut steps, tier)?;
    }
    if !options.platforms {
        package::test(&mut steps, tier);
    }
    if options.platforms {
        package::prepare(&mut steps);
    }
    if tier == Tier::All && !is_part {
        docs::build(&mut steps)?;
        soak::check(&mut steps);
    }
    if options.platforms || (tier == Tier::All && !is_part) {
        other_platforms(&mut steps);
    }
    Ok(steps.finish())
}

#[cfg(target_os = "linux")]
fn other_platforms(steps: &mut Steps) {
    platforms::test(steps, &package::test_files());
}

#[cfg(not(target_os = "linux"))]
fn other_platforms(steps: &mut Steps) {
    steps.check("other platforms", |_| Ok("\n    SKIPPED other platforms: Linux alone runs them".into()));
}
