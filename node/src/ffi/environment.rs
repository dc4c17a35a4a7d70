//! One Node-API environment (the main thread, a worker): what runs in it, its open handles, and its end.
//!
//! It ends with `worker.terminate()`, the end of the program, or `process.exit()`. An environment waits for its *asynchronous*
//! clean-up hooks before it takes its loop down, which is what closing `uv_poll` handles needs. `process.exit()` in the main
//! thread runs no such hook; only the C library's `atexit(3)` is left there, and what it must do is small: let the sends leave
//! that were promised to the kernel.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};
use std::sync::Once;

use napi::{Env, sys};

/// The runtime. JavaScript names it, since the symbols that a program exports prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Node,
    Deno,
    Bun,
}

/// An environment that is alive, in its own thread.
pub(crate) struct Environment {
    env: sys::napi_env,
    host: Host,
    /// How many handles libuv still holds.
    handles: Cell<usize>,
    is_ending: Cell<bool>,
    has_ended: Cell<bool>,
    /// Whether nothing is left to do at the end.
    is_dismissed: Cell<bool>,
    is_unhooked: Cell<bool>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    at_end: RefCell<Option<AtEnd>>,
    /// How many views of JavaScript's memory there are, during which no JavaScript may run.
    pub(super) views: Cell<usize>,
}

/// What is done at the end.
pub(crate) struct AtEnd {
    /// The process or the environment ends: batched sends leave.
    pub(crate) flush: Rc<dyn Fn()>,
    /// The environment ends: every handle is closed.
    pub(crate) close: Box<dyn FnOnce()>,
}

impl Environment {
    pub(crate) fn of(env: &Env, host: Host) -> napi::Result<Rc<Self>> {
        let environment = Rc::new(Environment {
            env: env.raw(),
            host,
            handles: Cell::default(),
            is_ending: Cell::default(),
            has_ended: Cell::default(),
            is_dismissed: Cell::default(),
            is_unhooked: Cell::default(),
            hook: Cell::new(null_mut()),
            at_end: RefCell::default(),
            views: Cell::default(),
        });
        let data = Rc::into_raw(environment.clone()) as *mut c_void;
        match host {
            Host::Node => environment.hook.set(add_async_hook(env.raw(), data)?),
            Host::Deno | Host::Bun => add_hook(env.raw(), data)?,
        }
        Ok(environment)
    }

    pub(crate) fn host(&self) -> Host {
        self.host
    }

    /// For Node-API calls of this folder.
    pub(super) fn raw(&self) -> sys::napi_env {
        self.env
    }

    /// A scope for what is done with JavaScript's values; `None` once the environment has ended, or while its memory is viewed.
    pub(crate) fn scope(&self) -> Option<Scope<'_>> {
        if self.has_ended.get() || self.views.get() > 0 {
            return None;
        }
        let mut raw = null_mut();
        // SAFETY: the environment has not ended, and this is its thread: an `Environment` is not `Send`.
        let status = unsafe { sys::napi_open_handle_scope(self.env, &mut raw) };
        (status == sys::Status::napi_ok).then_some(Scope { environment: self, raw })
    }

    pub(crate) fn at_end(&self, at_end: AtEnd) {
        flush_at_exit(&at_end.flush);
        *self.at_end.borrow_mut() = Some(at_end);
    }

    /// Whether JavaScript must not be called any more.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.get()
    }

    /// Whether values can be asked for. Deno's are gone when its clean-up hooks run.
    pub(super) fn has_values(&self) -> bool {
        !(self.is_ending.get() && self.host == Host::Deno)
    }

    pub(crate) fn handle_opened(&self) {
        self.handles.set(self.handles.get() + 1);
    }

    pub(crate) fn handle_closed(self: &Rc<Self>) {
        self.handles.set(self.handles.get() - 1);
        self.release();
        self.unhook();
    }

    /// Called when nothing is left to do at the end of the environment.
    pub(crate) fn dismiss(self: &Rc<Self>) {
        drop(self.at_end.take());
        forget_flushes();
        self.is_dismissed.set(true);
        self.unhook();
    }

    /// Takes the clean-up hook back once it is dismissed and no handle is left: until then the environment must wait.
    fn unhook(self: &Rc<Self>) {
        let is_hooked = self.is_dismissed.get() && !self.is_ending.get() && !self.is_unhooked.get();
        if !is_hooked || self.handles.get() > 0 {
            return;
        }
        self.is_unhooked.set(true);
        let data = Rc::as_ptr(self) as *mut c_void;
        let hook = self.hook.replace(null_mut());
        // SAFETY: the environment is not ending, so the hook has not been called and is removed once, here; the Rc that it was
        // given is then ours again.
        unsafe {
            match self.host {
                Host::Node => sys::napi_remove_async_cleanup_hook(hook),
                Host::Deno | Host::Bun => sys::napi_remove_env_cleanup_hook(self.env, Some(on_end), data),
            };
            drop(Rc::from_raw(data.cast::<Environment>()));
        }
    }

    fn end(&self) {
        self.is_ending.set(true);
        let at_end = self.at_end.borrow_mut().take();
        if let Some(AtEnd { flush, close }) = at_end {
            // Deno calls its hooks late, but before it disposes of the memory of JavaScript.
            flush();
            close();
        }
        self.has_ended.set(true);
        forget_flushes();
        self.release();
    }

    /// Lets the environment go on with its end once no handle is left.
    fn release(&self) {
        let hook = self.hook.get();
        if self.is_ending.get() && self.handles.get() == 0 && !hook.is_null() {
            self.hook.set(null_mut());
            // SAFETY: the hook is the one that `of` registered, and it is given back once: it is null from now on.
            unsafe { sys::napi_remove_async_cleanup_hook(hook) };
        }
    }
}

/// A handle scope of an environment that has not ended. Calls of JavaScript borrow it mutably, views of JavaScript's memory shared:
/// so no JavaScript runs while there is a view.
pub(crate) struct Scope<'e> {
    pub(super) environment: &'e Environment,
    raw: sys::napi_handle_scope,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // SAFETY: opened by `Environment::scope`, closed once, in reverse order as locals are.
        unsafe { sys::napi_close_handle_scope(self.environment.env, self.raw) };
    }
}

/// Registers [`Environment::end`] where the environment waits for it; `data` is an `Rc` of the [`Environment`].
fn add_async_hook(env: sys::napi_env, data: *mut c_void) -> napi::Result<sys::napi_async_cleanup_hook_handle> {
    let mut hook = null_mut();
    // SAFETY: the hook takes back the Rc that data is; the environment calls it once.
    let status = unsafe { sys::napi_add_async_cleanup_hook(env, Some(on_async_end), data, &mut hook) };
    check(status, "napi_add_async_cleanup_hook")?;
    Ok(hook)
}

/// The same where a poll thread has all handles, whose end takes no turn of a loop. Deno's asynchronous hooks are freed
/// before they run.
fn add_hook(env: sys::napi_env, data: *mut c_void) -> napi::Result<()> {
    // SAFETY: as above.
    let status = unsafe { sys::napi_add_env_cleanup_hook(env, Some(on_end), data) };
    check(status, "napi_add_env_cleanup_hook")
}

unsafe extern "C" fn on_async_end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: Node's promise is the one of the other hook.
    unsafe { on_end(data) };
}

unsafe extern "C" fn on_end(data: *mut c_void) {
    // SAFETY: data is the Rc that `Environment::of` gave to the hook, which is called once.
    let environment = unsafe { Rc::from_raw(data.cast::<Environment>()) };
    guarded(|| environment.end());
}

thread_local! {
    /// This thread's flushes, one for each environment. A plain pointer, because a thread's destructors have run by the
    /// time of `atexit`.
    static FLUSHES: Cell<*mut Vec<Weak<dyn Fn()>>> = const { Cell::new(null_mut()) };
}

/// Flushes when the thread that calls this ends the process.
fn flush_at_exit(flush: &Rc<dyn Fn()>) {
    static REGISTERED: Once = Once::new();
    let mut flushes = take_flushes();
    flushes.push(Rc::downgrade(flush));
    FLUSHES.set(Box::into_raw(Box::new(flushes)));
    // SAFETY: registers a function that takes nothing and returns nothing.
    REGISTERED.call_once(|| unsafe {
        libc::atexit(on_exit);
    });
}

/// Forgets the flushes of environments that have ended.
fn forget_flushes() {
    let mut flushes = take_flushes();
    flushes.retain(|flush| flush.strong_count() > 0);
    if !flushes.is_empty() {
        FLUSHES.set(Box::into_raw(Box::new(flushes)));
    }
}

fn take_flushes() -> Vec<Weak<dyn Fn()>> {
    let list = FLUSHES.replace(null_mut());
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: made by Box::into_raw in this thread, and out of the cell now.
    unsafe { *Box::from_raw(list) }
}

extern "C" fn on_exit() {
    let flushes = take_flushes();
    guarded(|| flushes.iter().filter_map(Weak::upgrade).for_each(|flush| flush()));
}

/// An error if a Node-API call has failed; `call` is its name.
pub(crate) fn check(status: napi::sys::napi_status, call: &str) -> napi::Result<()> {
    match status {
        napi::sys::Status::napi_ok => Ok(()),
        status => Err(napi::Error::new(napi::Status::from(status), format!("{call} failed"))),
    }
}

/// A panic must not unwind into the runtime; its message has been printed by then, and the loop goes on.
pub(super) fn guarded(call: impl FnOnce()) {
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)));
}
