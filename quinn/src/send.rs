//! Sending: quinn's transmits as heliogram's datagrams.

use std::io;

use heliogram::{Datagram, Ecn, Error, ErrorKind, SendOptions, TokioSocket};
use quinn::udp::{EcnCodepoint, Transmit};

/// How many datagrams one transmit may have: what Linux permits in a GSO batch.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// Sends a transmit. An error is that the kernel's buffer is full, and nothing has been sent.
///
/// Its segments go as a batch, which the library sends as one GSO batch, or one by one where that is refused.
pub(crate) fn transmit(socket: &TokioSocket, transmit: &Transmit<'_>) -> io::Result<()> {
    let options = options(transmit);
    let datagram = |contents| Datagram::new(contents).to(transmit.destination).with(&options);
    let outcome = match transmit.segment_size {
        Some(size) if size < transmit.contents.len() => {
            let mut batch = [datagram(&[]); MAX_SEGMENTS];
            let segments = batch.iter_mut().zip(transmit.contents.chunks(size));
            let count = segments.map(|(place, contents)| *place = datagram(contents)).count();
            send_all(socket, &batch[..count])
        }
        _ => send_all(socket, &[datagram(transmit.contents)]),
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
