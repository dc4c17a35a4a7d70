//! Memory of JavaScript's that messages are received into and handed out in: an `ArrayBuffer` of which each part is
//! written once, so that what a program has of it never changes. A batch that is to be handed out in one piece can use the
//! same page.

use std::cell::Cell;
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys;

use super::env_cleanup::Life;

/// A `Buffer` of JavaScript's that a reference keeps, and how much of it has been handed out.
pub(crate) struct Page {
    env: sys::napi_env,
    life: Rc<Life>,
    buffer: sys::napi_ref,
    used: Cell<usize>,
}

impl Page {
    /// A page of so many bytes, if there is the memory.
    pub(crate) fn new(env: sys::napi_env, life: &Rc<Life>, bytes: usize) -> Option<Rc<Self>> {
        let buffer = in_scope(env, || {
            let (mut buffer, mut data, mut reference) = (null_mut(), null_mut(), null_mut());
            // SAFETY: the environment is alive, this is its thread, a scope is open, and the out pointers are live locals.
            let status = unsafe {
                match sys::napi_create_buffer(env, bytes, &mut data, &mut buffer) {
                    sys::Status::napi_ok => sys::napi_create_reference(env, buffer, 1, &mut reference),
                    failed => failed,
                }
            };
            (status == sys::Status::napi_ok).then_some(reference)
        })?;
        Some(Rc::new(Page { env, life: life.clone(), buffer, used: Cell::new(0) }))
    }

    /// Whether there are so many bytes left. A program may take the memory away (`transfer()`, `postMessage()`): then there
    /// are none.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.write(|free, _| free.len() >= bytes)
    }

    /// Lets `write` write to what has not been handed out, and tells it where in the page that begins. It must not call
    /// JavaScript.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut [u8], usize) -> T) -> T {
        let start = self.used.get();
        let written = in_scope(self.env, || {
            let (mut buffer, mut data, mut length) = (null_mut(), null_mut(), 0);
            // SAFETY: as in `new`. The reference is kept while self lives, so there is a buffer; one whose memory has been
            // taken away says that it has no bytes.
            let status = unsafe {
                sys::napi_get_reference_value(self.env, self.buffer, &mut buffer);
                sys::napi_get_buffer_info(self.env, buffer, &mut data, &mut length)
            };
            if status != sys::Status::napi_ok || data.is_null() || length <= start {
                return None;
            }
            // SAFETY: these bytes are the buffer's now, and stay so while no JavaScript runs, which `write` calls none of; no
            // page has a slice of them but this one, because a page's writes do not overlap.
            Some(unsafe { std::slice::from_raw_parts_mut(data.cast::<u8>().add(start), length - start) })
        });
        write(written.unwrap_or_default(), start)
    }

    /// Hands out the next bytes: they will not be written again.
    pub(crate) fn hand_out(&self, bytes: usize) {
        self.used.set(self.used.get() + bytes);
    }

    pub(super) fn reference(&self) -> sys::napi_ref {
        self.buffer
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // An environment that ends frees its references itself.
        if !self.life.is_ending() {
            // SAFETY: the reference that `new` made, let go once, in an environment that is alive.
            unsafe { sys::napi_delete_reference(self.env, self.buffer) };
        }
    }
}

/// Does `work` while a handle scope is open; nothing if there can be none.
fn in_scope<T>(env: sys::napi_env, work: impl FnOnce() -> Option<T>) -> Option<T> {
    let mut scope = null_mut();
    // SAFETY: pages are used in their environment's own thread, while it is alive; the scope is closed where it was opened.
    unsafe {
        if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
            return None;
        }
        let done = work();
        sys::napi_close_handle_scope(env, scope);
        done
    }
}
