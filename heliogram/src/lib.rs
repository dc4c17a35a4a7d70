//! Datagram sockets.
