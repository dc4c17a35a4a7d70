//! What the fuzz targets of `node/fuzz` call, without a JavaScript engine: each takes any input, and panics when an invariant does
//! not hold. The same functions run for a bounded number of cases in this crate's own tests.

mod recv_rows;
mod send_rows;
mod values;

pub use recv_rows::run as recv_rows;
pub use send_rows::run as send_rows;

#[cfg(test)]
mod tests {
    use super::*;

    /// The same inputs each time, of many lengths (a linear congruential generator).
    fn inputs() -> impl Iterator<Item = Vec<u8>> {
        let mut state = 1_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..200).map(move |number| (0..number).map(|_| next()).collect())
    }

    #[test]
    fn any_rows_of_sends_are_sent_or_refused() {
        inputs().for_each(|input| send_rows(&input));
    }

    #[test]
    fn any_messages_are_read_as_they_were_received() {
        inputs().for_each(|input| recv_rows(&input));
    }
}
