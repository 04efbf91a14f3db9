//! The rules about requests, workers and owners.

use serde_json::json;

use super::{coded, evidence, one, with};
use crate::model::{
    FlowId, IncompleteFigure, Outcome, Provenance, ServerKind, Severity, StopReason, Strategy,
    TimeOfDay, WorkerRecord,
};
use crate::testkit::Fixture;

#[test]
fn not_joined_counts_what_was_never_attempted() {
    let unjoined = |attempted| {
        with(|f| {
            f.run.plan.joined = Some(false);
            f.run.requests.attempted = attempted;
            let failed = &mut f.run.requests.failed;
            failed.insert("not_attempted".to_owned(), 12);
        })
    };
    let finding = one(&unjoined(Some(8)), "not_joined");
    assert!(
        finding
            .message
            .contains("12 of 20 requests were never attempted")
    );
    let expected = json!({"submitted": 20, "attempted": 8, "never_attempted": 12});
    assert_eq!(evidence(&finding), expected);
    assert_eq!(coded(&unjoined(Some(8)), "requests_failed"), []);

    assert_eq!(coded(&unjoined(Some(20)), "not_joined"), []);
    assert_eq!(coded(&unjoined(None), "not_joined"), []);
    assert_eq!(coded(&unjoined(None), "requests_failed").len(), 1);
}

#[test]
fn requests_failed_once_a_reason() {
    let fixture = with(|f| {
        f.bad_answer(1, "HELLO\u{1b}");
        f.refused(2);
        f.refused(3);
        f.run.requests.failed.insert("gremlins".to_owned(), 1);
        f.run.requests.failed.insert("reset".to_owned(), 0);
    });
    let found = coded(&fixture, "requests_failed");
    let reasons: Vec<_> = found.iter().map(|f| &f.evidence["reason"]).collect();
    assert_eq!(reasons, ["bad_answer", "gremlins", "refused"]);
    assert!(found[0].message.contains("(for example: HELLO\\u{1b})"));
    assert_eq!(found[1].message, "1 request failed: gremlins.");
    assert!(
        found[2]
            .message
            .starts_with("2 requests failed: connection refused; ")
    );
    assert!(found.iter().all(|f| f.severity == Severity::Error));
}

/// A part of an answer is not the whole of a wrong one: the server may have been sending.
#[test]
fn a_part_of_an_answer_is_told_as_such() {
    let cut = |n: usize, answer: &str| {
        let fixture = with(|f| {
            f.run.plan.server = ServerKind::Command;
            for at in 0..3 {
                f.fail(at, Outcome::Timeout, None);
                let exchange = &mut f.flows[at].exchanges[0];
                (exchange.answer, exchange.valid) = (None, None);
                if at < n {
                    exchange.valid = Some(false);
                    let problem = format!("answer does not end like JAM: \"{answer}\"");
                    exchange.problem = Some(problem.into());
                }
            }
        });
        coded(&fixture, "requests_failed")[0].message.clone()
    };
    let all = cut(3, "JAM 10:00:00");
    assert!(
        all.ends_with(
            "; no more than \"JAM 10:00:00\" had come, without the CR LF that ends an answer; \
             let the server end its answer with CR LF, or raise --timeout if it was still sending."
        ),
        "{all}"
    );
    let one = cut(1, "JAM");
    assert!(one.contains("on 1 of these connections no more than \"JAM\" had come"));
    assert!(one.contains("why it did not answer"), "{one}");
    assert!(!cut(0, "").contains("had come"));
    // It ends: what is wrong with it is no want of time.
    assert!(!cut(3, "JAM 10:00:00\\n").contains("had come"));
}

#[test]
fn unowned_flows_of_each_side() {
    let fixture = with(|f| {
        f.run.correlation.client_owned = Some(19);
        f.run.correlation.server_owned = Some(0);
    });
    let found = coded(&fixture, "unowned_flows");
    let sides: Vec<_> = found.iter().map(|f| &f.evidence["side"]).collect();
    assert_eq!(sides, ["client", "server"]);
    assert!(found[0].message.contains("1 of 20 flows"));
    assert!(found.iter().all(|f| f.severity == Severity::Warning));
    let unmeasured = with(|f| {
        f.run.correlation.client_owned = None;
        f.run.correlation.server_owned = None;
    });
    assert_eq!(coded(&unmeasured, "unowned_flows"), []);
}

#[test]
fn an_existing_server_cannot_be_known() {
    for owned in [None, Some(0)] {
        let fixture = with(|f| {
            f.run.plan.server = ServerKind::Existing;
            f.run.correlation.server_owned = owned;
        });
        let finding = one(&fixture, "unowned_flows");
        assert_eq!(finding.severity, Severity::Info);
        assert!(finding.message.contains("/proc"), "{}", finding.message);
    }
}

/// Of a server on another host nothing was sampled.
#[test]
fn a_server_that_is_not_here_was_not_sampled() {
    let fixture = with(|f| {
        f.run.plan.server = ServerKind::Existing;
        f.run.census.server.provenance = None;
        f.run.correlation.server_owned = None;
    });
    let message = one(&fixture, "unowned_flows").message;
    assert!(!message.contains("/proc"), "{message}");
    assert!(message.contains("no process that listens there was found"));
}

/// Nor one that was to be left alone: where it is was not asked.
#[test]
fn a_server_that_nobody_looked_at_is_not_called_elsewhere() {
    let fixture = with(|f| {
        f.run.plan.server = ServerKind::Existing;
        f.run.census.server.provenance = None;
        f.run.census.system.provenance = None;
        f.run.correlation.server_owned = None;
    });
    let message = one(&fixture, "unowned_flows").message;
    assert!(
        message.contains("no process of it was observed"),
        "{message}"
    );
}

#[test]
fn a_client_that_connects_elsewhere() {
    let elsewhere = |attempted| {
        with(|f| {
            f.run.plan.client_command = Some(vec!["client".to_owned()]);
            f.run.requests.attempted = attempted;
            f.run.requests.failed.insert("not_attempted".to_owned(), 20);
        })
    };
    let silent = elsewhere(Some(0));
    let finding = one(&silent, "no_connection");
    assert!(
        finding.message.contains("127.0.0.1:45000"),
        "{}",
        finding.message
    );
    // Its workers are not to blame then.
    let failed = one(&silent, "requests_failed").message;
    assert!(!failed.contains("wait for its workers"), "{failed}");
    assert_eq!(coded(&elsewhere(Some(1)), "no_connection"), []);
    assert_eq!(coded(&elsewhere(None), "no_connection"), []);
}

#[test]
fn another_process_may_have_taken_them() {
    let fixture = with(|f| {
        f.run.plan.server = ServerKind::Existing;
        f.run.census.server.provenance = Some(Provenance::Traced);
        f.run.correlation.server_owned = Some(11);
    });
    let finding = one(&fixture, "unowned_flows");
    assert!(finding.message.contains("9 of 20"), "{}", finding.message);
    assert!(finding.message.contains("parent"), "{}", finding.message);
}

#[test]
fn what_was_refused_has_no_thread() {
    let refused = |owned| {
        with(|f| {
            for at in 0..3 {
                f.refused(at);
            }
            f.run.correlation.server_owned = Some(owned);
        })
    };
    assert_eq!(coded(&refused(17), "unowned_flows"), []);
    let finding = one(&refused(16), "unowned_flows");
    assert!(finding.message.contains("1 of 17"), "{}", finding.message);
}

#[test]
fn a_peak_below_the_requests_is_explained() {
    let low = |strategy| {
        with(|f| {
            f.run.plan.strategy = Some(strategy);
            f.run.plan.gate = false;
            f.run.census.client.threads.peak = Some(6);
            f.run.census.client.processes.peak = Some(3);
            f.run.census.client.processes.created = Some(20);
        })
    };
    let finding = one(&low(Strategy::Thread), "peak_below_requests");
    // The numbers of the table, in which the client's first thread counts.
    let begins = "At most 6 of the client's 21 threads existed at once, its first one included,";
    assert!(finding.message.starts_with(begins), "{}", finding.message);
    assert!(finding.message.contains("--gate"));
    let evidence = ["peak", "all", "requests"].map(|name| finding.evidence[name].clone());
    assert_eq!(evidence, [6, 21, 20]);
    let finding = one(&low(Strategy::Process), "peak_below_requests");
    let begins = "At most 3 of the client's 21 processes existed at once, its first one included,";
    assert!(finding.message.starts_with(begins), "{}", finding.message);

    let silent = |change: fn(&mut Fixture)| {
        let mut fixture = low(Strategy::Thread);
        change(&mut fixture);
        assert_eq!(coded(&fixture, "peak_below_requests"), []);
    };
    assert_eq!(coded(&low(Strategy::Pool), "peak_below_requests"), []);
    silent(|f| f.run.plan.gate = true);
    silent(|f| f.run.plan.max_in_flight = Some(5));
    silent(|f| f.run.census.client.threads.peak = None);
    silent(|f| f.run.census.client.threads.before = None);
    silent(|f| f.run.census.client.threads.created = None);
    silent(|f| f.fail(1, Outcome::NoThread, None));
}

#[test]
fn counts_that_disagree_are_an_error() {
    let lost_one = with(lose_one);
    let finding = one(&lost_one, "count_mismatch");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.evidence["valid_on_wire"], 19);
    assert_eq!(finding.evidence["valid_by_workers"], 20);
    let one_too_many = with(|f| {
        let mut flow = f.flows[0].clone();
        flow.flow = FlowId(20);
        f.flows.push(flow);
    });
    assert_eq!(
        one(&one_too_many, "count_mismatch").evidence["valid_on_wire"],
        21
    );
}

/// An answer that a worker read, and that the wire never carried.
fn lose_one(fixture: &mut Fixture) {
    fixture.flows[7].exchanges[0].valid = Some(false);
}

/// A connection may carry many requests, and others may use the port.
#[test]
fn connections_are_compared_with_connections() {
    let many = with(|f| {
        let again = f.flows[0].exchanges[0].clone();
        f.flows[0].exchanges.push(again);
        f.run.requests.valid = Some(21);
    });
    assert_eq!(coded(&many, "count_mismatch"), []);
    let others = with(|f| {
        let mut flow = f.flows[0].clone();
        flow.flow = FlowId(20);
        flow.client_owner = None;
        f.flows.push(flow);
    });
    assert_eq!(coded(&others, "count_mismatch"), []);
}

#[test]
fn counts_are_compared_only_where_both_are_known() {
    let silent = |change: fn(&mut Fixture)| {
        let mut fixture = with(lose_one);
        change(&mut fixture);
        assert_eq!(coded(&fixture, "count_mismatch"), []);
    };
    // What the snapshot length cut may have been valid.
    silent(|f| f.flows[7].exchanges[0].valid = None);
    silent(|f| f.run.correlation.client_owned = None);
    silent(|f| f.run.capture = None);
    silent(|f| f.capture().dropped_by_kernel = Some(1));
    silent(|f| f.capture().dropped_by_kernel = None);
    silent(|f| f.capture().stop_reason = StopReason::Interrupted);
    silent(|f| f.workers.clear());
    silent(|f| {
        let unknown = |w: &mut WorkerRecord| w.outcome = None;
        f.workers.iter_mut().for_each(unknown);
    });
    // The answer came, but its worker had given up.
    silent(|f| {
        f.flows[7].exchanges[0].valid = Some(true);
        f.flows[1].exchanges[0].answer = TimeOfDay::new(1, 2, 3);
        f.workers[1].outcome = Some(Outcome::Timeout);
    });
}

#[test]
fn requests_unknown_says_what_hides_them() {
    let unknown = |change: fn(&mut Fixture)| {
        with(|f| {
            f.run.requests.unknown = Some(3);
            change(f);
        })
    };
    for (change, says) in [
        (
            (|f| f.capture().dropped_by_kernel = Some(12)) as fn(&mut Fixture),
            "lost 12 frames",
        ),
        (
            |f| {
                f.capture().snaplen = 70;
                incomplete(f, "requests.valid", "answer_cut");
            },
            "the snapshot length cut an answer (3 flows); raise --snaplen, which is 70",
        ),
        (
            |f| incomplete(f, "requests.valid", "exchanges_bound"),
            "more exchanges than are kept (3 flows)",
        ),
        (|_| (), "does not show it"),
    ] {
        let finding = one(&unknown(change), "requests_unknown");
        assert_eq!(finding.severity, Severity::Warning);
        let message = &finding.message;
        assert!(
            message.starts_with("How 3 requests ended is not known: "),
            "{message}"
        );
        assert!(message.contains(says), "{message}");
        assert_eq!(finding.evidence["requests"], 3);
    }
}

/// Frames that were lost explain what is missing; nobody else is to blame.
#[test]
fn a_lossy_capture_explains_what_is_missing() {
    let lossy = with(|f| {
        f.unanswered(1);
        f.run.correlation.client_owned = Some(5);
        f.run.correlation.server_owned = Some(5);
        f.capture().stop_reason = StopReason::Timeout;
        f.capture().dropped_by_kernel = Some(12);
    });
    one(&lossy, "capture_lossy");
    for silent in [
        "unowned_flows",
        "linger_timeout",
        "unanswered_flows",
        "count_mismatch",
    ] {
        assert_eq!(coded(&lossy, silent), [], "{silent}");
    }
    let mut lossless = lossy;
    lossless.capture().dropped_by_kernel = Some(0);
    for loud in ["linger_timeout", "unanswered_flows"] {
        one(&lossless, loud);
    }
    assert_eq!(coded(&lossless, "unowned_flows").len(), 2);
}

/// Where it was not traced, a capture without losses that shows no connection tells.
#[test]
fn no_connection_is_an_error_whoever_saw_it() {
    let none = |attempted, on_wire| {
        with(|f| {
            f.run.plan.client_command = Some(vec!["client".to_owned()]);
            f.run.requests.attempted = attempted;
            f.run.requests.on_wire = on_wire;
        })
    };
    for fixture in [none(Some(0), Some(0)), none(None, Some(0))] {
        assert_eq!(one(&fixture, "no_connection").severity, Severity::Error);
    }
    let unsure = with(|f| f.capture().dropped_by_kernel = None);
    for fixture in [none(None, Some(1)), none(None, None), unsure] {
        assert_eq!(coded(&fixture, "no_connection"), []);
    }
}

fn incomplete(fixture: &mut Fixture, figure: &str, reason: &str) {
    let why = IncompleteFigure {
        at_least: Some(1),
        flows: [(reason.to_owned(), 3)].into(),
    };
    fixture.run.incomplete.insert(figure.to_owned(), why);
}

#[test]
fn incomplete_figures_are_named() {
    let fixture = with(|f| {
        incomplete(f, "latency.exchange", "exchanges_bound");
        incomplete(f, "exchanges.answered", "exchanges_bound");
    });
    let finding = one(&fixture, "incomplete_figures");
    assert_eq!(
        finding.message,
        "Not known exactly: exchanges.answered, latency.exchange. The reason: more exchanges \
         than are kept (3 flows)."
    );
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(finding.evidence["reasons"]["exchanges_bound"], 3);
    let more = with(|f| {
        incomplete(f, "exchanges.answered", "exchanges_bound");
        let figure = f.run.incomplete.get_mut("exchanges.answered").unwrap();
        figure.flows.insert("exchanges_bound".to_owned(), 5);
        incomplete(f, "latency.exchange", "exchanges_bound");
    });
    let finding = one(&more, "incomplete_figures");
    assert_eq!(finding.evidence["reasons"]["exchanges_bound"], 5);
    let cut = with(|f| incomplete(f, "exchanges.valid", "answer_cut"));
    assert!(
        one(&cut, "incomplete_figures")
            .message
            .contains("--snaplen")
    );
    let lossy = with(|f| {
        incomplete(f, "exchanges.valid", "answers_lost");
        f.capture().dropped_by_kernel = Some(1);
    });
    assert_eq!(coded(&lossy, "incomplete_figures"), []);
}

#[test]
fn request_count_compares_with_n() {
    let of = |change: fn(&mut Fixture)| {
        with(|f| {
            f.run.plan.client_command = Some(vec!["client".to_owned()]);
            change(f);
        })
    };
    assert_eq!(coded(&of(|_| ()), "request_count"), []);
    let more = one(
        &of(|f| f.run.requests.submitted = Some(12)),
        "request_count",
    );
    assert_eq!(more.severity, Severity::Warning);
    let says = "The client made 20 requests, and -n says 12: correct the client, or give the number that it makes.";
    assert_eq!(more.message, says);
    // Of another protocol exchanges are all that can be counted.
    let fewer = of(|f| {
        (f.run.requests.valid, f.run.requests.unknown) = (None, None);
        f.run.exchanges.requests = Some(3);
    });
    let fewer = one(&fewer, "request_count");
    assert_eq!(fewer.severity, Severity::Error);
    assert!(
        fewer
            .message
            .starts_with("Only 3 exchanges were seen on 20 connections, ")
    );
    let expected = json!({"submitted": 20, "made": 3, "connections": 20});
    assert_eq!(evidence(&fewer), expected);
    let lossy = of(|f| {
        f.run.requests.valid = None;
        f.run.exchanges.requests = Some(3);
        f.capture().dropped_by_kernel = Some(1);
    });
    assert_eq!(coded(&lossy, "request_count"), []);
}
