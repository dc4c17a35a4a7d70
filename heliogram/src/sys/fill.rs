//! Receiving into a [`BufMut`] of the program's.

use bytes::BufMut;

/// Receives into the next chunk of `buffer`, by a call that says how many bytes it has written and something more.
pub(crate) fn fill<B: BufMut, T, E>(
    buffer: &mut B,
    receive: impl FnOnce(&mut [u8]) -> Result<(usize, T), E>,
) -> Result<(usize, T), E> {
    let chunk = buffer.chunk_mut();
    // SAFETY: pointer and length are those of a chunk that is borrowed mutably here. Its bytes may be without a value: the
    // only use that is made of them is a receiving system call, which writes them and reads none.
    let free = unsafe { std::slice::from_raw_parts_mut(chunk.as_mut_ptr(), chunk.len()) };
    let room = free.len();
    let (length, rest) = receive(free)?;
    assert!(length <= room);
    // SAFETY: the system has written that many bytes, which is no more than the chunk has.
    unsafe { buffer.advance_mut(length) };
    Ok((length, rest))
}
