//! `unanswered_flows`: requests that the wire shows, and no answer to them.

use crate::findings::{FindingsInput, count_of};
use crate::model::{Finding, FlowRecord, Severity};
use crate::text::units::{count, counted};

/// How many flow numbers are named.
const NAMED: usize = 10;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let unanswered = || input.flows.iter().filter(|flow| unanswered(flow));
    let flows = count_of(unanswered());
    if flows == 0 {
        return None;
    }
    let named: Vec<u64> = unanswered().take(NAMED).map(|f| f.flow.0).collect();
    let numbers: Vec<String> = named.iter().map(u64::to_string).collect();
    let more = if flows > crate::findings::len(&named) {
        ", …"
    } else {
        ""
    };
    let message = format!(
        "{} carried a request that was not answered within the capture (flow {}{more}): follow \
         one in capture.pcap to see on which side it stopped.",
        if flows == 1 {
            counted(1, "flow", "flows")
        } else {
            format!("{} flows", count(flows))
        },
        numbers.join(", "),
    );
    Some(
        Finding::new("unanswered_flows", Severity::Warning, message)
            .with("flows", flows)
            .with("first", named),
    )
}

fn unanswered(flow: &FlowRecord) -> bool {
    flow.exchanges.iter().any(|e| e.response_ns.is_none())
}
