//! A reference to a value of JavaScript's.

use std::ptr::null_mut;
use std::rc::Rc;

use napi::{JsValue, Unknown, sys};

use super::environment::{Environment, check};

/// A reference, in the environment's thread.
pub(super) struct Reference {
    environment: Rc<Environment>,
    raw: sys::napi_ref,
}

impl Reference {
    /// One that does not keep the value, a function or an object.
    pub(super) fn weak(environment: &Rc<Environment>, value: &Unknown<'_>) -> napi::Result<Self> {
        // SAFETY: the value is a live handle of the current call.
        unsafe { Self::new(environment, value.raw(), 0) }
    }

    /// One that does.
    ///
    /// # Safety
    ///
    /// The value is a handle of a scope that is open.
    pub(super) unsafe fn strong(environment: &Rc<Environment>, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: the caller's promise.
        unsafe { Self::new(environment, value, 1) }
    }

    /// # Safety
    ///
    /// The value is a handle of a scope that is open.
    unsafe fn new(environment: &Rc<Environment>, value: sys::napi_value, count: u32) -> napi::Result<Self> {
        let mut raw = null_mut();
        // SAFETY: the caller's promise; the environment is calling us, and the out pointer is a live local.
        let status = unsafe { sys::napi_create_reference(environment.raw(), value, count, &mut raw) };
        check(status, "napi_create_reference")?;
        Ok(Reference { environment: environment.clone(), raw })
    }

    /// The value, in the scope that is open; null if it has been collected.
    pub(super) fn value(&self) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: the reference is there while self lives; the out pointer is a live local.
        unsafe { sys::napi_get_reference_value(self.environment.raw(), self.raw, &mut value) };
        value
    }

    /// Keeps the value of a weak reference, or leaves it to JavaScript again.
    pub(super) fn keep(&self, on: bool) {
        if self.environment.is_ending() {
            return;
        }
        let mut count = 0;
        // SAFETY: the environment is alive, the reference there while self lives, and the out pointer a live local.
        unsafe {
            match on {
                true => sys::napi_reference_ref(self.environment.raw(), self.raw, &mut count),
                false => sys::napi_reference_unref(self.environment.raw(), self.raw, &mut count),
            }
        };
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // An environment that ends frees its references itself.
        if !self.environment.is_ending() {
            // SAFETY: made by `new`, deleted once, in an environment that is alive.
            unsafe { sys::napi_delete_reference(self.environment.raw(), self.raw) };
        }
    }
}
