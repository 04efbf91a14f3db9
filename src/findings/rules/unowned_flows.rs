//! `unowned_flows`: flows with nobody behind one of their ends.

use crate::findings::FindingsInput;
use crate::findings::evidence::{
    clock_was_set, count_of, early_end_of_server, has_blind_spots, is_lossy, was_cut_short,
};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::is_stuck_in_the_queue;
use crate::model::observation::AskedServer;
use crate::model::{Close, FlowRecord, Phrase, Provenance, ServerKind, Severity, Side};
use crate::wording::unowned_flows;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Flows without a known owner",
        severities: &[Severity::Warning, Severity::Info],
        means: "For some flows threadtap cannot say which worker of the client opened them, \
             or which thread of the server accepted them. It is only information where \
             the server was running before threadtap started, because then that cannot be \
             known.",
        look_at: "The reason in the message; client_owner and server_owner in flows.jsonl, \
             null where the owner is not known.",
        to_do: "Let threadtap start the server (--server-cmd), or attach to its first \
             process. For connections that waited in the accept queue: raise the backlog of \
             listen(2), or accept each one as soon as it is there.",
        filter: Some("tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        evidence: &[
            ("side", "`client` or `server`"),
            ("flows", "flows that could have an owner"),
            ("owned", "flows whose owner is known"),
            ("unowned", "flows whose owner is not known"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    if is_lossy(input) || clock_was_set(input) {
        return Vec::new();
    }
    let correlation = &input.run.correlation;
    let Some(flows) = correlation.flows.filter(|&flows| flows > 0) else {
        return Vec::new();
    };
    // Of a watched client the others on its port have a finding of their own.
    let client = correlation.client_owned.filter(|_| !input.run.plan.watched);
    let client = client.and_then(|owned| {
        let unowned = flows.checked_sub(owned).filter(|&n| n > 0)?;
        Some(conclusion(
            Side::Client,
            Severity::Warning,
            (flows, owned, unowned),
            with_earlier(input, Side::Client, unowned, client_reason(input)),
        ))
    });
    let existing = input.run.plan.server == ServerKind::Existing;
    // Of a server that already ran this is to be expected, but not obvious.
    let known = match correlation.server_owned {
        None if existing => Some(0),
        owned => owned,
    };
    // What a watch found there has a finding of its own, and what was on its way at its
    // end may be accepted yet.
    let since = input.seen.and_then(|seen| seen.observation.watched_since());
    let in_question = |f: &&FlowRecord| {
        since.is_none_or(|since| {
            let begun = f.handshake.is_some_and(|h| h.syn_ns >= since);
            let pending = f.close == Close::Open && f.server_payload_bytes == 0;
            begun && (!pending || f.server_owner.is_some())
        })
    };
    let asked = || input.flows.iter().filter(in_question);
    let known = match since {
        Some(_) => known.map(|_| count_of(asked().filter(|f| f.server_owner.is_some()))),
        None => known,
    };
    // A SYN that nobody answered, or with a reset, has reached no thread.
    let reached = |f: &&FlowRecord| match (&f.server_owner, &f.handshake) {
        (None, Some(handshake)) => handshake.syn_ack_ns.is_some(),
        _ => true,
    };
    // Those that were never accepted have a finding of their own.
    let stuck = |f: &&FlowRecord| is_stuck_in_the_queue(input, f);
    let stuck = count_of(input.flows.iter().filter(stuck));
    let opened = flows.min(count_of(asked().filter(reached)));
    let opened = opened.saturating_sub(stuck);
    let traced = input.run.census.server.provenance == Some(Provenance::Traced);
    let server = known.and_then(|owned| {
        let unowned = opened.checked_sub(owned).filter(|&n| n > 0)?;
        let (severity, reason) = if existing && traced {
            (Severity::Info, unowned_flows::ran_before_attached())
        } else if existing && input.run.census.server.provenance.is_none() {
            let reason = if was_left_alone(input) {
                unowned_flows::ran_left_alone()
            } else if input.run.census.system.provenance.is_none() {
                // Who samples nothing (--no-sampling) has not looked for it.
                unowned_flows::ran_unobserved()
            } else {
                unowned_flows::ran_elsewhere()
            };
            (Severity::Info, reason)
        } else if existing {
            (Severity::Info, unowned_flows::ran_before())
        } else {
            of_the_server_run(input)
        };
        let figures = (opened, owned, unowned);
        let reason = match since {
            Some(_) => reason,
            None => with_earlier(input, Side::Server, unowned, reason),
        };
        Some(conclusion(Side::Server, severity, figures, reason))
    });
    let unless_told = |of, found: Option<Conclusion>| found.filter(|_| !has_blind_spots(input, of));
    unless_told(Side::Client, client)
        .into_iter()
        .chain(unless_told(Side::Server, server))
        .collect()
}

/// Whether the process of a server was named: then nobody has observed it because nobody was
/// to.
fn was_left_alone(input: &FindingsInput<'_>) -> bool {
    input.seen.is_some_and(|seen| {
        seen.observation.header.asked.server == AskedServer::Existing { attached: true }
    })
}

/// Why nobody of a server that belongs to the run has accepted the rest.
fn of_the_server_run(input: &FindingsInput<'_>) -> (Severity, Phrase) {
    let ended = input.seen.and_then(|seen| early_end_of_server(&seen));
    let mut flows = input.flows.iter();
    let served =
        |f: &FlowRecord| f.is_answered() && f.server_owner.is_none() && f.server_payload_bytes > 0;
    let reason = if flows.any(served) {
        // Data came on one that no thread of it had accepted.
        unowned_flows::answered()
    } else if ended.is_some() {
        unowned_flows::server_ended()
    } else {
        unowned_flows::queued()
    };
    (Severity::Warning, reason)
}

fn client_reason(input: &FindingsInput<'_>) -> Phrase {
    if was_cut_short(input) {
        unowned_flows::cut_short()
    } else if input.run.plan.joined == Some(false) {
        unowned_flows::not_joined()
    } else if input.run.plan.strategy.is_none() {
        unowned_flows::not_seen()
    } else {
        unowned_flows::not_reported()
    }
}

/// A reason why `unowned` flows have no owner. Those without a SYN are told apart: what
/// holds of the others need not hold of them.
fn with_earlier(input: &FindingsInput<'_>, side: Side, unowned: u64, reason: Phrase) -> Phrase {
    let earlier = |f: &&FlowRecord| f.handshake.is_none() && f.is_nobodys(side);
    match count_of(input.flows.iter().filter(earlier)) {
        0 => reason,
        n if n >= unowned => unowned_flows::earlier(),
        n => unowned_flows::some_earlier(reason, n),
    }
}

fn conclusion(
    side: Side,
    severity: Severity,
    (flows, owned, unowned): (u64, u64, u64),
    reason: Phrase,
) -> Conclusion {
    let sentence = match side {
        Side::Client => unowned_flows::client(unowned, flows, reason),
        Side::Server => unowned_flows::server(unowned, flows, reason),
    };
    says(sentence)
        .at(severity)
        .with("side", side.to_string())
        .with("flows", flows)
        .with("owned", owned)
        .with("unowned", unowned)
}
