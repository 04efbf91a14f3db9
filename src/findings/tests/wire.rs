//! The rules about the capture and the flows.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{coded, evidence, one, with};
use crate::model::{Severity, StopReason};

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
        "slowest_handshake_ns": 1_012_000_000,
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
            .contains("flow 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …")
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
}
