//! Debian's dnsperf as traffic: a load of queries with clients of its own.

use super::child::this_program;
use crate::bench::job::Outcome;
use crate::bench::report::results::Sample;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, process};

/// What it asks for, over and over; the server knows the first of the names.
const QUERIES: &str = "www.example.test A\nmail.example.test A\nother.example.test A\n";

/// Before it is measured the server answers for so long, so that it is compiled.
const WARM_UP: Duration = Duration::from_millis(1000);

/// Asks a server with so many clients, from another core; how many queries a second were answered.
pub(crate) fn ask(server: SocketAddr, clients: usize, core: usize, time: Duration) -> Outcome<Sample> {
    let queries = env::temp_dir().join(format!("heliogram-bench-{}.queries", process::id()));
    fs::write(&queries, QUERIES)?;
    let outcome =
        load(server, &queries, clients, core, WARM_UP).and_then(|_| load(server, &queries, clients, core, time));
    fs::remove_file(&queries)?;
    Ok(Sample::from([("queries".into(), outcome?)]))
}

fn load(server: SocketAddr, queries: &Path, clients: usize, core: usize, time: Duration) -> Outcome<f64> {
    let mut command = this_program()?;
    command
        .args(["on-core", &core.to_string(), "--", "dnsperf", "-s", &server.ip().to_string()])
        .arg("-d")
        .arg(queries);
    command.args([
        "-p",
        &server.port().to_string(),
        "-c",
        &clients.to_string(),
        "-l",
        &time.as_secs().max(1).to_string(),
    ]);
    let output = command.output()?;
    let [report, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    let reason = || {
        format!("SKIPPED, dnsperf is Debian's package of that name: {}", errors.lines().next_back().unwrap_or_default())
    };
    rate(&report).ok_or_else(|| reason().into())
}

/// The figure of its report.
fn rate(output: &str) -> Option<f64> {
    output.lines().find_map(|line| line.trim().strip_prefix("Queries per second:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_report() {
        let report = "Statistics:\n\n  Queries sent:         67\n  Queries per second:   17012.532118\n";
        assert_eq!(rate(report), Some(17_012.532_118));
        assert_eq!(rate("dnsperf: command not found"), None);
    }
}
