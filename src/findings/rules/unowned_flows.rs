//! `unowned_flows`: flows with nobody behind one of their ends.

use crate::findings::{FindingsInput, count_of};
use crate::model::{Finding, FlowRecord, Provenance, ServerKind, Severity, Side};
use crate::text::units::{count, counted};

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Vec<Finding> {
    let correlation = &input.run.correlation;
    let Some(flows) = correlation.flows.filter(|&flows| flows > 0) else {
        return Vec::new();
    };
    let client = correlation.client_owned.and_then(|owned| {
        let unowned = flows.checked_sub(owned).filter(|&n| n > 0)?;
        Some(finding(
            Side::Client,
            Severity::Warning,
            "worker",
            (flows, owned, unowned),
            client_reason(input),
        ))
    });
    let existing = input.run.plan.server == ServerKind::Existing;
    // Of a server that already ran this is to be expected, but not obvious.
    let known = match correlation.server_owned {
        None if existing => Some(0),
        owned => owned,
    };
    // A SYN that nobody answered, or with a reset, has reached no thread.
    let reached = |f: &&FlowRecord| match (&f.server_owner, &f.handshake) {
        (None, Some(handshake)) => handshake.syn_ack_ns.is_some(),
        _ => true,
    };
    let opened = flows.min(count_of(input.flows.iter().filter(reached)));
    let traced = input.run.census.server.provenance == Some(Provenance::Traced);
    let server = known.and_then(|owned| {
        let unowned = opened.checked_sub(owned).filter(|&n| n > 0)?;
        let (severity, reason) = if existing && traced {
            (
                Severity::Info,
                "another process than the one that was attached to took them, or it did so \
                 before; attach to the server's first process, the parent of all",
            )
        } else if existing {
            (
                Severity::Info,
                "it ran already, and of its process only /proc can be sampled, which does not \
                 say which thread took which connection; let threadtap start the server to \
                 know",
            )
        } else {
            (
                Severity::Warning,
                "no thread of the server reported them; check that nothing else listens on \
                 this port",
            )
        };
        let figures = (opened, owned, unowned);
        Some(finding(Side::Server, severity, "thread", figures, reason))
    });
    client.into_iter().chain(server).collect()
}

fn client_reason(input: &FindingsInput<'_>) -> &'static str {
    if input.was_cut_short() {
        "the run was cut short before they could leave a record"
    } else if input.run.plan.joined == Some(false) {
        "the client ended before they could leave a record; join them before it ends"
    } else if input.run.plan.strategy.is_none() {
        "the client's program did not show which of its threads opened them"
    } else {
        "no worker reported them; check that no other program talks to this port meanwhile"
    }
}

fn finding(
    side: Side,
    severity: Severity,
    who: &str,
    (flows, owned, unowned): (u64, u64, u64),
    reason: &str,
) -> Finding {
    let message = format!(
        "The {side}'s {who} is not known for {} of {}: {reason}.",
        count(unowned),
        counted(flows, "flow", "flows"),
    );
    Finding::new("unowned_flows", severity, message)
        .with("side", side.to_string())
        .with("flows", flows)
        .with("owned", owned)
        .with("unowned", unowned)
}
