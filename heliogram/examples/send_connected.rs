//! Node's example of `send` on a connected socket: a UDP packet to a port on `localhost`.

use heliogram::events::EventLoop;
use heliogram::{Result, SocketOptions, SocketType};

fn main() -> Result<()> {
    let events = EventLoop::new()?;
    let client = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    client.connect_then(("localhost", 41234), |client, connected| {
        let sent = connected.and_then(|()| {
            client.send_then("Some bytes", (), |client, sent| {
                if let Err(error) = sent.and_then(|_| client.close()) {
                    eprintln!("{error}");
                }
            })
        });
        if let Err(error) = sent {
            eprintln!("{error}");
        }
    })?;
    events.run()
}
