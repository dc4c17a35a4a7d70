//! Receiving: heliogram's metadata as quinn's.

use std::io::{self, IoSliceMut};
use std::task::{Context, Poll};

use heliogram::{RecvInfo, TokioSocket};
use quinn::udp::{EcnCodepoint, RecvMeta};

/// How many messages of the kernel one receive takes. With GRO there are seldom more, and preparing each costs more than the
/// call that more need.
const MESSAGES: usize = 16;

pub(crate) fn poll(
    socket: &TokioSocket,
    context: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
    metas: &mut [RecvMeta],
) -> Poll<io::Result<usize>> {
    let mut infos = [RecvInfo::default(); MESSAGES];
    let room = metas.len().min(MESSAGES);
    socket.poll_recv_many(context, buffers, &mut infos[..room]).map(|outcome| {
        let count = outcome?;
        metas.iter_mut().zip(&infos[..count]).for_each(|(meta, info)| *meta = describe(info));
        Ok(count)
    })
}

fn describe(info: &RecvInfo) -> RecvMeta {
    RecvMeta {
        addr: info.addr,
        len: info.size,
        stride: info.segment_size.map_or(info.size, usize::from),
        ecn: EcnCodepoint::from_bits(info.metadata.ecn() as u8),
        dst_ip: info.metadata.local_ip.map(|address| address.to_canonical()),
    }
}
