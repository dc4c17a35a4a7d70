//! [`Credentials`]: the process that sent a datagram.

/// A process and whom it runs as, vouched for by the kernel (`struct ucred`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The process; 0 if it is of a namespace that this one cannot see.
    pub pid: i32,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}
