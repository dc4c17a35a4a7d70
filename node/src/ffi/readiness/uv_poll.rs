//! `uv_poll` on Node's own loop. The symbols are looked up in the running program, so that nothing links to libuv, and
//! `uv_handle_size` says how large a handle is, so that no version of libuv is assumed.
//!
//! Source: the pages `uv_poll_t` and `uv_handle_t` of libuv's documentation.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::OnceLock;

use heliogram::BorrowedDescriptor;
use napi::{Env, sys};

use super::interest::{Context, Interest, Ready, Watchable, Watched};
use crate::ffi::environment::{check, guarded};
use crate::ffi::errno::EBADF;

/// `UV_POLL` of `uv_handle_type`, and of `uv_poll_event` `UV_READABLE`, `UV_WRITABLE` and `UV_DISCONNECT`, which a datagram
/// socket never is: part of libuv's stable interface.
const POLL: c_int = 8;
const READABLE: c_int = 1;
const WRITABLE: c_int = 2;
const DISCONNECT: c_int = 4;

type Handle = *mut c_void;
type PollCallback = unsafe extern "C" fn(Handle, c_int, c_int);
type CloseCallback = unsafe extern "C" fn(Handle);
#[cfg(unix)]
type Descriptor = c_int;
#[cfg(windows)]
type Descriptor = std::os::windows::io::RawSocket;

struct Symbols {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    handle_set_data: unsafe extern "C" fn(Handle, *mut c_void),
    handle_get_data: unsafe extern "C" fn(Handle) -> *mut c_void,
    poll_init: unsafe extern "C" fn(*mut sys::uv_loop_s, Handle, Descriptor) -> c_int,
    poll_start: unsafe extern "C" fn(Handle, c_int, PollCallback) -> c_int,
    poll_stop: unsafe extern "C" fn(Handle) -> c_int,
    close: unsafe extern "C" fn(Handle, CloseCallback),
    reference: unsafe extern "C" fn(Handle),
    unreference: unsafe extern "C" fn(Handle),
}

impl Symbols {
    /// The program's own libuv, if it has one.
    fn of_program() -> Option<&'static Symbols> {
        static SYMBOLS: OnceLock<Option<Symbols>> = OnceLock::new();
        SYMBOLS.get_or_init(Symbols::find).as_ref()
    }

    /// For the methods of a handle, which only a [`Loop`] makes.
    fn known() -> &'static Symbols {
        Symbols::of_program().unwrap_or_else(|| unreachable!("a handle of a libuv that is not there"))
    }

    fn find() -> Option<Symbols> {
        #[cfg(unix)]
        let (program, init) = (libloading::Library::from(libloading::os::unix::Library::this()), "uv_poll_init");
        #[cfg(windows)]
        let (program, init) =
            (libloading::Library::from(libloading::os::windows::Library::this().ok()?), "uv_poll_init_socket");
        // SAFETY: these are functions of libuv's public interface, whose signatures are the ones written above since 1.19.
        let found = unsafe {
            Symbols {
                handle_size: *program.get(b"uv_handle_size").ok()?,
                handle_set_data: *program.get(b"uv_handle_set_data").ok()?,
                handle_get_data: *program.get(b"uv_handle_get_data").ok()?,
                poll_init: *program.get(init.as_bytes()).ok()?,
                poll_start: *program.get(b"uv_poll_start").ok()?,
                poll_stop: *program.get(b"uv_poll_stop").ok()?,
                close: *program.get(b"uv_close").ok()?,
                reference: *program.get(b"uv_ref").ok()?,
                unreference: *program.get(b"uv_unref").ok()?,
            }
        };
        Some(found)
    }
}

/// The loop of this environment.
#[derive(Clone, Copy)]
pub(crate) struct Loop {
    raw: *mut sys::uv_loop_s,
    symbols: &'static Symbols,
}

impl Loop {
    /// Node's own loop. Must not be asked for outside Node: elsewhere the answer is no loop of libuv's.
    pub(crate) fn of(env: &Env) -> napi::Result<Self> {
        let symbols = Symbols::of_program()
            .ok_or_else(|| napi::Error::from_reason("this program has no libuv whose loop heliogram could join"))?;
        let mut raw = std::ptr::null_mut();
        // SAFETY: env is the environment that is calling us, and raw is a live local.
        check(unsafe { sys::napi_get_uv_event_loop(env.raw(), &mut raw) }, "napi_get_uv_event_loop")?;
        Ok(Loop { raw, symbols })
    }
}

/// What a callback of libuv is about. It lies behind the handle, in one piece of memory with it, and is the handle's data.
struct HandleData {
    watched: Watched,
    context: Rc<Context>,
}

/// A descriptor watched by the loop. Dropping it closes the handle, and then releases the descriptor, which libuv does not
/// use after `uv_close`.
pub(crate) struct Poll {
    handle: NonNull<c_void>,
    _of: Rc<dyn Watchable>,
}

impl Poll {
    /// Watches nothing yet. The error is libuv's negative number: `EEXIST` if the loop watches this descriptor already.
    pub(super) fn new(
        source: Loop,
        of: Rc<dyn Watchable>,
        watched: Watched,
        context: Rc<Context>,
    ) -> Result<Self, i32> {
        let descriptor = of.watchable_descriptor().ok_or(EBADF)?;
        let symbols = source.symbols;
        let (layout, behind) = layout(symbols);
        let handle = allocate(layout);
        // SAFETY: handle points to zeroed memory of the size that libuv asked for, and the loop is this thread's.
        let status = unsafe { (symbols.poll_init)(source.raw, handle.as_ptr(), raw(descriptor)) };
        if status != 0 {
            // SAFETY: allocated just now with the same layout; a failed init leaves nothing in the loop.
            unsafe { dealloc(handle.as_ptr().cast(), layout) };
            return Err(status);
        }
        // SAFETY: the layout has room for a HandleData there, and the handle has been initialised.
        unsafe {
            let data = handle.as_ptr().byte_add(behind).cast::<HandleData>();
            data.write(HandleData { watched, context });
            (symbols.handle_set_data)(handle.as_ptr(), data.cast());
        }
        Ok(Poll { handle, _of: of })
    }

    /// Watches for this from now on.
    pub(crate) fn watch(&self, Interest { readable, writable, errors }: Interest) -> i32 {
        let kinds = [(readable, READABLE), (writable, WRITABLE), (errors, DISCONNECT)];
        let events = kinds.iter().filter(|(wanted, _)| *wanted).fold(0, |events, (_, kind)| events | kind);
        let symbols = Symbols::known();
        // SAFETY: the handle is initialised and not closed, which only the drop does.
        unsafe {
            match events {
                0 => (symbols.poll_stop)(self.handle.as_ptr()),
                events => (symbols.poll_start)(self.handle.as_ptr(), events, on_ready),
            }
        }
    }

    /// Whether the loop goes on for its sake.
    pub(crate) fn keep_alive(&self, on: bool) {
        let symbols = Symbols::known();
        let call = if on { symbols.reference } else { symbols.unreference };
        // SAFETY: the handle is initialised and not closed.
        unsafe { call(self.handle.as_ptr()) }
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        // SAFETY: initialised, and closed only here; libuv keeps the memory until on_closed frees it.
        unsafe { (Symbols::known().close)(self.handle.as_ptr(), on_closed) }
    }
}

/// That of a handle with a [`HandleData`] behind it, and where that is.
fn layout(symbols: &Symbols) -> (Layout, usize) {
    // SAFETY: a pure function of libuv.
    let size = unsafe { (symbols.handle_size)(POLL) };
    let handle = Layout::from_size_align(size, 16);
    let both = handle.and_then(|handle| handle.extend(Layout::new::<HandleData>()));
    both.unwrap_or_else(|_| unreachable!("a handle is not as large as the address space"))
}

fn allocate(layout: Layout) -> NonNull<c_void> {
    // SAFETY: the layout's size is not 0: it has room for a HandleData.
    NonNull::new(unsafe { alloc_zeroed(layout) }.cast()).unwrap_or_else(|| handle_alloc_error(layout))
}

#[cfg(unix)]
fn raw(descriptor: BorrowedDescriptor<'_>) -> Descriptor {
    use std::os::fd::AsRawFd;
    descriptor.as_raw_fd()
}

#[cfg(windows)]
fn raw(descriptor: BorrowedDescriptor<'_>) -> Descriptor {
    use std::os::windows::io::AsRawSocket;
    descriptor.as_raw_socket()
}

unsafe extern "C" fn on_ready(handle: Handle, status: c_int, events: c_int) {
    let Some(symbols) = Symbols::of_program() else { return };
    // SAFETY: the data pointer is the HandleData that Poll::new wrote, alive until on_closed. It is copied out because what is
    // called may drop the Poll, and run a loop which then calls on_closed.
    let (watched, context) = unsafe {
        let data = &*(symbols.handle_get_data)(handle).cast::<HandleData>();
        (data.watched, data.context.clone())
    };
    let ready = Ready { readable: events & READABLE != 0, writable: events & WRITABLE != 0, failed: status < 0 };
    // libuv calls again by itself for what is left.
    guarded(|| _ = context.watcher.ready(watched, ready));
}

unsafe extern "C" fn on_closed(handle: Handle) {
    let Some(symbols) = Symbols::of_program() else { return };
    // SAFETY: libuv calls this once for each handle and does not touch it afterwards; the HandleData is the one that Poll::new
    // wrote, and the memory was allocated with this layout.
    let context = unsafe {
        let data = (symbols.handle_get_data)(handle).cast::<HandleData>().read();
        dealloc(handle.cast(), layout(symbols).0);
        data.context
    };
    guarded(|| context.environment.handle_closed());
}
