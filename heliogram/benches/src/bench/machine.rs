//! What ran all this.

use super::Plan;
use std::fs;
use std::thread::available_parallelism;

/// One paragraph, to be read above every table.
pub(crate) fn description(plan: &Plan) -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let versions: Vec<String> = plan.runtimes.iter().map(super::runtimes::Runtime::version).collect();
    let versions = if versions.is_empty() { String::new() } else { format!("; {}", versions.join(", ")) };
    format!(
        "Loopback; Linux {}, {}, {} cores{versions}. {} Order turned every round; default socket buffers; CPU time is \
         user and system time of the contestant's process.\n",
        kernel.trim(),
        processor(),
        cores(),
        pinning(plan),
    )
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

fn pinning(plan: &Plan) -> String {
    if cores() == 1 {
        return "One core for everything: contestant and traffic disturb each other.".into();
    }
    format!("Contestant on core {}, traffic on core {}.", plan.core, plan.traffic_core)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor").into()
}
