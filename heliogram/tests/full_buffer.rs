//! A full send buffer: sends wait, in every API, and nothing is lost or reordered.
#![cfg(target_os = "linux")]

mod common;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use common::netns::Net;
use common::{LONG, code, recv, send, within};
use heliogram::send_queue::SendQueue;
use heliogram::{Datagram, Socket, SocketControl, SocketOptions, SocketType};

/// An address of the west's network that no host has: datagrams to it wait in the kernel, and fill the send buffer,
/// until [`answer`] gives the address to the middle host.
const ABSENT: &str = "10.77.1.50";

/// Gives the absent address to the middle host.
fn answer(net: &Net) {
    net.middle.ip(&format!("address add {ABSENT}/24 dev eth0"));
    let hardware = net.middle.run(|| {
        let all = nix::ifaddrs::getifaddrs().unwrap();
        let link = all.filter(|entry| entry.interface_name == "eth0").find_map(|entry| {
            entry.address.as_ref().and_then(|address| address.as_link_addr()).and_then(|link| link.addr())
        });
        link.unwrap().map(|byte| format!("{byte:02x}")).join(":")
    });
    net.west.ip(&format!("neigh replace {ABSENT} lladdr {hardware} dev eth0 nud permanent"));
}

/// A sender in the west with the smallest buffer, and a receiver in the middle with a large one.
fn narrow(net: &Net) -> (Socket, Socket, SocketAddr) {
    // The kernel repeats its ARP requests for longer than the slowest machine needs.
    net.west.set("ipv4/neigh/eth0/mcast_solicit", "60");
    let receiver = net.middle.run(|| {
        let socket = Socket::new(&SocketOptions::new(SocketType::Udp4).recv_buffer_size(2 << 20)).unwrap();
        socket.bind(None).unwrap();
        socket
    });
    let sender = net.west.run(|| {
        let socket = Socket::new(&smallest()).unwrap();
        socket.bind(None).unwrap();
        socket
    });
    let to = SocketAddr::new(ABSENT.parse().unwrap(), receiver.local_addr().unwrap().port());
    (sender, receiver, to)
}

/// The options of a socket with the smallest send buffer.
fn smallest() -> SocketOptions {
    SocketOptions::new(SocketType::Udp4).send_buffer_size(1)
}

/// Runs a future in the sender's host, for at most `LONG`.
#[cfg(feature = "tokio")]
fn within_long(net: &Net, work: impl Future<Output = ()> + Send) -> Result<(), tokio::time::error::Elapsed> {
    net.west.run(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(LONG, work).await })
    })
}

fn numbered(count: u32, size: usize) -> Vec<Vec<u8>> {
    let payload = |number: u32| [&number.to_le_bytes()[..], &vec![number as u8; size - 4]].concat();
    (0..count).map(payload).collect()
}

/// Waits until the condition is true.
fn await_that(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !so() {
        assert!(Instant::now() < end, "the condition stays false");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Asserts that all were received, in order and once.
fn assert_all_came(receiver: &Socket, messages: &[Vec<u8>]) {
    assert!(messages.iter().all(|message| recv(receiver) == *message), "lost or reordered");
    assert_eq!(code(receiver.try_recv_msg(&mut [0; 9])), "EAGAIN", "received twice");
}

#[test]
fn a_full_send_buffer_is_eagain_and_loses_and_reorders_nothing() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver, to) = narrow(&net);
    let messages = numbered(200, 300);
    let mut sent = 0;
    let refusal = loop {
        match send(&sender, &messages[sent], Some(to)) {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
    };
    assert!(refusal.is_would_block(), "{refusal}");
    assert_eq!(refusal.to_string(), format!("send EAGAIN {to}"));
    assert!((1..20).contains(&sent), "{sent} sent");
    assert_eq!(code(sender.try_send_batch(&[Datagram::new(b"x").to(to)])), "EAGAIN");
    answer(&net);
    for message in &messages[sent..] {
        within(LONG, || send(&sender, message, Some(to))).unwrap();
    }
    assert_all_came(&receiver, &messages);
}

#[test]
fn a_batch_ends_where_the_send_buffer_is_full() {
    let Some(net) = Net::new() else { return };
    // Of one size, which GSO can send as a batch, and of mixed sizes, which leave one by one.
    let mixed: Vec<_> =
        numbered(200, 300).into_iter().enumerate().map(|(n, bytes)| bytes[..260 + n % 40].to_vec()).collect();
    for messages in [numbered(200, 40), mixed] {
        net.west.ip(&format!("neigh flush {ABSENT} dev eth0 nud permanent"));
        let (sender, receiver, to) = narrow(&net);
        let batch: Vec<_> = messages.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
        let mut sent = sender.try_send_batch(&batch).unwrap();
        assert!((1..batch.len()).contains(&sent), "{sent} sent");
        assert_eq!(code(sender.try_send_batch(&batch[sent..])), "EAGAIN");
        answer(&net);
        while sent < batch.len() {
            sent += within(LONG, || sender.try_send_batch(&batch[sent..])).unwrap();
        }
        assert_all_came(&receiver, &messages);
        net.middle.ip(&format!("address del {ABSENT}/24 dev eth0"));
    }
}

/// The queued sends, and their bytes.
fn queue_of(socket: &SocketControl) -> (usize, usize) {
    (socket.send_queue_count().unwrap(), socket.send_queue_size().unwrap())
}

#[test]
fn the_send_queue_holds_what_the_kernel_has_no_room_for() {
    let Some(net) = Net::new() else { return };
    let (sender, receiver, to) = narrow(&net);
    let messages = numbered(200, 300);
    let batch: Vec<_> = messages.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
    let mut queue = SendQueue::new();
    let mut done = Vec::new();
    queue.send(&sender, &batch, |index| index, |index, outcome| done.push((index, outcome)));
    assert_eq!(done.len() + queue.count(), 200);
    assert!((1..200).contains(&queue.count()));
    assert_eq!(queue_of(&sender), (queue.count(), 300 * queue.count()));
    assert!(!queue.flush(&sender, |_, outcome| panic!("{outcome:?} while there is no room")));
    answer(&net);
    await_that(|| queue.flush(&sender, |index, outcome| done.push((index, outcome))));
    assert_eq!(done, (0..200).map(|index| (index, Ok(300))).collect::<Vec<_>>());
    assert_eq!(queue_of(&sender), (0, 0));
    assert_all_came(&receiver, &messages);
}

#[cfg(feature = "tokio")]
#[test]
fn the_tokio_socket_waits_and_a_cancelled_send_was_never_sent() {
    let Some(net) = Net::new() else { return };
    let (_, receiver, to) = narrow(&net);
    let messages = numbered(200, 300);
    let work = async {
        let sender = heliogram::TokioSocket::bind_with(&smallest(), "0.0.0.0:0").await.unwrap();
        let mut sent = 0;
        while let Ok(outcome) =
            tokio::time::timeout(Duration::from_millis(50), sender.send_to(&messages[sent], to)).await
        {
            assert_eq!(outcome, Ok(300));
            sent += 1;
        }
        assert!((1..20).contains(&sent), "{sent} sent");
        answer(&net);
        for message in &messages[sent..100] {
            assert_eq!(sender.send_to(message, to).await, Ok(300));
        }
        let batch: Vec<_> = messages[100..].iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
        let mut sent = 0;
        while sent < batch.len() {
            sent += sender.send_batch(&batch[sent..]).await.unwrap();
        }
    };
    within_long(&net, work).expect("the buffer is free again");
    assert_all_came(&receiver, &messages);
}

#[cfg(feature = "events")]
#[test]
fn the_event_socket_waits_and_reports_each_outcome_in_order() {
    use std::{cell::RefCell, rc::Rc};
    let Some(net) = Net::new() else { return };
    let (_, receiver, to) = narrow(&net);
    let messages = numbered(200, 300);
    net.west.run(|| {
        let events = heliogram::events::EventLoop::new().unwrap();
        let sender = events.create_socket(&smallest()).unwrap();
        sender.bind(0).unwrap();
        let done = Rc::new(RefCell::new(Vec::new()));
        for (index, message) in messages.iter().enumerate() {
            let done = done.clone();
            let callback = move |_: &_, outcome: heliogram::Result<usize>| done.borrow_mut().push((index, outcome));
            sender.send_then(&message[..], to, callback).unwrap();
        }
        let turn = || events.run_once(Some(Duration::from_millis(1))).unwrap();
        await_that(|| turn() && queue_of(&sender).0 > 0);
        let (count, size) = queue_of(&sender);
        assert_eq!(size, 300 * count);
        answer(&net);
        await_that(|| turn() && done.borrow().len() == 200);
        assert_eq!(done.take(), (0..200).map(|index| (index, Ok(300))).collect::<Vec<_>>());
        sender.close().unwrap();
        events.run().unwrap();
    });
    assert_all_came(&receiver, &messages);
}

#[cfg(feature = "events")]
#[test]
fn closing_cancels_queued_sends() {
    use std::{cell::RefCell, rc::Rc};
    let Some(net) = Net::new() else { return };
    let (_, _receiver, to) = narrow(&net);
    net.west.run(|| {
        let events = heliogram::events::EventLoop::new().unwrap();
        let sender = events.create_socket(&smallest()).unwrap();
        let outcomes = Rc::new(RefCell::new(Vec::new()));
        for message in numbered(50, 300) {
            let outcomes = outcomes.clone();
            let outcome = move |_: &_, outcome: heliogram::Result<usize>| {
                outcomes.borrow_mut().push(outcome.map_err(|error| error.to_string()));
            };
            sender.send_then(&message[..], to, outcome).unwrap();
        }
        await_that(|| events.run_once(Some(Duration::from_millis(1))).unwrap() && queue_of(&sender).0 > 0);
        let waiting = queue_of(&sender).0;
        sender.close().unwrap();
        events.run().unwrap();
        let (sent, cancelled) = (vec![Ok(300); 50 - waiting], vec![Err(format!("send ECANCELED {to}")); waiting]);
        assert_eq!(outcomes.take(), [sent, cancelled].concat());
        assert_eq!(code(sender.send_queue_count()), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    });
}

/// Lets the west's link take 4 Mbit/s, and no more than three datagrams of 1,000 bytes wait for it; false if it cannot be done here.
fn slow_down(net: &Net) -> bool {
    let arguments = "qdisc replace dev eth0 root tbf rate 4mbit burst 1600 limit 3200".split(' ');
    let done = net.west.run(|| std::process::Command::new("tc").args(arguments).status());
    let is_slow = done.is_ok_and(|status| status.success());
    if !is_slow {
        eprintln!("SKIPPED: no tc(8), or a kernel without its token bucket");
    }
    is_slow
}

/// Options of a sender that the kernel informs of a full queue of the device. Of a GSO batch it reports nothing if one segment had room.
fn informed() -> SocketOptions {
    SocketOptions::new(SocketType::Udp4).recv_errors(true).offload(false)
}

#[test]
fn a_full_queue_of_the_device_is_enobufs_if_errors_are_received_and_silent_loss_if_not() {
    let Some(net) = Net::new() else { return };
    let receiver = net.middle.open(SocketType::Udp4);
    let to = SocketAddr::new("10.77.1.2".parse().unwrap(), receiver.local_addr().unwrap().port());
    if !slow_down(&net) {
        return;
    }
    let flood = |options: &SocketOptions| {
        let sender = net.west.run(|| {
            let socket = Socket::new(options).unwrap();
            socket.bind(None).unwrap();
            socket
        });
        (0..30).filter_map(|_| sender.try_send_to(&[7; 1000], to).err()).collect::<Vec<_>>()
    };
    assert_eq!(flood(&SocketOptions::new(SocketType::Udp4)), []);
    let errors = flood(&informed());
    assert!(errors.len() > 10, "{errors:?}");
    assert!(errors.iter().all(|error| error.to_string() == format!("send ENOBUFS {to}")), "{errors:?}");
}

#[cfg(feature = "tokio")]
#[test]
fn the_tokio_socket_reports_a_full_queue_of_the_device_and_what_is_left_goes_later() {
    let Some(net) = Net::new() else { return };
    let receiver = net.middle.open(SocketType::Udp4);
    let to = SocketAddr::new("10.77.1.2".parse().unwrap(), receiver.local_addr().unwrap().port());
    let messages = numbered(60, 1000);
    if !slow_down(&net) {
        return;
    }
    let work = async {
        let sender = heliogram::TokioSocket::bind_with(&informed(), "0.0.0.0:0").await.unwrap();
        let batch: Vec<_> = messages.iter().map(|bytes| Datagram::new(bytes).to(to)).collect();
        let (mut left, mut refusals) = (&batch[..], 0);
        while let Err(error) = sender.send_all(&mut left).await {
            assert_eq!(error.code(), "ENOBUFS");
            refusals += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(left.is_empty() && refusals > 0, "{refusals} refusals");
    };
    within_long(&net, work).expect("the link takes all");
    assert_all_came(&receiver, &messages);
}

#[cfg(feature = "events")]
#[test]
fn the_event_socket_waits_for_the_device_without_a_busy_loop() {
    use std::{cell::RefCell, rc::Rc};
    let Some(net) = Net::new() else { return };
    let receiver = net.middle.open(SocketType::Udp4);
    let to = SocketAddr::new("10.77.1.2".parse().unwrap(), receiver.local_addr().unwrap().port());
    let messages = numbered(60, 1000);
    if !slow_down(&net) {
        return;
    }
    net.west.run(|| {
        let events = heliogram::events::EventLoop::new().unwrap();
        let sender = events.create_socket(&informed()).unwrap();
        sender.bind(0).unwrap();
        let done = Rc::new(RefCell::new(Vec::new()));
        for (index, message) in messages.iter().enumerate() {
            let done = done.clone();
            let callback = move |_: &_, outcome: heliogram::Result<usize>| done.borrow_mut().push((index, outcome));
            sender.send_then(&message[..], to, callback).unwrap();
        }
        let (start, mut turns) = (Instant::now(), 0);
        while done.borrow().len() < 60 {
            events.run_once(None).unwrap();
            turns += 1;
            assert!(start.elapsed() < LONG, "{} are done", done.borrow().len());
        }
        assert_eq!(done.take(), (0..60).map(|index| (index, Ok(1000))).collect::<Vec<_>>());
        // The link takes 120 ms.
        let most = 3 * start.elapsed().as_millis() + 100;
        assert!(turns < most, "{turns} turns in {:?}", start.elapsed());
        sender.close().unwrap();
        events.run().unwrap();
    });
    assert_all_came(&receiver, &messages);
}
