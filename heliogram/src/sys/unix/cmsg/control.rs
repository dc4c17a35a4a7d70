//! The layout of control messages: writing and reading a buffer of them.
//!
//! The layout is written here over plain byte slices, without the `CMSG_*` macros: a truncated or nonsensical buffer
//! yields fewer messages, and nothing outside of it is ever read.
//!
//! Sources: `cmsg(3)`; RFC 3542 section 20 for the layout's rules.

use std::ffi::c_int;
use std::ops::{Deref, DerefMut};

use super::attribute::Refused;

/// The kernel's type of `cmsg_len`. (musl declares a narrower field with padding; the bytes are the same.)
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) type Length = usize;
/// The kernel's type of `cmsg_len`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) type Length = libc::socklen_t;

/// Messages and their data start at multiples of this.
#[cfg(target_vendor = "apple")]
const ALIGNMENT: usize = size_of::<u32>();
/// Messages and their data start at multiples of this.
#[cfg(not(target_vendor = "apple"))]
const ALIGNMENT: usize = size_of::<usize>();

pub(super) const LEVEL: usize = size_of::<Length>();
pub(super) const KIND: usize = LEVEL + size_of::<c_int>();
/// Where the data starts: the length, the level and the type, aligned.
pub(super) const HEADER: usize = align(KIND + size_of::<c_int>());

const fn align(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

/// The room that a message with this many bytes of data takes (`CMSG_SPACE`).
pub(crate) const fn space(data: usize) -> usize {
    HEADER + align(data)
}

/// A buffer for control messages: aligned for `cmsghdr`, and always initialised.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct Control<const N: usize>([u8; N]);

const _: () = assert!(align_of::<Control<0>>() >= align_of::<libc::cmsghdr>());

impl<const N: usize> Control<N> {
    pub(crate) const fn new() -> Self {
        Control([0; N])
    }
}

impl<const N: usize> Deref for Control<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Control<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Writes attributes one after another into a caller's buffer.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new<const N: usize>(control: &'a mut Control<N>) -> Self {
        Encoder { buffer: control, length: 0 }
    }

    /// The bytes written: `msg_controllen`.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// One message whose data is `parts` put together.
    #[inline]
    pub(super) fn message(&mut self, level: c_int, kind: c_int, parts: &[&[u8]]) -> Result<(), Refused> {
        let data: usize = parts.iter().map(|part| part.len()).sum();
        let end = self.length + space(data);
        let slot = self.buffer.get_mut(self.length..end).ok_or(Refused::Full)?;
        let (header, rest) = slot.split_at_mut(HEADER);
        concatenate(header, &[&((HEADER + data) as Length).to_ne_bytes(), &level.to_ne_bytes(), &kind.to_ne_bytes()]);
        concatenate(rest, parts);
        self.length = end;
        Ok(())
    }
}

#[inline]
fn concatenate(mut to: &mut [u8], parts: &[&[u8]]) {
    for part in parts {
        let (place, rest) = to.split_at_mut(part.len());
        place.copy_from_slice(part);
        to = rest;
    }
}

/// One control message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) level: c_int,
    /// The message's type (`cmsg_type`).
    pub(crate) kind: c_int,
    pub(crate) data: &'a [u8],
}

impl Message<'_> {
    /// The data as a C `int`.
    pub(super) fn int(&self) -> Option<c_int> {
        field(self.data, 0).map(c_int::from_ne_bytes)
    }

    /// The data as a number of 8 bits, which some systems send as a byte and some as a C `int`.
    pub(super) fn small(&self) -> Option<u8> {
        match *self.data {
            [byte] => Some(byte),
            _ => self.int()?.try_into().ok(),
        }
    }
}

/// `N` bytes at `offset`, if the data has them.
pub(super) fn field<const N: usize>(data: &[u8], offset: usize) -> Option<[u8; N]> {
    data.get(offset..)?.first_chunk().copied()
}

/// The control messages of a buffer (`msg_control`, of `msg_controllen` bytes), in order.
///
/// Ends at the first message that is shorter than a header or longer than what is left.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    pub(crate) fn new(control: &'a [u8]) -> Self {
        Messages { rest: control }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    #[inline]
    fn next(&mut self) -> Option<Message<'a>> {
        let header: &[u8; HEADER] = self.rest.first_chunk()?;
        #[allow(clippy::unnecessary_cast, reason = "not a usize everywhere")]
        let length = Length::from_ne_bytes(field(header, 0)?) as usize;
        let level = c_int::from_ne_bytes(field(header, LEVEL)?);
        let kind = c_int::from_ne_bytes(field(header, KIND)?);
        // The one check of `cmsg_len`, and it is the slice's own: HEADER <= length <= what is left.
        let data = self.rest.get(HEADER..length)?;
        // The kernel does not pad the last message when the buffer ends with it.
        self.rest = self.rest.get(align(length)..).unwrap_or_default();
        Some(Message { level, kind, data })
    }
}

impl std::iter::FusedIterator for Messages<'_> {}
