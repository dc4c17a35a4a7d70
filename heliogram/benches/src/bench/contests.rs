//! Who runs against whom, and what must come of it.

use super::{Job, Outcome, faces, raw, receive, send};

/// Contestants that do the same work in different ways.
pub(crate) struct Contest {
    pub(crate) name: &'static str,
    pub(crate) traffic: Traffic,
    /// The first is what the others are compared with.
    pub(crate) contestants: &'static [Contestant],
    pub(crate) goals: &'static [Goal],
}

pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    run: fn(&Job) -> Outcome<()>,
}

/// What runs on the other core.
#[derive(Clone, Copy)]
pub(crate) enum Traffic {
    Flood,
    Sink { peers: usize, gro: bool },
}

/// The least that one contestant must do, as a share of another's packets per CPU second.
pub(crate) struct Goal {
    pub(crate) of: &'static str,
    pub(crate) against: &'static str,
    pub(crate) at_least: f64,
    /// For datagrams of at most so many bytes. Of large ones the kernel's copying is all that counts.
    pub(crate) up_to: usize,
}

const fn contestant(name: &'static str, run: fn(&Job) -> Outcome<()>) -> Contestant {
    Contestant { name, run }
}

const fn goal(of: &'static str, against: &'static str, at_least: f64) -> Goal {
    Goal { of, against, at_least, up_to: usize::MAX }
}

const fn goal_up_to(up_to: usize, of: &'static str, against: &'static str, at_least: f64) -> Goal {
    Goal { of, against, at_least, up_to }
}

/// A receiver that nobody tuned, and one that takes trains as they come.
const PLAIN: Traffic = Traffic::Sink { peers: 1, gro: false };
const TRAINS: Traffic = Traffic::Sink { peers: 1, gro: true };
const MANY: Traffic = Traffic::Sink { peers: 16, gro: false };

pub(crate) const CONTESTS: &[Contest] = &[
    Contest {
        name: "receive, one by one",
        traffic: Traffic::Flood,
        contestants: &[
            contestant("bare recvmmsg", receive::bare),
            contestant("heliogram recv_batch", receive::batch),
            contestant("heliogram events", faces::events),
        ],
        goals: &[goal("heliogram recv_batch", "bare recvmmsg", 0.97), goal("heliogram events", "bare recvmmsg", 0.90)],
    },
    Contest {
        name: "receive, trains",
        traffic: Traffic::Flood,
        contestants: &[
            contestant("bare recvmmsg + UDP_GRO", receive::bare_gro),
            contestant("heliogram recv_batch, trains", receive::trains),
            contestant("quinn-udp", receive::quinn),
            contestant("heliogram events, trains", faces::events_trains),
        ],
        goals: &[
            goal("heliogram recv_batch, trains", "bare recvmmsg + UDP_GRO", 0.95),
            goal("heliogram recv_batch, trains", "quinn-udp", 1.0),
        ],
    },
    Contest {
        name: "receive, tokio",
        traffic: Traffic::Flood,
        contestants: &[
            contestant("tokio::net recv_from", faces::tokio_net_recv),
            contestant("bare recvmmsg", receive::bare),
            contestant("heliogram::tokio recv", faces::tokio_recv),
            contestant("heliogram::tokio recv_batch", faces::tokio_recv_batch),
            contestant("heliogram::tokio messages, trains", faces::tokio_messages),
            contestant("heliogram::tokio recv_batch, trains", faces::tokio_trains),
        ],
        goals: &[
            goal("heliogram::tokio recv_batch", "tokio::net recv_from", 1.15),
            goal("heliogram::tokio messages, trains", "tokio::net recv_from", 1.15),
            // At 1400 bytes the bare UDP_GRO loop itself does not do 15 times as much.
            goal_up_to(512, "heliogram::tokio recv_batch, trains", "tokio::net recv_from", 15.0),
        ],
    },
    Contest {
        name: "send to one peer",
        traffic: PLAIN,
        contestants: &[
            contestant("bare UDP_SEGMENT", send::bare_segment),
            contestant("heliogram send_batch", send::batch_to_one),
            contestant("quinn-udp", send::quinn),
        ],
        goals: &[goal("heliogram send_batch", "bare UDP_SEGMENT", 0.97)],
    },
    Contest {
        name: "send to one peer that takes trains",
        traffic: TRAINS,
        contestants: &[
            contestant("bare UDP_SEGMENT", send::bare_segment),
            contestant("heliogram send_batch", send::batch_to_one),
            contestant("quinn-udp", send::quinn),
        ],
        goals: &[],
    },
    Contest {
        name: "send to many peers",
        traffic: MANY,
        contestants: &[
            contestant("bare sendmmsg", send::bare_sendmmsg),
            contestant("heliogram send_batch", send::batch_to_many),
        ],
        goals: &[goal("heliogram send_batch", "bare sendmmsg", 0.97)],
    },
    Contest {
        name: "send, tokio",
        traffic: TRAINS,
        contestants: &[
            contestant("tokio::net send_to", faces::tokio_net_send),
            contestant("heliogram::tokio send_to", faces::tokio_send),
            contestant("heliogram::tokio send_batch", faces::tokio_send_batch),
        ],
        goals: &[],
    },
];

/// Runs one contestant in this process.
pub(crate) fn run(contest: &str, name: &str, job: &Job) -> Outcome<()> {
    let contest = CONTESTS.iter().find(|c| c.name == contest).ok_or_else(|| format!("no contest {contest:?}"))?;
    let found = contest.contestants.iter().find(|c| c.name == name);
    let contestant = found.ok_or_else(|| format!("no contestant {name:?}"))?;
    raw::take_core(job.core)?;
    (contestant.run)(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_name_contestants() {
        for contest in CONTESTS {
            let is_there = |name| contest.contestants.iter().any(|c| c.name == name);
            assert!(contest.goals.iter().all(|goal| is_there(goal.of) && is_there(goal.against)), "{}", contest.name);
        }
    }
}
