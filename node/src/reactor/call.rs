//! A JavaScript function that is nothing but a call: no arguments, no answer.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

use napi::{Env, Unknown, sys};

type Work = Box<dyn Fn()>;

/// A function of this name that does `work`, and lives as long as JavaScript has it.
pub(crate) fn function<'env>(env: &'env Env, name: &CStr, work: impl Fn() + 'static) -> napi::Result<Unknown<'env>> {
    let mut value = null_mut();
    let data: *mut Work = Box::into_raw(Box::new(Box::new(work)));
    // SAFETY: env is the environment that is calling us; data stays valid until release, which the function's finalizer
    // calls when nobody can call it any more.
    unsafe {
        let status = sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(run), data.cast(), &mut value);
        super::check(status, "napi_create_function")?;
        let status = sys::napi_add_finalizer(env.raw(), value, data.cast(), Some(release), null_mut(), null_mut());
        super::check(status, "napi_add_finalizer")?;
        Ok(Unknown::from_raw_unchecked(env.raw(), value))
    }
}

unsafe extern "C" fn run(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut data = null_mut();
    // SAFETY: a callback of Node's, whose info belongs to this call; data is the Work that `function` gave it.
    unsafe {
        sys::napi_get_cb_info(env, info, null_mut(), null_mut(), null_mut(), &mut data);
        let work = &*data.cast::<Work>();
        // A panic must not unwind into Node; its message has been printed by then.
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)));
    }
    null_mut()
}

unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the Work that `function` boxed, released once.
    drop(unsafe { Box::from_raw(data.cast::<Work>()) });
}
