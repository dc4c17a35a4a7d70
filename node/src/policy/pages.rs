//! Pages: memory of JavaScript's that messages which may share memory are received into and handed out in. Each part is written
//! once, so that what a program has of a page never changes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::ffi::{Environment, JsMemory, Scope};

/// The bytes of a page, which are what one message that is kept keeps. Two GRO packets of the greatest length fit.
const BYTES: usize = 131_072;

/// A page, and how much of it has been handed out.
pub(crate) struct Page {
    memory: JsMemory,
    used: Cell<usize>,
}

impl Page {
    pub(crate) fn memory(&self) -> &JsMemory {
        &self.memory
    }

    /// Where the free part begins.
    pub(crate) fn used(&self) -> usize {
        self.used.get()
    }

    /// Hands out the next bytes: they will not be written again.
    pub(crate) fn hand_out(&self, bytes: usize) {
        self.used.set(self.used.get() + bytes);
    }

    /// Whether so many bytes are free. A page whose memory the program has taken away has none.
    fn has_room(&self, scope: &Scope<'_>, bytes: usize) -> bool {
        self.memory.view(scope).all().len() >= self.used.get() + bytes
    }
}

/// The page that is being filled.
#[derive(Default)]
pub(crate) struct Pages(RefCell<Option<Rc<Page>>>);

impl Pages {
    /// A page with room for so many bytes, if there is the memory.
    pub(crate) fn with_room(&self, environment: &Rc<Environment>, scope: &Scope<'_>, bytes: usize) -> Option<Rc<Page>> {
        let mut page = self.0.borrow_mut();
        if !page.as_ref().is_some_and(|page| page.has_room(scope, bytes)) {
            let memory = JsMemory::zeroed(environment, scope, BYTES);
            *page = memory.map(|memory| Rc::new(Page { memory, used: Cell::default() }));
        }
        page.clone()
    }
}
