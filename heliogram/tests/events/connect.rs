//! Connecting: after the bind, with 'connect' or 'error'.

use super::*;

#[test]
fn b50_connect_binds_first_and_completes_on_a_later_tick() {
    let (events, log) = new_loop();
    let (server, address) = listening(&events, &udp4());
    let client = logged(&events, &log, &udp4());
    let to = log.clone();
    client.connect_then(address, move |_, outcome| to.add(format!("callback {outcome:?}"))).unwrap();
    assert_eq!(client.connect(address).unwrap_err().code(), "ERR_SOCKET_DGRAM_IS_CONNECTED");
    client.send_then("hello", (), log.sent("it")).unwrap();
    assert_eq!(log.take(), NOTHING);
    turn_until(&events, || log.len() == 4);
    assert_eq!(log.take(), ["listening", "connect", "callback Ok(())", "it sent 5"]);
    assert_eq!(client.peer_addr().unwrap(), address);
    assert_eq!(client.connect(address).unwrap_err().code(), "ERR_SOCKET_DGRAM_IS_CONNECTED");
    assert_eq!(client.send("x", address).unwrap_err().code(), "ERR_SOCKET_DGRAM_IS_CONNECTED");
    assert_eq!(client.listener_count(event::Connect), 1, "the callback is a one-time listener");
    drop(server);
}

#[test]
fn b50_a_failure_goes_to_the_callback_or_else_to_the_error_event() {
    let (events, log) = new_loop();
    let socket = logged(&events, &log, &udp4());
    let to = log.clone();
    let callback = move |_: &EventSocket, outcome: Result<()>| to.add(format!("callback {}", outcome.unwrap_err()));
    socket.connect_then(("255.255.255.255", 9), callback).unwrap();
    socket.send_then("x", (), log.sent("it")).unwrap();
    turn_until(&events, || log.len() == 3);
    assert_eq!(log.take(), ["listening", "callback connect EACCES 255.255.255.255:9", "it failed: Not connected"]);
    socket.connect(("255.255.255.255", 9)).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["error connect EACCES 255.255.255.255:9"]);
    assert_eq!(socket.listener_count(event::Connect), 1);
    socket.connect(9).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["connect"]);
}

#[test]
fn b51_a_connected_socket_receives_from_its_peer_only() {
    let (events, log) = new_loop();
    let (socket, address) = listening(&events, &udp4());
    let to = log.clone();
    socket.on(event::Message, move |_, (msg, _)| to.add(String::from_utf8_lossy(msg)));
    let (peer, peer_address) = listening(&events, &udp4());
    let (stranger, _) = listening(&events, &udp4());
    socket.connect(peer_address).unwrap();
    turn_until(&events, || socket.state().is_connected());
    stranger.send("from a stranger", address).unwrap();
    peer.send("from the peer", address).unwrap();
    turn_until(&events, || log.len() == 1);
    assert_eq!(log.take(), ["from the peer"]);
    socket.disconnect().unwrap();
    assert_eq!(socket.disconnect().unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
    assert_eq!(socket.peer_addr().unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
}

#[test]
fn b65_the_port_is_checked_first() {
    let (events, _) = new_loop();
    let (socket, address) = listening(&events, &udp4());
    assert_eq!(socket.connect(0).unwrap_err().code(), "ERR_SOCKET_BAD_PORT");
    assert_eq!(socket.connect(()).unwrap_err().code(), "ERR_SOCKET_BAD_PORT");
    socket.close().unwrap();
    assert_eq!(socket.connect(0).unwrap_err().code(), "ERR_SOCKET_BAD_PORT");
    assert_eq!(socket.connect(address).unwrap_err().code(), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

#[test]
fn the_callback_of_a_connect_overtaken_by_a_close_is_not_called() {
    let (events, log) = new_loop();
    let (socket, _) = listening(&events, &udp4());
    let to = log.clone();
    socket.connect_then(9, move |_, _| to.add("never")).unwrap();
    socket.close().unwrap();
    events.run().unwrap();
    assert_eq!(log.take(), NOTHING);
}

#[test]
fn a_blocked_peer_is_refused() {
    let (events, log) = new_loop();
    let mut list = heliogram::BlockList::new();
    list.add_address("127.0.0.1".parse().unwrap());
    let socket = logged(&events, &log, &udp4().send_block_list(list));
    socket.connect(9).unwrap();
    turn_until(&events, || log.len() == 2);
    assert_eq!(log.take(), ["listening", "error IP(127.0.0.1) is blocked by net.BlockList"]);
}
