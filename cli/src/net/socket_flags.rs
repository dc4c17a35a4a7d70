//! The flags of every socket.

use clap::Args;
use heliogram::{SocketOptions, SocketType};
#[cfg(unix)]
use heliogram::{TokioUnixDatagram, UnixDatagramOptions};

#[cfg(unix)]
use crate::failure::{Failure, Outcome};
use crate::net::sockopt_flags::SockoptFlags;

/// How every socket is made.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Socket")]
pub(crate) struct SocketFlags {
    /// IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,

    /// IPv6 only
    #[arg(short = '6', long)]
    pub(crate) ipv6: bool,

    /// Share the local address with other sockets that do the same
    #[arg(long)]
    reuse_addr: bool,

    /// Share the local port with other sockets that do the same: the kernel spreads peers over them
    #[arg(long)]
    reuse_port: bool,

    /// Use this interface alone, whatever the routes say
    #[arg(long, value_name = "IFACE")]
    pub(crate) device: Option<String>,

    /// Size of the kernel's receive buffer (the kernel sets the limit)
    #[arg(long, value_name = "BYTES")]
    recv_buffer: Option<u32>,

    /// Size of the kernel's send buffer (the kernel sets the limit)
    #[arg(long, value_name = "BYTES")]
    send_buffer: Option<u32>,

    #[command(flatten)]
    sockopts: SockoptFlags,
}

impl SocketFlags {
    /// The address family asked for.
    pub(crate) fn family(&self) -> Option<SocketType> {
        match (self.ipv4, self.ipv6) {
            (true, _) => Some(SocketType::Udp4),
            (_, true) => Some(SocketType::Udp6),
            _ => None,
        }
    }

    pub(crate) fn options(&self, family: SocketType) -> SocketOptions {
        let options = self.sockopts.set(SocketOptions::new(family).environment());
        let options = match &self.device {
            Some(device) => options.device(device),
            None => options,
        };
        options
            .reuse_addr(self.reuse_addr)
            .reuse_port(self.reuse_port)
            .ipv6_only(self.ipv6)
            .recv_buffer_size(self.recv_buffer.unwrap_or(0))
            .send_buffer_size(self.send_buffer.unwrap_or(0))
    }

    /// A Unix datagram socket with these flags, as far as they apply to one.
    #[cfg(unix)]
    pub(crate) fn unix_datagram(&self, options: UnixDatagramOptions) -> Outcome<TokioUnixDatagram> {
        refuse(&[
            (self.ipv4, "--ipv4"),
            (self.ipv6, "--ipv6"),
            (self.reuse_addr, "--reuse-addr"),
            (self.reuse_port, "--reuse-port"),
            (self.device.is_some(), "--device"),
            (self.sockopts.first().is_some(), &self.sockopts.first().unwrap_or_default()),
        ])?;
        let socket = TokioUnixDatagram::new(&options)?;
        self.recv_buffer.map_or(Ok(()), |bytes| socket.set_recv_buffer_size(bytes))?;
        self.send_buffer.map_or(Ok(()), |bytes| socket.set_send_buffer_size(bytes))?;
        Ok(socket)
    }
}

/// Fails if a flag is given that does not apply to a Unix socket.
#[cfg(unix)]
pub(crate) fn refuse(flags: &[(bool, &str)]) -> Outcome {
    match flags.iter().find(|flag| flag.0) {
        Some((_, name)) => Err(Failure::Usage(format!("{name} does not apply to Unix sockets"))),
        None => Ok(()),
    }
}
