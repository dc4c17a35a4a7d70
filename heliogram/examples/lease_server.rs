//! A small DHCP-like server on every interface at once. It answers from the address and by the interface that received
//! the question, and leases addresses of that network.
//!
//! `cargo run -p heliogram --example lease_server -- 6767`. A client sends `DISCOVER` and its name, to one of the server's
//! addresses or to 255.255.255.255, and may have no address yet. Ctrl-C ends it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use heliogram::events::{EventLoop, EventSocket, event};
use heliogram::{Datagram, RecvInfo, RecvMetadataOptions, Result, SendOptions, SocketOptions, SocketType};

/// The leased addresses, by interface and name.
type Leases = HashMap<(u32, String), Ipv4Addr>;

fn main() -> Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(6767);
    let events = EventLoop::new()?;
    let server = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    let leases = RefCell::new(Leases::new());
    server.on(event::Listening, |server, ()| {
        let ready = server
            .set_broadcast(true)
            .and_then(|()| server.set_recv_metadata(RecvMetadataOptions::new().packet_info(true)));
        match ready.and_then(|()| server.local_addr()) {
            Ok(address) => println!("listening on {address}"),
            Err(error) => give_up(server, &error),
        }
    });
    server.on(event::Message, move |server, (message, rinfo)| {
        if let Some(name) = message.strip_prefix(b"DISCOVER ") {
            answer(server, &String::from_utf8_lossy(name), rinfo, &mut leases.borrow_mut());
        }
    });
    server.on(event::Error, give_up);
    server.bind(port)?;
    events.run()
}

fn answer(server: &EventSocket, name: &str, rinfo: &RecvInfo, leases: &mut Leases) {
    let (Some(IpAddr::V4(local)), Some(interface)) = (rinfo.metadata.local_ip, rinfo.metadata.interface) else {
        return;
    };
    let taken = leases.keys().filter(|(of, _)| *of == interface).count();
    let lease = *leases.entry((interface, name.into())).or_insert_with(|| pool(local, taken));
    let offer = format!("OFFER {lease} to {name}");
    // A client without an address can only be reached by broadcast.
    let asks_from = rinfo.addr.ip();
    let to = if asks_from.is_unspecified() { IpAddr::V4(Ipv4Addr::BROADCAST) } else { asks_from };
    let to = SocketAddr::new(to, rinfo.port());
    let options = SendOptions::new().source(local.into()).interface(interface);
    match server.try_send_batch(&[Datagram::new(offer.as_bytes()).to(to).with(&options)]) {
        Ok(_) => println!("{offer}, from {local} by {}", rinfo.metadata.interface_name().unwrap_or_default()),
        Err(error) => eprintln!("{error}"),
    }
}

/// The addresses to lease: from .100 on, in the network of the server's address.
fn pool(local: Ipv4Addr, taken: usize) -> Ipv4Addr {
    let [a, b, c, _] = local.octets();
    Ipv4Addr::new(a, b, c, 100 + (taken % 100) as u8)
}

fn give_up(server: &EventSocket, error: &heliogram::Error) {
    eprintln!("{error}");
    if let Err(error) = server.close() {
        eprintln!("{error}");
    }
}
