//! `cargo xtask demo`: the manual's server, its clients, and a datagram from a program that nobody here wrote.

use crate::cargo::{cargo, succeed};
use crate::node;
use std::env::current_exe;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// The manual's port.
const PORT: u16 = 41234;

/// The manual's client examples, and how a client's example is called here.
const CLIENTS: [(&str, &str); 3] =
    [("one buffer", "send"), ("several buffers", "send_parts"), ("on a connected socket", "send_connected")];

/// Programs of other people that send a datagram, with the text that must arrive. The first that the machine has is used.
const STRANGERS: [(&str, &[&str], &str); 3] = [
    ("bash", &["-c", "printf 'hello from bash' > /dev/udp/127.0.0.1/41234"], "hello from bash"),
    ("sh", &["-c", "printf 'hello from nc' | nc -u -w 1 127.0.0.1 41234"], "hello from nc"),
    ("logger", &["--udp", "-n", "127.0.0.1", "-P", "41234", "hello from logger"], "hello from logger"),
];

/// On loopback an answer takes microseconds; a loaded machine takes its time.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(_: &Options) -> ExitCode {
    match show() {
        Ok(()) => {
            println!("\neverything that was to appear has appeared");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn show() -> Result<(), String> {
    build()?;
    require_free_port()?;
    println!("\n# the manual's server: cargo run -p heliogram --example server");
    let server = Server::start(Command::new(examples()?.join("server")))?;
    for (what, example) in CLIENTS {
        println!("\n# a client sends {what}: cargo run -p heliogram --example {example}");
        succeed(&mut Command::new(examples()?.join(example)))?;
        server.expect("server got: Some bytes from 127.0.0.1:")?;
    }
    stranger(&server)?;
    drop(server);
    node::demo()
}

fn build() -> Result<(), String> {
    println!("building the examples ...");
    succeed(&mut cargo(&["build", "--quiet", "--package", "heliogram", "--examples"]))
}

/// Where cargo has put the examples: beside us.
fn examples() -> Result<PathBuf, String> {
    let own = current_exe().map_err(|e| format!("where am I? {e}"))?;
    Ok(own.with_file_name("examples"))
}

fn require_free_port() -> Result<(), String> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT));
    probe.map(drop).map_err(|e| format!("the demo needs UDP port {PORT}, the manual's, and cannot have it: {e}"))
}

/// The first of the strangers that can be had sends its greeting.
fn stranger(server: &Server) -> Result<(), String> {
    for (program, arguments, text) in STRANGERS {
        println!("\n# a program that nobody here wrote: {program} {}", arguments.join(" "));
        match succeed(Command::new(program).args(arguments)) {
            Ok(()) => return server.expect(text),
            Err(error) => println!("(not here: {error})"),
        }
    }
    Err("no foreign program here can send a datagram: neither bash nor nc nor logger".into())
}

/// The manual's server in a process of its own, which ends with this value.
pub(crate) struct Server {
    process: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Answers when it listens.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let mut process = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        let server = Server { process, lines };
        server.expect(&format!("server listening 0.0.0.0:{PORT}"))?;
        Ok(server)
    }

    /// Shows the server's next line, which must contain `text`.
    pub(crate) fn expect(&self, text: &str) -> Result<(), String> {
        let line = self.lines.recv_timeout(PATIENCE);
        let line = line.map_err(|e| format!("the server was to print {text:?}, and printed nothing: {e}"))?;
        println!("{line}");
        if line.contains(text) { Ok(()) } else { Err(format!("the server was to print {text:?}")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The manual's server runs for ever; if it has ended already, neither call has anything to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
