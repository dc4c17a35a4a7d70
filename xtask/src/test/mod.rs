//! `cargo xtask test`: what must hold before a change lands, in three tiers.

mod library;
mod oldest_rust;
mod package;
#[cfg(target_os = "linux")]
mod platforms;
mod tier;

#[cfg(target_os = "linux")]
pub(crate) use package::test_files as package_files;

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
    /// Only the part that runs other platforms than this machine's; of it only native, libc, qemu or wine
    #[arg(long, value_name = "GROUP", num_args = 0..=1, default_missing_value = "")]
    platforms: Option<String>,
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
    let (tier, is_part) = (options.tier(), options.node || options.platforms.is_some());
    if !is_part {
        library::test(&mut steps, tier)?;
    }
    if options.platforms.is_none() {
        package::test(&mut steps, tier);
    }
    if tier == Tier::All && !is_part {
        docs::build(&mut steps)?;
        sanitizers(&mut steps)?;
        soak::check(&mut steps);
    }
    if let Some(group) = &options.platforms {
        // The groups bring addons of their own, but for this machine's with an old C library.
        if "libc".starts_with(group.as_str()) {
            package::prepare(&mut steps)
        } else {
            package::install(&mut steps)
        }
        other_platforms(&mut steps, group);
    } else if tier == Tier::All && !is_part {
        other_platforms(&mut steps, "");
    }
    Ok(steps.finish())
}

#[cfg(target_os = "linux")]
fn sanitizers(steps: &mut Steps) -> Result<(), String> {
    crate::sanitize::check(steps)
}

#[cfg(not(target_os = "linux"))]
fn sanitizers(steps: &mut Steps) -> Result<(), String> {
    steps.check("sanitizers", |_| Ok("\n    SKIPPED sanitizers: Linux alone runs them".into()));
    Ok(())
}

#[cfg(target_os = "linux")]
fn other_platforms(steps: &mut Steps, group: &str) {
    platforms::test(steps, group, &package::test_files());
}

#[cfg(not(target_os = "linux"))]
fn other_platforms(steps: &mut Steps, _group: &str) {
    steps.check("other platforms", |_| Ok("\n    SKIPPED other platforms: Linux alone runs them".into()));
}
