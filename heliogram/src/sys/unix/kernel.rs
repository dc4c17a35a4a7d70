//! Linux's numbers that the `libc` crate has for Linux alone, though Android's kernel has them too.
//!
//! Sources: `asm-generic/socket.h` and `linux/bpf_common.h`; each of Android's processors has the generic numbers.
#![cfg(any(target_os = "linux", target_os = "android"))]

#[cfg(target_os = "android")]
pub(crate) use android::*;
#[cfg(target_os = "linux")]
pub(crate) use libc::{
    BPF_ABS, BPF_ALU, BPF_B, BPF_K, BPF_LD, BPF_MOD, BPF_RET, BPF_W, SO_LOCK_FILTER, SO_MEMINFO, SO_SELECT_ERR_QUEUE,
    SO_TXTIME,
};

#[cfg(target_os = "android")]
mod android {
    use libc::c_int;

    pub(crate) const SO_LOCK_FILTER: c_int = 44;
    pub(crate) const SO_SELECT_ERR_QUEUE: c_int = 45;
    pub(crate) const SO_INCOMING_CPU: c_int = 49;
    pub(crate) const SO_MEMINFO: c_int = 55;
    pub(crate) const SO_TXTIME: c_int = 61;

    pub(crate) const BPF_LD: u32 = 0x00;
    pub(crate) const BPF_ALU: u32 = 0x04;
    pub(crate) const BPF_RET: u32 = 0x06;
    pub(crate) const BPF_W: u32 = 0x00;
    pub(crate) const BPF_B: u32 = 0x10;
    pub(crate) const BPF_ABS: u32 = 0x20;
    pub(crate) const BPF_K: u32 = 0x00;
    pub(crate) const BPF_MOD: u32 = 0x90;
}
