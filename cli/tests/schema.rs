//! Every line of `--json` is as `schema.json` says.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Ended, listening, run, run_with_input};

/// The schema, and the kinds of events that it has.
fn schema() -> (jsonschema::Validator, BTreeSet<String>) {
    let schema: Value = serde_json::from_str(include_str!("../schema.json")).unwrap();
    let kind = |event: &Value| {
        let name = |field: &str| event["properties"][field]["const"].as_str().map(str::to_owned);
        [name("event"), name("verb")].into_iter().flatten().collect::<Vec<_>>().join(" of ")
    };
    let kinds = schema["oneOf"].as_array().unwrap().iter().map(kind).collect();
    (jsonschema::validator_for(&schema).unwrap(), kinds)
}

fn check(schema: &jsonschema::Validator, seen: &mut BTreeSet<String>, ended: &Ended) {
    for event in ended.events() {
        assert!(schema.is_valid(&event), "{event}\n{:?}", schema.validate(&event));
        let name = |field: &str| event[field].as_str().map(str::to_owned);
        let verb = if event["event"] == "summary" { name("verb") } else { None };
        seen.insert([name("event"), verb].into_iter().flatten().collect::<Vec<_>>().join(" of "));
    }
}

#[test]
fn each_kind_of_event_is_printed_and_as_the_schema_says() {
    let (schema, mut kinds) = schema();
    kinds.remove("joined"); // by the next test, where there are interfaces
    let mut seen = BTreeSet::new();
    let mut check = |ended: &Ended| check(&schema, &mut seen, ended);

    let (listener, address) = listening(&["--json", "listen", "127.0.0.1:0", "--stats", "--time", "--count", "3"]);
    check(&run_with_input(&["--json", "send", &address], b"one\ntwo\n"));
    check(&run(&["--json", "send", &address, "--hex", "ff00"]));
    check(&listener.end());
    check(&run(&["--json", "listen", "9", "--count", "0"]));
    check(&run(&["--json", "listen", "192.0.2.200:9"]));

    let (echo, address) = listening(&["--json", "echo", "127.0.0.1:0"]);
    check(&run(&["--json", "ping", &address, "--count", "2", "--interval", "0.01", "--probe", "--timeout", "0.2"]));
    echo.signal("INT");
    check(&echo.end());

    let (sink, address) = listening(&["--json", "sink", "127.0.0.1:0", "--late", "5ms", "--interval", "0.1"]);
    let (relay, through) =
        listening(&["--json", "relay", "127.0.0.1:0", &address, "--log", "--delay", "1ms", "--loss", "2%"]);
    let load = ["--pps", "500", "--seconds", "0.5", "--interval", "0.1"];
    check(&run(&[&["--json", "blast", &through, "--bidir"], &load[..]].concat()));
    check(&run(&[&["--json", "blast", &address, "--one-way"], &load[..]].concat()));
    relay.signal("INT");
    check(&relay.end());
    sink.signal("INT");
    check(&sink.end());

    let (silent, address) = listening(&["listen", "127.0.0.1:0"]);
    check(&run(&["--json", "blast", &address, "--count", "3"]));
    silent.signal("INT");
    assert_eq!(silent.end().code, Some(0));
    assert_eq!(seen, kinds);
}

#[cfg(target_os = "linux")]
#[test]
fn groups_on_all_interfaces_are_as_the_schema_says() {
    let Some(net) = support::net::Net::new("schema") else { return };
    let (schema, mut seen) = (schema().0, BTreeSet::new());
    let arguments = ["--json", "listen", "0", "--join", "232.77.0.1@*", "--source", "10.77.0.1", "--seconds", "0.1"];
    check(&schema, &mut seen, &net.start(&arguments).end());
    assert!(seen.contains("joined"), "{seen:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn metadata_and_unix_sockets_are_as_the_schema_says() {
    let (schema, _) = schema();
    let (listener, address) = listening(&["--json", "listen", "127.0.0.1:0", "--info", "--count", "1"]);
    run(&["send", &address, "x"]);
    check(&schema, &mut BTreeSet::new(), &listener.end());
    let place = format!("unix:@heliogram-cli-schema-{}", std::process::id());
    let mut listener = support::start(&["--json", "listen", &place, "--info", "--time", "--count", "1"]);
    listener.out.wait_for("listening");
    check(&schema, &mut BTreeSet::new(), &run(&["--json", "send", &place, "x"]));
    check(&schema, &mut BTreeSet::new(), &listener.end());
}
