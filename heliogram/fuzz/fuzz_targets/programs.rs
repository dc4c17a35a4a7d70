//! Programs of the API's calls, with threads.
#![no_main]

use heliogram::fuzzing::programs::{run, seeds};
use heliogram_fuzz::plant;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: plant(&seeds()), |data: &[u8]| run(data));
