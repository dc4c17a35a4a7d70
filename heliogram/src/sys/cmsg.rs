//! Control messages, as far as batches need them.

use std::mem::size_of;

/// Room for `N` bytes of control messages, aligned as the kernel wants them.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Control<const N: usize>([u8; N]);

impl<const N: usize> Control<N> {
    pub(crate) const fn new() -> Self {
        Control([0; N])
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    pub(crate) fn get(&self, range: std::ops::RangeTo<usize>) -> Option<&[u8]> {
        self.0.get(range)
    }
}

const HEADER: usize = size_of::<libc::cmsghdr>();
const UDP_SEGMENT: i32 = 103;
const UDP_GRO: i32 = 104;

/// Writes a `UDP_SEGMENT` message; says how many bytes of the buffer it takes.
pub(crate) fn encode_segment<const N: usize>(control: &mut Control<N>, segment: u16) -> usize {
    control.0[..8].copy_from_slice(&(HEADER + 2).to_ne_bytes());
    control.0[8..12].copy_from_slice(&libc::IPPROTO_UDP.to_ne_bytes());
    control.0[12..16].copy_from_slice(&UDP_SEGMENT.to_ne_bytes());
    control.0[16..18].copy_from_slice(&segment.to_ne_bytes());
    HEADER + 8
}

/// The size of a train's segments (`UDP_GRO`), if the first message says it.
pub(crate) fn segment_size(bytes: &[u8]) -> Option<u16> {
    let level = i32::from_ne_bytes(bytes.get(8..12)?.try_into().ok()?);
    let kind = i32::from_ne_bytes(bytes.get(12..16)?.try_into().ok()?);
    let value = i32::from_ne_bytes(bytes.get(16..20)?.try_into().ok()?);
    if level == libc::IPPROTO_UDP && kind == UDP_GRO { u16::try_from(value).ok() } else { None }
}
