//! The rules about the capture and the flows.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{coded, evidence, one, with};
use crate::model::{Nanos, Outcome, ServerKind, Severity, StopReason, TimeOfDay};

#[test]
fn capture_lossy_names_the_remedy() {
    let fixture = with(|f| f.capture().dropped_by_kernel = Some(12));
    let finding = one(&fixture, "capture_lossy");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.contains("--buffer"));
    let expected = json!({"dropped_by_kernel": 12, "dropped_by_interface": 0, "frames": 200});
    assert_eq!(evidence(&finding), expected);
    let fixture = with(|f| f.capture().dropped_by_interface = Some(1));
    assert!(
        one(&fixture, "capture_lossy")
            .message
            .contains("lost 1 frame ")
    );
}

#[test]
fn unknown_drops_are_not_none() {
    let fixture = with(|f| f.capture().dropped_by_kernel = None);
    assert_eq!(coded(&fixture, "capture_lossy"), []);
    let finding = one(&fixture, "drops_unknown");
    assert_eq!(finding.evidence["dropped_by_kernel"], Value::Null);
    let fixture = with(|f| {
        f.capture().dropped_by_kernel = None;
        f.capture().dropped_by_interface = Some(3);
    });
    assert_eq!(coded(&fixture, "drops_unknown"), []);
    assert!(one(&fixture, "capture_lossy").message.contains("unknown"));
}

#[test]
fn syn_retransmitted_counts_flows_and_tells_the_delay() {
    let fixture = with(|f| {
        f.retried(1);
        f.retried(2);
        f.refused(2);
    });
    let finding = one(&fixture, "syn_retransmitted");
    assert!(finding.message.contains("1.01 s") && finding.message.contains("--backlog"));
    let expected = json!({
        "flows": 2,
        "retransmitted_syns": 2,
        "handshakes_never_completed": 1,
        "most_syns": 2,
        "slowest_handshake_ns": 1_012_000_000,
        "listen_overflows": null,
        "listen_drops": null,
        "backlog": null,
    });
    assert_eq!(evidence(&finding), expected);
    let midstream = with(|f| f.flows[1].handshake = None);
    assert_eq!(coded(&midstream, "syn_retransmitted"), []);
}

#[test]
fn unanswered_flows_are_named() {
    let fixture = with(|f| (3..15).for_each(|at| f.unanswered(at)));
    let finding = one(&fixture, "unanswered_flows");
    assert!(
        finding
            .message
            .contains("flows 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …")
    );
    assert_eq!(finding.evidence["flows"], 12);
    // A flow without a request asked nothing.
    let silent = with(|f| f.flows[0].exchanges.clear());
    assert_eq!(coded(&silent, "unanswered_flows"), []);
}

#[test]
fn linger_timeout_counts_open_flows() {
    let fixture = with(|f| {
        f.unanswered(1);
        f.capture().stop_reason = StopReason::Timeout;
    });
    let finding = one(&fixture, "linger_timeout");
    assert!(finding.message.contains("1 flow was still open"));
    assert!(finding.message.contains("--linger"));
    let none_open = with(|f| f.capture().stop_reason = StopReason::Timeout);
    assert_eq!(one(&none_open, "linger_timeout").evidence["open_flows"], 0);
}

#[test]
fn interrupted_is_said() {
    let fixture = with(|f| f.capture().stop_reason = StopReason::Interrupted);
    assert_eq!(one(&fixture, "interrupted").severity, Severity::Warning);
}

#[test]
fn reused_ports_are_counted() {
    let fixture = with(|f| {
        f.flows[1].client = f.flows[0].client;
        f.flows[2].client = f.flows[0].client;
    });
    let finding = one(&fixture, "ports_reused");
    let expected = json!({"endpoint_pairs": 1, "flows": 3, "most_flows_of_a_pair": 3});
    assert_eq!(evidence(&finding), expected);
}

#[test]
fn source_addresses_of_the_built_in_client() {
    let spread = |command: Option<&str>| {
        with(|f| {
            f.run.plan.client_command = command.map(|word| vec![word.to_owned()]);
            f.flows[7].client.ip = Ipv4Addr::new(127, 0, 0, 2).into();
        })
    };
    let finding = one(&spread(None), "source_addresses");
    assert!(
        finding
            .message
            .contains("2 source addresses (127.0.0.1 to 127.0.0.2)")
    );
    assert_eq!(coded(&spread(Some("curl")), "source_addresses"), []);
}

#[test]
fn nothing_captured_names_the_interface_and_speaks_alone() {
    let beside = with(|f| {
        f.flows.clear();
        f.capture().frames = 0;
        f.capture().stop_reason = StopReason::Timeout;
    });
    let finding = one(&beside, "nothing_captured");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.evidence["connections"], 20);
    assert!(finding.message.contains("-i any"), "{}", finding.message);
    assert_eq!(coded(&beside, "linger_timeout"), []);
    assert_eq!(coded(&beside, "count_mismatch"), []);
    let none_made = with(|f| {
        f.flows.clear();
        f.capture().frames = 0;
        f.workers.clear();
    });
    assert_eq!(coded(&none_made, "nothing_captured"), []);

    // One that was refused is on the wire, and is not the one that is missing.
    let one_of_each = with(|f| {
        let mut elsewhere = f.workers[0].clone();
        elsewhere.client.as_mut().unwrap().port += 10_000;
        f.refused(3);
        f.workers[3].connected_ns = None;
        f.workers.push(elsewhere);
    });
    let finding = one(&one_of_each, "nothing_captured");
    assert_eq!(finding.evidence["connections"], 1);
    assert_eq!(coded(&with(|f| f.refused(3)), "nothing_captured"), []);
}

/// A client's last word that wants no answer.
#[test]
fn unanswered_flows_are_those_whose_client_was_there_to_wait() {
    let said = |history: &str, closed_ms: Option<i64>, valid: Option<bool>, before: bool| {
        let fixture = with(|f| {
            let flow = &mut f.flows[3];
            let mut last = flow.exchanges[0].clone();
            flow.exchanges[0].valid = None;
            (last.response_ns, last.answer, last.valid) = (None, None, valid);
            let ns = |ms: i64| Nanos::new(ms * 1_000_000);
            flow.client_closed_ns = closed_ms.map(|ms| last.request_ns.plus(ns(ms)));
            flow.history = history.to_owned();
            if !before {
                flow.exchanges.clear();
            }
            flow.exchanges.push(last);
        });
        coded(&fixture, "unanswered_flows").len() == 1
    };
    // Terminate, GOAWAY, quit: the client closes at once, or it is not known why not.
    assert!(!said("ShADadDFf", Some(0), None, true));
    assert!(!said("ShADadDFR", Some(20), None, true));
    assert!(said("ShADadDFf", Some(3000), None, true));
    assert!(said("ShADadD", None, None, true));
    // The server closes: an answer to a last word, but not to the first.
    assert!(!said("ShADadDfF", Some(1), None, true));
    assert!(said("ShADfF", Some(1), None, false));
    assert!(said("ShADadDr", None, None, true));
    // A request of the TIME protocol wants one.
    assert!(said("ShADadDfF", Some(1), Some(false), true));
    assert!(!said("ShADadDFf", Some(1), Some(false), true));
}

#[test]
fn answers_off_the_clock_are_told_with_the_difference() {
    let answered = |h, m, s| {
        with(|f| {
            for flow in &mut f.flows {
                flow.exchanges[0].answer = TimeOfDay::new(h, m, s);
            }
        })
    };
    // The run is at 15:53:20 local time, 08:53:20 UTC.
    let fixed = answered(10, 0, 0);
    let finding = one(&fixed, "answers_off_the_clock");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding.message.starts_with(
            "20 of 20 valid answers name another time of day than the clock of this machine: the \
             first says 10:00:00 at 15:53:20 local time, which is 5 h 53 min behind"
        ),
        "{}",
        finding.message
    );
    // Within a moment all answers of a clock that goes are the same, too.
    assert!(!finding.message.contains("the same time"));
    assert_eq!(finding.evidence["difference_s"], -21_200);
    let stands = with(|f| {
        for (at, flow) in (0..).zip(&mut f.flows) {
            let exchange = &mut flow.exchanges[0];
            exchange.answer = TimeOfDay::new(10, 0, 0);
            let came = exchange.response_ns.unwrap();
            exchange.response_ns = Some(came.plus(Nanos::new(at * 1_000_000_000)));
        }
    });
    let finding = one(&stands, "answers_off_the_clock");
    assert!(finding.message.contains("All answers say the same time"));
    // A clock in another time zone is told, and no more.
    let tokyo = one(&answered(17, 53, 20), "answers_off_the_clock");
    assert_eq!(tokyo.severity, Severity::Info);
    assert!(
        tokyo
            .message
            .contains("2 h 00 min ahead (whole quarter hours"),
        "{}",
        tokyo.message
    );
    for (h, m, s) in [(15, 53, 20), (8, 53, 20), (8, 53, 24), (15, 53, 16)] {
        assert_eq!(coded(&answered(h, m, s), "answers_off_the_clock"), []);
    }
    // Others' answers on the port are nobody's affair here.
    let others = with(|f| {
        f.flows[2].exchanges[0].answer = TimeOfDay::new(1, 0, 0);
        f.flows[2].client_owner = None;
    });
    assert_eq!(coded(&others, "answers_off_the_clock"), []);
}

/// A server's program has no part in what waits in its accept queue.
#[test]
fn what_was_never_accepted_is_said_of_resets_and_owners() {
    let never = |data: bool| {
        with(|f| {
            let flow = &mut f.flows[4];
            flow.server_owner = None;
            flow.exchanges[0].response_ns = None;
            if !data {
                flow.server_payload_bytes = 0;
            }
            f.run.correlation.server_owned = Some(19);
            f.run.plan.server = ServerKind::Command;
            f.fail(4, Outcome::Reset, None);
        })
    };
    let queue = one(&never(false), "never_accepted").message;
    assert!(
        queue.contains("no thread of the server accepted it: it waited"),
        "{queue}"
    );
    let failed = one(&never(false), "requests_failed").message;
    assert!(
        failed.contains("no thread of the server had accepted it"),
        "{failed}"
    );
    assert!(!failed.contains("server's log"), "{failed}");
    let other = one(&never(true), "unowned_flows").message;
    assert!(other.contains("by another program on this port"), "{other}");
    assert!(
        one(&never(true), "requests_failed")
            .message
            .contains("server's log")
    );
}

/// How the rule words it is tested beside it.
#[test]
fn slow_calls_are_told_of_a_run_without_a_capture() {
    let told = crate::model::ToldConnection {
        exchange_ns: Some(Nanos::new(2_000_000_000)),
        ..Default::default()
    };
    let fixture = with(|f| {
        f.run.capture = None;
        f.workers[3].told = Some(told);
    });
    assert_eq!(one(&fixture, "slow_calls").evidence["answers"], 1);
    let fixture = with(|f| f.workers[3].told = Some(told));
    assert_eq!(
        coded(&fixture, "slow_calls").len(),
        0,
        "the wire tells more"
    );
}

#[test]
fn answers_in_pieces_and_together() {
    let split = with(|f| {
        f.flows[3].exchanges[0].response_segments = std::num::NonZero::new(3);
        f.flows[5].exchanges[0].response_segments = std::num::NonZero::new(2);
    });
    let finding = one(&split, "answers_split");
    assert_eq!(
        finding.message,
        "2 of 20 answers came in more than one segment (at most 3): a recv(2) that is called in \
         between returns only a part of the answer. Read until the line end."
    );
    let expected = json!({"answers": 2, "of": 20, "most_segments": 3, "flow": 3});
    assert_eq!(evidence(&finding), expected);
    let together = with(|f| f.flows[4].exchanges[0].response_coalesced = Some(true));
    let finding = one(&together, "answers_coalesced");
    assert!(
        finding
            .message
            .starts_with("1 of 20 answers shared a segment")
    );
    assert_eq!(
        evidence(&finding),
        json!({"answers": 1, "of": 20, "flow": 4})
    );
    let silent = |tell: &dyn Fn(&mut crate::testkit::Fixture)| {
        let fixture = with(|f| tell(f));
        assert_eq!(coded(&fixture, "answers_split"), []);
        assert_eq!(coded(&fixture, "answers_coalesced"), []);
    };
    silent(&|_| {});
    // Other protocols have answers of many segments.
    silent(&|f| {
        f.flows[3].exchanges[0].response_segments = std::num::NonZero::new(9);
        f.flows[3].exchanges[0].valid = None;
    });
    // What the server sent again may have come in other pieces.
    silent(&|f| {
        f.flows[3].exchanges[0].response_segments = std::num::NonZero::new(2);
        f.flows[3].server_retransmissions = 1;
    });
    silent(&|f| {
        f.flows[3].exchanges[0].response_segments = std::num::NonZero::new(2);
        f.capture().dropped_by_kernel = Some(1);
    });
}
