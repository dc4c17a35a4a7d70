//! Contestants that wait in an event loop: tokio's own socket, and heliogram's tokio and event sockets.

use super::receive::{GRO_SLOTS, SLOT, SLOTS, announce, anywhere, options};
use super::send::datagrams;
use super::tally::Tally;
use crate::bench::job::{Job, Outcome};
use futures_core::Stream;
use heliogram::events::{EventLoop, event};
use heliogram::{RecvBatch, SocketOptions, TokioSocket};
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// How long a contestant may take in all, besides the time that is measured.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn tokio_net_recv(job: &Job) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = UdpSocket::bind(anywhere()).await?;
        announce(socket.local_addr()?);
        let mut buffer = [0; SLOT];
        while !tally.over_now_and_then() {
            let (size, _) = socket.recv_from(&mut buffer).await?;
            tally.take(&buffer[..size]);
        }
        Ok(())
    })
}

pub(crate) fn tokio_net_send(job: &Job) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = UdpSocket::bind(anywhere()).await?;
        let bytes = vec![7; job.size];
        while !tally.over_now_and_then() {
            socket.send_to(&bytes, job.peers[0]).await?;
            tally.add(1);
        }
        Ok(())
    })
}

pub(crate) fn tokio_recv(job: &Job) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = TokioSocket::bind_with(&options(), anywhere()).await?;
        announce(socket.local_addr()?);
        let mut buffer = [0; SLOT];
        while !tally.over_now_and_then() {
            let (size, _) = socket.recv_from(&mut buffer).await?;
            tally.take(&buffer[..size]);
        }
        Ok(())
    })
}

pub(crate) fn tokio_recv_batch(job: &Job) -> Outcome<()> {
    tokio_batches(job, &options(), RecvBatch::new(SLOTS, SLOT))
}

pub(crate) fn tokio_recv_batch_gro(job: &Job) -> Outcome<()> {
    tokio_batches(job, &options().gro(true), RecvBatch::for_gro(GRO_SLOTS))
}

fn tokio_batches(job: &Job, options: &SocketOptions, mut batch: RecvBatch) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = TokioSocket::bind_with(options, anywhere()).await?;
        announce(socket.local_addr()?);
        while !tally.over() {
            socket.recv_batch(&mut batch).await?;
            batch.iter().for_each(|message| tally.take(message.data));
        }
        Ok(())
    })
}

pub(crate) fn tokio_send(job: &Job) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = TokioSocket::bind_with(&options(), anywhere()).await?;
        let bytes = vec![7; job.size];
        while !tally.over_now_and_then() {
            socket.send_to(&bytes, job.peers[0]).await?;
            tally.add(1);
        }
        Ok(())
    })
}

pub(crate) fn tokio_send_batch(job: &Job) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = TokioSocket::bind_with(&options(), anywhere()).await?;
        let bytes = vec![7; job.size * job.segments()];
        let batch = datagrams(job, &bytes);
        while !tally.over() {
            tally.add(socket.send_batch(&batch).await?);
        }
        Ok(())
    })
}

pub(crate) fn tokio_messages(job: &Job) -> Outcome<()> {
    in_tokio(job, async |tally: &mut Tally| {
        let socket = TokioSocket::bind_with(&options().gro(true), anywhere()).await?;
        announce(socket.local_addr()?);
        let mut messages = socket.messages();
        while !tally.over_now_and_then() {
            let next = poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await;
            let (bytes, _) = next.ok_or("the stream has ended")??;
            tally.take(&bytes);
        }
        Ok(())
    })
}

pub(crate) fn events(job: &Job) -> Outcome<()> {
    listen(job, &options())
}

pub(crate) fn events_gro(job: &Job) -> Outcome<()> {
    listen(job, &options().gro(true))
}

/// One listener for `'message'`, which closes the socket when the time is up.
fn listen(job: &Job, options: &SocketOptions) -> Outcome<()> {
    let events = EventLoop::new()?;
    let socket = events.create_socket(options)?;
    let tally = Rc::new(RefCell::new(Tally::new(job.time())));
    let counting = Rc::clone(&tally);
    socket.on(event::Message, move |socket, (message, _)| {
        let mut tally = counting.borrow_mut();
        tally.take(message);
        if tally.over_now_and_then() {
            socket.close().expect("it is closed once: then no more messages come");
        }
    });
    socket.bind_then(anywhere(), |socket| announce(socket.local_addr().expect("it is bound")))?;
    events.run()?;
    tally.borrow().report()
}

/// Runs one future on a runtime of this one thread.
fn in_tokio(job: &Job, work: impl AsyncFnOnce(&mut Tally) -> Outcome<()>) -> Outcome<()> {
    let mut tally = Tally::new(job.time());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { timeout(job.time() + PATIENCE, work(&mut tally)).await })??;
    tally.report()
}
