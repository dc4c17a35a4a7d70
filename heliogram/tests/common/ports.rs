//! Ports for tests that close a port and expect that no other process takes it.

use std::mem::forget;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports that no system chooses by itself: FreeBSD starts at 10,000, Linux at 32,768, macOS and Windows at 49,152.
const FIRST: u16 = 5_000;
const COUNT: u16 = 5_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// An address of `host` whose port no socket of another program or test gets by chance, open or closed.
pub(crate) fn reserved(host: IpAddr) -> SocketAddr {
    // Test programs that run at the same time start at different ports.
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).expect("less than COUNT") * 7;
    let ports = (0..COUNT).map(|_| start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT + FIRST);
    let mut addresses = ports.map(|port| SocketAddr::new(host, port));
    addresses.find(reserve).expect("a free port")
}

/// A TCP listener on the same number, open until the program ends, keeps other tests away.
fn reserve(address: &SocketAddr) -> bool {
    let Ok(listener) = TcpListener::bind(address) else { return false };
    forget(listener);
    UdpSocket::bind(address).is_ok()
}
