//! What a sentence would get wrong of an unusual run: one that is alone, what was there
//! before, what no frame shows.

use super::{english, of, says};
use crate::lang::Lang;
use crate::model::{Close, Counts, Finding, Outcome, Provenance, ServerKind, Severity, SideCensus};
use crate::testkit::Fixture;

/// A server with these threads in one process.
fn served_by(fixture: &mut Fixture, before: u64, peak: u64, after: u64, created: u64) {
    let counts = |before, peak, after, created| Counts {
        before: Some(before),
        peak: Some(peak),
        after: Some(after),
        created: Some(created),
    };
    fixture.run.census.server = SideCensus {
        threads: counts(before, peak, after, created),
        processes: counts(1, 1, 1, 0),
        provenance: Some(Provenance::Traced),
        ..SideCensus::absent()
    };
}

#[test]
fn a_pool_that_was_there_before_is_counted_once() {
    let mut pool = Fixture::normal(9);
    served_by(&mut pool, 9, 9, 9, 8);
    says(
        &pool,
        &[
            "Besides its first thread, the server created 8 threads. At most 9 threads of the server \
             existed at the same time. Afterwards it had 9 threads, as many as before.",
        ],
        &["the 17 there were"],
    );
    served_by(&mut pool, 9, 9, 9, 12);
    says(&pool, &["fewer than the 13 there were in all"], &[]);
}

#[test]
fn of_a_server_that_ran_already_only_what_came_is_told() {
    let mut attached = Fixture::normal(9);
    attached.run.plan.server = ServerKind::Existing;
    served_by(&mut attached, 7, 10, 7, 4);
    says(
        &attached,
        &[
            "After threadtap had attached to it, the server created 4 threads.",
            "fewer than the 11 there were in all",
        ],
        &["Besides its first thread, the server"],
    );
    served_by(&mut attached, 1, 1, 1, 0);
    says(
        &attached,
        &["After threadtap had attached to it, the server created no thread and no process."],
        &["From the beginning to the end the server"],
    );
    attached.run.census.server.processes.created = Some(2);
    attached.run.census.server.threads.created = Some(5);
    says(
        &attached,
        &["the server created 2 processes, and 5 threads altogether."],
        &[],
    );
}

#[test]
fn what_is_open_at_once_is_told_where_all_was_seen() {
    let told = "On the wire, at most";
    let mut fixture = Fixture::normal(9);
    says(&fixture, &[told], &[]);
    fixture.flows[2].handshake = None;
    says(&fixture, &[], &[told]);
    let mut watched = Fixture::normal(9);
    watched.run.plan.watched = true;
    says(&watched, &[], &[told]);
    let mut lossy = Fixture::normal(9);
    lossy.capture().dropped_by_interface = Some(3);
    says(&lossy, &[], &[told]);
}

#[test]
fn without_frames_nobody_saw_a_reset() {
    let mut refused = Fixture::normal(9);
    refused.run.connections.refused = Some(2);
    let by_frame = "Refused, because a RST answered the SYN: 2 connections.";
    let by_call = "Refused, as connect(2) told: 2 connections.";
    says(&refused, &[by_frame], &[by_call]);
    let mut told = refused.without_capture();
    told.run.connections.provenance = Some(Provenance::Traced);
    says(&told, &[by_call], &[by_frame]);
}

#[test]
fn copies_of_a_frame_were_not_sent_again() {
    let mut fixture = Fixture::normal(9);
    for flow in &mut fixture.flows {
        flow.handshake.as_mut().unwrap().syn_count = 2;
    }
    let again = ["more than once, because no answer", "sent its SYN 2 times"];
    // Too early, whatever the others are like.
    says(&fixture, &[], &again);
    (0..9).for_each(|at| fixture.retried(at));
    says(&fixture, &again, &[]);
    let copies = Finding::new("frames_twice", Severity::Warning, "twice");
    fixture.run.findings.push(copies);
    says(&fixture, &[], &again);
}

#[test]
fn who_served_is_told_of_those_of_which_it_is_known() {
    let same = "The thread that accepted a connection also served it.";
    let mut fixture = Fixture::normal(3);
    let numbers = ("kernel.pid_max".to_owned(), Some(32_768));
    fixture.run.environment.limits.extend([numbers]);
    for flow in &mut fixture.flows {
        let owner = flow.server_owner.as_mut().unwrap();
        owner.serve_tid = owner.accept_tid;
    }
    says(&fixture, &[same], &[]);
    fixture.flows[1].server_owner.as_mut().unwrap().serve_tid = None;
    says(&fixture, &["(TID 40000) served 2 connections."], &[same]);
}

#[test]
fn one_is_told_as_one() {
    let mut one = Fixture::normal(1);
    says(&one, &["The request got a valid answer."], &["All 1"]);
    one.fail(0, Outcome::Closed, None);
    says(&one, &["The request got no valid answer."], &["none got"]);
    let id = of(&one, Lang::Id);
    assert!(
        id.contains("Request itu tidak mendapat jawaban yang sah."),
        "{id}"
    );
    let mut other = Fixture::normal(21);
    other.run.requests.valid = None;
    other.run.requests.answered = Some(1);
    says(
        &other,
        &[
            "The server gave 1 answer; the content is not judged",
            "Not shown: 1 more;",
        ],
        &["1 more are"],
    );
    let mut mixed = Fixture::normal(3);
    for (at, flow) in mixed.flows.iter_mut().enumerate() {
        let first = flow.first_ns;
        let (client, server) = if at == 0 { (1, 2) } else { (2, 1) };
        flow.client_closed_ns = Some(first.plus(crate::model::Nanos::new(client)));
        flow.server_closed_ns = Some(first.plus(crate::model::Nanos::new(server)));
    }
    says(
        &mixed,
        &["the client sent it first in 1 connection and the server in 2."],
        &[],
    );
}

#[test]
fn a_task_does_not_say_how_many_requests_a_connection_has() {
    let text = english(&Fixture::normal(2));
    assert!(!text.contains("for each request it opens"), "{text}");
}

#[test]
fn what_is_wrong_with_an_answer_is_told_in_the_language() {
    let mut fixture = Fixture::normal(1);
    fixture.fail(0, Outcome::BadAnswer, None);
    let exchange = &mut fixture.flows[0].exchanges[0];
    exchange.valid = Some(false);
    exchange.problem = Some("answer is not JAM hh:mm:ss\\r\\n: \"HELLO\"".into());
    says(
        &fixture,
        &["The answer was not valid: answer is not JAM"],
        &[],
    );
    let id = of(&fixture, Lang::Id);
    assert!(!id.contains("answer is not"), "{id}");
}

#[test]
fn what_was_lost_may_have_been_a_handshake() {
    let mut fixture = Fixture::normal(3);
    fixture.flows[1].handshake.as_mut().unwrap().ack_ns = None;
    let told = "Of these, 2 were established.";
    says(&fixture, &[told], &[]);
    fixture.capture().dropped_by_kernel = Some(1);
    says(&fixture, &["The capture shows 3 connections"], &[told]);
}

/// A program can make more requests than was said of it.
#[test]
fn requests_that_nobody_told_of_are_no_part_of_those_that_were_told() {
    let mut more = Fixture::normal(20);
    more.run.requests.submitted = Some(5);
    says(
        &more,
        &["20 requests got a valid answer.", "**t**: 20 requests got"],
        &["Of 5 requests", "20 of 5"],
    );
}

#[test]
fn one_connection_among_others_is_told_of_as_one() {
    let mut ends = Fixture::normal(5);
    ends.flows[0].close = Close::Rst;
    ends.flows[1].close = Close::Open;
    says(
        &ends,
        &[
            "Of 5 connections, 3 were closed with FIN by both sides, 1 ended with RST and 1 was not closed within the capture.",
        ],
        &["1 were"],
    );
}

#[test]
fn what_was_never_made_is_not_open() {
    let mut syn = Fixture::normal(2);
    for flow in &mut syn.flows {
        let shake = flow.handshake.as_mut().unwrap();
        (shake.syn_ack_ns, shake.ack_ns) = (None, None);
        flow.exchanges.clear();
        flow.close = Close::Open;
        (flow.client_closed_ns, flow.server_closed_ns) = (None, None);
    }
    syn.measure();
    says(
        &syn,
        &["The client sent a SYN, and no SYN-ACK came."],
        &["still open"],
    );
}

#[test]
fn where_it_is_known_that_nobody_accepted_nothing_is_said_to_be_unseen() {
    let mut left = Fixture::normal(4);
    for flow in &mut left.flows {
        flow.server_owner = None;
    }
    let unseen = "Which threads of the server accepted and served the connections was not seen.";
    let nobody = "No thread of the server accepted a connection.";
    says(&left, &[unseen], &[nobody]);
    let finding = |n: u64| {
        Finding::new("never_accepted", Severity::Warning, "It waited.").with("connections", n)
    };
    left.run.findings = vec![finding(3)];
    says(&left, &[unseen], &[nobody]);
    left.run.findings = vec![finding(4)];
    says(&left, &[nobody], &[unseen]);
}
