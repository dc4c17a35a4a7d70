//! How another thread calls the JavaScript thread: a threadsafe function of Node-API without a function of JavaScript.
//!
//! Source: the section "Asynchronous thread-safe function calls" of the documentation of Node-API.

use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys;

use crate::ffi::environment::{Environment, check, guarded};

type Woken = Box<dyn Fn()>;

const NAME: &str = "heliogram";

/// The JavaScript thread's end. It does not keep the program running until [`keep_alive`](Self::keep_alive) says so.
pub(crate) struct Wake {
    environment: Rc<Environment>,
    function: sys::napi_threadsafe_function,
}

/// The other thread's end. It must not outlive the [`Wake`].
pub(crate) struct Waker(sys::napi_threadsafe_function);

// SAFETY: napi_call_threadsafe_function, all that is done with it, may be called in any thread.
unsafe impl Send for Waker {}

impl Wake {
    /// `woken` runs in the JavaScript thread, once for each call of the waker.
    pub(crate) fn new(environment: &Rc<Environment>, woken: impl Fn() + 'static) -> napi::Result<Self> {
        let env = environment.raw();
        let woken: *mut Woken = Box::into_raw(Box::new(Box::new(woken)));
        let (mut name, mut function, none) = (null_mut(), null_mut(), null_mut());
        let (text, length) = (NAME.as_ptr().cast::<c_char>(), NAME.len() as isize);
        // SAFETY: env is the environment that is calling us; the out pointers are live locals; `woken` stays valid until
        // `release`, which is called when the function cannot be called any more.
        unsafe {
            check(sys::napi_create_string_utf8(env, text, length, &mut name), "napi_create_string_utf8")?;
            let (context, threads) = (woken.cast(), 1);
            let status = sys::napi_create_threadsafe_function(
                env,
                none,
                none,
                name,
                0,
                threads,
                context,
                Some(release),
                context,
                Some(call),
                &mut function,
            );
            check(status, "napi_create_threadsafe_function")?;
            sys::napi_unref_threadsafe_function(env, function);
        }
        Ok(Wake { environment: environment.clone(), function })
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker(self.function)
    }

    /// Whether it keeps the program running.
    pub(crate) fn keep_alive(&self, on: bool) {
        // SAFETY: the function has not been released, which only the drop does; this is the JavaScript thread.
        unsafe {
            match on {
                true => sys::napi_ref_threadsafe_function(self.environment.raw(), self.function),
                false => sys::napi_unref_threadsafe_function(self.environment.raw(), self.function),
            }
        };
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        // SAFETY: released once, by its only owner.
        unsafe { sys::napi_release_threadsafe_function(self.function, sys::ThreadsafeFunctionReleaseMode::release) };
    }
}

impl Waker {
    pub(crate) fn call(&self) {
        let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
        // SAFETY: not released, since its Wake is there. A queue without bounds has room; an environment that is ending
        // needs no calls.
        unsafe { sys::napi_call_threadsafe_function(self.0, null_mut(), mode) };
    }
}

unsafe extern "C" fn call(env: sys::napi_env, _: sys::napi_value, context: *mut c_void, _: *mut c_void) {
    if env.is_null() {
        return; // the environment is ending
    }
    // SAFETY: the Woken of `Wake::new`, which outlives all calls.
    let woken = unsafe { &*context.cast::<Woken>() };
    guarded(woken);
}

unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the Woken that `Wake::new` boxed, released once.
    drop(unsafe { Box::from_raw(data.cast::<Woken>()) });
}
