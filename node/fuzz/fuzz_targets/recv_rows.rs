//! Received messages and their metadata, as JavaScript reads them.
#![no_main]

use heliogram_node::fuzzing::recv_rows;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| recv_rows(data));
