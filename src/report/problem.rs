//! What went wrong on a flow, in words.
//!
//! A flow comes in, and what its worker said about it; a note goes out, or
//! none where all went well. The wire speaks first: what the worker says is
//! asked only where the wire shows nothing wrong.

use super::words::Say;
use crate::model::{ConnState, Exchange, FlowRecord, Outcome, WorkerRecord};

/// What has to be said about this flow; `None` when nothing has.
pub(super) fn of_flow(
    say: Say,
    flow: &FlowRecord,
    worker: Option<&WorkerRecord>,
) -> Option<String> {
    let again = flow.syns_sent_again();
    let retried = (again > 0).then(|| say.syn_sent(&(again + 1).to_string()));
    let wrong = on_the_wire(say, flow).or_else(|| worker.and_then(|worker| of_worker(say, worker)));
    match (retried, wrong) {
        (Some(a), Some(b)) => Some(format!("{a}; {b}")),
        (a, b) => a.or(b),
    }
}

/// What a worker says went wrong with its request.
pub(super) fn of_worker(say: Say, worker: &WorkerRecord) -> Option<String> {
    let outcome = worker.outcome.filter(|&o| o != Outcome::Valid)?;
    let explanation = say.lang.outcome(outcome);
    Some(match &worker.detail {
        Some(detail) => format!("{explanation}: {detail}"),
        None => explanation.to_owned(),
    })
}

pub(super) fn on_the_wire(say: Say, flow: &FlowRecord) -> Option<String> {
    if flow.exchanges.is_empty() {
        return match flow.state {
            // The client has acknowledged what only the server can have sent.
            ConnState::S0 if acknowledged(flow) => Some(say.reply_not_seen()),
            ConnState::S0 => Some(say.no_reply()),
            ConnState::REJ => Some(say.flow_refused()),
            ConnState::RSTO | ConnState::RSTOS0 => Some(say.reset_by_client()),
            ConnState::RSTR | ConnState::RSTRH => Some(say.reset_by_server()),
            _ => None,
        }
        .map(str::to_owned);
    }
    let (at, problem) = flow
        .exchanges
        .iter()
        .enumerate()
        .find_map(|(at, exchange)| Some((at, of_exchange(say, exchange)?)))?;
    Some(match flow.exchanges.len() {
        1 => problem,
        all => say.request_of(&(at + 1).to_string(), &all.to_string(), &problem),
    })
}

/// Whether the client's handshake is seen to its end.
fn acknowledged(flow: &FlowRecord) -> bool {
    flow.handshake.as_ref().is_some_and(|h| h.ack_ns.is_some())
}

fn of_exchange(say: Say, exchange: &Exchange) -> Option<String> {
    match (&exchange.problem, exchange.response_ns, exchange.valid) {
        (Some(problem), ..) => Some(say.lang.kept(problem).into_owned()),
        (None, None, _) => Some(say.no_answer().to_owned()),
        (None, Some(_), Some(false)) => Some(say.not_valid().to_owned()),
        (None, Some(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::testkit::Fixture;

    const EN: Say = Say::new(Lang::En);

    #[test]
    fn a_connection_without_a_request_is_told_by_its_state() {
        let mut flow = Fixture::normal(1).flows.remove(0);
        flow.exchanges.clear();
        let by_client = Some("reset by the client, no request seen");
        let by_server = Some("reset by the server, no request seen");
        for (state, note) in [
            (
                ConnState::S0,
                Some("the reply to the SYN is not in the capture"),
            ),
            (ConnState::REJ, Some("connection refused")),
            (ConnState::RSTO, by_client),
            (ConnState::RSTOS0, by_client),
            (ConnState::RSTR, by_server),
            (ConnState::RSTRH, by_server),
            (ConnState::SF, None),
        ] {
            flow.state = state;
            assert_eq!(of_flow(EN, &flow, None).as_deref(), note, "{state}");
        }
        let handshake = flow.handshake.as_mut().unwrap();
        (handshake.syn_ack_ns, handshake.ack_ns) = (None, None);
        flow.state = ConnState::S0;
        let note = of_flow(EN, &flow, None);
        assert_eq!(note.as_deref(), Some("no reply to the SYN"));
    }

    #[test]
    fn a_worker_is_asked_where_the_wire_shows_nothing_wrong() {
        let mut fixture = Fixture::normal(2);
        fixture.fail(0, Outcome::Timeout, Some("after 5 s"));
        let said = "no connection or no answer while the client waited: after 5 s";
        let note = of_flow(EN, &fixture.flows[0], Some(&fixture.workers[0]));
        assert_eq!(note.as_deref(), Some(said));
        assert_eq!(
            of_flow(EN, &fixture.flows[1], Some(&fixture.workers[1])),
            None
        );
        fixture.unanswered(0);
        let note = of_flow(EN, &fixture.flows[0], Some(&fixture.workers[0]));
        assert_eq!(note.as_deref(), Some("no answer"), "as the wire shows");
    }
}
