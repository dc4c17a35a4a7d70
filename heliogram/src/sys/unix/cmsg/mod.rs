//! Control messages: what travels beside a datagram's bytes (`msg_control` of `sendmsg(2)` and `recvmsg(2)`). The layout is in
//! `control.rs`; what the messages mean is each system's own, in `linux.rs` and `bsd.rs`.

// The tests ask the kernel for real messages, and `libc` for its opinion of ours; the code itself needs no such thing.
#![cfg_attr(not(test), forbid(unsafe_code))]
// Where there is no error queue, nobody reads what comes out of one.
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    expect(dead_code, reason = "the layout of Linux' error queue")
)]

pub(crate) mod attribute;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod bsd;
pub(crate) mod control;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(all(test, target_os = "linux"))]
mod kernel_tests;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
pub(crate) mod receive;
mod received;
pub(crate) mod send;
#[cfg(test)]
mod tests;
