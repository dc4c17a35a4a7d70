//! The rows of batched sends, as JavaScript could write them.
#![no_main]

use heliogram_node::fuzzing::send_rows;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| send_rows(data));
