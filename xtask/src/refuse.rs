//! `cargo xtask refuse`: a program under a kernel, or in a sandbox, that refuses system calls or options. The package's tests
//! use it; with it one sees by hand what a program does there.

#[cfg(all(target_os = "linux", target_endian = "little"))]
#[path = "../../heliogram/tests/common/seccomp.rs"]
mod seccomp;

use std::process::ExitCode;

use clap::Args;

#[derive(Args)]
pub(crate) struct Options {
    /// A system call, the error and arguments: `epoll_ctl EPERM`, `setsockopt ENOPROTOOPT 1=1 2=40`. May be repeated
    #[arg(long, required = true, value_name = "CALL ERROR [POSITION=VALUE]...")]
    call: Vec<String>,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    command: Vec<String>,
}

#[cfg(all(target_os = "linux", target_endian = "little"))]
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    use std::os::unix::process::CommandExt;

    let refused = options.call.iter().map(|text| linux::parse(text)).collect::<Result<Vec<_>, _>>()?;
    seccomp::refuse(&refused).map_err(|error| format!("seccomp: {error}"))?;
    let [program, arguments @ ..] = &options.command[..] else { return Err("no program".to_owned()) };
    Err(format!("{program}: {}", std::process::Command::new(program).args(arguments).exec()))
}

#[cfg(not(all(target_os = "linux", target_endian = "little")))]
pub(crate) fn run(_: &Options) -> Result<ExitCode, String> {
    Err("only Linux on little-endian machines has it".to_owned())
}

#[cfg(all(target_os = "linux", target_endian = "little"))]
mod linux {
    use super::seccomp::Refused;

    /// The calls that are worth refusing.
    const CALLS: [(&str, libc::c_long); 11] = [
        ("dup3", libc::SYS_dup3),
        ("epoll_create1", libc::SYS_epoll_create1),
        ("epoll_ctl", libc::SYS_epoll_ctl),
        ("eventfd2", libc::SYS_eventfd2),
        ("getsockopt", libc::SYS_getsockopt),
        ("ppoll", libc::SYS_ppoll),
        ("recvmmsg", libc::SYS_recvmmsg),
        ("sendmmsg", libc::SYS_sendmmsg),
        ("setsockopt", libc::SYS_setsockopt),
        ("timerfd_create", libc::SYS_timerfd_create),
        ("timerfd_settime", libc::SYS_timerfd_settime),
    ];

    const ERRORS: [(&str, i32); 6] = [
        ("EMFILE", libc::EMFILE),
        ("ENOBUFS", libc::ENOBUFS),
        ("ENOPROTOOPT", libc::ENOPROTOOPT),
        ("ENOSPC", libc::ENOSPC),
        ("ENOSYS", libc::ENOSYS),
        ("EPERM", libc::EPERM),
    ];

    pub(super) fn parse(text: &str) -> Result<Refused, String> {
        let bad = || format!("{text}: not `CALL ERROR [POSITION=VALUE]...`");
        let mut words = text.split_whitespace();
        let call = words.next().and_then(|word| find(&CALLS, word)).ok_or_else(bad)?;
        let errno = words.next().and_then(|word| find(&ERRORS, word)).ok_or_else(bad)?;
        let argument = |word: &str| {
            let (position, value) = word.split_once('=')?;
            Some((position.parse().ok().filter(|&position: &u32| position < 6)?, value.parse().ok()?))
        };
        let arguments = words.map(|word| argument(word).ok_or_else(bad)).collect::<Result<_, _>>()?;
        Ok(Refused { call, arguments, errno })
    }

    fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
        table.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    #[test]
    fn a_call_an_error_and_arguments_are_read() {
        let refused = parse("setsockopt EPERM 1=1 2=40").unwrap();
        assert_eq!((refused.call, refused.errno), (libc::SYS_setsockopt, libc::EPERM));
        assert_eq!(refused.arguments, [(1, 1), (2, 40)]);
        assert!(
            ["", "setsockopt", "unheard EPERM", "setsockopt EWHAT", "setsockopt EPERM 6=1"]
                .iter()
                .all(|text| parse(text).is_err())
        );
    }
}
