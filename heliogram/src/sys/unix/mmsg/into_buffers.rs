//! Receiving many messages into buffers of the caller's.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use super::{Header, collect};
use crate::sys::outcome::Received;
use crate::sys::unix::call::retry;
use crate::sys::unix::call::{Name, decode};
use crate::sys::unix::cmsg::control::Control;
use crate::sys::unix::cmsg::receive::{self, RECEIVE_SPACE};
use crate::sys::unix::socket::Socket;
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};

/// The most messages of one call, and how many are few.
const MESSAGES: usize = 32;
const FEW: usize = 16;

/// What the kernel writes beside the bytes, on the stack; only what is used is written.
struct Incoming<const MESSAGES: usize> {
    headers: [MaybeUninit<Header>; MESSAGES],
    names: [MaybeUninit<Name>; MESSAGES],
    controls: [MaybeUninit<Control<RECEIVE_SPACE>>; MESSAGES],
    buffers: [MaybeUninit<libc::iovec>; MESSAGES],
    used: usize,
}

impl<const MESSAGES: usize> Incoming<MESSAGES> {
    const fn new() -> Self {
        Incoming {
            headers: [const { MaybeUninit::uninit() }; MESSAGES],
            names: [const { MaybeUninit::uninit() }; MESSAGES],
            controls: [const { MaybeUninit::uninit() }; MESSAGES],
            buffers: [const { MaybeUninit::uninit() }; MESSAGES],
            used: 0,
        }
    }

    /// Adds a buffer. The pointers stored here stay good while neither self nor the buffer moves: `recv_into` sees to it.
    fn push(&mut self, buffer: &mut [u8], with_control: bool) {
        let mut header = Header::new();
        header.message.msg_name = self.names[self.used].as_mut_ptr().cast();
        header.message.msg_namelen = Name::SIZE;
        let bytes = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        header.message.msg_iov = self.buffers[self.used].write(bytes);
        header.message.msg_iovlen = 1;
        if with_control {
            let control = self.controls[self.used].write(Control::new());
            header.message.msg_control = control.as_mut_ptr().cast();
            header.message.msg_controllen = RECEIVE_SPACE as _;
        }
        self.headers[self.used].write(header);
        self.used += 1;
    }

    fn headers(&mut self) -> &mut [Header] {
        // SAFETY: `push` has written the first `used` headers.
        unsafe { &mut *(std::ptr::from_mut(&mut self.headers[..self.used]) as *mut [Header]) }
    }

    fn header(&self, index: usize) -> &Header {
        assert!(index < self.used);
        // SAFETY: `push` has written the first `used` headers.
        unsafe { self.headers[index].assume_init_ref() }
    }

    fn peer(&self, index: usize) -> SocketAddr {
        let mut name = Name::empty();
        let length = (self.header(index).message.msg_namelen as usize).min(size_of_val(&name));
        // SAFETY: the kernel has written `length` bytes of this name, which has room for them, as has the other one.
        unsafe {
            let to = std::ptr::from_mut(&mut name).cast::<u8>();
            std::ptr::copy_nonoverlapping(self.names[index].as_ptr().cast::<u8>(), to, length);
        }
        decode(&name)
    }

    /// The control messages that came with a message.
    fn control(&self, index: usize) -> &[u8] {
        match self.header(index).control_length() {
            0 => &[],
            // SAFETY: there is a length only where `push` has written a control buffer and its length.
            length => unsafe { self.controls[index].assume_init_ref() }.get(..length).unwrap_or_default(),
        }
    }
}

impl Socket {
    /// Receives as many messages as there are, at most one for each buffer; says how many, and of each its sender and
    /// what the kernel said. `gro` says that several datagrams may come in one, `info` what else the socket asked for.
    pub(crate) fn recv_into(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        gro: bool,
        info: RecvMetadataOptions,
        each: impl FnMut(usize, SocketAddr, Received, RecvMetadata),
    ) -> io::Result<usize> {
        match buffers.len() {
            // The room for many messages is many lines of the processor's cache.
            ..=FEW => self.recv_messages::<FEW>(buffers, gro, info, each),
            _ => self.recv_messages::<MESSAGES>(buffers, gro, info, each),
        }
    }

    #[inline(never)]
    fn recv_messages<const MESSAGES: usize>(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        gro: bool,
        info: RecvMetadataOptions,
        mut each: impl FnMut(usize, SocketAddr, Received, RecvMetadata),
    ) -> io::Result<usize> {
        let mut incoming = Incoming::<MESSAGES>::new();
        for buffer in buffers.iter_mut().take(MESSAGES) {
            incoming.push(buffer, gro || !info.is_empty());
        }
        let descriptor = self.descriptor().as_raw_fd();
        let (count, late) = retry(|| collect(descriptor, incoming.headers()))?;
        self.keep_late(late);
        for (index, buffer) in buffers[..count].iter().enumerate() {
            let (header, control) = (incoming.header(index), incoming.control(index));
            let received = Received {
                length: (header.length as usize).min(buffer.len()),
                segment: receive::segment_size(control),
                truncated: header.message.msg_flags & libc::MSG_TRUNC != 0,
            };
            let asked = !info.is_empty();
            let metadata = if asked { receive::metadata(control, info) } else { RecvMetadata::default() };
            each(index, incoming.peer(index), received, metadata);
        }
        Ok(count)
    }
}
