//! A name server on all addresses of this host, which answers each query from the address that was asked, and hickory's
//! resolver, which takes no answer from another. Both are on heliogram's sockets.
//!
//!     cargo run -p heliogram-hickory
//!
//! The server's answer to every name is the address at which it was asked.

mod provider;
mod server;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};

use heliogram::TokioSocket;
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};

use crate::provider::HeliogramProvider;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let socket = TokioSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    let port = socket.local_addr()?.port();
    tokio::spawn(server::serve(socket));
    for host in [1, 2, 9] {
        let server = Ipv4Addr::new(127, 0, 0, host);
        println!("{server} says {}", ask(server.into(), port).await?);
    }
    Ok(())
}

/// Asks one name server.
async fn ask(server: IpAddr, port: u16) -> Result<IpAddr, Box<dyn Error>> {
    let mut connection = ConnectionConfig::udp();
    connection.port = port;
    let config = ResolverConfig::from_name_servers(vec![NameServerConfig::new(server, true, vec![connection])]);
    let resolver = Resolver::builder_with_config(config, HeliogramProvider::default()).build()?;
    let answer = resolver.lookup_ip("heliogram.example.").await?;
    Ok(answer.iter().next().ok_or("an answer without an address")?)
}
