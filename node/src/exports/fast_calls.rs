//! The functions that JavaScript calls in every turn and for every socket. They take and return numbers, since conversions
//! would take longer than most of what is done here. A socket is named by its number, an address by its number among the destinations.

use std::ffi::CStr;
use std::rc::Rc;
use std::time::Duration;

use heliogram::{SocketOptions, SocketType};
use napi::bindgen_prelude::{JsObjectValue, Object};
use napi::{Env, Result};

use crate::ffi::function;
use crate::layout::{open_flag, state};
use crate::outcome::{EBADF, EINVAL, status};
use crate::socket::{Receiving, WatchedSocket};
use crate::thread_sockets::ThreadSockets;

/// An object with all of them.
///
/// - `flush()` sends what the table of sends describes.
/// - `turned()`: the loop has turned since the addon called `turnOver`.
/// - `address(row)` writes the text of the sender's address of a received row; its length.
/// - `open(family, flags, coalescing)` makes a socket and answers its number; its datagrams may wait for each other for so
///   many microseconds.
/// - `state(socket)`: its bind state and its connect state.
/// - `beginBind(socket)`: as `state`, or -1 if a rule forbids it.
/// - `bind(socket, address, port)` ends a bind that has begun: as `state`, or a negative number of the system's.
/// - `receive(socket, on)` starts or stops receiving; 0, or a negative number of the system's.
/// - `batches(socket, on)`: whether its listeners take batches whole.
/// - `reference(socket, on)`: whether the loop goes on for its sake.
/// - `close(socket)`: how many sends will never leave.
pub(crate) fn fast_calls<'env>(thread: &Rc<ThreadSockets>, env: &'env Env) -> Result<Object<'env>> {
    let mut calls = Calls { thread, env, object: Object::new(env)? };
    calls.add(c"flush", |thread, []| thread.flush(&[]))?;
    calls.add(c"turned", |thread, []| thread.watches.turned())?;
    calls.add(c"address", |thread, [row]| address(thread, row))?;
    calls.add(c"open", |thread, [family, flags, coalescing]| open(thread, family, flags, coalescing))?;
    calls.add(c"close", |thread, [socket]| thread.close(socket.cast_unsigned()))?;
    calls.add_for_socket(c"state", |socket, [_]| state_of(socket))?;
    calls.add_for_socket(c"beginBind", |socket, [_]| socket.udp.begin_bind().map_or(-1, |()| state_of(socket)))?;
    calls.add(c"bind", |thread, [socket, address, port]| bind(thread, socket, address, port))?;
    calls.add_for_socket(c"receive", |socket, [_, on]| socket.receive(on != 0))?;
    calls.add_for_socket(c"batches", |socket, [_, on]| socket.take_batches(on != 0))?;
    calls.add_for_socket(c"reference", |socket, [_, on]| socket.reference(on != 0))?;
    Ok(calls.object)
}

/// What a call answers: a number, or nothing, which is 0.
trait Answer {
    fn number(self) -> i32;
}

impl Answer for i32 {
    fn number(self) -> i32 {
        self
    }
}

impl Answer for () {
    fn number(self) -> i32 {
        0
    }
}

struct Calls<'a, 'env> {
    thread: &'a Rc<ThreadSockets>,
    env: &'env Env,
    object: Object<'env>,
}

impl Calls<'_, '_> {
    fn add<const N: usize, A: Answer>(
        &mut self,
        name: &CStr,
        work: impl Fn(&Rc<ThreadSockets>, [i32; N]) -> A + 'static,
    ) -> Result<()> {
        let thread = self.thread.clone();
        let function = function(self.env, name, move |numbers| work(&thread, numbers).number())?;
        self.object.set_c_named_property(name, function)
    }

    /// The first number is a socket's; one that is closed answers `EBADF`.
    fn add_for_socket<const N: usize, A: Answer>(
        &mut self,
        name: &CStr,
        work: impl Fn(&WatchedSocket, [i32; N]) -> A + 'static,
    ) -> Result<()> {
        self.add(name, move |thread, numbers: [i32; N]| {
            let socket = thread.sockets.get(numbers[0].cast_unsigned());
            socket.map_or(EBADF, |socket| work(&socket, numbers).number())
        })
    }
}

fn address(thread: &ThreadSockets, row: i32) -> i32 {
    let length = usize::try_from(row).ok().and_then(|row| thread.write_address(row));
    length.and_then(|length| i32::try_from(length).ok()).unwrap_or(0)
}

fn open(thread: &ThreadSockets, family: i32, flags: i32, coalescing: i32) -> i32 {
    open_with(thread, (family, flags, coalescing), |options| options)
}

/// The same with more options, which `add` sets.
pub(crate) fn open_with(
    thread: &ThreadSockets,
    (family, flags, coalescing): (i32, i32, i32),
    add: impl FnOnce(SocketOptions) -> SocketOptions,
) -> i32 {
    let has = |flag| flags & flag != 0;
    let options = SocketOptions::new(if family == 4 { SocketType::Udp4 } else { SocketType::Udp6 })
        .reuse_addr(has(open_flag::REUSE_ADDR))
        .reuse_port(has(open_flag::REUSE_PORT))
        .ipv6_only(has(open_flag::IPV6_ONLY))
        .offload(!has(open_flag::NO_OFFLOAD))
        .environment();
    let coalescing = Duration::from_micros(coalescing.max(0).cast_unsigned().into());
    let receiving = Receiving { pooled_buffers: has(open_flag::POOLED_BUFFERS), coalescing };
    thread.open(&add(options), receiving).map_or(EINVAL, u32::cast_signed)
}

fn state_of(socket: &WatchedSocket) -> i32 {
    let known = socket.udp.state();
    known.bind as i32 | (known.connect as i32) << state::CONNECT_SHIFT
}

/// An address of the other family is `EINVAL` before the kernel is asked, as in Node.
fn bind(thread: &ThreadSockets, socket: i32, address: i32, port: i32) -> i32 {
    let Some(socket) = thread.sockets.get(socket.cast_unsigned()) else { return EBADF };
    let local = thread.destinations.borrow().get(address, port);
    match local.filter(|local| socket.udp.socket_type().matches(local.ip())) {
        Some(local) => match status(socket.udp.finish_bind(local)) {
            0 => state_of(&socket),
            error => error,
        },
        None => {
            // An error says that no bind is under way, so that there is nothing to end.
            let _ = socket.udp.abort_bind();
            EINVAL
        }
    }
}
