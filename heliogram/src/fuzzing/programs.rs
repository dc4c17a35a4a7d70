//! Programs of this API's calls, with threads: two sockets and a few threads that use both at once, in whatever order the input says.
//!
//! Each datagram says its own length and number. However the calls interleave, no receive merges datagrams, cuts one without
//! saying so, changes a byte or brings one twice; what the socket is closed or switched by meanwhile may only lose some.

mod sockets;
mod stamp;

use std::sync::Barrier;
use std::thread;

use sockets::{SIZES, Sockets};

/// Threads of one program.
const THREADS: usize = 3;

/// The calls of a thread, of two bytes each: longer programs find nothing that short ones do not.
const CALLS: usize = 40;

/// Runs the program that `input` describes: its first byte says how the sockets are made, the others are dealt to the threads.
///
/// # Panics
///
/// When an invariant does not hold.
pub fn run(input: &[u8]) {
    let Some((&first, calls)) = input.split_first() else { return };
    let sockets = Sockets::new(first);
    let calls = &calls[..calls.len().min(2 * CALLS * THREADS)];
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let spawn = |thread| {
            let own = calls.chunks_exact(2).skip(thread).step_by(THREADS);
            let (sockets, start) = (&sockets, &start);
            scope.spawn(move || {
                start.wait();
                own.for_each(|pair| sockets.call(pair[0], pair[1]));
            })
        };
        // Joined one by one: the scope alone does not wait until a thread has freed its own memory, which would count as a leak.
        let threads: Vec<_> = (0..THREADS).map(spawn).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no invariant is broken"));
    });
    sockets.receive_rest();
}

/// Programs to begin with: each call beside a sender and a receiver, and GRO switched in the middle of traffic.
pub fn seeds() -> Vec<Vec<u8>> {
    let (send, receive) = ([1, 4 * SIZES as u8], [8, 0]);
    let beside = |call: u8| [[0, 0].as_slice(), &[send, receive, [call, 1]].concat().repeat(8)].concat()[1..].to_vec();
    (0..sockets::CALLS).map(beside).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_seed_keeps_datagrams_whole() {
        seeds().iter().for_each(|seed| run(seed));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_program_merges_or_cuts_datagrams(input in prop::collection::vec(any::<u8>(), 1..2 * CALLS * THREADS)) {
            run(&input);
        }
    }
}
