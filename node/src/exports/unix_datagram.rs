//! Unix datagram sockets (`type: 'unix_dgram'`): JavaScript is called when one is ready, and reads it message by
//! message.

use std::rc::Rc;

use heliogram::{Credentials, SocketAddrUnix, UnixDatagram, UnixDatagramOptions, UnixRemoteInfo};
use napi::bindgen_prelude::{BufferSlice, Either};
use napi_derive::napi;

use super::thread_sockets::JsThreadSockets;
use crate::ffi::Interest;
use crate::outcome::{EBADF, error_number, number, status};
use crate::thread_sockets::ThreadSockets;

/// Where a message is from. What is not known is left out.
#[napi(object, object_from_js = false)]
pub struct UnixMessageInfo {
    /// The message's length in bytes, as far as there was room.
    pub size: u32,
    /// The sender's address; empty if it has none.
    pub address: String,
    /// Whether there was not room for all of it.
    pub truncated: bool,
    /// The process that sent it.
    pub credentials: Option<UnixCredentials>,
}

/// A process, and whom it runs as.
#[napi(object, object_from_js = false)]
pub struct UnixCredentials {
    /// The process.
    pub pid: i32,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

impl From<UnixRemoteInfo> for UnixMessageInfo {
    fn from(info: UnixRemoteInfo) -> Self {
        let Credentials { pid, uid, gid } = info.credentials.unwrap_or(Credentials { pid: 0, uid: 0, gid: 0 });
        UnixMessageInfo {
            size: u32::try_from(info.size).unwrap_or(u32::MAX),
            address: text(&info.addr),
            truncated: info.truncated,
            credentials: info.credentials.map(|_| UnixCredentials { pid, uid, gid }),
        }
    }
}

/// One Unix datagram socket. The environment has it while it is open.
#[napi(js_name = "UnixDatagramHandle")]
pub struct JsUnixDatagramHandle {
    thread: Rc<ThreadSockets>,
    number: u32,
}

impl Drop for JsUnixDatagramHandle {
    fn drop(&mut self) {
        self.thread.unix_datagrams.take(self.number);
        self.thread.keep_parts();
    }
}

#[napi]
impl JsUnixDatagramHandle {
    /// Makes a socket without an address.
    #[napi(constructor, catch_unwind)]
    pub fn new(thread: &JsThreadSockets, replace_stale: bool, unlink: bool) -> napi::Result<Self> {
        let options = UnixDatagramOptions::new().replace_stale(replace_stale).unlink(unlink);
        let socket = UnixDatagram::new(&options).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let thread = thread.0.clone();
        let number = thread.unix_datagrams.add(socket);
        thread.keep_parts();
        Ok(JsUnixDatagramHandle { thread, number })
    }

    /// The number that `ready` is called with.
    #[napi(getter, catch_unwind)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Binds to a path, or to an abstract name behind a NUL.
    #[napi(catch_unwind)]
    pub fn bind(&self, path: String) -> i32 {
        self.ask(|socket| status(parse(&path).and_then(|local| socket.bind(&local))))
    }

    /// Makes this the only peer.
    #[napi(catch_unwind)]
    pub fn connect(&self, path: String) -> i32 {
        self.ask(|socket| status(parse(&path).and_then(|remote| socket.connect(&remote))))
    }

    /// Disconnects.
    #[napi(catch_unwind)]
    pub fn disconnect(&self) -> i32 {
        self.ask(|socket| status(socket.disconnect()))
    }

    /// Sends a message, to the peer without a path; its size.
    #[napi(catch_unwind)]
    pub fn send(&self, bytes: &[u8], path: Option<String>) -> i32 {
        self.ask(|socket| {
            let to = path.as_deref().map(parse).transpose();
            number(to.and_then(|to| match to {
                Some(peer) => socket.try_send_to(bytes, &peer),
                None => socket.try_send(bytes),
            }))
        })
    }

    /// Receives a message into these bytes.
    #[napi(catch_unwind)]
    pub fn receive(&self, mut bytes: BufferSlice) -> Either<UnixMessageInfo, i32> {
        self.ask_for(|socket| socket.try_recv_msg(&mut bytes).map(UnixMessageInfo::from))
    }

    /// What `ready` is called for from now on.
    #[napi(catch_unwind)]
    pub fn watch(&self, readable: bool, writable: bool) -> i32 {
        let interest = Interest { readable, writable, ..Interest::NONE };
        let socket = self.thread.unix_datagrams.get(self.number);
        socket.map_or(EBADF, |socket| socket.watch(&self.thread.watches, interest))
    }

    /// Whether the socket keeps the loop running.
    #[napi(catch_unwind)]
    pub fn reference(&self, on: bool) {
        if let Some(socket) = self.thread.unix_datagrams.get(self.number) {
            socket.reference(on);
        }
    }

    /// The socket address, or a number.
    #[napi(catch_unwind)]
    pub fn address(&self) -> Either<String, i32> {
        self.ask_for(|socket| socket.local_addr().map(|address| text(&address)))
    }

    /// The peer's address, or a number.
    #[napi(catch_unwind)]
    pub fn remote_address(&self) -> Either<String, i32> {
        self.ask_for(|socket| socket.peer_addr().map(|address| text(&address)))
    }

    /// `SO_PASSCRED`: whether messages come with the sender's credentials.
    #[napi(catch_unwind)]
    pub fn set_receive_credentials(&self, on: bool) -> i32 {
        self.ask(|socket| status(socket.set_passcred(on)))
    }

    /// The size of the kernel's receive or send buffer; a `size` other than 0 is set first.
    #[napi(catch_unwind)]
    pub fn buffer_size(&self, size: u32, receive: bool) -> i32 {
        self.ask(|socket| {
            let set = match (size, receive) {
                (0, _) => Ok(()),
                (size, true) => socket.set_recv_buffer_size(size),
                (size, false) => socket.set_send_buffer_size(size),
            };
            number(set.and_then(|()| if receive { socket.recv_buffer_size() } else { socket.send_buffer_size() }))
        })
    }

    /// Closes the socket; the outcome is that of removing its path.
    #[napi(catch_unwind)]
    pub fn close(&self) -> i32 {
        let Some(socket) = self.thread.unix_datagrams.take(self.number) else { return EBADF };
        status(socket.socket.close())
    }

    /// A number; `EBADF` once closed.
    fn ask(&self, call: impl FnOnce(&UnixDatagram) -> i32) -> i32 {
        self.thread.unix_datagrams.get(self.number).map_or(EBADF, |socket| call(&socket.socket))
    }

    /// What was asked for, or a number.
    fn ask_for<T>(&self, call: impl FnOnce(&UnixDatagram) -> heliogram::Result<T>) -> Either<T, i32> {
        let Some(socket) = self.thread.unix_datagrams.get(self.number) else { return Either::B(EBADF) };
        call(&socket.socket).map_or_else(|error| Either::B(error_number(&error)), Either::A)
    }
}

/// A path, or an abstract name behind a NUL. An `@` begins a path like any other, as in Node.
fn parse(text: &str) -> heliogram::Result<SocketAddrUnix> {
    match text.strip_prefix('\0') {
        Some(name) => SocketAddrUnix::abstract_name(name.as_bytes()),
        None => SocketAddrUnix::path(text),
    }
}

fn text(address: &SocketAddrUnix) -> String {
    match (address.as_path(), address.as_abstract_name()) {
        (Some(path), _) => path.to_string_lossy().into_owned(),
        (_, Some(name)) => format!("\0{}", String::from_utf8_lossy(name)),
        _ => String::new(),
    }
}
