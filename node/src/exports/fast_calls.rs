//! What JavaScript calls for every turn and every socket: functions of numbers, since a method with conversions takes
//! longer than most of what is done here. A socket is named by its number, an address by its number among the destinations.

use std::ffi::CStr;
use std::rc::Rc;
use std::time::Duration;

use heliogram::{SocketOptions, SocketType};
use napi::bindgen_prelude::{JsObjectValue, Object};
use napi::{Env, Result};

use crate::ffi::function;
use crate::outcome::{EBADF, EINVAL, status};
use crate::socket::{Endpoint, Ways};
use crate::thread_sockets::Environment;

/// The flags of `open`.
const REUSE_ADDR: i32 = 1;
const REUSE_PORT: i32 = 2;
const IPV6_ONLY: i32 = 4;
const NO_OFFLOAD: i32 = 8;
const POOLED_BUFFERS: i32 = 16;

/// An object with all of them.
///
/// - `flush()` sends what the table of sends describes.
/// - `turned()`: the loop has turned, as `turnOver` was asked to say.
/// - `open(family, flags, coalescing)` makes a socket and answers its number; its datagrams may wait for each other for so
///   many microseconds.
/// - `state(socket)`: its bind state, plus four times its connect state.
/// - `beginBind(socket)`: as `state`, or -1 if a rule forbids it.
/// - `bind(socket, address, port)` ends a bind that has begun: as `state`, or a negative number of the system's.
/// - `receive(socket, on)` starts or stops receiving.
/// - `batches(socket, on)`: whether its listeners take batches whole.
/// - `reference(socket, on)`: whether the loop goes on for its sake.
/// - `close(socket)`: how many sends will never leave.
pub(crate) fn calls<'env>(environment: &Rc<Environment>, env: &'env Env) -> Result<Object<'env>> {
    let mut calls = Calls { environment, env, object: Object::new(env)? };
    calls.add(c"flush", |environment, []| {
        environment.flush(&[]);
        0
    })?;
    calls.add(c"turned", |environment, []| {
        environment.turned();
        0
    })?;
    calls.add(c"open", |environment, [family, flags, coalescing]| open(environment, family, flags, coalescing))?;
    calls.add(c"close", |environment, [socket]| environment.close(socket.cast_unsigned()))?;
    calls.add_for_socket(c"state", |socket, [_]| state(socket))?;
    calls.add_for_socket(c"beginBind", |socket, [_]| socket.socket.begin_bind().map_or(-1, |()| state(socket)))?;
    calls.add(c"bind", |environment, [socket, address, port]| bind(environment, socket, address, port))?;
    calls.add_for_socket(c"receive", |socket, [_, on]| socket.receive(on != 0))?;
    calls.add_for_socket(c"batches", |socket, [_, on]| {
        socket.take_whole(on != 0);
        0
    })?;
    calls.add_for_socket(c"reference", |socket, [_, on]| {
        socket.reference(on != 0);
        0
    })?;
    Ok(calls.object)
}

struct Calls<'a, 'env> {
    environment: &'a Rc<Environment>,
    env: &'env Env,
    object: Object<'env>,
}

impl Calls<'_, '_> {
    fn add<const N: usize>(
        &mut self,
        name: &CStr,
        work: impl Fn(&Rc<Environment>, [i32; N]) -> i32 + 'static,
    ) -> Result<()> {
        let environment = self.environment.clone();
        let function = function(self.env, name, move |numbers| work(&environment, numbers))?;
        self.object.set_c_named_property(name, function)
    }

    /// The first number is a socket's; one that is closed answers `EBADF`.
    fn add_for_socket<const N: usize>(
        &mut self,
        name: &CStr,
        work: impl Fn(&Endpoint, [i32; N]) -> i32 + 'static,
    ) -> Result<()> {
        self.add(name, move |environment, numbers: [i32; N]| {
            let endpoint = environment.endpoint(numbers[0].cast_unsigned());
            endpoint.map_or(EBADF, |endpoint| work(&endpoint, numbers))
        })
    }
}

fn open(environment: &Rc<Environment>, family: i32, flags: i32, coalescing: i32) -> i32 {
    let options = SocketOptions::new(if family == 4 { SocketType::Udp4 } else { SocketType::Udp6 })
        .reuse_addr(flags & REUSE_ADDR != 0)
        .reuse_port(flags & REUSE_PORT != 0)
        .ipv6_only(flags & IPV6_ONLY != 0)
        .offload(flags & NO_OFFLOAD == 0);
    let ways = Ways {
        pools: flags & POOLED_BUFFERS != 0,
        coalescing: Duration::from_micros(coalescing.max(0).cast_unsigned().into()),
    };
    environment.open(&options, ways).map_or(EINVAL, u32::cast_signed)
}

fn state(endpoint: &Endpoint) -> i32 {
    let state = endpoint.socket.state();
    (state.bind as u32 + 4 * state.connect as u32).cast_signed()
}

/// An address of the other family is `EINVAL` before the kernel is asked, as in Node.
fn bind(environment: &Environment, socket: i32, address: i32, port: i32) -> i32 {
    let Some(endpoint) = environment.endpoint(socket.cast_unsigned()) else { return EBADF };
    let known = usize::try_from(address).ok().zip(u16::try_from(port).ok());
    let local = known.and_then(|(address, port)| environment.destinations.borrow().get(address, port));
    match local.filter(|local| endpoint.socket.socket_type().matches(local.ip())) {
        Some(local) => match status(endpoint.socket.finish_bind(local)) {
            0 => state(&endpoint),
            error => error,
        },
        None => {
            // Without a bind under way there is nothing to abandon, which is what is asked for.
            let _ = endpoint.socket.abandon_bind();
            EINVAL
        }
    }
}
