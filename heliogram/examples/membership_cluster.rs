//! Node's example of `addMembership` in a cluster: two processes share one socket, and only one of them may join.
//!
//! Node passes the socket to its workers; here it is the standard input of the child process.

use std::error::Error;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("worker") { unix::worker() } else { unix::primary() }
}

#[cfg(unix)]
mod unix {
    use super::Error;
    use heliogram::events::EventLoop;
    use heliogram::{Interface, Socket, SocketOptions, SocketType};
    use std::env::current_exe;
    use std::io::stdin;
    use std::net::Ipv4Addr;
    use std::os::fd::AsFd;
    use std::process::Command;

    const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 114);

    pub(super) fn primary() -> Result<(), Box<dyn Error>> {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
        socket.bind(Some((Ipv4Addr::UNSPECIFIED, 1234).into()))?;
        for _worker in 0..2 {
            let shared = socket.descriptor()?.try_clone_to_owned()?;
            Command::new(current_exe()?).arg("worker").stdin(shared).status()?;
        }
        Ok(())
    }

    pub(super) fn worker() -> Result<(), Box<dyn Error>> {
        let events = EventLoop::new()?;
        let s = events.create_socket(&SocketOptions::new(SocketType::Udp4))?;
        let shared = stdin().as_fd().try_clone_to_owned()?;
        s.bind_then(shared, |s| {
            match s.join_multicast(GROUP.into(), Interface::Default) {
                Ok(()) => println!("Works ok"),                        // the first
                Err(error) => println!("Fails with {}", error.code()), // the second: EADDRINUSE
            }
            if let Err(error) = s.close() {
                eprintln!("{error}");
            }
        })?;
        Ok(events.run()?)
    }
}

#[cfg(not(unix))]
fn main() -> Result<(), Box<dyn Error>> {
    Err("on this system a socket cannot be the standard input of another process".into())
}
