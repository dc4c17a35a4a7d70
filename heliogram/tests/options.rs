//! Options, one row each: which values are accepted, what the kernel reads back, which values are refused, and the
//! error texts. The kernel's own errors are those of Linux.
#![cfg(target_os = "linux")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use heliogram::{Error, Interface, Result, Socket, SocketOptions, SocketType};
use socket2::SockRef;

const BOTH: [SocketType; 2] = [SocketType::Udp4, SocketType::Udp6];

/// An option of a bound socket. Switches count as 0 and 1, an interface as its index.
struct Row {
    /// The system call, as errors name it.
    name: &'static str,
    set: fn(&Socket, u32) -> Result<()>,
    get: fn(&SockRef<'_>, SocketType) -> io::Result<u32>,
    default: u32,
    accepted: &'static [u32],
    /// Values that are refused, and the code.
    refused: &'static [(u32, &'static str)],
}

const TABLE: [Row; 5] = [
    Row {
        name: "setBroadcast",
        set: |socket, on| socket.set_broadcast(on != 0),
        get: |kernel, _| kernel.broadcast().map(u32::from),
        default: 0,
        accepted: &[1, 0, 1],
        refused: &[],
    },
    Row {
        name: "setTTL",
        set: |socket, hops| socket.set_ttl(hops),
        get: |kernel, socket_type| match socket_type {
            SocketType::Udp4 => kernel.ttl_v4(),
            SocketType::Udp6 => kernel.unicast_hops_v6(),
        },
        default: 64,
        accepted: &[1, 2, 128, 255],
        refused: &[(0, "EINVAL"), (256, "EINVAL"), (u32::MAX, "EINVAL")],
    },
    Row {
        name: "setMulticastTTL",
        set: |socket, hops| socket.set_multicast_ttl(hops),
        get: |kernel, socket_type| match socket_type {
            SocketType::Udp4 => kernel.multicast_ttl_v4(),
            SocketType::Udp6 => kernel.multicast_hops_v6(),
        },
        default: 1,
        accepted: &[0, 1, 2, 255],
        refused: &[(256, "EINVAL"), (u32::MAX, "EINVAL")],
    },
    Row {
        name: "setMulticastLoopback",
        set: |socket, on| socket.set_multicast_loop(on != 0),
        get: |kernel, socket_type| match socket_type {
            SocketType::Udp4 => kernel.multicast_loop_v4().map(u32::from),
            SocketType::Udp6 => kernel.multicast_loop_v6().map(u32::from),
        },
        default: 1,
        accepted: &[0, 1, 0],
        refused: &[],
    },
    Row {
        name: "setMulticastInterface",
        set: |socket, index| socket.set_multicast_interface(Interface::Index(index)),
        get: |kernel, socket_type| match socket_type {
            // For IPv4 the kernel reports only the address: 127.0.0.1 stands for the loopback interface, 0.0.0.0 for
            // none.
            SocketType::Udp4 => kernel.multicast_if_v4().map(|address| u32::from(!address.is_unspecified())),
            SocketType::Udp6 => kernel.multicast_if_v6(),
        },
        default: 0,
        accepted: &[0],
        refused: &[(999_999, "")],
    },
];

fn new(socket_type: SocketType) -> Socket {
    Socket::new(&SocketOptions::new(socket_type)).unwrap()
}

fn bound(options: &SocketOptions) -> Socket {
    let socket = Socket::new(options).unwrap();
    socket.bind(Some(SocketAddr::new(options.socket_type().localhost(), 0))).unwrap();
    socket
}

fn with_each_kind(test: impl Fn(&Row, SocketType, &Socket)) {
    for row in &TABLE {
        for socket_type in BOTH {
            test(row, socket_type, &bound(&SocketOptions::new(socket_type)));
        }
    }
}

fn get(row: &Row, socket: &Socket) -> u32 {
    let descriptor = socket.descriptor().unwrap();
    (row.get)(&SockRef::from(&descriptor), socket.socket_type()).unwrap()
}

#[test]
fn the_kernel_reads_back_what_was_set() {
    with_each_kind(|row, socket_type, socket| {
        assert_eq!(get(row, socket), row.default, "{} {socket_type}", row.name);
        for &value in row.accepted {
            (row.set)(socket, value).unwrap();
            assert_eq!(get(row, socket), value, "{} {socket_type}", row.name);
        }
    });
}

#[test]
fn a_refused_value_is_an_error_and_changes_nothing() {
    with_each_kind(|row, socket_type, socket| {
        let before = get(row, socket);
        for &(value, code) in row.refused {
            let error = (row.set)(socket, value).unwrap_err();
            let code = if code.is_empty() { missing_interface(socket_type) } else { code };
            assert_eq!(error.to_string(), format!("{} {code}", row.name), "{value} {socket_type}");
            assert_eq!((error.code(), error.syscall()), (code, Some(row.name)));
            assert_eq!((error.address(), error.port()), (None, None));
            assert_eq!(get(row, socket), before, "{} {socket_type}", row.name);
        }
    });
}

/// The kernel's error for an index without an interface: `ip(7)` and `ipv6(7)` differ.
fn missing_interface(socket_type: SocketType) -> &'static str {
    match socket_type {
        SocketType::Udp4 => "EADDRNOTAVAIL",
        SocketType::Udp6 => "ENODEV",
    }
}

#[test]
fn unbound_and_closed_sockets_refuse_every_row() {
    with_each_kind(|row, socket_type, socket| {
        let error = (row.set)(&new(socket_type), row.default).unwrap_err();
        assert_eq!(error.to_string(), format!("{} EBADF", row.name));
        assert_eq!(error.errno(), Some(-libc::EBADF));
        for &(value, code) in row.refused.iter().filter(|(_, code)| !code.is_empty()) {
            let error = (row.set)(&new(socket_type), value).unwrap_err();
            assert_eq!(error.to_string(), format!("{} {code}", row.name), "a wrong value is reported before the state");
        }
        socket.close().unwrap();
        let error = (row.set)(socket, row.default).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("ERR_SOCKET_DGRAM_NOT_RUNNING", "Not running"));
    });
}

#[test]
fn the_interface_of_multicast_is_chosen_by_address_index_and_text() {
    let v4 = bound(&SocketOptions::new(SocketType::Udp4));
    let descriptor = v4.descriptor().unwrap();
    let Interface::Index(lo) = Interface::by_name("lo").unwrap() else { panic!("a name is an index") };
    let choices = [Interface::Address(Ipv4Addr::LOCALHOST), Interface::parse("127.0.0.1").unwrap()];
    for choice in choices {
        v4.set_multicast_interface(choice).unwrap();
        assert_eq!(SockRef::from(&descriptor).multicast_if_v4().unwrap(), Ipv4Addr::LOCALHOST);
        v4.set_multicast_interface(Interface::Default).unwrap();
        assert_eq!(SockRef::from(&descriptor).multicast_if_v4().unwrap(), Ipv4Addr::UNSPECIFIED);
    }
    let stranger = Interface::Address(Ipv4Addr::new(192, 0, 2, 1));
    let error = v4.set_multicast_interface(stranger).unwrap_err();
    assert_eq!(error.to_string(), "setMulticastInterface EADDRNOTAVAIL");

    let v6 = bound(&SocketOptions::new(SocketType::Udp6));
    let descriptor = v6.descriptor().unwrap();
    for choice in [Interface::Index(lo), Interface::parse("::%lo").unwrap()] {
        v6.set_multicast_interface(choice).unwrap();
        assert_eq!(SockRef::from(&descriptor).multicast_if_v6().unwrap(), lo);
        v6.set_multicast_interface(Interface::Default).unwrap();
        assert_eq!(SockRef::from(&descriptor).multicast_if_v6().unwrap(), 0);
    }
    assert_eq!(v6.set_multicast_interface(stranger).unwrap_err().to_string(), "setMulticastInterface EADDRNOTAVAIL");
    // Zones are names; with an unknown one, or a number, the system chooses, as in Node.
    for unknown in ["::%no-such-if", &format!("::%{lo}")] {
        v6.set_multicast_interface(Interface::Index(lo)).unwrap();
        v6.set_multicast_interface(Interface::parse(unknown).unwrap()).unwrap();
        assert_eq!(SockRef::from(&descriptor).multicast_if_v6().unwrap(), 0);
    }
}

#[test]
fn an_interface_that_is_not_an_address_is_refused() {
    for wrong in ["", "eth0", "256.0.0.1", "::%", "127.0.0.1%lo"] {
        let error = Interface::parse(wrong).unwrap_err();
        assert_eq!(error.code(), "ERR_INVALID_IP_ADDRESS");
        assert_eq!(error.to_string(), format!("Invalid IP address: {wrong}"));
    }
}

/// The size of a kernel buffer: its name in errors, its setter and its getter.
type Buffer = (&'static str, fn(&Socket, u32) -> Result<()>, fn(&Socket) -> Result<usize>);

const BUFFERS: [Buffer; 2] = [
    ("uv_recv_buffer_size", |socket, bytes| socket.set_recv_buffer_size(bytes), |socket| socket.recv_buffer_size()),
    ("uv_send_buffer_size", |socket, bytes| socket.set_send_buffer_size(bytes), |socket| socket.send_buffer_size()),
];

#[test]
fn linux_doubles_buffer_sizes_and_has_a_minimum() {
    for (socket_type, (name, set, get)) in BOTH.into_iter().flat_map(|kind| BUFFERS.map(|buffer| (kind, buffer))) {
        let socket = bound(&SocketOptions::new(socket_type));
        let before = get(&socket).unwrap();
        set(&socket, 0).unwrap();
        assert_eq!(get(&socket).unwrap(), before, "0 leaves {name} as it is");
        set(&socket, 10_000).unwrap();
        assert_eq!(get(&socket).unwrap(), 20_000, "{name}");
        set(&socket, 1).unwrap();
        assert!((1..10_000).contains(&get(&socket).unwrap()), "{name}");
        set(&socket, i32::MAX as u32).unwrap();
        assert!(get(&socket).unwrap() >= before, "{name}");
    }
}

#[test]
fn errors_of_buffer_sizes_have_nodes_texts() {
    let refused = |name, why| format!("Could not get or set buffer size: {name} returned {why}");
    for (socket_type, (name, set, get)) in BOTH.into_iter().flat_map(|kind| BUFFERS.map(|buffer| (kind, buffer))) {
        let socket = new(socket_type);
        for error in [get(&socket).unwrap_err(), set(&socket, 1000).unwrap_err()] {
            assert_eq!(error.to_string(), refused(name, "EBADF (bad file descriptor)"));
            assert_eq!((error.code(), error.syscall()), ("ERR_SOCKET_BUFFER_SIZE", Some(name)));
            assert_eq!(error.errno(), Some(-libc::EBADF));
        }
        let socket = bound(&SocketOptions::new(socket_type));
        for size in [1 << 31, u32::MAX] {
            let error = set(&socket, size).unwrap_err();
            assert_eq!(error.to_string(), refused(name, "EINVAL (invalid argument)"));
            assert_eq!((error.code(), error.errno()), ("ERR_SOCKET_BUFFER_SIZE", Some(-libc::EINVAL)));
        }
        socket.close().unwrap();
        assert_eq!(get(&socket).unwrap_err().to_string(), "Not running");
        assert_eq!(set(&socket, 1000).unwrap_err().to_string(), "Not running");
    }
}

#[test]
fn buffer_sizes_of_the_options_hold_from_the_bind() {
    for socket_type in BOTH {
        let options = SocketOptions::new(socket_type).recv_buffer_size(10_000).send_buffer_size(12_000);
        let socket = bound(&options);
        assert_eq!(socket.recv_buffer_size().unwrap(), 20_000);
        assert_eq!(socket.send_buffer_size().unwrap(), 24_000);
        let implicit = Socket::new(&options).unwrap();
        implicit.connect(socket.local_addr().unwrap()).unwrap();
        assert_eq!(implicit.recv_buffer_size().unwrap(), 20_000);
    }
    let error = Socket::new(&SocketOptions::new(SocketType::Udp4).recv_buffer_size(1 << 31)).unwrap_err();
    assert_eq!(error.code(), "ERR_SOCKET_BAD_BUFFER_SIZE");
    assert_eq!(error.to_string(), "Buffer size must be a positive integer");
}

#[test]
fn socket_options_reach_the_kernel() {
    for socket_type in BOTH {
        for on in [false, true] {
            let is_v6 = socket_type == SocketType::Udp6;
            let options = SocketOptions::new(socket_type).reuse_addr(on).reuse_port(on).ipv6_only(on && is_v6);
            let socket = Socket::new(&options).unwrap();
            // Bound to all interfaces: Linux makes a socket bound to one IPv6 address IPv6-only by itself.
            socket.bind(None).unwrap();
            let descriptor = socket.descriptor().unwrap();
            let kernel = SockRef::from(&descriptor);
            assert_eq!(kernel.reuse_address().unwrap(), on);
            assert_eq!(kernel.reuse_port().unwrap(), on);
            assert!(!is_v6 || kernel.only_v6().unwrap() == on);
            assert!(kernel.nonblocking().unwrap());
        }
    }
}

#[test]
fn an_address_is_shared_only_by_sockets_that_ask_for_it() {
    let options = SocketOptions::new(SocketType::Udp4);
    for (sharing, possible) in
        [(options.clone(), false), (options.clone().reuse_addr(true), true), (options.reuse_port(true), true)]
    {
        let first = bound(&sharing);
        let address = first.local_addr().unwrap();
        let second = Socket::new(&sharing).unwrap();
        match second.bind(Some(address)) {
            Ok(()) => assert!(possible),
            Err(error) => assert_eq!((possible, error.to_string()), (false, format!("bind EADDRINUSE {address}"))),
        }
    }
}

#[test]
fn a_shared_port_spreads_its_flows() {
    let options = SocketOptions::new(SocketType::Udp4).reuse_port(true);
    let first = bound(&options);
    let second = Socket::new(&options).unwrap();
    second.bind(first.local_addr().ok()).unwrap();
    for _ in 0..64 {
        let client = bound(&SocketOptions::new(SocketType::Udp4));
        client.try_send_to(b"x", first.local_addr().unwrap()).unwrap();
    }
    let counts = [&first, &second].map(|socket| std::iter::from_fn(|| socket.try_recv_msg(&mut [0]).ok()).count());
    assert_eq!(counts[0] + counts[1], 64);
    assert!(counts.iter().all(|&count| count > 8), "{counts:?}");
}

#[test]
fn ipv6_only_keeps_ipv4_out() {
    for only in [false, true] {
        let v6 = Socket::new(&SocketOptions::new(SocketType::Udp6).ipv6_only(only)).unwrap();
        v6.bind(None).unwrap();
        let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), v6.local_addr().unwrap().port());
        let v4 = bound(&SocketOptions::new(SocketType::Udp4));
        v4.try_send_to(b"from the old world", to).unwrap();
        let outcome = v6.try_recv_msg(&mut [0; 64]).map(|info| (info.address(), info.family(), info.port()));
        let port = v4.local_addr().unwrap().port();
        match outcome {
            Ok(seen) => assert_eq!((seen, only), (("::ffff:127.0.0.1".to_owned(), "IPv6", port), false)),
            Err(error) => assert!(only && error.is_would_block(), "{error}"),
        }
    }
}

#[test]
fn ipv6_only_is_refused_for_ipv4() {
    let options = SocketOptions::new(SocketType::Udp4).ipv6_only(true);
    assert_eq!(words(Socket::new(&options).unwrap().bind(None)), "bind EINVAL 0.0.0.0");
    let to = "127.0.0.1:7".parse().ok();
    assert_eq!(words(Socket::new(&options).unwrap().try_send_to(&[], to.unwrap())), "bind EINVAL 0.0.0.0");
}

/// The outcome of a call as Node prints it.
fn words<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn failed_binds_have_nodes_texts() {
    let holder = bound(&SocketOptions::new(SocketType::Udp4));
    let taken = holder.local_addr().unwrap();
    let socket = new(SocketType::Udp4);
    let error = socket.bind(Some(taken)).unwrap_err();
    assert_eq!(error.to_string(), format!("bind EADDRINUSE 127.0.0.1:{}", taken.port()));
    assert_eq!((error.errno(), error.syscall()), (Some(-libc::EADDRINUSE), Some("bind")));
    assert_eq!((error.address().as_deref(), error.port()), (Some("127.0.0.1"), Some(taken.port())));
    let nowhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let error = socket.bind(Some(SocketAddr::new(nowhere, 0))).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.port()), ("bind EADDRNOTAVAIL 192.0.2.1", None));
    assert_eq!(words(socket.bind(Some("[::1]:0".parse().unwrap()))), "bind EINVAL ::1");
    assert_eq!(words(new(SocketType::Udp6).bind(Some("127.0.0.1:0".parse().unwrap()))), "bind EINVAL 127.0.0.1");
    socket.bind(Some(SocketAddr::new(taken.ip(), 0))).unwrap();
    assert_eq!(words(socket.bind(None)), "Socket is already bound");
}

#[test]
fn getters_of_an_unbound_socket_have_nodes_errors() {
    for socket_type in BOTH {
        let socket = new(socket_type);
        assert_eq!(words(socket.local_addr()), "getsockname EBADF");
        assert_eq!(words(socket.peer_addr()), "Not connected");
        assert_eq!(words(socket.disconnect()), "Not connected");
        assert_eq!(words(socket.try_recv_msg(&mut [0])), "recvmsg EBADF");
        assert_eq!(words(socket.try_send(&[])), "Not connected");
    }
}

#[test]
fn errors_of_memberships_have_nodes_texts() {
    let here = Interface::Address(Ipv4Addr::LOCALHOST);
    let nowhere = Interface::Address(Ipv4Addr::new(192, 0, 2, 1));
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    for socket_type in BOTH {
        let socket = bound(&SocketOptions::new(socket_type));
        let group = ip("239.9.9.9");
        assert_eq!(words(socket.join_multicast(ip("1.2.3.4"), here)), "addMembership EINVAL");
        assert_eq!(words(socket.join_multicast(group, nowhere)), "addMembership ENODEV");
        assert_eq!(words(socket.leave_multicast(group, here)), "dropMembership EADDRNOTAVAIL");
        socket.join_multicast(group, here).unwrap();
        assert_eq!(words(socket.join_multicast(group, here)), "addMembership EADDRINUSE");
        socket.leave_multicast(group, here).unwrap();
        assert_eq!(words(socket.leave_multicast(group, here)), "dropMembership EADDRNOTAVAIL");
    }
    let v4 = bound(&SocketOptions::new(SocketType::Udp4));
    assert_eq!(words(v4.join_multicast(ip("ff02::114"), Interface::Default)), "addMembership ENOPROTOOPT");
    assert_eq!(words(v4.join_multicast(ip("ff02::114"), here)), "addMembership EINVAL");
}

#[test]
fn memberships_have_a_limit() {
    let limit = std::fs::read_to_string("/proc/sys/net/ipv4/igmp_max_memberships").unwrap();
    let limit: u32 = limit.trim().parse().unwrap();
    let socket = bound(&SocketOptions::new(SocketType::Udp4));
    let here = Interface::Address(Ipv4Addr::LOCALHOST);
    let group = |number: u32| Ipv4Addr::from_bits(Ipv4Addr::new(239, 10, 0, 0).to_bits() + number).into();
    (0..limit).for_each(|number| socket.join_multicast(group(number), here).unwrap());
    assert_eq!(words(socket.join_multicast(group(limit), here)), "addMembership ENOBUFS");
    socket.leave_multicast(group(0), here).unwrap();
    socket.join_multicast(group(limit), here).unwrap();
}

#[test]
fn errors_of_source_memberships_have_nodes_texts() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let here = Interface::Address(Ipv4Addr::LOCALHOST);
    let (source, channel) = (ip("127.0.0.1"), ip("232.1.1.1"));
    let join = |socket: &Socket, source| socket.join_ssm(source, channel, here);
    let leave = |socket: &Socket, source| socket.leave_ssm(source, channel, here);
    for socket_type in BOTH {
        let socket = bound(&SocketOptions::new(socket_type));
        assert_eq!(words(join(&socket, ip("::1"))), "addSourceSpecificMembership EINVAL");
        join(&socket, source).unwrap();
        assert_eq!(words(join(&socket, source)), "addSourceSpecificMembership EADDRNOTAVAIL");
        leave(&socket, source).unwrap();
        assert_eq!(words(leave(&socket, source)), "dropSourceSpecificMembership EINVAL");
    }
}

#[test]
fn errors_of_sends_and_connects_have_nodes_texts() {
    let v6_peer: SocketAddr = "[::1]:9".parse().unwrap();
    let no_port: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let socket = bound(&SocketOptions::new(SocketType::Udp4).rules(heliogram::state::Rules::Node));
    let send = |to| words(socket.try_send_to(&[], to));
    assert_eq!(send(v6_peer), "send EINVAL ::1:9");
    assert_eq!(send(no_port), "Port should be > 0 and < 65536. Received type number (0).");
    assert_eq!(words(socket.connect(v6_peer)), "connect EINVAL ::1:9");
    assert_eq!(words(socket.connect(no_port)), "Port should be > 0 and < 65536. Received type number (0).");
    socket.connect(socket.local_addr().unwrap()).unwrap();
    assert_eq!(words(socket.connect(v6_peer)), "Already connected");
    assert_eq!(send(socket.local_addr().unwrap()), "Already connected");
}

#[test]
fn every_error_is_an_io_error_of_a_fitting_kind() {
    let socket = bound(&SocketOptions::new(SocketType::Udp4));
    let cases: [(Error, io::ErrorKind); 4] = [
        (socket.try_recv_msg(&mut [0]).unwrap_err(), io::ErrorKind::WouldBlock),
        (socket.disconnect().unwrap_err(), io::ErrorKind::NotConnected),
        (new(SocketType::Udp4).bind(socket.local_addr().ok()).unwrap_err(), io::ErrorKind::AddrInUse),
        ("udp5".parse::<SocketType>().unwrap_err(), io::ErrorKind::InvalidInput),
    ];
    for (error, kind) in cases {
        let number = error.raw_os_error();
        assert_eq!(error.kind(), kind);
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.raw_os_error()), (kind, number));
    }
    let wrong = "unix_dgram".parse::<SocketType>().unwrap_err();
    assert_eq!(wrong.code(), "ERR_SOCKET_BAD_TYPE");
    assert_eq!(wrong.to_string(), "Bad socket type specified. Valid types are: udp4, udp6");
}
