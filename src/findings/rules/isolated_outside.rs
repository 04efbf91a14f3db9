//! `isolated_outside`: a program of a run with a network of its own wanted something
//! outside of it.

use std::collections::BTreeMap;

use crate::activity::Activity;
use crate::findings::ending::{is_loopback, quoted};
use crate::findings::evidence::{says_any_of, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::{FindingsInput, Seen};
use crate::model::observation::Trouble;
use crate::model::{Endpoint, Severity, Side};
use crate::wording::isolated_outside;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program wanted something outside of the run's own network",
        severities: &[Severity::Warning, Severity::Info],
        means: "The run had a network of its own, so that it could be captured without a \
             privilege. Nothing leads out of it: the system answers connect(2) to an address \
             outside at once with ENETUNREACH, no server of names (DNS) is reached, and what \
             listens on this machine outside of the run is not there at 127.0.0.1. It was \
             seen in the program's calls, or what the program printed says so. Where the only \
             sign is that nobody listened at a port of the loopback interface, it is a note: \
             perhaps nobody does outside either.",
        look_at: "plan.isolated in run.json, the addresses in the evidence, and client.log or \
             server.log.",
        filter: None,
        to_do: "If the program needs them, use --isolate never: then capturing needs a \
             privilege (setcap, or root), or --no-capture.",
        evidence: &[
            ("side", "`client` or `server`"),
            ("attempts", "how often an address outside was tried"),
            ("targets", "where to, at most 10 of them"),
            (
                "refused",
                "where on the loopback interface nobody listened, at most 10 of them",
            ),
            (
                "printed",
                "the line of its output that says so; null: none, or its calls tell",
            ),
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
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(|side| of_side(&seen, side))
        .collect()
}

fn of_side(seen: &Seen<'_>, side: Side) -> Option<Conclusion> {
    let calls = traced(seen, side);
    let outside = calls.map(unreachable).unwrap_or_default();
    let refused = calls.map(|calls| refused(seen, calls)).unwrap_or_default();
    // What it printed is asked where its calls tell nothing.
    let printed = if outside.is_empty() {
        printed(seen, side)
    } else {
        None
    };
    let mut sentences = Vec::new();
    let attempts: u64 = outside.values().sum();
    let (outside, there) = (names(&outside), refused.values().sum());
    let refused = names(&refused);
    if attempts > 0 {
        let named = &outside[..outside.len().min(NAMED)];
        let more = outside.len() > NAMED;
        sentences.push(isolated_outside::tried(side, attempts, named, more));
    }
    if let Some(line) = printed {
        sentences.push(isolated_outside::printed(side, &quoted(line)));
    }
    let severity = if sentences.is_empty() {
        Severity::Info
    } else {
        Severity::Warning
    };
    if there > 0 {
        let named = &refused[..refused.len().min(NAMED)];
        let more = refused.len() > NAMED;
        sentences.push(isolated_outside::refused(side, there, named, more));
    }
    if sentences.is_empty() {
        return None;
    }
    sentences.push(isolated_outside::never());
    let kept = |all: Vec<String>| all.into_iter().take(KEPT).collect::<Vec<_>>();
    Some(
        says(sentences)
            .at(severity)
            .with("side", side.to_string())
            .with("attempts", attempts)
            .with("targets", kept(outside))
            .with("refused", kept(refused))
            .with("printed", printed.map(str::trim)),
    )
}

fn names(targets: &BTreeMap<Endpoint, u64>) -> Vec<String> {
    targets.keys().map(ToString::to_string).collect()
}

/// The addresses outside that it was told are unreachable, and how often.
fn unreachable(calls: &Activity) -> BTreeMap<Endpoint, u64> {
    let elsewhere = calls
        .elsewhere
        .iter()
        .map(|((t, errno), n)| (*t, *errno, *n));
    let to_the_port = calls.sockets.made.iter();
    let to_the_port = to_the_port.filter_map(|made| Some((made.target, made.errno?, 1)));
    let outside = |(target, errno, _): &(Endpoint, i32, u64)| {
        *errno == libc::ENETUNREACH && !is_loopback(target)
    };
    let mut targets: BTreeMap<Endpoint, u64> = BTreeMap::new();
    for (target, _, n) in elsewhere.chain(to_the_port).filter(outside) {
        *targets.entry(target).or_default() += n;
    }
    targets
}

/// The ports of the loopback interface, other than the server's, at which it found nobody
/// in the whole run, and how often.
fn refused(seen: &Seen<'_>, calls: &Activity) -> BTreeMap<Endpoint, u64> {
    let somebody = |target: &Endpoint| {
        let sides = [seen.client, seen.server].into_iter().flatten();
        let mut listening = sides.flat_map(|side| &side.listening);
        let mut answers = calls.elsewhere.keys();
        listening.any(|local| local.port == target.port)
            || answers.any(|(t, errno)| t == target && *errno != libc::ECONNREFUSED)
    };
    let refused = calls.elsewhere.iter().filter(|((target, errno), _)| {
        *errno == libc::ECONNREFUSED && is_loopback(target) && !somebody(target)
    });
    refused.map(|((target, _), n)| (*target, *n)).collect()
}

/// What it printed, as far as that is known, that says so.
fn printed<'a>(seen: &Seen<'a>, side: Side) -> Option<&'a str> {
    let output = seen.observation.side(side).output.as_ref();
    let lines = output.map(|o| [o.last_line.as_deref(), o.first.as_deref()]);
    let troubles = seen.observation.troubles.iter();
    let said = troubles.filter_map(|trouble| match trouble {
        Trouble::NotListening { said, .. } if side == Side::Server => said.as_deref(),
        _ => None,
    });
    let mut all = lines.into_iter().flatten().flatten().chain(said);
    all.find(|line| says_unreachable(line))
}

/// Whether a program's output says that a network or a name is not reached: as libraries
/// name, number or describe the errors of connect(2) and getaddrinfo(3).
fn says_unreachable(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "network is unreachable",
        "network unreachable",
        "enetunreach",
        "errno 101",
        "os error 101",
        "temporary failure in name resolution",
        "name or service not known",
        "eai_again",
        "getaddrinfo enotfound",
        "could not resolve host",
        "unknownhostexception",
        "no such host",
    ];
    says_any_of(line, &WORDS)
}
