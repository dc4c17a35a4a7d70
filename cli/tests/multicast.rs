//! Groups and channels, in a network of this test's own.
#![cfg(target_os = "linux")]

mod support;

use support::net::Net;

/// A family's group, channel, and the two addresses on the interface.
const FAMILIES: [[&str; 4]; 2] =
    [["239.77.0.1", "232.77.0.1", "10.77.0.1", "10.77.0.2"], ["ff15::77", "ff35::77", "fd77::1", "fd77::2"]];

fn at(ip: &str, port: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[test]
fn a_group_is_heard_by_those_who_join_it() {
    let Some(net) = Net::new("multicast") else { return };
    for [group, ..] in FAMILIES {
        let (listener, port) = net.listening(&["listen", "0", "--join", &format!("{group}@west"), "--count", "1"]);
        let (second, _) = net.listening(&["listen", &port, "--join", &format!("{group}@west"), "--count", "1"]);
        net.send(&at(group, &port), "kept away", &["--interface", "west", "--no-loopback"]);
        net.send(&at(group, &port), "to all", &["--interface", "west", "--ttl", "1"]);
        for ended in [listener.end(), second.end()] {
            assert!(ended.out.ends_with(" to all\n") && ended.out.lines().count() == 1, "{ended:?}");
        }
    }
}

#[test]
fn a_group_on_all_interfaces_names_them() {
    let Some(net) = Net::new("multicast") else { return };
    for [group, channel, source, _] in FAMILIES {
        let join =
            |group: &str| ["listen", "0", "--join", &format!("{group}@*"), "--seconds", "0.1"].map(str::to_owned);
        let all = net.start(&join(group).each_ref().map(|text| &**text)).end();
        let line = all.err.lines().next().unwrap_or_default();
        let names = line.strip_prefix(&format!("joined {group} on ")).unwrap_or_else(|| panic!("{all:?}"));
        let mut names: Vec<_> = names.split(", ").collect();
        names.sort_unstable();
        assert_eq!((names, all.code), (vec!["east", "west"], Some(0)), "{all:?}");
        let arguments = [&join(channel)[..], &["--source".into(), source.into()]].concat();
        let of_source = net.start(&arguments.iter().map(|text| &**text).collect::<Vec<_>>()).end();
        assert!(of_source.err.starts_with(&format!("joined {channel} from {source} on ")), "{of_source:?}");
    }
}

#[test]
fn an_interface_on_which_a_group_cannot_be_joined_is_named() {
    let Some(net) = Net::new("multicast") else { return };
    net.set("ipv4/igmp_max_memberships", "1");
    let ended = net.start(&["listen", "0", "--join", "239.77.0.1@*", "--seconds", "5"]).end();
    let (one, other) =
        ("joined 239.77.0.1 on west; not on east (ENOBUFS)", "joined 239.77.0.1 on east; not on west (ENOBUFS)");
    assert!(ended.code == Some(1) && (ended.err.contains(one) || ended.err.contains(other)), "{ended:?}");
}

#[test]
fn a_channel_has_one_sender() {
    let Some(net) = Net::new("multicast") else { return };
    for [_, channel, source, other] in FAMILIES {
        let join = format!("{channel}@west");
        let (listener, port) = net.listening(&["listen", "0", "--join", &join, "--source", source, "--count", "1"]);
        for (from, text) in [(other, "wrong"), (source, "right")] {
            net.send(&at(channel, &port), text, &["--interface", "west", "--bind", &at(from, "0")]);
        }
        let ended = listener.end();
        assert!(ended.out.starts_with(&at(source, "")) && ended.out.ends_with(" right\n"), "{ended:?}");
        assert_eq!(ended.out.lines().count(), 1);
    }
}

#[test]
fn a_group_may_answer_many_times() {
    let Some(net) = Net::new("multicast") else { return };
    let (one, port) = net.listening(&["echo", "0", "--join", "239.77.0.1@west", "--count", "1"]);
    let (two, _) = net.listening(&["echo", &port, "--join", "239.77.0.1@west", "--count", "1"]);
    let group = at("239.77.0.1", &port);
    let asked = net.start(&["send", &group, "who?", "--interface", "west", "--timeout", "1"]).end();
    assert_eq!((asked.code, asked.out.lines().count()), (Some(0), 2), "{asked:?}");
    assert_eq!((one.end().code, two.end().code), (Some(0), Some(0)));
}

#[test]
fn broadcast_has_to_be_allowed() {
    let Some(net) = Net::new("multicast") else { return };
    let (listener, port) = net.listening(&["listen", "0", "--count", "1"]);
    let refused = net.start(&["send", &at("10.77.0.255", &port), "x"]).end();
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("EACCES 10.77.0.255:"), "{refused:?}");
    assert!(refused.err.ends_with(": 10.77.0.255 is a broadcast address: add --broadcast\n"), "{refused:?}");
    net.send(&at("10.77.0.255", &port), "to all", &["--broadcast"]);
    assert!(listener.end().out.ends_with(" to all\n"));
}

#[test]
fn link_local_peers_have_zones() {
    let Some(net) = Net::new("multicast") else { return };
    let (listener, port) = net.listening(&["listen", "0", "-6", "--count", "1"]);
    net.send(&at("ff02::1%west", &port), "neighbours", &["--ttl", "1"]);
    let ended = listener.end();
    assert!(ended.out.starts_with("[fe80::") && ended.out.contains("%west]:"), "{ended:?}");
}
