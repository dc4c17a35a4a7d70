//! Endpoints with a certificate of their own.

use std::net::SocketAddr;
use std::sync::Arc;

use heliogram::{Socket, SocketOptions, SocketType};
use heliogram_quinn::{HeliogramRuntime, QuicSocket};
use quinn::{ClientConfig, Endpoint, EndpointConfig, ServerConfig};
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
