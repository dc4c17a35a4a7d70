//! A JavaScript function that is nothing but a call: whole numbers in, a whole number out, and no conversions between.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

use napi::{Env, Unknown, sys};

use super::common::check;

type Work<const N: usize> = Box<dyn Fn([i32; N]) -> i32>;

/// A function of this name that does `work`, and lives as long as JavaScript has it. What is no number counts as 0.
pub(crate) fn function<'env, const N: usize>(
    env: &'env Env,
    name: &CStr,
    work: impl Fn([i32; N]) -> i32 + 'static,
) -> napi::Result<Unknown<'env>> {
    let mut value = null_mut();
    let data: *mut Work<N> = Box::into_raw(Box::new(Box::new(work)));
    // SAFETY: env is the environment that is calling us; data stays valid until release, which the function's finalizer
    // calls when it cannot be called any more.
    unsafe {
        let status = sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(run::<N>), data.cast(), &mut value);
        check(status, "napi_create_function")?;
        let none = null_mut();
        let status = sys::napi_add_finalizer(env.raw(), value, data.cast(), Some(release::<N>), none, null_mut());
        check(status, "napi_add_finalizer")?;
        Ok(Unknown::from_raw_unchecked(env.raw(), value))
    }
}

unsafe extern "C" fn run<const N: usize>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut data, mut count, mut given, mut result) = (null_mut(), N, [null_mut(); N], null_mut());
    let mut numbers = [0; N];
    // SAFETY: a callback of Node's, whose info belongs to this call; `given` has room for `count` values, and Node fills
    // what was not given with undefined; data is the Work that `function` gave it.
    unsafe {
        sys::napi_get_cb_info(env, info, &mut count, given.as_mut_ptr(), null_mut(), &mut data);
        for (number, value) in numbers.iter_mut().zip(given) {
            sys::napi_get_value_int32(env, value, number);
        }
        let work = &*data.cast::<Work<N>>();
        // A panic must not unwind into Node; its message has been printed by then.
        if let Ok(answer) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(numbers))) {
            sys::napi_create_int32(env, answer, &mut result);
        }
    }
    result
}

unsafe extern "C" fn release<const N: usize>(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the Work that `function` boxed, released once.
    drop(unsafe { Box::from_raw(data.cast::<Work<N>>()) });
}
