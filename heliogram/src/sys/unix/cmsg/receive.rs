//! What the control messages of a received datagram, or of an entry of the error queue, say.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::net::SocketAddr;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use super::bsd as system;
use super::control::{Messages, space};
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::linux as system;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::received;
use super::received::Received;
use crate::types::credentials::Credentials;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::types::error_queue::{ErrorOrigin, ErrorQueueEntry, QueuedError, TransmitTimestamp};
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};

pub(crate) use system::segment_size;

/// How a datagram arrived, as far as the socket has asked: the kernel may report more, such as the software's times to
/// whoever wants the device's.
pub(crate) fn metadata(control: &[u8], asked: RecvMetadataOptions) -> RecvMetadata {
    let reported = decode(control).metadata;
    let wants = |bit| asked.has(bit);
    RecvMetadata {
        software_timestamp: reported.software_timestamp.filter(|_| wants(RecvMetadataOptions::TIMESTAMP)),
        hardware_timestamp: reported.hardware_timestamp.filter(|_| wants(RecvMetadataOptions::HARDWARE_TIMESTAMP)),
        // The kernel says nothing as long as nothing was lost.
        dropped_packets: wants(RecvMetadataOptions::DROPPED).then(|| reported.dropped_packets.unwrap_or(0)),
        ..reported
    }
}

/// An entry of the error queue, of a datagram that was sent to `peer`; `None` for those that are no matter of datagrams.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn error_queue_entry(control: &[u8], peer: Option<SocketAddr>) -> Option<ErrorQueueEntry> {
    let Received { metadata, error, .. } = decode(control);
    let error = error?;
    let origin = match error.origin {
        received::ErrorOrigin::Local => ErrorOrigin::Local,
        received::ErrorOrigin::Icmp => ErrorOrigin::Icmp,
        received::ErrorOrigin::Icmp6 => ErrorOrigin::Icmp6,
        received::ErrorOrigin::Timestamping => {
            let (software_timestamp, hardware_timestamp) = (metadata.software_timestamp, metadata.hardware_timestamp);
            let sent = TransmitTimestamp { id: error.data, software_timestamp, hardware_timestamp };
            // Without a time if the socket wants none any longer.
            return Some(ErrorQueueEntry::TransmitTimestamp(sent))
                .filter(|_| software_timestamp.is_some() || hardware_timestamp.is_some());
        }
        received::ErrorOrigin::ZeroCopy => return None,
        received::ErrorOrigin::Other(number) => ErrorOrigin::Other(number),
    };
    Some(ErrorQueueEntry::Error(QueuedError {
        peer,
        offender: error.offender.map(|offender| offender.ip()),
        origin,
        icmp_type: error.kind,
        icmp_code: error.code,
        mtu: error.mtu(),
        errno: error.errno.wrapping_neg(),
    }))
}

/// The room for the credentials of a Unix datagram socket's sender (`struct ucred`).
pub(crate) const CREDENTIALS_SPACE: usize = space(3 * size_of::<u32>());

/// The process that sent a datagram to a Unix datagram socket, where the system reports it.
pub(crate) fn credentials(control: &[u8]) -> Option<Credentials> {
    Messages::new(control).find_map(system::credentials)
}

/// All that a buffer of control messages says of the datagram it came with; what is unknown or cut short is left out.
pub(crate) fn decode(control: &[u8]) -> Received {
    let mut received = Received::default();
    for message in Messages::new(control) {
        system::decode(message, &mut received);
    }
    received
}

/// The room for everything that [`decode`] understands, should a socket ask for all of it at once: a buffer that is
/// too small for the options that are on loses messages (`MSG_CTRUNC`), and not the least important ones.
pub(crate) const RECEIVE_SPACE: usize = {
    let (mut sum, mut at) = (0, 0);
    while at < system::UNDERSTOOD.len() {
        sum += space(system::UNDERSTOOD[at].2);
        at += 1;
    }
    sum
};
