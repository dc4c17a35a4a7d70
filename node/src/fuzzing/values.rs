//! An input as a series of values.

/// What is left of an input; behind its end are zeros.
pub(super) struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    pub(super) fn of(input: &'a [u8]) -> Self {
        Values(input)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (now, rest) = self.0.split_at(N.min(self.0.len()));
        self.0 = rest;
        let mut bytes = [0; N];
        bytes[..now.len()].copy_from_slice(now);
        bytes
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    /// One of these.
    pub(super) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::from(self.byte()) % values.len()]
    }

    /// A number of a row: mostly one of two bytes, sometimes one at an edge.
    pub(super) fn number(&mut self) -> i32 {
        const EDGES: [i32; 10] = [0, 1, -1, i32::MIN, i32::MAX, i32::MIN + 1, i32::MAX - 1, 65_507, 65_508, 131_072];
        match self.byte() {
            0..32 => self.one_of(&EDGES),
            _ => u16::from_le_bytes(self.bytes()).into(),
        }
    }
}
