//! The end of an environment: `worker.terminate()`, the end of the program, `process.exit()`.
//!
//! An environment waits for its *asynchronous* clean-up hooks before it takes its loop down, which is what closing
//! `uv_poll` handles needs. `process.exit()` in the main thread runs no such hook; only the C library's `atexit(3)` is
//! left there, and what it must do is small: let the sends leave that were promised to the kernel.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};
use std::sync::Once;

use napi::sys;

use super::common::{Host, check, guarded};

/// How many handles of an environment libuv still holds, and whether the environment is ending.
pub(crate) struct Life {
    handles: Cell<usize>,
    ending: Cell<bool>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    work: RefCell<Option<Work>>,
}

/// What is to be done at the end.
pub(crate) struct Work {
    /// The process or the environment ends: what has been gathered leaves.
    pub(crate) flush: Rc<dyn Fn()>,
    /// The environment ends: every handle is closed.
    pub(crate) close: Box<dyn FnOnce()>,
}

impl Life {
    /// Begins with the environment.
    pub(crate) fn of(env: sys::napi_env, host: Host) -> napi::Result<Rc<Self>> {
        let life = Rc::new(Life {
            handles: Cell::new(0),
            ending: Cell::new(false),
            hook: Cell::new(null_mut()),
            work: RefCell::new(None),
        });
        let data = Rc::into_raw(life.clone()) as *mut c_void;
        match host {
            Host::Node => life.hook.set(add_async_hook(env, data)?),
            Host::Deno | Host::Bun => add_hook(env, data)?,
        }
        Ok(life)
    }

    /// What to do at the end.
    pub(crate) fn at_end(&self, work: Work) {
        flush_at_exit(&work.flush);
        *self.work.borrow_mut() = Some(work);
    }

    /// Whether JavaScript must not be called any more.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get()
    }

    pub(crate) fn handle_opened(&self) {
        self.handles.set(self.handles.get() + 1);
    }

    pub(crate) fn handle_closed(&self) {
        self.handles.set(self.handles.get() - 1);
        self.let_go();
    }

    fn end(&self) {
        self.ending.set(true);
        let work = self.work.borrow_mut().take();
        if let Some(work) = work {
            // Deno calls its hooks late, but before it disposes of the memory of JavaScript.
            (work.flush)();
            (work.close)();
        }
        forget_flushes();
        self.let_go();
    }

    /// Lets the environment go on with its end once no handle is left.
    fn let_go(&self) {
        let hook = self.hook.get();
        if self.ending.get() && self.handles.get() == 0 && !hook.is_null() {
            self.hook.set(null_mut());
            // SAFETY: the hook is the one that `of` registered, and it is given back once: it is null from now on.
            unsafe { sys::napi_remove_async_cleanup_hook(hook) };
        }
    }
}

/// Registers [`Life::end`] where the environment waits for it; `data` is an `Rc` of the [`Life`].
fn add_async_hook(env: sys::napi_env, data: *mut c_void) -> napi::Result<sys::napi_async_cleanup_hook_handle> {
    let mut hook = null_mut();
    // SAFETY: the hook takes back the Rc that data is; the environment calls it once.
    let status = unsafe { sys::napi_add_async_cleanup_hook(env, Some(on_environment_end), data, &mut hook) };
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

unsafe extern "C" fn on_environment_end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: Node's promise is the one of the other hook.
    unsafe { on_end(data) };
}

unsafe extern "C" fn on_end(data: *mut c_void) {
    // SAFETY: data is the Rc that `Life::of` gave to the hook, which is called once.
    let life = unsafe { Rc::from_raw(data.cast::<Life>()) };
    guarded(|| life.end());
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
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        // An environment that has ended has dropped its flush, so the memory that a living one reads is still there.
        flushes.iter().filter_map(Weak::upgrade).for_each(|flush| flush());
    })));
}
