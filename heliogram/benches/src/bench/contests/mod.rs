//! The contests of both sides, and how a contestant that is a function of this binary runs.

mod library;
mod package;

use super::contest::{Contest, Contestant, Kind};
use super::contestants::system;
use super::job::{Job, Outcome};
use std::process::exit;
use std::thread;
use std::time::Duration;

/// Those of both sides.
pub(crate) fn all() -> impl Iterator<Item = &'static Contest> + Clone {
    library::CONTESTS.iter().chain(package::CONTESTS)
}

/// Runs one contestant that is a function in this process.
pub(crate) fn run(contest: &str, name: &str, job: &Job) -> Outcome<()> {
    let contest = all().find(|c| c.name == contest).ok_or_else(|| format!("no contest {contest:?}"))?;
    let found = contest.contestants.iter().find(|c| c.name == name);
    let Some(Contestant { kind: Kind::Here(run), .. }) = found else {
        return Err(format!("no contestant {name:?} is a function").into());
    };
    system::take_core(job.core)?;
    end_at_last(job);
    run(job)
}

/// A contestant that waits for traffic would wait for ever if the driver were killed.
fn end_at_last(job: &Job) {
    let limit = job.time() + Duration::from_secs(10);
    thread::spawn(move || {
        thread::sleep(limit);
        eprintln!("error: no end after {} s", limit.as_secs());
        exit(1);
    });
}

#[cfg(test)]
mod tests {
    use super::super::contest::Bound;
    use super::*;

    #[test]
    fn goals_name_contestants_and_metrics() {
        for contest in all() {
            let is_there = |name| contest.contestants.iter().any(|c| c.name == name);
            for goal in contest.goals {
                let (Bound::Times(_, other) | Bound::Plus(_, other)) = goal.bound else { continue };
                assert!(is_there(goal.of) && is_there(other), "{}: {} and {other}", contest.name, goal.of);
            }
            let is_measured = |key| contest.metrics.iter().any(|metric| metric.key == key);
            assert!(contest.goals.iter().all(|goal| is_measured(goal.metric.key)), "{}", contest.name);
        }
    }

    #[test]
    fn names_are_names() {
        let mut names: Vec<_> = all().map(|contest| contest.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().count());
    }
}
