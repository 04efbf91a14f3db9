//! What several rules ask of the flows.

use super::FindingsInput;
use super::evidence::{count_of, is_never_accepted, tells_acceptances};
use crate::model::{Close, FlowRecord};

/// How many flows there are, where the SYN of each is in the capture more than once
/// within a time in which none is sent again.
pub(super) fn captured_twice(input: &FindingsInput<'_>) -> Option<u64> {
    let flows = || input.flows.iter().filter(|f| f.handshake.is_some());
    let twice = |flow: &FlowRecord| {
        let whole = flow.handshake.is_some_and(|h| h.duration().is_some());
        whole && flow.syn_retransmissions() > 0 && flow.syns_sent_again() == 0
    };
    // One alone may have been sent twice by the network.
    let all = count_of(flows());
    (all > 1 && flows().all(twice)).then_some(all)
}

/// Whether a connection was established for the client, and no thread of the server
/// accepted it, as far as all are told.
pub(super) fn is_stuck_in_the_queue(input: &FindingsInput<'_>, flow: &FlowRecord) -> bool {
    flow.is_established() && is_never_accepted(flow) && tells_acceptances(input)
}

/// How an answer of TIME came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// In how many segments.
    pub segments: u16,
    /// Whether one of them carried bytes of another answer, too.
    pub coalesced: bool,
}

/// The answers of TIME that were captured whole, on flows on which the server sent
/// nothing again and nothing out of order: there the segments of the capture are those
/// that the client's system got.
pub(super) fn time_answers<'a>(
    input: &FindingsInput<'a>,
) -> impl Iterator<Item = (&'a FlowRecord, Arrival)> {
    let steady =
        |flow: &&FlowRecord| flow.server_retransmissions == 0 && flow.server_out_of_order == 0;
    let flows = input.flows.iter().filter(steady);
    flows.flat_map(|flow| {
        let whole = flow.exchanges.iter().filter_map(|e| {
            // Only of TIME is it known where an answer ends.
            e.valid?;
            Some(Arrival {
                segments: e.response_segments?.get(),
                coalesced: e.response_coalesced?,
            })
        });
        whole.map(move |arrival| (flow, arrival))
    })
}

/// How many connections each side closed first, of those that both closed with FIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClosedFirst {
    pub client: u64,
    pub server: u64,
}

/// Who closed first. Where both did at the same moment nobody is counted.
pub(super) fn closed_first<'a>(flows: impl IntoIterator<Item = &'a FlowRecord>) -> ClosedFirst {
    let mut first = ClosedFirst::default();
    for flow in flows {
        let (Close::Fin, Some(client), Some(server)) =
            (flow.close, flow.client_closed_ns, flow.server_closed_ns)
        else {
            continue;
        };
        first.client += u64::from(client < server);
        first.server += u64::from(server < client);
    }
    first
}
