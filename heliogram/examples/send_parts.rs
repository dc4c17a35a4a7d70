//! Node's example of `send` with a list: a UDP packet composed of multiple buffers to a port on 127.0.0.1.

use heliogram::events::EventLoop;
use heliogram::{Result, SocketOptions, SocketType};
use std::io::IoSlice;

fn main() -> Result<()> {
    let parts = [IoSlice::new(b"Some "), IoSlice::new(b"bytes")];
    let events = EventLoop::new()?;
    let client = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    client.send_then(&parts, 41234, |client, sent| {
        if let Err(error) = sent.and_then(|_| client.close()) {
            eprintln!("{error}");
        }
    })?;
    events.run()
}
