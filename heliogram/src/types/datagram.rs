//! [`Datagram`]: one datagram to send; and which datagrams leave as one GSO batch.

use std::net::SocketAddr;

use super::send_options::SendOptions;

/// The longest message that a UDP datagram over IPv4 can carry: 65,535 less the IP and UDP headers (RFC 768, RFC 791).
pub const MAX_MESSAGE: usize = 65_507;

/// The longest that one receive may bring: what a UDP datagram over IPv6 can carry, 65,535 less the UDP header (RFC 8200; with
/// BIG TCP the kernel joins packets up to this).
pub const MAX_GRO_PACKET: usize = 65_527;

/// How many datagrams one `UDP_SEGMENT` send may carry; Linux allows 64, newer kernels 128.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// One datagram to send: its bytes and, on a socket that is not connected, where to.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) to: Option<SocketAddr>,
    pub(crate) options: Option<&'a SendOptions>,
}

impl<'a> Datagram<'a> {
    /// A datagram for the connected peer.
    pub const fn new(payload: &'a [u8]) -> Self {
        Datagram { payload, to: None, options: None }
    }

    /// The same datagram for this peer.
    #[must_use]
    pub const fn to(mut self, peer: SocketAddr) -> Self {
        self.to = Some(peer);
        self
    }

    /// The same datagram with these options.
    #[must_use]
    pub const fn with(mut self, options: &'a SendOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// The bytes.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The peer, if the datagram names one.
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.to
    }

    /// The options, if it has some.
    pub const fn options(&self) -> Option<&'a SendOptions> {
        self.options
    }

    pub(crate) fn dont_fragment(&self) -> Option<bool> {
        self.options.and_then(|options| options.dont_fragment)
    }

    /// The size of the segments, if the caller has put several into one payload.
    pub(crate) fn own_segments(&self) -> Option<usize> {
        let size = self.options?.segment_size?.into();
        (0 < size && size < self.payload.len()).then_some(size)
    }

    /// How many datagrams leave.
    pub(crate) fn count(&self) -> usize {
        self.own_segments().map_or(1, |size| self.payload.len().div_ceil(size))
    }

    /// Whether the two may be in one GSO batch, as far as peer and options go.
    fn joins(&self, other: &Datagram<'_>) -> bool {
        self.to == other.to
            && match (self.options, other.options) {
                (None, None) => true,
                (Some(one), Some(two)) => one.joins() && (std::ptr::eq(one, two) || one == two),
                _ => false,
            }
    }
}

/// Datagrams that leave in one message: one, or a GSO batch that the kernel or the device cuts into segments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) datagrams: &'a [Datagram<'a>],
}

impl Run<'_> {
    /// The segment size, if this is a GSO batch.
    pub(crate) fn segment(&self) -> Option<u16> {
        match self.datagrams {
            [first, _, ..] => u16::try_from(first.payload.len()).ok(),
            _ => None,
        }
    }
}

/// Cuts a batch into runs, keeping its order.
///
/// A GSO batch has one peer, one set of options and one size; only its last datagram may be shorter. `limit` is the largest segment
/// that may travel in one to a peer: 0 sends everything by itself.
pub(crate) fn runs<'a>(
    mut rest: &'a [Datagram<'a>],
    limit: impl Fn(Option<SocketAddr>) -> usize,
) -> impl Iterator<Item = Run<'a>> {
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let (datagrams, others) = rest.split_at(run_length(first, rest, limit(first.to)));
        rest = others;
        Some(Run { datagrams })
    })
}

fn run_length(first: &Datagram<'_>, batch: &[Datagram<'_>], limit: usize) -> usize {
    let segment = first.payload.len();
    if segment == 0 || segment > limit {
        return 1;
    }
    let most = MAX_SEGMENTS.min(MAX_MESSAGE / segment).max(1).min(batch.len());
    let full = batch[..most].iter().skip(1).take_while(|next| next.payload.len() == segment && next.joins(first));
    let length = 1 + full.count();
    match batch[..most].get(length) {
        Some(last) if (1..segment).contains(&last.payload.len()) && last.joins(first) => length + 1,
        _ => length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(sizes: &[usize], limit: usize) -> Vec<usize> {
        let bytes = [0; MAX_MESSAGE];
        let batch: Vec<_> = sizes.iter().map(|&size| Datagram::new(&bytes[..size])).collect();
        runs(&batch, |_| limit).map(|run| run.datagrams.len()).collect()
    }

    #[test]
    fn equal_sizes_make_a_gso_batch_and_a_shorter_one_ends_it() {
        assert_eq!(lengths(&[9, 9, 9], 1000), [3]);
        assert_eq!(lengths(&[9, 9, 4, 4, 9], 1000), [3, 1, 1]);
        assert_eq!(lengths(&[4, 9, 9], 1000), [1, 2]);
    }

    #[test]
    fn empty_datagrams_travel_alone() {
        assert_eq!(lengths(&[0, 0, 9, 0, 9], 1000), [1, 1, 1, 1, 1]);
    }

    #[test]
    fn gso_batches_end_at_64_segments_and_at_the_longest_message() {
        assert_eq!(lengths(&[1; 130], 1000), [64, 64, 2]);
        assert_eq!(lengths(&[1400; 50], 1400), [46, 4]);
        assert_eq!(lengths(&[MAX_MESSAGE; 2], MAX_MESSAGE), [1, 1]);
    }

    #[test]
    fn nothing_over_the_limit_is_joined() {
        assert_eq!(lengths(&[9, 9], 8), [1, 1]);
        assert_eq!(lengths(&[9, 9], 0), [1, 1]);
    }

    #[test]
    fn peers_are_not_mixed() {
        let (one, two) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let batch = [one, one, two, one].map(|peer| Datagram::new(b"abc").to(peer));
        assert_eq!(runs(&batch, |_| 1000).map(|run| run.datagrams.len()).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn options_are_not_mixed_and_some_travel_alone() {
        let options =
            [SendOptions::new(), SendOptions::new().hop_limit(3), SendOptions::new().transmit_timestamp(true)];
        let batch = [0, 0, 1, 1, 2, 2].map(|index: usize| Datagram::new(b"abc").with(&options[index]));
        assert_eq!(runs(&batch, |_| 1000).map(|run| run.datagrams.len()).collect::<Vec<_>>(), [2, 2, 1, 1]);
        let batch = [Datagram::new(b"abc"), Datagram::new(b"abc").with(&options[0])];
        assert_eq!(runs(&batch, |_| 1000).count(), 2);
    }
}
