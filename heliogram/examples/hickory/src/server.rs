//! A name server whose one socket is bound to all addresses.

use std::net::IpAddr;

use heliogram::{Datagram, Message, RecvBatch, RecvMetadataOptions, Result, SendOptions, TokioSocket};
use hickory_resolver::proto::op::Message as DnsMessage;
use hickory_resolver::proto::rr::{RData, Record};

/// An answer, and how it leaves.
struct Answer {
    bytes: Vec<u8>,
    options: SendOptions,
}

/// Answers queries, a batch at a time.
pub(crate) async fn serve(socket: TokioSocket) -> Result<()> {
    socket.set_recv_metadata(RecvMetadataOptions::new().packet_info(true))?;
    let mut batch = RecvBatch::new(32, 4096);
    loop {
        socket.recv_batch(&mut batch).await?;
        let answers: Vec<_> = batch.iter().filter_map(|query| Some((query.rinfo.addr, answer(&query)?))).collect();
        let datagrams: Vec<_> =
            answers.iter().map(|(peer, answer)| Datagram::new(&answer.bytes).to(*peer).with(&answer.options)).collect();
        let mut sent = 0;
        while sent < datagrams.len() {
            // An answer that cannot be sent is left out; the peer asks again.
            sent += socket.send_batch(&datagrams[sent..]).await.unwrap_or(1);
        }
    }
}

/// The answer to a query, from the address that was asked; `None` to what is no query.
fn answer(query: &Message<'_>) -> Option<Answer> {
    let asked = query.metadata().local_ip?;
    let message = DnsMessage::from_vec(query.data).ok()?;
    let name = message.queries.first()?.name().clone();
    let mut response = message.into_response();
    response.add_answer(Record::from_rdata(name, 60, address(asked)));
    Some(Answer { bytes: response.to_vec().ok()?, options: SendOptions::new().source(asked) })
}

fn address(ip: IpAddr) -> RData {
    match ip {
        IpAddr::V4(ip) => RData::A(ip.into()),
        IpAddr::V6(ip) => RData::AAAA(ip.into()),
    }
}
