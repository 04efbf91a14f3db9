//! `isolated_outside`: a program of a run with a network of its own wanted to connect to
//! an address outside of it.

use std::collections::BTreeMap;

use crate::activity::Activity;
use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Endpoint, Severity, Side};
use crate::wording::isolated_outside;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program wanted to connect outside of the run's own network",
        severities: &[Severity::Warning],
        means: "The run had a network of its own, so that it could be captured without a \
             privilege. Nothing leads out of it: the system answered the program's connect(2) \
             to an address outside at once with ENETUNREACH.",
        look_at: "plan.isolated in run.json, and the addresses in the evidence.",
        filter: None,
        to_do: "If the program needs them, use --isolate never: then capturing needs a \
             privilege (setcap, or root), or --no-capture.",
        evidence: &[
            ("side", "`client` or `server`"),
            ("attempts", "how often it was tried"),
            ("targets", "where to, at most 10 of them"),
        ],
    },
    judge: Judge::Each(judge),
};

/// As many addresses as a sentence bears, and as many as the evidence holds.
const NAMED: usize = 3;
const KEPT: usize = 10;

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen.filter(|_| input.run.plan.isolated) else {
        return Vec::new();
    };
    [(Side::Client, seen.client), (Side::Server, seen.server)]
        .into_iter()
        .filter_map(|(side, activity)| of_side(side, activity?))
        .collect()
}

fn of_side(side: Side, activity: &Activity) -> Option<Conclusion> {
    let outside = |target: &Endpoint, errno: i32| {
        errno == libc::ENETUNREACH && !target.ip.to_canonical().is_loopback()
    };
    let mut targets: BTreeMap<Endpoint, u64> = BTreeMap::new();
    let elsewhere = activity
        .elsewhere
        .iter()
        .map(|((t, errno), n)| (*t, *errno, *n));
    let to_the_port = activity.sockets.made.iter();
    let to_the_port = to_the_port.filter_map(|made| Some((made.target, made.errno?, 1)));
    for (target, errno, n) in elsewhere.chain(to_the_port) {
        if outside(&target, errno) {
            *targets.entry(target).or_default() += n;
        }
    }
    let attempts: u64 = targets.values().sum();
    let all: Vec<String> = targets.keys().map(ToString::to_string).collect();
    let named = &all[..all.len().min(NAMED)];
    let sentences = vec![
        isolated_outside::tried(side, attempts, named, all.len() > NAMED),
        isolated_outside::never(),
    ];
    (attempts > 0).then(|| {
        says(sentences)
            .with("side", side.to_string())
            .with("attempts", attempts)
            .with("targets", all.into_iter().take(KEPT).collect::<Vec<_>>())
    })
}
