//! [`SocketOptions`]: how a socket is to be made.

use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use crate::block_list::BlockList;
use crate::error::{Error, ErrorKind};
use crate::state::Rules;
use crate::sys::Sockopt;
use crate::types::family::SocketType;
use crate::types::metadata::RecvMetadataOptions;

/// How a socket is to be made: the options of Node's `createSocket`.
///
/// ```
/// use heliogram::{Socket, SocketOptions, SocketType};
///
/// let options = SocketOptions::new(SocketType::Udp4).reuse_addr(true).recv_buffer_size(1 << 20);
/// let socket = Socket::new(&options)?;
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SocketOptions {
    pub(crate) socket_type: SocketType,
    pub(crate) rules: Rules,
    pub(crate) reuse_addr: bool,
    pub(crate) reuse_port: bool,
    pub(crate) ipv6_only: bool,
    pub(crate) gro: bool,
    pub(crate) offload: bool,
    pub(crate) recv_buffer_size: Option<u32>,
    pub(crate) send_buffer_size: Option<u32>,
    pub(crate) device: Option<Arc<str>>,
    pub(crate) sockopts: Vec<(Sockopt, u32)>,
    pub(crate) recv_metadata: RecvMetadataOptions,
    pub(crate) recv_errors: bool,
    pub(crate) receive_block_list: Option<Arc<BlockList>>,
    pub(crate) send_block_list: Option<Arc<BlockList>>,
}

impl SocketOptions {
    /// The defaults: nothing shared, both families on `udp6`, the system's buffer sizes, no block lists.
    pub const fn new(socket_type: SocketType) -> Self {
        SocketOptions {
            socket_type,
            rules: Rules::Kernel,
            reuse_addr: false,
            reuse_port: false,
            ipv6_only: false,
            gro: false,
            offload: true,
            recv_buffer_size: None,
            send_buffer_size: None,
            device: None,
            sockopts: Vec::new(),
            recv_metadata: RecvMetadataOptions::new(),
            recv_errors: false,
            receive_block_list: None,
            send_block_list: None,
        }
    }

    /// Whose rules the socket follows: for the event socket and the npm package, which keep Node's.
    #[doc(hidden)]
    #[must_use]
    pub const fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Binds to an address that another socket has (`SO_REUSEADDR`; on macOS and the BSDs `SO_REUSEPORT`, which has
    /// this meaning there). Only the socket bound last receives; multicast reaches all. Default: `false`.
    #[doc(alias = "reuseAddr")]
    #[must_use]
    pub const fn reuse_addr(mut self, on: bool) -> Self {
        self.reuse_addr = on;
        self
    }

    /// Shares a port among sockets that all ask for it, the kernel spreading datagrams over them by flow
    /// (`SO_REUSEPORT` on Linux, `SO_REUSEPORT_LB` on FreeBSD). Default: `false`.
    ///
    /// Where the system does not spread (macOS, Windows), binding fails with `ENOTSUP`.
    #[doc(alias = "reusePort")]
    #[must_use]
    pub const fn reuse_port(mut self, on: bool) -> Self {
        self.reuse_port = on;
        self
    }

    /// Keeps a `udp6` socket from IPv4 (`IPV6_V6ONLY`). Default: `false`. A `udp4` socket with it
    /// cannot be bound (`EINVAL`), as in Node.
    #[doc(alias = "ipv6Only")]
    #[must_use]
    pub const fn ipv6_only(mut self, on: bool) -> Self {
        self.ipv6_only = on;
        self
    }

    /// Lets the kernel deliver GRO packets: datagrams of one flow and one size, joined (`UDP_GRO`, Linux 5.0).
    ///
    /// A [`RecvBatch`](crate::RecvBatch) takes them apart again, so each datagram arrives by itself, many times
    /// cheaper. Such a socket receives through batches of 64 KiB slots only
    /// ([`RecvBatch::for_gro`](crate::RecvBatch::for_gro)), or [whole GRO packets](crate::Socket::try_recv_gro): a smaller
    /// buffer would lose the end of one, so `try_recv` and smaller batches are refused with `ERR_HELIOGRAM_GRO`. Without effect where the system has no GRO.
    /// Default: `false`.
    #[doc(alias = "UDP_GRO")]
    #[must_use]
    pub const fn gro(mut self, on: bool) -> Self {
        self.gro = on;
        self
    }

    /// Whether segmentation offload may be used at all: `UDP_SEGMENT` where they are sent, `UDP_GRO` where they are received.
    /// `false` wins over [`gro`](Self::gro); what is sent and received is the same either way. Default: `true`.
    #[doc(alias("UDP_SEGMENT", "UDP_GRO"))]
    #[must_use]
    pub const fn offload(mut self, on: bool) -> Self {
        self.offload = on;
        self
    }

    /// Lets the environment of the process decide: with `HELIOGRAM_OFFLOAD=0`, [`offload`](Self::offload) is `false`. It is
    /// read once. No variable changes a program that does not call this; the npm package and the command do.
    #[must_use]
    pub fn environment(mut self) -> Self {
        static OFFLOAD: OnceLock<bool> = OnceLock::new();
        self.offload &= OFFLOAD.get_or_init(|| std::env::var_os("HELIOGRAM_OFFLOAD").is_none_or(|value| value != "0"));
        self
    }

    /// The kernel's receive buffer in bytes (`SO_RCVBUF`), set right after binding. Linux doubles the value and caps
    /// it at `net.core.rmem_max`. 0, as in Node, leaves the system's default.
    #[doc(alias = "recvBufferSize")]
    #[must_use]
    pub const fn recv_buffer_size(mut self, bytes: u32) -> Self {
        self.recv_buffer_size = if bytes == 0 { None } else { Some(bytes) };
        self
    }

    /// The kernel's send buffer in bytes (`SO_SNDBUF`), set right after binding. As for
    /// [`recv_buffer_size`](Self::recv_buffer_size).
    #[doc(alias = "sendBufferSize")]
    #[must_use]
    pub const fn send_buffer_size(mut self, bytes: u32) -> Self {
        self.send_buffer_size = if bytes == 0 { None } else { Some(bytes) };
        self
    }

    /// Binds for the interface of this name alone, so that others may have the same port on other interfaces. As
    /// [`Socket::bind_device`](crate::SocketControl::bind_device), before the bind; its errors are the bind's.
    #[doc(alias("bindToDevice", "SO_BINDTODEVICE"))]
    #[must_use]
    pub fn device(mut self, name: &str) -> Self {
        self.device = Some(name.into());
        self
    }

    /// Sets an option before the bind, as [`SocketControl::set_sockopt`](crate::SocketControl::set_sockopt) does after it; its
    /// errors are the bind's. Some must be set by then: [`Sockopt::Freebind`], [`Sockopt::Transparent`].
    #[doc(alias("IP_FREEBIND", "IP_TRANSPARENT", "SO_MARK"))]
    #[must_use]
    pub fn sockopt(mut self, option: Sockopt, value: u32) -> Self {
        self.sockopts.push((option, value));
        self
    }

    /// Has the kernel report more of each received datagram, from the first on: as
    /// [`SocketControl::set_recv_metadata`](crate::SocketControl::set_recv_metadata), before the bind; its errors are the bind's.
    #[doc(alias("setRecvMetadata", "IP_PKTINFO", "IP_RECVTOS", "IP_RECVTTL", "SO_RXQ_OVFL"))]
    #[must_use]
    pub const fn recv_metadata(mut self, info: RecvMetadataOptions) -> Self {
        self.recv_metadata = info;
        self
    }

    /// Lets the kernel keep the errors that datagrams meet, from the first on: as
    /// [`SocketControl::set_recv_errors`](crate::SocketControl::set_recv_errors), before the bind; its errors are the bind's.
    /// Default: `false`.
    #[doc(alias("setRecvErrors", "IP_RECVERR", "IPV6_RECVERR"))]
    #[must_use]
    pub const fn recv_errors(mut self, on: bool) -> Self {
        self.recv_errors = on;
        self
    }

    /// Datagrams from these addresses are dropped unseen.
    #[doc(alias = "receiveBlockList")]
    #[must_use]
    pub fn receive_block_list(mut self, list: BlockList) -> Self {
        self.receive_block_list = Some(Arc::new(list));
        self
    }

    /// Sends and connects to these addresses fail with `ERR_IP_BLOCKED`.
    #[doc(alias = "sendBlockList")]
    #[must_use]
    pub fn send_block_list(mut self, list: BlockList) -> Self {
        self.send_block_list = Some(Arc::new(list));
        self
    }

    /// Whether segmentation offload may be used at all, as [`offload`](Self::offload) and [`environment`](Self::environment) say.
    pub const fn has_offload(&self) -> bool {
        self.offload
    }

    /// The socket's family.
    pub const fn socket_type(&self) -> SocketType {
        self.socket_type
    }
}

impl FromStr for SocketType {
    type Err = Error;

    /// Reads `udp4` and `udp6`.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BAD_TYPE` for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "udp4" => Ok(SocketType::Udp4),
            "udp6" => Ok(SocketType::Udp6),
            _ => Err(Error::rule(ErrorKind::BadType)),
        }
    }
}
