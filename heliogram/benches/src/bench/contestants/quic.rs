//! Contestants that carry QUIC: the same endpoints and the same transfer, on different sockets.

use super::receive::bound;
use super::system::cpu_time;
use crate::bench::job::{Job, Outcome};
use heliogram_quinn::HeliogramRuntime;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, Runtime, ServerConfig, TokioRuntime, TransportConfig};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot::{self, Receiver};
use tokio::time::timeout;

/// Bytes of a transfer, and of one write.
const BYTES: usize = 128 << 20;
const PART: usize = 1 << 16;

/// How long a transfer may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn stock(job: &Job) -> Outcome<()> {
    transfer(job, || Arc::new(TokioRuntime))
}

pub(crate) fn heliogram(job: &Job) -> Outcome<()> {
    transfer(job, || Arc::new(HeliogramRuntime))
}

/// A server and a client, each on a thread and a runtime of its own; the figures are those of both.
fn transfer(job: &Job, sockets: fn() -> Arc<dyn Runtime>) -> Outcome<()> {
    let (server, client) = configs(u16::try_from(job.size)?)?;
    let (address_is, address) = oneshot::channel();
    let receiver = thread::spawn(move || {
        in_tokio(async {
            let endpoint = endpoint(Some(server), sockets())?;
            address_is.send(endpoint.local_addr()?).map_err(|_| "the client has ended")?;
            receive(endpoint).await
        })
        .map_err(|error| error.to_string())
    });
    let cpu = in_tokio(send(client, sockets, address))?;
    receiver.join().map_err(|_| "the receiver has panicked")??;
    println!(
        "{}",
        serde_json::json!({ "bytes": BYTES as f64 / cpu.as_secs_f64().max(1e-9), "cpu_seconds": cpu.as_secs_f64() })
    );
    Ok(())
}

/// Sends everything, until the server has it; returns the CPU time of both since the handshake.
async fn send(
    config: ClientConfig,
    sockets: fn() -> Arc<dyn Runtime>,
    server: Receiver<SocketAddr>,
) -> Outcome<Duration> {
    let endpoint = endpoint(None, sockets())?;
    let connection = endpoint.connect_with(config, server.await?, "localhost")?.await?;
    let start = cpu_time();
    let bytes = vec![7; PART];
    let mut stream = connection.open_uni().await?;
    for _ in 0..BYTES / PART {
        stream.write_all(&bytes).await?;
    }
    stream.finish()?;
    stream.stopped().await?;
    let cpu = cpu_time() - start;
    connection.close(0_u32.into(), b"");
    endpoint.wait_idle().await;
    Ok(cpu)
}

async fn receive(endpoint: Endpoint) -> Outcome<()> {
    let connection: Connection = endpoint.accept().await.ok_or("the endpoint is closed")?.await?;
    let mut stream = connection.accept_uni().await?;
    let mut received = 0;
    while let Some(chunk) = stream.read_chunk(usize::MAX, true).await? {
        received += chunk.bytes.len();
    }
    // Its acknowledgement leaves while the client closes the connection.
    connection.closed().await;
    if received == BYTES { Ok(()) } else { Err(format!("{received} of {BYTES} bytes came").into()) }
}

fn endpoint(config: Option<ServerConfig>, sockets: Arc<dyn Runtime>) -> Outcome<Endpoint> {
    Ok(Endpoint::new(EndpointConfig::default(), config, bound()?, sockets)?)
}

/// A server's configuration, and that of a client which trusts it, for datagrams of `size` bytes.
fn configs(size: u16) -> Outcome<(ServerConfig, ClientConfig)> {
    if size < 1200 {
        return Err("QUIC's datagrams have at least 1200 bytes".into());
    }
    let mut transport = TransportConfig::default();
    transport.initial_mtu(size).mtu_discovery_config(None);
    let transport = Arc::new(transport);
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = CertificateDer::from(certified.cert);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    let mut server = ServerConfig::with_single_cert(vec![certificate], key)?;
    let mut client = ClientConfig::with_root_certificates(Arc::new(roots))?;
    server.transport_config(Arc::clone(&transport));
    client.transport_config(transport);
    Ok((server, client))
}

fn in_tokio<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { timeout(PATIENCE, work).await })?
}
