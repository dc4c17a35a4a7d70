//! What both fuzz targets need.

use std::path::PathBuf;
use std::{env, fs};

/// Writes the seeds into the corpus, the first folder that libFuzzer was given. There is none when it repeats one
/// input; then nothing is written.
///
/// # Panics
///
/// When the corpus cannot be written.
pub fn plant(seeds: &[Vec<u8>]) {
    let Some(corpus) = env::args().skip(1).map(PathBuf::from).find(|path| path.is_dir()) else { return };
    for (number, seed) in seeds.iter().enumerate() {
        let path = corpus.join(format!("seed-{number}"));
        fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
