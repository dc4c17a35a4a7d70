//! A network of a test's own.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::Running;

/// A network namespace with one interface and two addresses of each family, made with `unshare` and `ip` as root. It lives
/// as long as the shell in it.
pub(crate) struct Net {
    shell: Child,
    stdin: Option<ChildStdin>,
}

const SET_UP: &str = "set -e
    ip link set lo up
    ip link add west type veth peer name east
    for file in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $file; done
    ip link set west up && ip link set east up
    ip addr add 10.77.0.1/24 dev west && ip addr add 10.77.0.2/24 dev west
    ip addr add fd77::1/64 dev west nodad && ip addr add fd77::2/64 dev west nodad
    echo ready; exec cat";

impl Net {
    /// `None` where this is not possible; says why.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", SET_UP]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut shell = match command.spawn() {
            Ok(shell) => shell,
            Err(error) => return none(test, &format!("unshare: {error}")),
        };
        let mut first = [0; 6];
        if std::io::Read::read_exact(&mut shell.stdout.take().unwrap(), &mut first).is_err() {
            return none(test, &String::from_utf8_lossy(&shell.wait_with_output().unwrap().stderr));
        }
        let stdin = shell.stdin.take();
        Some(Net { shell, stdin })
    }

    /// Sets the MTU of the loopback device.
    pub(crate) fn set_mtu(&self, mtu: u32) {
        let mut ip = Command::new("nsenter");
        ip.args([
            "--target",
            &self.shell.id().to_string(),
            "--net",
            "ip",
            "link",
            "set",
            "lo",
            "mtu",
            &mtu.to_string(),
        ]);
        assert!(ip.status().unwrap().success());
    }

    /// Writes a file of `/proc/sys/net`.
    pub(crate) fn set(&self, file: &str, value: &str) {
        let mut shell = Command::new("nsenter");
        shell.args(["--target", &self.shell.id().to_string(), "--net", "sh", "-c"]);
        assert!(shell.arg(format!("echo {value} > /proc/sys/net/{file}")).status().unwrap().success());
    }

    /// Gives the loopback device the queueing discipline `fq`, where the kernel has it.
    pub(crate) fn has_fq(&self) -> Result<(), String> {
        let mut tc = Command::new("nsenter");
        tc.args([
            "--target",
            &self.shell.id().to_string(),
            "--net",
            "tc",
            "qdisc",
            "replace",
            "dev",
            "lo",
            "root",
            "fq",
        ]);
        let ended = tc.output().map_err(|error| format!("tc: {error}"))?;
        let reason = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        if ended.status.success() { Ok(()) } else { Err(format!("no queueing discipline fq: {reason}")) }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.shell.id().to_string(), "--net", env!("CARGO_BIN_EXE_heliogram")]);
        Running::of(command.args(arguments))
    }

    pub(crate) fn listening(&self, arguments: &[&str]) -> (Running, String) {
        let mut running = self.start(arguments);
        let address = running.is_listening(arguments);
        let port = address.rsplit_once(':').unwrap().1.to_owned();
        (running, port)
    }

    pub(crate) fn send(&self, to: &str, message: &str, more: &[&str]) {
        let ended = self.start(&[&["send", to, message][..], more].concat()).end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // Its `cat` ends with its input.
        drop(self.stdin.take());
        let _ = self.shell.wait();
    }
}

fn none(test: &str, reason: &str) -> Option<Net> {
    skip(test, &format!("no network namespace: {}", reason.trim()));
    None
}

/// Says that a test is skipped: not captured by the test harness, so that nobody takes this for a pass.
pub(crate) fn skip(test: &str, reason: &str) {
    let line = format!("\nSKIPPED heliogram-cli {test}: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
