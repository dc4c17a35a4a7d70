//! Walks the table of integer and boolean options: every row is set, read, refused and set before the bind.

mod common;

use common::{code, new};
use heliogram::{Socket, SocketOptions, SocketType, Sockopt};

const BOTH: [SocketType; 2] = [SocketType::Udp4, SocketType::Udp6];

/// The rows that this system has, with a bound socket of each family.
fn each_supported(test: impl Fn(Sockopt, SocketType, &Socket)) {
    for &option in Sockopt::ALL.iter().filter(|option| option.is_supported()) {
        for family in BOTH {
            test(option, family, &bound(SocketOptions::new(family)).unwrap());
        }
    }
}

fn bound(options: SocketOptions) -> heliogram::Result<Socket> {
    let socket = Socket::new(&options)?;
    socket.bind(None)?;
    Ok(socket)
}

/// Whether this user lacks the privilege that a value needs; prints that the test is skipped.
fn lacks_privilege(option: Sockopt, outcome: &heliogram::Result<impl Sized>) -> bool {
    let lacking = outcome.as_ref().err().is_some_and(|error| error.code() == "EPERM");
    if lacking {
        println!("SKIPPED sockopt {}: not permitted to this user", option.name());
    }
    lacking
}

#[test]
fn a_value_set_is_the_value_read() {
    each_supported(|option, family, socket| {
        for value in [*option.range().end(), *option.range().start()] {
            let outcome = socket.set_sockopt(option, value);
            if !lacks_privilege(option, &outcome) {
                outcome.unwrap();
                assert_eq!(socket.sockopt(option), Ok(value), "{} {family}", option.name());
            }
        }
    });
}

#[test]
fn a_value_out_of_range_is_refused_before_the_state_is_checked() {
    for &option in Sockopt::ALL {
        let beside = [option.range().start().checked_sub(1), option.range().end().checked_add(1)];
        for value in beside.into_iter().flatten() {
            let refusal = format!("set{} EINVAL", option.js_name());
            assert_eq!(new(SocketType::Udp4).set_sockopt(option, value).unwrap_err().to_string(), refusal);
            let options = SocketOptions::new(SocketType::Udp4).sockopt(option, value);
            assert_eq!(Socket::new(&options).unwrap_err().to_string(), refusal);
        }
    }
}

#[test]
fn unbound_and_closed_sockets_have_no_options() {
    for &option in Sockopt::ALL {
        let (socket, value) = (new(SocketType::Udp4), *option.range().start());
        let (set, read) = (socket.set_sockopt(option, value), socket.sockopt(option));
        assert_eq!(set.unwrap_err().to_string(), format!("set{} EBADF", option.js_name()));
        assert_eq!(read.unwrap_err().to_string(), format!("get{} EBADF", option.js_name()));
        socket.close().unwrap();
        assert_eq!(code(socket.set_sockopt(option, value)), "ERR_SOCKET_DGRAM_NOT_RUNNING");
        assert_eq!(code(socket.sockopt(option)), "ERR_SOCKET_DGRAM_NOT_RUNNING");
    }
}

#[test]
fn an_option_of_the_socket_options_is_set_before_the_bind() {
    each_supported(|option, family, _| {
        let value = *option.range().end();
        let outcome = bound(SocketOptions::new(family).sockopt(option, value));
        if !lacks_privilege(option, &outcome) {
            assert_eq!(outcome.unwrap().sockopt(option), Ok(value), "{} {family}", option.name());
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn freebind_allows_an_address_that_this_host_does_not_have() {
    let address = "192.0.2.77:0".parse().unwrap();
    let plain = Socket::new(&SocketOptions::new(SocketType::Udp4)).unwrap();
    assert_eq!(code(plain.bind(Some(address))), "EADDRNOTAVAIL");
    let freely = SocketOptions::new(SocketType::Udp4).sockopt(Sockopt::Freebind, 1);
    Socket::new(&freely).unwrap().bind(Some(address)).unwrap();
}

#[test]
fn an_unsupported_option_is_refused() {
    let socket = bound(SocketOptions::new(SocketType::Udp4)).unwrap();
    for &option in Sockopt::ALL.iter().filter(|option| !option.is_supported()) {
        assert_eq!(code(socket.set_sockopt(option, *option.range().start())), "ENOTSUP", "{}", option.name());
        assert_eq!(code(socket.sockopt(option)), "ENOTSUP", "{}", option.name());
    }
}
