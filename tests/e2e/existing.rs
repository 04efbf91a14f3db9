//! A server that ran already.

use super::common::findings;
use super::common::need::Need::{Capture, Ipv6, Namespaces, Root, Tool};
use super::common::{Lab, tshark};
use super::contract;
use super::serve::Server;
use crate::require;

fn run_against(server: &Server, target: &str) {
    run_behind_against(&[], server, target);
}

fn run_behind_against(behind: &[&str], server: &Server, target: &str) {
    let lab = Lab::new();
    let ran = lab
        .run_behind(
            behind,
            &["-n", "50", "--connect", target, "--observe", "sampled"],
        )
        .exits(0);
    let record = ran.record();
    contract::run_record(&record);
    assert_eq!(record["requests"]["valid"], 50);
    assert_eq!(record["correlation"]["client_owned"], 50);
    assert!(record["correlation"]["server_owned"].is_null());
    assert_eq!(record["plan"]["server"], "existing");
    assert_eq!(record["plan"]["target"], server.address.to_string());
    assert!(record["plan"]["server_model"].is_null());
    assert!(record["sides"]["server"]["cpu_ns"].is_null());
    assert!(record["sides"]["server"]["peak_memory_bytes"].is_null());

    let census = &record["census"]["server"];
    assert_eq!(census["provenance"], "sampled");
    assert_eq!(census["threads"]["before"], 1);
    assert!(
        census["threads"]["created"].is_null(),
        "a sample cannot tell"
    );

    let unowned = findings(&record, "unowned_flows");
    assert_eq!(unowned.len(), 1);
    assert_eq!(unowned[0]["evidence"]["side"], "server");
    assert_eq!(unowned[0]["severity"], "info");
    assert!(
        unowned[0]["message"]
            .as_str()
            .unwrap()
            .contains("it was already running")
    );
    for flow in ran.flows() {
        assert!(flow["server_owner"].is_null());
        assert!(flow["client_owner"].is_object());
        assert_eq!(flow["server"]["ip"], server.address.ip().to_string());
    }
    assert!(ran.side("server").is_empty());
    assert_eq!(tshark::distinct(&ran.pcap(), "tcp", tshark::STREAM), 50);
    assert_eq!(tshark::frames(&ran.pcap(), tshark::ANSWERS), 50);
}

/// `::ffff:127.0.0.1` is an address of a socket; on the wire there is no such one.
#[test]
fn a_mapped_address_is_the_one_on_the_wire() {
    require!(Capture, Tool("tshark"));
    let server = Server::start(&[]);
    run_against(
        &server,
        &format!("[::ffff:127.0.0.1]:{}", server.address.port()),
    );
}

#[test]
fn an_existing_server_is_sampled() {
    require!(Capture, Tool("tshark"));
    let server = Server::start(&["--model", "thread"]);
    run_against(&server, &server.address.to_string());
    server.stop();
}

#[test]
fn an_ipv6_server() {
    require!(Capture, Ipv6, Tool("tshark"));
    let server = Server::start(&["--bind", "::1", "--model", "async"]);
    assert!(server.address.is_ipv6());
    run_against(&server, &format!("[::1]:{}", server.address.port()));
    server.stop();
}

#[test]
fn a_server_by_name() {
    require!(Capture, Tool("tshark"));
    let server = Server::start(&[]);
    run_against(&server, &format!("localhost:{}", server.address.port()));
    server.stop();
}

/// A name may have addresses of both families: the one that is listened on is
/// taken. In a mount namespace, where `localhost` has both.
#[test]
fn an_ipv6_server_by_name() {
    require!(
        Capture,
        Ipv6,
        Root,
        Namespaces,
        Tool("unshare"),
        Tool("tshark")
    );
    let both = "printf '127.0.0.1 localhost\\n::1 localhost\\n' > hosts && \
        mount --bind hosts /etc/hosts && exec \"$@\"";
    let server = Server::start(&["--bind", "::1"]);
    run_behind_against(
        &["unshare", "-m", "sh", "-c", both, "sh"],
        &server,
        &format!("localhost:{}", server.address.port()),
    );
    server.stop();
}
