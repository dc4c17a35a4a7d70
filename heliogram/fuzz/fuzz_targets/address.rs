//! The parser of addresses, on any bytes.
#![no_main]

use heliogram::fuzzing::address::{run, seeds};
use heliogram_fuzz::plant;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: plant(&seeds()), |data: &[u8]| run(data));
