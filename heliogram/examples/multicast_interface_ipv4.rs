//! Node's example of `setMulticastInterface` for IPv4: an address of this host on the interface.

use heliogram::events::EventLoop;
use heliogram::{Interface, Result, SocketOptions, SocketType};

fn main() -> Result<()> {
    let events = EventLoop::new()?;
    let socket = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
    socket.bind_then(1234, |socket| {
        // Closed afterwards only so that the example ends.
        let set = Interface::parse("10.0.0.2").and_then(|address| socket.set_multicast_interface(address));
        if let Err(error) = set.and_then(|()| socket.close()) {
            eprintln!("{error}");
            std::process::exit(1);
        }
    })?;
    events.run()
}
