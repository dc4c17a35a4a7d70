//! The demo of the npm package: the documentation's programs in Node, then ten seconds of comparison.

use super::server::Server;
use crate::bench;
use crate::cargo::succeed;
use crate::package::runtimes::{self, LATEST, Node};
use crate::package::{host_addon, npm};
use std::env::consts::OS;
use std::thread::{self, JoinHandle};

const CLIENTS: [&str; 3] = ["send.mjs", "send-parts.mjs", "send-connected.mjs"];

/// Installs Node and builds the package's JavaScript while Rust is compiled, since downloads need no core.
pub(crate) fn install() -> JoinHandle<Result<(), String>> {
    thread::spawn(npm::install_runtimes)
}

pub(crate) fn run(installed: JoinHandle<Result<(), String>>) -> Result<(), String> {
    println!("\nbuilding the addon ...");
    succeed(&mut host_addon::compile())?;
    host_addon::place()?;
    installed.join().map_err(|_| "the installing thread panicked")??;
    let node = Node::from_npm(LATEST).or_else(|_| Node::host())?;
    println!("\n# the same on Node {}: node --import heliogram/register examples/server.mjs", node.version);
    let server = Server::start(node.example("server.mjs"))?;
    for client in CLIENTS {
        println!("\n# node --import heliogram/register examples/{client}");
        succeed(&mut node.example(client))?;
        server.expect("server got: Some bytes from 127.0.0.1:")?;
    }
    compare(&node)
}

/// The arguments of the bench.
const COMPARISON: [&str; 8] = [
    "--only=js receive",
    "--only=js send",
    "--only=js round trip",
    "--who=heliogram",
    "--size=256",
    "--rounds=3",
    "--milliseconds=150",
    "--output=target/demo",
];

fn compare(node: &Node) -> Result<(), String> {
    if OS != "linux" {
        println!("\nSKIPPED: ten seconds of node:dgram and heliogram in turn; the bench runs on Linux only");
        return Ok(());
    }
    println!("\n# ten seconds of node:dgram and heliogram in turn: cargo xtask bench {}", COMPARISON.join(" "));
    succeed(
        bench::command(&["--no-default-features"], &[runtimes::bench_argument("node", &node.program)]).args(COMPARISON),
    )
}
