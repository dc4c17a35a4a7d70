//! Node's example of `setMulticastInterface` for IPv6 on Windows: the interface by its number, on every system.

use heliogram::events::EventLoop;
use heliogram::{Interface, Result, SocketOptions, SocketType};

fn main() -> Result<()> {
    let events = EventLoop::new()?;
    let socket = events.create_socket(&SocketOptions::new(SocketType::Udp6))?;
    socket.bind_then(1234, |socket| {
        // Closed afterwards only so that the example ends.
        let set = socket.set_multicast_interface(Interface::Index(2));
        if let Err(error) = set.and_then(|()| socket.close()) {
            eprintln!("{error}");
            std::process::exit(1);
        }
    })?;
    events.run()
}
