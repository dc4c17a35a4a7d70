//! Sending: quinn's transmits as heliogram's datagrams.

use std::io;

use heliogram::{Datagram, Ecn, Error, ErrorKind, MAX_MESSAGE, SendOptions, TokioSocket};
use quinn::udp::{EcnCodepoint, Transmit};

/// How many datagrams one transmit may have: what Linux permits in a GSO batch.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// Sends a transmit. An error is that the kernel's buffer is full, and nothing has been sent.
///
/// Its segments go as one GSO batch, or one by one where that is refused.
pub(crate) fn transmit(socket: &TokioSocket, transmit: &Transmit<'_>) -> io::Result<()> {
    let outcome = match transmit.segment_size.filter(|&size| size < transmit.contents.len()) {
        Some(size) => segments(socket, transmit, size),
        None => send_all(socket, &[Datagram::new(transmit.contents).to(transmit.destination).with(&options(transmit))]),
    };
    match outcome {
        Err(error) if error.is_would_block() => Err(error.into()),
        Err(error) => {
            report(&error, transmit);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Sends several datagrams of one size: in one piece, or, where a GSO batch has been refused, or would be too long, as a batch of
/// which the library makes what the kernel takes.
fn segments(socket: &TokioSocket, transmit: &Transmit<'_>, size: usize) -> heliogram::Result<()> {
    let options = options(transmit);
    let datagram = |contents| Datagram::new(contents).to(transmit.destination);
    let in_one_piece =
        transmit.contents.len() <= MAX_MESSAGE && size <= socket.max_gso_segment(Some(transmit.destination));
    if let Some(size) = u16::try_from(size).ok().filter(|_| in_one_piece) {
        return send_all(socket, &[datagram(transmit.contents).with(&options.segment_size(size))]);
    }
    let mut batch = [datagram(&[]); MAX_SEGMENTS];
    let places = batch.iter_mut().zip(transmit.contents.chunks(size));
    let count = places.map(|(place, contents)| *place = datagram(contents).with(&options)).count();
    send_all(socket, &batch[..count])
}

/// What does not fit the kernel's buffer any more after the first datagrams is lost, and QUIC sends it again.
fn send_all(socket: &TokioSocket, batch: &[Datagram<'_>]) -> heliogram::Result<()> {
    let mut sent = 0;
    while sent < batch.len() {
        match socket.try_send_batch(&batch[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.is_would_block() && sent > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A datagram over the path's MTU is what quinn looks for the MTU with.
fn report(error: &Error, transmit: &Transmit<'_>) {
    if error.reason() != ErrorKind::MessageTooLong {
        tracing::debug!(%error, to = %transmit.destination, bytes = transmit.contents.len(), "datagram not sent");
    }
}

/// What leaves with each datagram.
fn options(transmit: &Transmit<'_>) -> SendOptions {
    let ecn = transmit.ecn.map_or(Ecn::NotEct, |codepoint| match codepoint {
        EcnCodepoint::Ect0 => Ecn::Ect0,
        EcnCodepoint::Ect1 => Ecn::Ect1,
        EcnCodepoint::Ce => Ecn::Ce,
    });
    let options = SendOptions::new().traffic_class(ecn.into());
    transmit.src_ip.map_or(options, |source| options.source(source))
}
