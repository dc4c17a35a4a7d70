//! Flags from the library's table of integer and boolean options: a new row there is a new flag here.

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use heliogram::{SocketOptions, Sockopt, SockoptValues};

/// The options that were given, with their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct SockoptFlags(Vec<(Sockopt, u32)>);

/// Options that the command sets by flags of its own, some of which mean more than one option.
const BY_HAND: &[Sockopt] = &[
    Sockopt::Broadcast,
    Sockopt::TTL,
    Sockopt::MulticastTTL,
    Sockopt::MulticastLoopback,
    Sockopt::MulticastAll,
    Sockopt::TOS,
];

fn flags() -> impl Iterator<Item = Sockopt> {
    Sockopt::ALL.iter().copied().filter(|option| option.is_supported() && !BY_HAND.contains(option))
}

impl SockoptFlags {
    /// Sets them before the bind.
    pub(crate) fn set(&self, options: SocketOptions) -> SocketOptions {
        self.0.iter().fold(options, |options, (option, value)| options.sockopt(*option, *value))
    }

    /// The first that was given, as it is typed.
    #[cfg(unix)]
    pub(crate) fn first(&self) -> Option<String> {
        self.0.first().map(|(option, _)| format!("--{}", long(*option)))
    }
}

impl Args for SockoptFlags {
    fn augment_args(command: Command) -> Command {
        flags().fold(command, |command, option| command.arg(arg(option)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SockoptFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(SockoptFlags(flags().filter_map(|option| Some((option, value(option, matches)?))).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn arg(option: Sockopt) -> Arg {
    let arg = Arg::new(option.name()).long(long(option)).help(option.summary().trim_end_matches('.'));
    let arg = arg.help_heading("Socket");
    match option.values() {
        SockoptValues::Int(range) => {
            let range = u64::from(*range.start())..=u64::from(*range.end());
            arg.value_name("N").value_parser(RangedU64ValueParser::<u32>::new().range(range))
        }
        _ => arg.action(ArgAction::SetTrue),
    }
}

fn value(option: Sockopt, matches: &ArgMatches) -> Option<u32> {
    match option.values() {
        SockoptValues::Int(_) => matches.get_one(option.name()).copied(),
        _ => matches.get_flag(option.name()).then_some(1),
    }
}

fn long(option: Sockopt) -> String {
    option.name().replace('_', "-")
}
