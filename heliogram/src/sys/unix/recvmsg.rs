//! Receive metadata: the options that ask for it, and receiving
//! one datagram with it, or an entry of the error queue. Many at a time are `sys/mmsg.rs`'s.
//!
//! Sources: `ip(7)`, `ipv6(7)`, `socket(7)`; the kernel's `networking/timestamping`; `ip(4)`, `ip6(4)` of macOS and
//! FreeBSD.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;

use libc::{IPPROTO_IP, IPPROTO_IPV6, SOL_SOCKET, c_int};
use socket2::{MaybeUninitSlice, SockAddr};

use super::call::internet;
use super::call::{retry, set_option};
use super::cmsg::control::Control;
use super::cmsg::receive::{self, RECEIVE_SPACE};
use super::socket::Socket;
use crate::sys::outcome::Received;
use crate::types::family::SocketType;
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};

impl Socket {
    /// Asks the kernel for `info` and for nothing else.
    pub(crate) fn set_recv_metadata(&self, info: RecvMetadataOptions) -> io::Result<()> {
        let wants = |bit| c_int::from(info.has(bit));
        // First what other systems refuse, so that a refusal changes nothing.
        let wanted = |bit, outcome: io::Result<()>| if info.has(bit) { outcome } else { Ok(()) };
        let (dropped, hardware) = (RecvMetadataOptions::DROPPED, RecvMetadataOptions::HARDWARE_TIMESTAMP);
        // A kernel that lacks what nobody asks for lacks nothing.
        wanted(dropped, self.set_dropped(info.has(dropped)))?;
        wanted(hardware, self.set_hardware_timestamp(info.has(hardware)))?;
        self.set_by_family(&PACKET_INFO, wants(RecvMetadataOptions::PACKET_INFO))?;
        self.set_by_family(&TRAFFIC_CLASS, wants(RecvMetadataOptions::TRAFFIC_CLASS))?;
        self.set_by_family(&HOP_LIMIT, wants(RecvMetadataOptions::HOP_LIMIT))?;
        set_option(&self.inner, SOL_SOCKET, system::TIMESTAMP, &wants(RecvMetadataOptions::TIMESTAMP))
    }

    /// A `udp6` socket gets the metadata of datagrams that came by IPv4 as well, where the system can.
    fn set_by_family(&self, options: &Options, value: c_int) -> io::Result<()> {
        let by_ipv4 = || options.ipv4.iter().try_for_each(|&name| set_option(&self.inner, IPPROTO_IP, name, &value));
        match self.family {
            SocketType::Udp4 => by_ipv4(),
            SocketType::Udp6 => {
                set_option(&self.inner, IPPROTO_IPV6, options.ipv6, &value)?;
                if options.mapped && system::MAPPED { by_ipv4() } else { Ok(()) }
            }
        }
    }

    /// Receives one message of the kernel: its sender, what was received, and the metadata that was asked for.
    pub(crate) fn recv_with_metadata(
        &self,
        buffer: &mut [u8],
        info: RecvMetadataOptions,
    ) -> io::Result<(SocketAddr, Received, RecvMetadata)> {
        let mut control = Control::<RECEIVE_SPACE>::new();
        let (length, from, truncated, control_length) =
            retry(|| self.recv_message(buffer, &mut control, libc::MSG_DONTWAIT))?;
        let control = &control[..control_length];
        let received = Received { length, segment: receive::segment_size(control), truncated };
        Ok((internet(from)?, received, receive::metadata(control, info)))
    }

    /// One `recvmsg(2)`: the length, the sender, whether the end did not fit, and the length of the control messages.
    fn recv_message(
        &self,
        buffer: &mut [u8],
        control: &mut [u8],
        flags: c_int,
    ) -> io::Result<(usize, SockAddr, bool, usize)> {
        // SAFETY: slices of bytes are slices of maybe-uninitialised bytes, and the kernel writes only bytes into them.
        let (buffer, control) = unsafe {
            let buffer = &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]);
            (buffer, &mut *(std::ptr::from_mut(control) as *mut [MaybeUninit<u8>]))
        };
        let mut buffers = [MaybeUninitSlice::new(buffer)];
        let mut from = SockAddr::from(self.family.any());
        let mut message =
            socket2::MsgHdrMut::new().with_addr(&mut from).with_buffers(&mut buffers).with_control(control);
        let length = self.inner.recvmsg(&mut message, flags)?;
        let (truncated, control_length) = (message.flags().is_truncated(), message.control_len());
        Ok((length, from, truncated, control_length))
    }
}

/// The options that ask for one thing, for each family.
struct Options {
    ipv4: &'static [c_int],
    ipv6: c_int,
    /// Whether IPv6's option leaves datagrams that came by IPv4 untold.
    mapped: bool,
}

const PACKET_INFO: Options = Options { ipv4: system::PACKET_INFO, ipv6: libc::IPV6_RECVPKTINFO, mapped: false };
const TRAFFIC_CLASS: Options = Options { ipv4: &[libc::IP_RECVTOS], ipv6: libc::IPV6_RECVTCLASS, mapped: true };
const HOP_LIMIT: Options = Options { ipv4: &[libc::IP_RECVTTL], ipv6: libc::IPV6_RECVHOPLIMIT, mapped: true };

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::*;
    use crate::sys::unix::call::get_option;
    use crate::sys::unix::kernel;
    use crate::types::error_queue::ErrorQueueEntry;

    pub(super) const PACKET_INFO: &[c_int] = &[libc::IP_PKTINFO];
    pub(super) const TIMESTAMP: c_int = libc::SO_TIMESTAMPNS;
    /// IPv6 sockets have the options of IPv4 too.
    pub(super) const MAPPED: bool = true;

    /// Flags of `linux/net_tstamp.h`: take the times of received datagrams from the device, and report them.
    const RX_HARDWARE: c_int = 1 << 2;
    const RAW_HARDWARE: c_int = 1 << 6;
    /// Others: report the software's times; number the datagrams that ask for a timestamp; leave their bytes out.
    const SOFTWARE: c_int = 1 << 4;
    const OPT_ID: c_int = 1 << 7;
    const OPT_TSONLY: c_int = 1 << 11;
    const TRANSMIT: c_int = SOFTWARE | OPT_ID | OPT_TSONLY;

    impl Socket {
        pub(super) fn set_dropped(&self, on: bool) -> io::Result<()> {
            set_option(&self.inner, SOL_SOCKET, libc::SO_RXQ_OVFL, &c_int::from(on))
        }

        pub(super) fn set_hardware_timestamp(&self, on: bool) -> io::Result<()> {
            self.set_timestamping(|flags| if on { flags | RX_HARDWARE | RAW_HARDWARE } else { flags & !RX_HARDWARE })
        }

        /// The numbers go on where they were if it is turned off and on: the kernel begins anew when `OPT_ID` is new.
        pub(crate) fn set_transmit_timestamps(&self, on: bool) -> io::Result<()> {
            self.select_error_queue()?;
            self.set_timestamping(|flags| match on {
                true => flags | TRANSMIT | RAW_HARDWARE,
                false if flags & RX_HARDWARE != 0 => flags & !SOFTWARE,
                false => flags & !(SOFTWARE | RAW_HARDWARE),
            })
        }

        /// One option holds the flags of both directions, so the others stay as they are.
        fn set_timestamping(&self, change: impl FnOnce(c_int) -> c_int) -> io::Result<()> {
            let flags: c_int = get_option(&self.inner, SOL_SOCKET, libc::SO_TIMESTAMPING)?;
            let wanted = change(flags);
            if wanted == flags { Ok(()) } else { set_option(&self.inner, SOL_SOCKET, libc::SO_TIMESTAMPING, &wanted) }
        }

        pub(crate) fn set_recv_errors(&self, on: bool) -> io::Result<()> {
            self.select_error_queue()?;
            self.set_by_family(&ERRORS, on.into())
        }

        /// Lets a poller distinguish an entry of the error queue (`POLLPRI` beside `POLLERR`) from a socket that has failed.
        fn select_error_queue(&self) -> io::Result<()> {
            set_option(&self.inner, SOL_SOCKET, kernel::SO_SELECT_ERR_QUEUE, &1_i32)
        }

        /// The next entry of the error queue that says something of a datagram.
        pub(crate) fn recv_error_queue(&self) -> io::Result<ErrorQueueEntry> {
            loop {
                let mut control = Control::<RECEIVE_SPACE>::new();
                let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
                let (_, peer, _, control_length) = retry(|| self.recv_message(&mut [], &mut control, flags))?;
                // Where the kernel names nobody, the room for a name is as it was. It knows no port of what it refused itself.
                let peer = peer.as_socket().filter(|peer| !peer.ip().is_unspecified());
                if let Some(entry) = receive::error_queue_entry(&control[..control_length], peer) {
                    return Ok(entry);
                }
            }
        }
    }

    const ERRORS: Options = Options { ipv4: &[libc::IP_RECVERR], ipv6: libc::IPV6_RECVERR, mapped: true };
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

    #[cfg(target_vendor = "apple")]
    pub(super) const PACKET_INFO: &[c_int] = &[libc::IP_PKTINFO];
    #[cfg(not(target_vendor = "apple"))]
    pub(super) const PACKET_INFO: &[c_int] = &[libc::IP_RECVDSTADDR, libc::IP_RECVIF];
    pub(super) const TIMESTAMP: c_int = libc::SO_TIMESTAMP;
    /// IPv6 sockets refuse the options of IPv4.
    pub(super) const MAPPED: bool = false;
}
