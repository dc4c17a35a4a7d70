//! Node's example of `bind`: a server on port 41234.
//!
//! `cargo run -p heliogram --example server`, and then the same with `send` in another terminal. Ctrl-C ends it.

use heliogram::events::{EventLoop, event};
use heliogram::{Result, SocketOptions, SocketType};

fn main() -> Result<()> {
    let events = EventLoop::new()?;
    let server = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;

    server.on(event::Error, |server, error| {
        eprintln!("server error:\n{error}");
        if let Err(error) = server.close() {
            eprintln!("{error}");
        }
    });

    server.on(event::Message, |_, (msg, rinfo)| {
        println!("server got: {} from {}:{}", String::from_utf8_lossy(msg), rinfo.address(), rinfo.port());
    });

    server.on(event::Listening, |server, ()| match server.local_addr() {
        Ok(address) => println!("server listening {}:{}", address.ip(), address.port()),
        Err(error) => eprintln!("server error:\n{error}"),
    });

    server.bind(41234)?;
    // Prints: server listening 0.0.0.0:41234
    events.run()
}
