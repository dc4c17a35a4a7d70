//! The driver: every contestant in every round, in an order that turns.

use super::child::Part;
use super::contests::{CONTESTS, Contest, Traffic};
use super::report::{self, Results};
use super::tally::Figures;
use super::{Job, Outcome, Plan};
use indicatif::{ProgressBar, ProgressStyle};
use std::net::SocketAddr;

pub(crate) fn drive(plan: &Plan) -> Outcome<()> {
    let contests = chosen(plan)?;
    let runs: usize = contests.iter().map(|contest| contest.contestants.len()).sum();
    let bar = progress(runs * plan.sizes.len() * plan.rounds());
    let mut results = Results::default();
    for round in 0..plan.rounds() {
        for &size in &plan.sizes {
            for contest in &contests {
                run_contest(plan, contest, size.into(), round, &bar, &mut results)?;
            }
        }
        say_round(&bar, round + 1, plan.rounds());
    }
    bar.finish_and_clear();
    report::write(plan, &contests, &results)
}

fn chosen(plan: &Plan) -> Outcome<Vec<&'static Contest>> {
    let wanted = plan.only.as_deref().unwrap_or_default();
    let contests: Vec<_> = CONTESTS.iter().filter(|contest| contest.name.contains(wanted)).collect();
    if contests.is_empty() {
        let names: Vec<_> = CONTESTS.iter().map(|contest| contest.name).collect();
        return Err(format!("no contest's name contains {wanted:?}; there are: {}", names.join("; ")).into());
    }
    Ok(contests)
}

fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(length as u64);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Where no terminal shows the bar, a line now and then does.
fn say_round(bar: &ProgressBar, round: usize, rounds: usize) {
    if bar.is_hidden() && (round.is_multiple_of(5) || round == rounds) {
        eprintln!("round {round} of {rounds} done, {:.0} s", bar.elapsed().as_secs_f64());
    }
}

fn run_contest(
    plan: &Plan,
    contest: &'static Contest,
    size: usize,
    round: usize,
    bar: &ProgressBar,
    results: &mut Results,
) -> Outcome<()> {
    let count = contest.contestants.len();
    for turn in 0..count {
        let contestant = &contest.contestants[(turn + round) % count];
        bar.set_message(format!("{}, {size} B: {}", contest.name, contestant.name));
        let run = Run { plan, contest: contest.name, contestant: contestant.name, size };
        let (figures, delivered) = run.once(contest.traffic)?;
        results.add(contest.name, contestant.name, size, figures, delivered);
        bar.inc(1);
    }
    Ok(())
}

/// One contestant, once.
struct Run<'a> {
    plan: &'a Plan,
    contest: &'static str,
    contestant: &'static str,
    size: usize,
}

impl Run<'_> {
    /// Its figures, and what share of what it sent arrived.
    fn once(&self, traffic: Traffic) -> Outcome<(Figures, Option<f64>)> {
        match traffic {
            Traffic::Flood => Ok((self.receive()?, None)),
            Traffic::Sink { peers, gro } => self.send(peers, gro).map(|(figures, share)| (figures, Some(share))),
        }
    }

    fn receive(&self) -> Outcome<Figures> {
        let contestant = self.start(Vec::new())?;
        let address = contestant.line()?.parse()?;
        let _flood = Part::start(&["flood"], &self.job(self.plan.traffic_core, vec![address]))?;
        self.figures(&contestant)
    }

    fn send(&self, peers: usize, gro: bool) -> Outcome<(Figures, f64)> {
        let (count, sink_job) = (peers.to_string(), self.job(self.plan.traffic_core, Vec::new()));
        let arguments: &[&str] = if gro { &["sink", "--gro", "--peers", &count] } else { &["sink", "--peers", &count] };
        let mut sink = Part::start(arguments, &sink_job)?;
        let addresses: Vec<SocketAddr> = (0..peers).map(|_| Ok(sink.line()?.parse()?)).collect::<Outcome<_>>()?;
        let contestant = self.start(addresses)?;
        let figures = self.figures(&contestant)?;
        sink.end_input();
        let arrived: u64 = sink.line()?.parse()?;
        Ok((figures, arrived as f64 / figures.in_all as f64))
    }

    fn start(&self, peers: Vec<SocketAddr>) -> Outcome<Part> {
        Part::start(&["contestant", self.contest, self.contestant], &self.job(self.plan.core, peers))
    }

    fn job(&self, core: usize, peers: Vec<SocketAddr>) -> Job {
        let milliseconds = self.plan.time().as_millis() as u64;
        Job { size: self.size, milliseconds, core, peers }
    }

    fn figures(&self, contestant: &Part) -> Outcome<Figures> {
        let line = contestant.line()?;
        Figures::from_line(&line).ok_or_else(|| format!("{}: not figures: {line}", self.contestant).into())
    }
}
