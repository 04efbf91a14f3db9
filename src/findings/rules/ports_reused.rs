//! `ports_reused`: one pair of endpoints carried more than one flow.

use crate::findings::FindingsInput;
use crate::findings::evidence::count_of;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::ports_reused;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Ports were used more than once",
        severities: &[Severity::Info],
        means: "Two or more connections had the same addresses and ports on both sides, one \
             after the other. The kernel may use an ephemeral port again when the \
             connection before has ended. threadtap tells them apart by their initial \
             sequence number.",
        look_at: "The flows with the same client address and port: their times do not overlap.",
        to_do: "Nothing has to be done. In Wireshark, use the number of the stream or the \
             time, not the port, to tell them apart.",
        filter: Some("tcp.analysis.reused_ports"),
        evidence: &[
            (
                "endpoint_pairs",
                "pairs of endpoints with more than one flow",
            ),
            ("flows", "flows of these pairs"),
            ("most_flows_of_a_pair", "the most flows of one pair"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    // A sorted list of places takes less than a map of all.
    let pair = |place: &usize| {
        let flow = &input.flows[*place];
        (flow.client, flow.server)
    };
    let mut places: Vec<usize> = (0..input.flows.len()).collect();
    places.sort_unstable_by_key(pair);
    let same = |a: &usize, b: &usize| pair(a) == pair(b);
    let uses = || places.chunk_by(same).map(|of| of.len() as u64);
    let reused = || uses().filter(|&n| n > 1);
    let pairs = count_of(reused());
    if pairs == 0 {
        return None;
    }
    let flows: u64 = reused().sum();
    let most = reused().max().unwrap_or(0);
    let sentence = ports_reused::again(pairs, flows, most);
    Some(
        says(sentence)
            .with("endpoint_pairs", pairs)
            .with("flows", flows)
            .with("most_flows_of_a_pair", most),
    )
}
