//! `ports_reused`: one pair of endpoints carried more than one flow.

use std::collections::HashMap;

use crate::findings::{FindingsInput, count_of};
use crate::model::{Endpoint, Finding, Severity};
use crate::text::units::{count, counted};

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let mut uses: HashMap<(Endpoint, Endpoint), u64> = HashMap::new();
    for flow in input.flows {
        *uses.entry((flow.client, flow.server)).or_default() += 1;
    }
    let reused = || uses.values().filter(|&&n| n > 1);
    let pairs = count_of(reused());
    if pairs == 0 {
        return None;
    }
    let flows: u64 = reused().sum();
    let most = reused().max().copied().unwrap_or(0);
    let message = format!(
        "{} of client and server carried {} flows, at most {} each: ports were used again, so \
         tell flows apart by number and time, not by port.",
        counted(pairs, "pair of endpoints", "pairs of endpoints"),
        count(flows),
        count(most),
    );
    Some(
        Finding::new("ports_reused", Severity::Info, message)
            .with("endpoint_pairs", pairs)
            .with("flows", flows)
            .with("most_flows_of_a_pair", most),
    )
}
