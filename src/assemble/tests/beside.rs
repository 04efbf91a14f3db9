//! Connections that were made beside the tap, and those of others.

use super::story::{Story, all_well, at};
use crate::model::observation::*;
use crate::model::*;

fn coded<'a>(run: &'a RunRecord, code: &str) -> Option<&'a Finding> {
    run.findings.iter().find(|f| f.code == code)
}

/// A traced client that made four connections, of which two have flows.
fn half_beside() -> Story {
    let mut story = Story::traced_pair();
    for n in 0..4u16 {
        let when = 10 + 4 * i64::from(n);
        story.connects(10, 50_000 + n, when, 0);
        if n % 2 == 0 {
            story.flow(50_000 + n, when, Some(when + 2));
        }
    }
    story.captured();
    story.seen.wire.as_mut().unwrap().stop_reason = StopReason::Timeout;
    story.over(End::Complete);
    story
}

#[test]
fn a_part_of_the_connections_went_beside_the_tap() {
    let run = half_beside().told().run;
    let connections = &run.connections;
    assert_eq!(
        (connections.attempted, connections.established),
        (Some(4), Some(4))
    );
    assert_eq!(connections.not_established, Some(0));
    assert_eq!(connections.provenance, Some(Provenance::Traced));
    assert_eq!(connections.reset, None, "of those that passed by");
    assert_eq!(run.requests.on_wire, Some(2));
    let finding = coded(&run, "nothing_captured").unwrap();
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        finding.message,
        "2 of the 4 connections that the client made were not seen on lo, which lost no frame: they \
         go over another interface or network namespace. Use -i NAME or -i any, or run threadtap in \
         that namespace."
    );
    let unknown = &coded(&run, "requests_unknown").unwrap().message;
    assert!(
        unknown.ends_with("is not known: their connections were not seen on lo."),
        "{unknown}"
    );
    assert_eq!(coded(&run, "linger_timeout"), None);
}

#[test]
fn what_was_lost_did_not_go_beside_the_tap() {
    let mut lossy = half_beside();
    lossy.seen.wire.as_mut().unwrap().dropped_by_kernel = Some(3);
    assert_eq!(coded(&lossy.told().run, "nothing_captured"), None);
    // A flow that nobody is known to have made may be one of them, with another address.
    let mut changed = half_beside();
    changed.flow(60_000, 14, Some(16));
    let run = changed.told().run;
    let finding = coded(&run, "nothing_captured").unwrap();
    assert_eq!(finding.evidence["connections"], 1);
    changed.flow(60_001, 22, Some(24));
    assert_eq!(coded(&changed.told().run, "nothing_captured"), None);
}

/// What one side told of connections, and that the wire tells of none.
fn is_told_by(run: &RunRecord, connections: u64, side: &str) {
    let finding = coded(run, "nothing_captured").unwrap();
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.evidence["connections"], connections);
    assert_eq!(finding.evidence["side"], side);
    let requests = &run.requests;
    assert_eq!((requests.on_wire, requests.handshakes), (None, None));
    assert_eq!((requests.answered, requests.valid), (None, None));
    assert_eq!(run.connections, Connections::default());
    assert_eq!(run.exchanges, RunExchanges::default());
    assert_eq!(coded(run, "no_connection"), None);
    assert_eq!(coded(run, "clients_on_the_wire"), None);
}

#[test]
fn a_server_tells_of_connections_of_which_nothing_was_captured() {
    let embedded = AskedServer::Embedded {
        model: ServerModel::Thread,
    };
    let mut story = Story::of(AskedClient::Program { requests: None }, embedded);
    story.begins(Side::Server, ObserverName::Ledger, 20, -5);
    story.begins(Side::Client, ObserverName::Proc, 10, 0);
    // The first came before the client was there.
    story.took(49_999, 201, -3);
    for n in 0..3 {
        story.took(50_000 + n, 201, 12);
    }
    story.totals(Side::Server, all_well());
    story.ends(Side::Client, 100, Exit::Code(0));
    story.captured();
    story.over(End::Complete);
    is_told_by(&story.told().run, 3, "server");
    // Of a part they may be others'.
    story.flow(50_000, 11, Some(14));
    let run = story.told().run;
    let finding = coded(&run, "nothing_captured").unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding
            .message
            .starts_with("2 of the 3 connections that the server accepted were not seen on lo"),
        "{}",
        finding.message
    );
    assert_eq!(run.requests.on_wire, Some(1));
}

#[test]
fn a_client_that_made_none_is_not_told_of_by_the_server() {
    let mut story = Story::traced_pair();
    story.accepts([20, 20], 50_000, 45_000, 12);
    story.ends(Side::Client, 100, Exit::Code(0));
    story.captured();
    story.over(End::Complete);
    let run = story.told().run;
    // They are others'.
    assert_eq!(coded(&run, "nothing_captured"), None);
    assert_eq!(run.requests.on_wire, Some(0));
}

#[test]
fn a_watched_server_tells_of_connections_of_which_nothing_was_captured() {
    let existing = AskedServer::Existing { attached: false };
    let mut story = Story::of(AskedClient::Existing { attached: false }, existing);
    story.begins(Side::Server, ObserverName::Ebpf, 20, -5);
    story.did(Side::Server, 20, 20, -5, super::story::first());
    story.seen.add(Fact::Kernel(KernelLook {
        at: at(0),
        ..KernelLook::default()
    }));
    story.accepts([20, 20], 49_999, 45_000, -3);
    for n in 0..3 {
        story.accepts([20, 20], 50_000 + n, 45_000, 12);
    }
    story.captured();
    story.over(End::Complete);
    is_told_by(&story.told().run, 3, "server");
}

#[test]
fn what_others_left_open_is_no_affair_of_the_run() {
    let mut story = Story::traced_pair();
    story.connects(10, 50_000, 10, 0);
    story.flow(50_000, 10, Some(14));
    let others = story.flow(49_000, 5, Some(14));
    (others.handshake, others.close) = (None, Close::Open);
    others.exchanges[0].response_ns = None;
    others.exchanges[0].valid = None;
    story.captured();
    story.seen.wire.as_mut().unwrap().stop_reason = StopReason::Timeout;
    story.over(End::Complete);
    let run = story.told().run;
    assert_eq!(coded(&run, "linger_timeout"), None);
    assert_eq!(coded(&run, "unanswered_flows"), None);
    // Its own are.
    let own = &mut story.flows[0];
    own.close = Close::Open;
    own.exchanges[0].response_ns = None;
    own.exchanges[0].valid = None;
    let run = story.told().run;
    let open = &coded(&run, "linger_timeout").unwrap().message;
    assert!(open.contains("1 flow was still open"), "{open}");
    assert_eq!(
        coded(&run, "unanswered_flows").unwrap().evidence["flows"],
        1
    );
}
