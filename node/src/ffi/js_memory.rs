//! Memory of JavaScript's that Rust reads and writes.
//!
//! A program may detach an `ArrayBuffer` (`transfer()`, `postMessage()`), and may let another thread write to one that it has
//! (`fs.read()`). So its address is asked for anew each time, and used through raw pointers rather than references.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{copy_nonoverlapping, null_mut};
use std::rc::Rc;

use napi::{JsValue, Unknown, sys};

use super::common::check;
use super::environment::{Environment, Scope};

/// An `ArrayBuffer` that a reference keeps.
pub(crate) struct JsMemory {
    environment: Rc<Environment>,
    buffer: sys::napi_ref,
    /// Where it was the last time.
    last: Cell<(*mut u8, usize)>,
}

impl JsMemory {
    /// Keeps one that JavaScript has made.
    pub(crate) fn keep(environment: &Rc<Environment>, buffer: &Unknown) -> napi::Result<Self> {
        let (mut is_buffer, mut reference) = (false, null_mut());
        // SAFETY: the value is a live handle of the current call, and the out pointers are live locals.
        unsafe {
            check(sys::napi_is_arraybuffer(environment.raw(), buffer.raw(), &mut is_buffer), "napi_is_arraybuffer")?;
            if !is_buffer {
                return Err(napi::Error::from_reason("no ArrayBuffer"));
            }
            let status = sys::napi_create_reference(environment.raw(), buffer.raw(), 1, &mut reference);
            check(status, "napi_create_reference")?;
        }
        Ok(JsMemory::of(environment, reference))
    }

    /// A new one of zeros, if there is the memory.
    pub(crate) fn zeroed(environment: &Rc<Environment>, _scope: &Scope<'_>, bytes: usize) -> Option<Self> {
        let (mut data, mut buffer, mut reference) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the environment is alive and a scope is open; the out pointers are live locals.
        let status = unsafe {
            match sys::napi_create_arraybuffer(environment.raw(), bytes, &mut data, &mut buffer) {
                sys::Status::napi_ok => sys::napi_create_reference(environment.raw(), buffer, 1, &mut reference),
                failed => failed,
            }
        };
        (status == sys::Status::napi_ok).then(|| JsMemory::of(environment, reference))
    }

    fn of(environment: &Rc<Environment>, buffer: sys::napi_ref) -> Self {
        JsMemory { environment: environment.clone(), buffer, last: Cell::new((null_mut(), 0)) }
    }

    /// Its bytes as they are now: none if it is detached.
    pub(crate) fn view<'s>(&'s self, scope: &'s Scope<'_>) -> JsBytes<'s> {
        // Deno cannot be asked at the end. There the memory is where it was: the package gives it to no program, and the clean-up
        // hooks run before JavaScript's memory is freed.
        let (data, length) = if self.environment.has_values() { self.ask() } else { self.last.get() };
        let views = &scope.environment.views;
        views.set(views.get() + 1);
        JsBytes { window: Window { data, length, of: PhantomData }, views }
    }

    /// Where it is now.
    fn ask(&self) -> (*mut u8, usize) {
        let (mut data, mut length) = (null_mut(), 0);
        // SAFETY: a scope is open; the out pointers are live locals. The reference is kept while self lives, so there is a
        // buffer; a detached one has no bytes.
        let status =
            unsafe { sys::napi_get_arraybuffer_info(self.environment.raw(), self.value(), &mut data, &mut length) };
        let has_bytes = status == sys::Status::napi_ok && !data.is_null();
        self.last.set((data.cast(), if has_bytes { length } else { 0 }));
        self.last.get()
    }

    /// The `ArrayBuffer` itself, in the scope that is open.
    pub(super) fn value(&self) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: the reference is kept while self lives; the out pointer is a live local.
        unsafe { sys::napi_get_reference_value(self.environment.raw(), self.buffer, &mut value) };
        value
    }
}

impl Drop for JsMemory {
    fn drop(&mut self) {
        // An environment that ends frees its references itself.
        if !self.environment.is_ending() {
            // SAFETY: the reference made by `keep` or `zeroed`, deleted once, in an environment that is alive.
            unsafe { sys::napi_delete_reference(self.environment.raw(), self.buffer) };
        }
    }
}

/// The bytes of a [`JsMemory`] while no JavaScript runs: its scope is borrowed, and the environment opens no other.
pub(crate) struct JsBytes<'s> {
    window: Window<'s>,
    views: &'s Cell<usize>,
}

impl JsBytes<'_> {
    pub(crate) fn all(&self) -> Window<'_> {
        self.window
    }
}

impl Drop for JsBytes<'_> {
    fn drop(&mut self) {
        self.views.set(self.views.get() - 1);
    }
}

/// A part of JavaScript's memory, while there is a [`JsBytes`] of it.
#[derive(Clone, Copy)]
pub(crate) struct Window<'b> {
    data: *mut u8,
    length: usize,
    of: PhantomData<&'b [u8]>,
}

impl<'b> Window<'b> {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The part from there on; nothing past the end.
    pub(crate) fn from(&self, start: usize) -> Self {
        let start = start.min(self.length);
        Window { data: self.data.wrapping_add(start), length: self.length - start, of: PhantomData }
    }

    /// The part before that; all of it if it is shorter.
    pub(crate) fn until(&self, end: usize) -> Self {
        Window { length: end.min(self.length), ..*self }
    }

    /// Copies these bytes to there; nothing if they do not fit.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) -> Option<()> {
        let to = self.place(at, bytes.len())?;
        // SAFETY: `place` has room for so many bytes, which are not Rust's.
        unsafe { copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Some(())
    }

    /// The numbers of a row of a table; nothing if there is no such row.
    pub(crate) fn row<const N: usize>(&self, index: usize) -> Option<[i32; N]> {
        let from = self.place(index.checked_mul(size_of::<[i32; N]>())?, size_of::<[i32; N]>())?;
        // SAFETY: `place` has room for them, and any bytes are numbers.
        Some(unsafe { from.cast::<[i32; N]>().read_unaligned() })
    }

    /// Writes a row of a table; nothing if there is no such row.
    pub(crate) fn set_row<const N: usize>(&self, index: usize, row: [i32; N]) -> Option<()> {
        let to = self.place(index.checked_mul(size_of::<[i32; N]>())?, size_of::<[i32; N]>())?;
        // SAFETY: `place` has room for them.
        unsafe { to.cast::<[i32; N]>().write_unaligned(row) };
        Some(())
    }

    /// One number of a table.
    pub(crate) fn cell(&self, index: usize) -> Option<i32> {
        self.row::<1>(index).map(|[number]| number)
    }

    pub(crate) fn set_cell(&self, index: usize, number: i32) -> Option<()> {
        self.set_row(index, [number])
    }

    /// These bytes, for as long as no JavaScript runs; nothing if there are not so many. Only for memory that no other thread
    /// writes, because the package keeps it to itself.
    pub(crate) fn bytes(&self, start: usize, length: usize) -> Option<&'b [u8]> {
        let from = self.place(start, length)?;
        // SAFETY: `place` has so many initialised bytes; the package's JavaScript hands out no view of the memory that sends
        // are batched in, and runs none of its own meanwhile.
        Some(unsafe { std::slice::from_raw_parts(from, length) })
    }

    /// Lets the kernel write to all of it.
    pub(crate) fn fill<T>(self, fill: impl FnOnce(&mut [u8]) -> T) -> T {
        if self.length == 0 {
            return fill(&mut []);
        }
        // SAFETY: initialised bytes that no other slice of Rust's covers. A program that lets another thread write to what it has
        // not been given may find any bytes there; `fill` passes the address on to the kernel and reads nothing.
        fill(unsafe { std::slice::from_raw_parts_mut(self.data, self.length) })
    }

    fn place(&self, at: usize, length: usize) -> Option<*mut u8> {
        (at.checked_add(length)? <= self.length).then(|| self.data.wrapping_add(at))
    }
}

#[cfg(any(test, fuzzing))]
impl<'b> Window<'b> {
    /// For tests, which have no JavaScript.
    pub(crate) fn of(bytes: &'b mut [u8]) -> Self {
        Window { data: bytes.as_mut_ptr(), length: bytes.len(), of: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut memory = [0; 8];
        let window = Window::of(&mut memory);
        assert_eq!(window.write(6, &[1, 2]), Some(()));
        assert_eq!(window.write(7, &[3, 4]), None);
        assert_eq!(window.write(usize::MAX, &[3, 4]), None);
        assert_eq!(window.set_row(1, [0x0201_0000]), Some(()));
        assert_eq!(window.set_row(2, [7]), None);
        assert_eq!(window.row::<2>(0), Some([0, 0x0201_0000]));
        assert_eq!(window.row::<1>(usize::MAX), None);
        assert_eq!(window.bytes(7, 2), None);
    }

    #[test]
    fn a_window_ends_where_its_memory_does() {
        let mut memory = [0; 8];
        let window = Window::of(&mut memory);
        assert_eq!((window.from(3).len(), window.from(9).len()), (5, 0));
        assert_eq!((window.until(3).len(), window.until(9).len()), (3, 8));
        assert_eq!(window.until(4).from(2).write(2, &[1]), None);
    }
}
