//! Which flows are kept in `flows.jsonl`, where not all are to be (`--flows`).

use std::cmp::Reverse;

use crate::census::Open;
use crate::model::{ConnState, Correlation, Exchange, FlowChoice, FlowRecord, FlowsKept, Nanos};

/// The flows to keep, by their places, in their order; `None`: all.
#[must_use]
pub fn kept(
    flows: &[FlowRecord],
    choice: FlowChoice,
    correlation: &Correlation,
) -> Option<Vec<usize>> {
    let has_problem = |flow: &FlowRecord| has_problem(flow, correlation);
    match choice {
        FlowChoice::All => None,
        FlowChoice::Problems => Some(
            (0..flows.len())
                .filter(|&f| has_problem(&flows[f]))
                .collect(),
        ),
        FlowChoice::Most(most) => {
            let most = usize::try_from(most.get()).unwrap_or(usize::MAX);
            let rank = |&f: &usize| {
                let flow = &flows[f];
                (Reverse((has_problem(flow), longest(flow))), f)
            };
            let mut places: Vec<usize> = (0..flows.len()).collect();
            places.sort_by_cached_key(rank);
            places.truncate(most);
            places.sort_unstable();
            Some(places)
        }
    }
}

/// What the record says of that; `None` where all are kept.
pub(super) fn told(
    flows: &[FlowRecord],
    choice: FlowChoice,
    correlation: &Correlation,
) -> Option<FlowsKept> {
    let kept = kept(flows, choice, correlation)?.len();
    let mut open = Open::default();
    for flow in flows {
        open.add(flow.first_ns, flow.last_ns);
    }
    Some(FlowsKept {
        rule: choice,
        seen: flows.len() as u64,
        kept: kept as u64,
        peak_open: open.peak(),
        syn_retransmissions: flows.iter().map(FlowRecord::syn_retransmissions).sum(),
    })
}

/// Whether something of a flow did not go as it should: it was not made, not answered,
/// not answered rightly, or not closed; a segment was sent again or out of order, or a
/// window was closed; not all of it is known, or not who was behind it though that is
/// known of others.
fn has_problem(flow: &FlowRecord, correlation: &Correlation) -> bool {
    let made = flow.state == ConnState::SF && flow.handshake.is_some();
    let in_order = [
        flow.syn_retransmissions(),
        flow.client_retransmissions,
        flow.server_retransmissions,
        flow.client_out_of_order,
        flow.server_out_of_order,
        flow.client_zero_windows,
        flow.server_zero_windows,
    ];
    let went_well = |exchange: &Exchange| {
        exchange.problem.is_none()
            && exchange.response_ns.is_some()
            && exchange.valid != Some(false)
    };
    let owned = |owners: Option<u64>, owned: bool| owned || owners.unwrap_or(0) == 0;
    !(made
        && in_order.iter().all(|n| *n == 0)
        && !flow.exchanges.is_empty()
        && flow.exchanges.iter().all(went_well)
        && flow.incomplete.is_empty()
        && owned(correlation.client_owned, flow.client_owner.is_some())
        && owned(correlation.server_owned, flow.server_owner.is_some()))
}

/// The longest that something on it took: an answer, or where there was none, the flow.
fn longest(flow: &FlowRecord) -> Nanos {
    let answers = flow.exchanges.iter().filter_map(Exchange::duration);
    let lasted = || flow.last_ns.since(flow.first_ns);
    answers.max().unwrap_or_else(lasted)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::model::{ClientOwner, Endpoint, Pid, Tid, WorkerId};
    use crate::model::{Close, FlowId, FlowLine, Handshake, Provenance, ServerOwner, Timestamp};

    fn at(us: i64) -> Timestamp {
        Timestamp::from_nanos(us * 1000)
    }

    /// One in which all went well, with an answer after so many microseconds.
    fn flow(number: u64, took: i64) -> FlowRecord {
        let from = i64::try_from(number).unwrap() * 1000;
        let value = serde_json::json!({
            "flow": number,
            "client": {"ip": "127.0.0.1", "port": 40000 + number},
            "server": {"ip": "127.0.0.1", "port": 45000},
            "first_ns": from * 1000, "last_ns": (from + took + 20) * 1000,
            "client_frames": 5, "server_frames": 5,
            "client_wire_bytes": 300, "server_wire_bytes": 300,
            "client_payload_bytes": 6, "server_payload_bytes": 14,
            "client_stream_bytes": 6, "server_stream_bytes": 14,
            "client_retransmissions": 0, "server_retransmissions": 0,
            "state": "SF", "history": "ShADadFf",
            "handshake": null, "close": "fin", "exchanges": [],
            "client_owner": null, "server_owner": null
        });
        let mut flow: FlowRecord = serde_json::from_value::<FlowLine>(value).unwrap().into();
        flow.handshake = Some(Handshake {
            syn_ns: at(from),
            syn_ack_ns: Some(at(from + 1)),
            ack_ns: Some(at(from + 2)),
            syn_count: 1,
        });
        flow.exchanges = vec![Exchange {
            request_ns: at(from + 3),
            request_seq: None,
            response_ns: Some(at(from + 3 + took)),
            answer: None,
            valid: Some(true),
            problem: None,
            response_segments: Option::default(),
            response_coalesced: Option::default(),
            serve_pid: None,
            serve_tid: None,
        }]
        .into();
        flow.client_owner = Some(ClientOwner {
            worker: WorkerId(0),
            pid: Pid(1),
            tid: Tid(1),
            provenance: Provenance::Instrumented,
        });
        flow.server_owner = Some(ServerOwner {
            pid: Pid(2),
            accept_tid: Some(Tid(2)),
            serve_tid: Some(Tid(2)),
            send_tid: None,
            provenance: Provenance::Instrumented,
        });
        flow
    }

    const OWNED: Correlation = Correlation {
        flows: Some(5),
        client_owned: Some(4),
        server_owned: Some(4),
    };

    #[test]
    fn whatever_did_not_go_as_it_should_is_a_problem() {
        assert!(!has_problem(&flow(0, 5), &OWNED));
        let changes: [fn(&mut FlowRecord); 14] = [
            |f| f.state = ConnState::S1,
            |f| f.handshake = None,
            |f| f.handshake.as_mut().unwrap().syn_count = 2,
            |f| f.client_retransmissions = 1,
            |f| f.server_retransmissions = 1,
            |f| f.client_out_of_order = 1,
            |f| f.server_zero_windows = 1,
            |f| f.exchanges.clear(),
            |f| f.exchanges[0].response_ns = None,
            |f| f.exchanges[0].valid = Some(false),
            |f| f.exchanges[0].problem = Some("odd".into()),
            |f| f.incomplete.push(crate::model::Incomplete::Evicted),
            |f| f.client_owner = None,
            |f| f.server_owner = None,
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut flow = flow(0, 5);
            change(&mut flow);
            assert!(has_problem(&flow, &OWNED), "change {at}");
        }
        // Where nobody's owners are known that is none of a flow's.
        let mut unknown = flow(0, 5);
        (unknown.client_owner, unknown.server_owner) = (None, None);
        assert!(!has_problem(&unknown, &Correlation::default()));
        // Another protocol's answers cannot be judged.
        unknown.exchanges[0].valid = None;
        assert!(!has_problem(&unknown, &Correlation::default()));
        assert_eq!(unknown.close, Close::Fin);
    }

    #[test]
    fn problems_come_first_then_the_slowest() {
        let mut flows = vec![
            flow(0, 5),
            flow(1, 50),
            flow(2, 7),
            flow(3, 900),
            flow(4, 1),
        ];
        flows[2].exchanges[0].response_ns = None;
        flows[4].server_retransmissions = 1;
        let most = |n| FlowChoice::Most(NonZeroU64::new(n).unwrap());
        let of = |choice| kept(&flows, choice, &OWNED);
        assert_eq!(of(FlowChoice::All), None);
        assert_eq!(of(FlowChoice::Problems), Some(vec![2, 4]));
        assert_eq!(of(most(2)), Some(vec![2, 4]));
        assert_eq!(of(most(3)), Some(vec![2, 3, 4]));
        assert_eq!(of(most(4)), Some(vec![1, 2, 3, 4]));
        assert_eq!(of(most(99)), Some(vec![0, 1, 2, 3, 4]));
        let record = told(&flows, most(3), &OWNED).unwrap();
        assert_eq!((record.seen, record.kept), (5, 3));
        assert_eq!(told(&flows, FlowChoice::All, &OWNED), None);
        assert_eq!(flows[0].flow, FlowId(0));
        assert_eq!(flows[0].client, Endpoint::new([127, 0, 0, 1].into(), 40000));
    }
}
