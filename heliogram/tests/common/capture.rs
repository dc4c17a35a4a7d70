//! What goes over a link: packets of IPv4 read by `packet(7)`.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};

use super::netns::Host;

/// Reads the packets that an interface of a host receives.
pub(crate) struct Capture(Socket);

/// An IPv4 packet that carries UDP, or a fragment of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// With the header, in bytes.
    pub(crate) length: usize,
    pub(crate) dont_fragment: bool,
    pub(crate) is_fragment: bool,
}

impl Capture {
    /// For everything that `host` receives by any interface from now on.
    pub(crate) fn new(host: &Host) -> Self {
        let ipv4 = Protocol::from(i32::from((libc::ETH_P_IP as u16).to_be()));
        let socket = host.run(|| Socket::new(Domain::PACKET, Type::DGRAM, Some(ipv4))).unwrap();
        socket.set_recv_buffer_size(8 << 20).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        Capture(socket)
    }

    /// What has come by now.
    pub(crate) fn packets(&self) -> Vec<Packet> {
        let end = Instant::now() + Duration::from_millis(50);
        let mut packets = Vec::new();
        loop {
            let mut bytes = [0; 64];
            match recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
                Ok(length) => packets.extend(packet(&bytes[..length])),
                Err(_) if Instant::now() > end => return packets,
                Err(_) => {}
            }
        }
    }
}

/// The header's fields (RFC 791).
fn packet(bytes: &[u8]) -> Option<Packet> {
    let field = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let fragment = field(6);
    let (udp, offset_and_more) = (17, 0x3fff);
    (bytes.len() >= 20 && bytes[9] == udp).then(|| Packet {
        length: field(2).into(),
        dont_fragment: fragment & 0x4000 != 0,
        is_fragment: fragment & offset_and_more != 0,
    })
}
