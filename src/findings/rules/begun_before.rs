//! `begun_before`: connections that were there before they were watched.

use crate::findings::FindingsInput;
use crate::findings::evidence::{count_of, is_lossy};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{FlowRecord, Severity, Timestamp};
use crate::wording::begun_before;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Connections had begun before the watch",
        severities: &[Severity::Info],
        means: "A watch begins in the middle: some connections were there before it. Their \
             handshake is not in the capture, so how long it took, and often which thread made or \
             accepted them, is not known. They are not counted as begun and not as failed. What is \
             said on them during the watch is counted: in exchanges, and in the times of answers.",
        look_at: "flows.jsonl: `handshake` is null, or its SYN is older than the watch.",
        to_do: "Nothing. To see a connection from its beginning, begin the watch before the client.",
        filter: None,
        evidence: &[
            ("flows", "connections that had begun before"),
            ("requests", "requests that were seen on them"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let since = input.seen?.observation.watched_since()?;
    // What is missing may have been lost.
    if is_lossy(input) {
        return None;
    }
    let earlier = || input.flows.iter().filter(|flow| is_older(flow, since));
    let flows = count_of(earlier());
    let requests = earlier().map(FlowRecord::requests_seen).sum::<u64>();
    let sentence = begun_before::earlier(flows, requests);
    let conclusion = says(sentence)
        .with("flows", flows)
        .with("requests", requests);
    (flows > 0).then_some(conclusion)
}

fn is_older(flow: &FlowRecord, since: Timestamp) -> bool {
    flow.handshake.is_none_or(|h| h.syn_ns < since)
}
