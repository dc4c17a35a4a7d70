//! Sockets, and endpoints with a certificate of their own.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::future::poll_fn;
use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use heliogram::{Socket, SocketOptions, SocketType};
use heliogram_quinn::{HeliogramRuntime, QuicSocket};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, ClientConfig, Endpoint, EndpointConfig, ServerConfig};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server's configuration, and that of a client which trusts it.
pub(crate) fn configs() -> (ServerConfig, ClientConfig) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = CertificateDer::from(certified.cert);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let server = ServerConfig::with_single_cert(vec![certificate], key).unwrap();
    (server, ClientConfig::with_root_certificates(Arc::new(roots)).unwrap())
}

/// An endpoint at this address, and its socket.
pub(crate) fn endpoint(local: &str, config: Option<ServerConfig>) -> (Endpoint, Arc<QuicSocket>, SocketAddr) {
    let local: SocketAddr = local.parse().unwrap();
    let family = if local.is_ipv4() { SocketType::Udp4 } else { SocketType::Udp6 };
    let socket = Socket::new(&SocketOptions::new(family)).unwrap();
    socket.bind(Some(local)).unwrap();
    let socket = Arc::new(QuicSocket::new(socket).unwrap());
    let endpoint = Endpoint::new_with_abstract_socket(
        EndpointConfig::default(),
        config,
        Arc::clone(&socket) as _,
        Arc::new(HeliogramRuntime),
    );
    let address = socket.local_addr().unwrap();
    (endpoint.unwrap(), socket, address)
}

pub(crate) fn bound(local: &str) -> QuicSocket {
    QuicSocket::from_std(UdpSocket::bind(local).unwrap()).unwrap()
}

/// Each datagram with what was said of it, until there are `count`.
pub(crate) async fn receive(socket: &QuicSocket, count: usize) -> Vec<(Vec<u8>, RecvMeta)> {
    let mut received = Vec::new();
    while received.len() < count {
        let mut memory = vec![vec![0; 1 << 16]; 4];
        let mut buffers: Vec<_> = memory.iter_mut().map(|bytes| IoSliceMut::new(bytes)).collect();
        let mut metas = [RecvMeta::default(); 4];
        let receiving = poll_fn(|context| socket.poll_recv(context, &mut buffers, &mut metas));
        let used = tokio::time::timeout(Duration::from_secs(10), receiving).await.unwrap().unwrap();
        for (bytes, meta) in memory.iter().zip(&metas[..used]) {
            received.extend(bytes[..meta.len].chunks(meta.stride.max(1)).map(|datagram| (datagram.to_vec(), *meta)));
        }
    }
    received
}

pub(crate) fn transmit<'a>(to: &QuicSocket, contents: &'a [u8], segment_size: Option<usize>) -> Transmit<'a> {
    Transmit { destination: to.local_addr().unwrap(), ecn: None, contents, segment_size, src_ip: None }
}
