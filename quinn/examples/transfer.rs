//! Sends a file over QUIC from a client to a server, both in this process, and says how.
//!
//!     cargo run --release --example transfer -- Cargo.toml

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use heliogram::{Socket, SocketOptions, SocketType};
use heliogram_quinn::{HeliogramRuntime, QuicSocket};
use quinn::{ClientConfig, Endpoint, EndpointConfig, ServerConfig};
use rustls::RootCertStore;
use rustls::pki_types::PrivatePkcs8KeyDer;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let file = std::env::args().nth(1).ok_or("usage: transfer FILE")?;
    let bytes = std::fs::read(file)?;
    let (server_config, client_config) = configs()?;
    let (server, _) = endpoint(Some(server_config))?;
    let (client, socket) = endpoint(None)?;
    let address = server.local_addr()?;
    let receiving = tokio::spawn(receive(server));

    let connection = client.connect_with(client_config, address, "localhost")?.await?;
    let mut stream = connection.open_uni().await?;
    stream.write_all(&bytes).await?;
    stream.finish()?;
    stream.stopped().await?;
    connection.close(0_u32.into(), b"done");
    client.wait_idle().await;

    println!("received {} bytes", receiving.await??);
    let stats = socket.stats();
    println!("sent {} datagrams, {} GSO batches", stats.datagrams_out, stats.gso_batches_out);
    Ok(())
}

/// Receives one stream; says how many bytes it had.
async fn receive(server: Endpoint) -> Outcome<usize> {
    let connection = server.accept().await.ok_or("the endpoint is closed")?.await?;
    let received = connection.accept_uni().await?.read_to_end(usize::MAX).await?.len();
    connection.closed().await;
    Ok(received)
}

/// An endpoint on a heliogram socket, which has options of its own and counters.
fn endpoint(config: Option<ServerConfig>) -> Outcome<(Endpoint, Arc<QuicSocket>)> {
    let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).recv_buffer_size(1 << 20))?;
    socket.bind(Some((Ipv4Addr::LOCALHOST, 0).into()))?;
    let socket = Arc::new(QuicSocket::new(socket)?);
    let abstract_socket = Arc::clone(&socket);
    let runtime = Arc::new(HeliogramRuntime);
    let endpoint = Endpoint::new_with_abstract_socket(EndpointConfig::default(), config, abstract_socket, runtime)?;
    Ok((endpoint, socket))
}

/// A server with a certificate of its own, and a client which trusts that.
fn configs() -> Outcome<(ServerConfig, ClientConfig)> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = certified.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    let server = ServerConfig::with_single_cert(vec![certificate], key.into())?;
    Ok((server, ClientConfig::with_root_certificates(Arc::new(roots))?))
}
