//! `cargo xtask demo`: the server and clients of Node's `dgram` documentation, in Rust and in JavaScript, and a datagram from
//! another program.

mod package;
mod server;

use crate::cargo::{cargo, succeed};
use server::{PORT, Server};
use std::env::current_exe;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The clients of the documentation, each with the name of its example here.
const CLIENTS: [(&str, &str); 3] =
    [("one buffer", "send"), ("several buffers", "send_parts"), ("on a connected socket", "send_connected")];

/// Other programs that send a datagram, with the text that must arrive. The first that the machine has is used.
const OTHER_PROGRAMS: [(&str, &[&str], &str); 3] = [
    ("bash", &["-c", "printf 'hello from bash' > /dev/udp/127.0.0.1/41234"], "hello from bash"),
    ("sh", &["-c", "printf 'hello from nc' | nc -u -w 1 127.0.0.1 41234"], "hello from nc"),
    ("logger", &["--udp", "-n", "127.0.0.1", "-P", "41234", "hello from logger"], "hello from logger"),
];

pub(crate) fn run() -> Result<ExitCode, String> {
    require_free_port()?;
    let installed = package::install();
    build()?;
    library()?;
    package::run(installed)?;
    println!("\nall that was expected has been printed");
    Ok(ExitCode::SUCCESS)
}

fn library() -> Result<(), String> {
    println!("\n# the documentation's server: cargo run -p heliogram --example server");
    let server = Server::start(Command::new(examples()?.join("server")))?;
    for (what, example) in CLIENTS {
        println!("\n# a client sends {what}: cargo run -p heliogram --example {example}");
        succeed(&mut Command::new(examples()?.join(example)))?;
        server.expect("server got: Some bytes from 127.0.0.1:")?;
    }
    other_program(&server)
}

fn build() -> Result<(), String> {
    println!("building the examples, installing Node from npm meanwhile ...");
    succeed(&mut cargo(&["build", "--quiet", "--package", "heliogram", "--examples"]))
}

/// Where cargo has put the examples: beside us.
fn examples() -> Result<PathBuf, String> {
    let own = current_exe().map_err(|e| format!("this program's own path: {e}"))?;
    Ok(own.with_file_name("examples"))
}

fn require_free_port() -> Result<(), String> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT));
    probe
        .map(drop)
        .map_err(|e| format!("the demo cannot bind UDP port {PORT}, which the documentation's programs use: {e}"))
}

fn other_program(server: &Server) -> Result<(), String> {
    for (program, arguments, text) in OTHER_PROGRAMS {
        println!("\n# another program: {program} {}", arguments.join(" "));
        match succeed(Command::new(program).args(arguments)) {
            Ok(()) => return server.expect(text),
            Err(error) => println!("(not here: {error})"),
        }
    }
    Err("no other program here can send a datagram: neither bash nor nc nor logger".into())
}
