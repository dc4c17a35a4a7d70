//! The machine that was measured.

use crate::bench::contest::{Contest, Side};
use crate::bench::contests;
use crate::bench::driver::runtimes::Runtime;
use crate::bench::plan::Plan;
use std::fs;
use std::thread::available_parallelism;

/// One paragraph that stands above every table.
pub(crate) fn description(plan: &Plan) -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let versions: Vec<String> = plan.runtimes.iter().map(Runtime::version).collect();
    let versions = if versions.is_empty() { String::new() } else { format!("; {}", versions.join(", ")) };
    format!(
        "Loopback; Linux {}, {}, {} cores{versions}. {} {} The order turns every round; default \
         socket buffers.\n",
        kernel.trim(),
        processor(),
        cores(),
        pinning(plan),
        rounds(plan),
    )
}

/// Those of the first contest of each side; nearly all have the same.
fn rounds(plan: &Plan) -> String {
    let of = |side| contests::all().find(|contest| contest.side == side && plan.wants(contest));
    let text = |name: &str, contest: &Contest| {
        format!("{name}: {} rounds of {} ms.", plan.rounds(contest), plan.time(contest).as_millis())
    };
    let sides = [("Library", of(Side::Library)), ("Package", of(Side::Package))];
    let texts: Vec<_> = sides.iter().filter_map(|(name, contest)| Some(text(name, (*contest)?))).collect();
    texts.join(" ")
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

fn pinning(plan: &Plan) -> String {
    if cores() == 1 {
        return "One core for contestant and traffic, which disturb each other.".into();
    }
    format!("Contestant on core {}, traffic on core {}.", plan.core, plan.traffic_core)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor").into()
}
