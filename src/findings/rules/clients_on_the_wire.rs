//! `clients_on_the_wire`: clients of a watch that were seen on the wire only.

use crate::findings::FindingsInput;
use crate::findings::beside::made_beside_the_tap;
use crate::findings::evidence::{count_of, has_blind_spots};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::AskedClient;
use crate::model::{Severity, Side};
use crate::wording::clients_on_the_wire;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Clients were seen on the wire only",
        severities: &[Severity::Info],
        means: "A watch knows the server, for it listens on the port, and one client, where its \
             process is named with --pid. Of all others it has the frames: when they connected, \
             what they asked and how long the answer took, but not which program, process or thread \
             they are.",
        look_at: "The address and port of a client in flows.jsonl; `ss -tnp` shows its process while \
             it is connected.",
        to_do: "Name the client's process with --pid PID.",
        filter: None,
        evidence: &[(
            "flows",
            "flows of other clients than the watched one; null: no client was watched",
        )],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let seen = input.seen?;
    let AskedClient::Existing { attached } = seen.observation.header.asked.client else {
        return None;
    };
    if !attached {
        // Where none of them passed the tap they were not seen there either.
        if input.flows.is_empty() && made_beside_the_tap(input).is_some() {
            return None;
        }
        let none: Option<u64> = None;
        return Some(says(clients_on_the_wire::all()).with("flows", none));
    }
    let client = seen.observation.client.started.as_ref()?;
    let flows = input.run.correlation.flows?;
    if seen.client.is_none() {
        let none: Option<u64> = None;
        let sentence = clients_on_the_wire::sampled(client.root.0.into());
        return Some(says(sentence).with("flows", none));
    }
    // What it did unseen is nobody else's.
    if has_blind_spots(input, Side::Client) {
        return None;
    }
    let since = seen.observation.watched_since()?;
    let earlier = seen.observation.begun_before_the_watch();
    // What had ended before may have been the client's.
    let others = input.flows.iter().filter(|flow| {
        let there = flow.last_ns >= since;
        there && flow.client_owner.is_none() && !earlier.contains(&flow.client)
    });
    let others = count_of(others);
    let sentence = clients_on_the_wire::others(others, flows);
    (others > 0).then(|| says(sentence).with("flows", others))
}
