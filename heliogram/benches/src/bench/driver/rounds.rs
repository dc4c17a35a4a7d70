//! Runs every contestant in every round, in a rotating order.

use super::child::Part;
use super::dnsperf;
use crate::bench::contest::{Contest, Contestant, Kind, Traffic};
use crate::bench::job::{Job, Outcome};
use crate::bench::plan::{Plan, is_named};
use crate::bench::report::results::{Results, Sample, sample};
use crate::bench::{contests, report};
use indicatif::{ProgressBar, ProgressStyle};
use std::net::SocketAddr;
use std::time::Duration;

/// Time of a run that is not measured: processes start, warm up and end.
const AROUND_FUNCTION: Duration = Duration::from_millis(45);
const AROUND_SCRIPT: Duration = Duration::from_millis(580);

pub(crate) fn drive(plan: &Plan) -> Outcome<()> {
    let contests = chosen(plan)?;
    if plan.list {
        return list(&contests);
    }
    let mut driver = Driver { plan, results: Results::default(), bar: announce(plan, &contests) };
    for contest in &contests {
        driver.contest(contest);
    }
    driver.bar.finish_and_clear();
    report::write(plan, &contests, &driver.results)
}

fn chosen(plan: &Plan) -> Outcome<Vec<&'static Contest>> {
    let chosen: Vec<_> = contests::all().filter(|contest| plan.wants(contest)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = contests::all().map(|contest| contest.name).collect();
        return Err(format!("no such contest; there are: {}", names.join("; ")).into());
    }
    Ok(chosen)
}

fn list(contests: &[&Contest]) -> Outcome<()> {
    for contest in contests {
        let names: Vec<_> = contest.contestants.iter().map(|contestant| contestant.name).collect();
        println!("{}: {}", contest.name, names.join("; "));
    }
    Ok(())
}

/// The contestants of a contest that run.
fn participants(plan: &Plan, contest: &Contest) -> Vec<&'static Contestant> {
    let names = contest.contestants.iter().map(|contestant| contestant.name);
    let wanted = |name| plan.who.is_empty() || is_named(name, &plan.who, names.clone());
    let first = contest.contestants[0].name;
    contest.contestants.iter().filter(|contestant| contestant.name == first || wanted(contestant.name)).collect()
}

/// Prints how long it will take.
fn announce(plan: &Plan, contests: &[&Contest]) -> ProgressBar {
    let runs = contests.iter().map(|contest| runs(plan, contest)).sum::<usize>();
    let time: Duration = contests.iter().map(|contest| time_of(plan, contest) * runs_as_u32(plan, contest)).sum();
    eprintln!("{runs} runs, about {:.1} minutes", time.as_secs_f64() / 60.0);
    let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len}, {eta} left, {msg}");
    ProgressBar::new(runs as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn runs(plan: &Plan, contest: &Contest) -> usize {
    participants(plan, contest).len() * plan.sizes(contest).len() * plan.rounds(contest)
}

fn runs_as_u32(plan: &Plan, contest: &Contest) -> u32 {
    u32::try_from(runs(plan, contest)).unwrap_or(u32::MAX)
}

fn time_of(plan: &Plan, contest: &Contest) -> Duration {
    let around = match contest.contestants[0].kind {
        Kind::Here(_) => AROUND_FUNCTION,
        Kind::Script(_) => AROUND_SCRIPT,
    };
    plan.time(contest) + around
}

struct Driver<'a> {
    plan: &'a Plan,
    results: Results,
    bar: ProgressBar,
}

impl Driver<'_> {
    fn contest(&mut self, contest: &'static Contest) {
        // Where no terminal shows the bar, a line does.
        if self.bar.is_hidden() {
            eprintln!("{:5.0} s: {}", self.bar.elapsed().as_secs_f64(), contest.name);
        }
        for round in 0..self.plan.rounds(contest) {
            for size in self.plan.sizes(contest) {
                self.round(contest, size, round);
            }
        }
    }

    fn round(&mut self, contest: &'static Contest, size: usize, round: usize) {
        let mut participants = participants(self.plan, contest);
        let count = participants.len();
        participants.rotate_left(round % count);
        for contestant in participants {
            self.bar.set_message(format!("{}, {size} B: {}", contest.name, contestant.name));
            if !self.results.is_absent(contest, contestant.name) {
                let run = Run { plan: self.plan, contest, contestant, size };
                // Other work on the machine may disturb one run, so it fails only if it fails twice.
                match run.once().or_else(|_| run.once()) {
                    Ok(sample) => self.results.add(contest, contestant.name, size, sample),
                    Err(error) => self.results.give_up(contest, contestant.name, error.to_string()),
                }
            }
            self.bar.inc(1);
        }
    }
}

/// One contestant, once.
struct Run<'a> {
    plan: &'a Plan,
    contest: &'static Contest,
    contestant: &'static Contestant,
    size: usize,
}

impl Run<'_> {
    fn once(&self) -> Outcome<Sample> {
        match self.contest.traffic {
            Traffic::Flood => self.receive(&["flood"]),
            Traffic::Singles => self.receive(&["flood", "--singles"]),
            Traffic::Paced(rate) => self.receive(&["flood", "--rate", &rate.to_string()]),
            Traffic::Clients { clients, under_way } => {
                let [clients, under_way] = [clients, under_way].map(|number| number.to_string());
                self.receive(&["clients", "--clients", &clients, "--under-way", &under_way])
            }
            Traffic::Dnsperf(clients) => self.queries(clients),
            Traffic::Sink { peers, gro } => self.send(peers, gro),
            Traffic::Echo => self.exchange(Part::start(&["echo"], &self.job(self.plan.traffic_core, Vec::new()))?),
            Traffic::EchoAlike => self.exchange(self.start(&["echo"], self.plan.traffic_core, Vec::new())?),
            Traffic::Nothing => sample(&self.contestant(Vec::new())?.line()?),
        }
    }

    fn receive(&self, traffic: &[&str]) -> Outcome<Sample> {
        let contestant = self.contestant(Vec::new())?;
        let address = contestant.line()?.parse()?;
        let _flood = Part::start(traffic, &self.job(self.plan.traffic_core, vec![address]))?;
        sample(&contestant.line()?)
    }

    fn queries(&self, clients: usize) -> Outcome<Sample> {
        let contestant = self.contestant(Vec::new())?;
        dnsperf::ask(contestant.line()?.parse()?, clients, self.plan.traffic_core, self.plan.time(self.contest))
    }

    fn send(&self, peers: usize, gro: bool) -> Outcome<Sample> {
        let (count, sink_job) = (peers.to_string(), self.job(self.plan.traffic_core, Vec::new()));
        let arguments: &[&str] = if gro { &["sink", "--gro", "--peers", &count] } else { &["sink", "--peers", &count] };
        let mut sink = Part::start(arguments, &sink_job)?;
        let addresses: Vec<SocketAddr> = (0..peers).map(|_| Ok(sink.line()?.parse()?)).collect::<Outcome<_>>()?;
        let contestant = self.contestant(addresses)?;
        let mut sample = sample(&contestant.line()?)?;
        sink.end_input();
        let arrived: f64 = sink.line()?.parse()?;
        let sent = sample.get("in_all").ok_or("it does not say what it sent")?;
        sample.insert("arrived".into(), arrived / sent);
        Ok(sample)
    }

    fn exchange(&self, echo: Part) -> Outcome<Sample> {
        let address = echo.line()?.parse()?;
        sample(&self.contestant(vec![address])?.line()?)
    }

    fn contestant(&self, peers: Vec<SocketAddr>) -> Outcome<Part> {
        self.start(self.contest.role, self.plan.core, peers)
    }

    /// The contestant; a script in a role.
    fn start(&self, role: &[&str], core: usize, peers: Vec<SocketAddr>) -> Outcome<Part> {
        let job = self.job(core, peers);
        match &self.contestant.kind {
            Kind::Here(_) => Part::start(&["contestant", self.contest.name, self.contestant.name], &job),
            Kind::Script(script) => Part::start_program(script.command(&self.plan.runtimes, core, role)?, &job),
        }
    }

    fn job(&self, core: usize, peers: Vec<SocketAddr>) -> Job {
        let milliseconds = self.plan.time(self.contest).as_millis() as u64;
        Job { size: self.size, milliseconds, core, peers }
    }
}
