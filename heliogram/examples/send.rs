//! Node's example of `send`: a UDP packet to a port on `localhost`.

use heliogram::events::EventLoop;
use heliogram::{Result, SocketOptions, SocketType};

fn main() -> Result<()> {
    let events = EventLoop::new()?;
    let client = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    client.send_then("Some bytes", ("localhost", 41234), |client, sent| {
        if let Err(error) = sent.and_then(|_| client.close()) {
            eprintln!("{error}");
        }
    })?;
    events.run()
}
