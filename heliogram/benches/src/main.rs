//! Measures heliogram against bare system calls, quinn-udp and tokio over loopback.
//!
//! `cargo xtask bench` runs it. One binary is everything: the driver starts itself again as each contestant and as
//! the traffic for it, so that the CPU time of a process is that of one contestant.

#[cfg(target_os = "linux")]
mod bench;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    bench::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("heliogram-bench: recvmmsg, UDP_SEGMENT and UDP_GRO, which it compares with, exist on Linux only");
    std::process::ExitCode::from(2)
}
