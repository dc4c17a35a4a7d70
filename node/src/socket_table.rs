//! The open sockets of one JavaScript thread, by their numbers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use heliogram::SocketOptions;

use crate::ffi::Watches;
use crate::socket::{Receiving, WatchedSocket};

#[derive(Default)]
pub(crate) struct SocketTable {
    sockets: RefCell<Vec<Option<Rc<WatchedSocket>>>>,
    /// The numbers below the length of `sockets` that no socket has.
    free: RefCell<Vec<u32>>,
    lost: RefCell<Vec<u32>>,
    tokens: Cell<u32>,
}

impl SocketTable {
    /// Makes a socket, known by a number that is free.
    pub(crate) fn open(
        &self,
        watches: Option<Rc<Watches>>,
        options: &SocketOptions,
        receiving: Receiving,
    ) -> heliogram::Result<u32> {
        let mut sockets = self.sockets.borrow_mut();
        let number = self.free.borrow().last().copied().unwrap_or(sockets.len() as u32);
        let socket = Some(Rc::new(WatchedSocket::new(number, watches, options, receiving)?));
        match sockets.get_mut(number as usize) {
            Some(entry) => *entry = socket,
            None => sockets.push(socket),
        }
        self.free.borrow_mut().pop();
        Ok(number)
    }

    pub(crate) fn get(&self, number: u32) -> Option<Rc<WatchedSocket>> {
        self.sockets.borrow().get(number as usize).cloned().flatten()
    }

    /// Closes a socket, whose number is free from now on; how many sends will never leave. Their tokens are in
    /// [`take_lost`](Self::take_lost).
    pub(crate) fn close(&self, number: u32) -> i32 {
        let socket = self.sockets.borrow_mut().get_mut(number as usize).and_then(Option::take);
        let Some(socket) = socket else { return 0 };
        self.free.borrow_mut().push(number);
        let lost = socket.cancel();
        // A caller that is using the socket must not find another file under its descriptor, whose number stays reserved until
        // the last owner is gone. The only owner drops it, for one system call instead of two.
        if let Err(shared) = Rc::try_unwrap(socket) {
            // close(2) frees the descriptor even if it fails, and a second close has nothing left to free.
            drop(shared.udp.close());
        }
        let count = lost.len() as i32;
        self.lost.borrow_mut().extend(lost);
        count
    }

    /// The tokens of the sends that were waiting when their sockets were closed.
    pub(crate) fn take_lost(&self) -> Vec<u32> {
        self.lost.take()
    }

    /// A number for a send that has to wait.
    pub(crate) fn token(&self) -> u32 {
        self.tokens.replace(self.tokens.get().wrapping_add(1))
    }

    /// Nothing is watched any more.
    pub(crate) fn unwatch(&self) {
        self.sockets.borrow().iter().flatten().for_each(|socket| socket.unwatch());
    }

    /// Drops all sockets.
    pub(crate) fn clear(&self) {
        self.sockets.take();
    }
}

#[cfg(test)]
mod tests {
    use heliogram::SocketType;

    use super::*;

    fn open(table: &SocketTable) -> u32 {
        table.open(None, &SocketOptions::new(SocketType::Udp4), Receiving::default()).unwrap()
    }

    #[test]
    fn a_number_is_free_once_its_socket_is_closed() {
        let table = SocketTable::default();
        assert_eq!([open(&table), open(&table), open(&table)], [0, 1, 2]);
        assert_eq!(table.close(1), 0);
        assert!(table.get(1).is_none() && table.get(9).is_none());
        assert_eq!([open(&table), open(&table)], [1, 3]);
        assert_eq!(table.close(9), 0);
    }

    #[test]
    fn a_socket_that_is_in_use_is_closed_all_the_same() {
        let table = SocketTable::default();
        let number = open(&table);
        let used = table.get(number).unwrap();
        used.udp.bind("127.0.0.1:0".parse().ok()).unwrap();
        table.close(number);
        assert!(used.udp.descriptor().is_err());
    }
}
