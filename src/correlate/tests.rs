use super::*;
use crate::model::{Close, ConnState, FlowId, Handshake};
use proptest::prelude::*;

const SERVER: &str = "127.0.0.1:45000";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

fn end(text: &str) -> Endpoint {
    text.parse::<std::net::SocketAddr>().unwrap().into()
}

fn flow(number: u64, client: &str, syn_ms: i64) -> FlowRecord {
    FlowRecord {
        client: end(client),
        server: end(SERVER),
        first_ns: at(syn_ms),
        last_ns: at(syn_ms + 1),
        handshake: Some(Handshake {
            syn_ns: at(syn_ms),
            syn_ack_ns: None,
            ack_ns: None,
            syn_count: 1,
        }),
        ..blank(number)
    }
}

fn blank(number: u64) -> FlowRecord {
    serde_json::from_value(serde_json::json!({
        "flow": number, "client": end(SERVER), "server": end(SERVER), "first_ns": 0, "last_ns": 0,
        "client_frames": 1, "server_frames": 0, "client_wire_bytes": 74, "server_wire_bytes": 0,
        "client_payload_bytes": 0, "server_payload_bytes": 0, "client_stream_bytes": 0,
        "server_stream_bytes": 0, "client_retransmissions": 0, "server_retransmissions": 0,
        "client_out_of_order": 0, "server_out_of_order": 0, "client_duplicate_acks": 0,
        "server_duplicate_acks": 0, "client_zero_windows": 0, "server_zero_windows": 0,
        "initial_rtt_ns": null,
        "state": ConnState::S0, "history": "S", "handshake": null, "close": Close::Open,
        "exchanges": [], "client_owner": null, "server_owner": null
    }))
    .unwrap()
}

fn client(worker: u32, local: Option<&str>, from_ms: i64, until_ms: i64) -> ClientSocket {
    ClientSocket {
        worker: WorkerId(worker),
        pid: Pid(100),
        tid: Tid(200 + worker),
        local: local.map(end),
        from: at(from_ms),
        until: at(until_ms),
    }
}

fn server(peer: &str, accepted_ms: i64, serve: u32) -> ServerSocket {
    ServerSocket {
        peer: end(peer),
        accepted: at(accepted_ms),
        pid: Pid(50),
        accept_tid: Some(Tid(50)),
        serve_tid: Some(Tid(serve)),
        send_tid: Some(Tid(serve)),
    }
}

fn workers(flows: &[FlowRecord]) -> Vec<Option<u32>> {
    flows
        .iter()
        .map(|f| f.client_owner.map(|o| o.worker.0))
        .collect()
}

fn servers(flows: &[FlowRecord]) -> Vec<Option<u32>> {
    flows
        .iter()
        .map(|f| f.server_owner.and_then(|o| o.serve_tid).map(|t| t.0))
        .collect()
}

#[test]
fn a_port_that_is_used_again_goes_to_each_of_its_users() {
    let mut flows = vec![
        flow(0, "127.0.0.1:40000", 100),
        flow(1, "127.0.0.1:40000", 2000),
    ];
    let sockets = [
        client(9, Some("127.0.0.1:40000"), 1999, 2001),
        client(4, Some("127.0.0.1:40000"), 99, 101),
    ];
    own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [Some(4), Some(9)]);
    let accepted = [
        server("127.0.0.1:40000", 2001, 7),
        server("127.0.0.1:40000", 101, 6),
    ];
    own_servers(&mut flows, &accepted, Provenance::Instrumented);
    assert_eq!(servers(&flows), [Some(6), Some(7)]);
}

#[test]
fn a_refused_connection_is_known_by_its_port() {
    let mut flows = vec![
        flow(0, "127.0.0.1:40000", 100),
        flow(1, "127.0.0.1:40001", 100),
    ];
    let sockets = [
        client(1, Some("0.0.0.0:40001"), 99, 101),
        client(2, Some("0.0.0.0:40000"), 99, 101),
    ];
    own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [Some(2), Some(1)]);
}

#[test]
fn another_address_or_another_time_is_nobody() {
    let mut flows = vec![
        flow(0, "127.0.0.2:40000", 100),
        flow(1, "127.0.0.1:40001", 100),
    ];
    let sockets = [
        client(1, Some("127.0.0.1:40000"), 99, 101),
        client(2, Some("127.0.0.1:40001"), 500, 501),
    ];
    own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [None, None]);
    own_servers(
        &mut flows,
        &[server("127.0.0.1:40001", 50, 6)],
        Provenance::Instrumented,
    );
    assert_eq!(servers(&flows), [None, None]);
}

#[test]
fn a_worker_that_died_in_connect_is_found_by_elimination() {
    let mut flows = vec![
        flow(0, "127.0.0.1:40000", 100),
        flow(1, "127.0.0.1:40001", 110),
    ];
    let sockets = [
        client(1, Some("127.0.0.1:40000"), 99, 101),
        client(2, None, 109, 112),
        client(3, None, 115, 116),
    ];
    let reached = own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [Some(1), Some(2)]);
    assert_eq!(reached, 1);
}

/// A neighbour within the slack is nobody's where it has its own.
#[test]
fn a_flow_goes_to_the_call_that_it_began_in() {
    let name = "127.0.0.1:40000";
    let us = |us: i64| Timestamp::from_nanos(us * 1000);
    let made = |number: u64, syn: i64| {
        let mut flow = flow(number, name, 0);
        flow.handshake.as_mut().unwrap().syn_ns = us(syn);
        flow
    };
    let mut flows = vec![made(0, 300), made(1, 600)];
    // The first call's SYN was not captured.
    let call = |worker, from, until| ClientSocket {
        from: us(from),
        until: us(until),
        ..client(worker, Some(name), 0, 0)
    };
    let sockets = [call(1, 100, 120), call(2, 290, 310), call(3, 590, 610)];
    own_clients(&mut flows, &sockets, Provenance::Traced);
    assert_eq!(workers(&flows), [Some(2), Some(3)]);
}

/// Who was kept from its call, while others used the port, has what it made last.
#[test]
fn who_was_kept_from_its_call_takes_nobody_elses_flow() {
    let name = "127.0.0.1:40000";
    let mut flows = vec![flow(0, name, 103), flow(1, name, 105), flow(2, name, 110)];
    let sockets = [
        client(1, Some(name), 100, 111),
        client(2, Some(name), 102, 104),
        client(3, Some(name), 101, 106),
    ];
    own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [Some(2), Some(3), Some(1)]);
    // The call of one that died in it goes on to the end.
    let mut flows = vec![flow(0, name, 103), flow(1, name, 105)];
    let sockets = [
        client(1, Some("0.0.0.0:40000"), 99, 900),
        client(2, Some(name), 100, 106),
    ];
    own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [Some(2), Some(1)]);
}

/// The same where no flow tells of them.
#[test]
fn who_was_kept_from_its_call_was_accepted_last() {
    let name = "127.0.0.1:40000";
    let made = [
        client(1, Some(name), 100, 111),
        client(2, Some(name), 102, 104),
        client(3, Some(name), 101, 106),
    ];
    let accepted = [
        server(name, 112, 1),
        server(name, 104, 2),
        server(name, 106, 3),
    ];
    let attempts = made.iter().map(|c| Some(c.attempt()));
    let found = pairs::of_told(attempts, &accepted, ServerSocket::acceptance);
    assert_eq!(found, [Some(0), Some(1), Some(2)]);
}

#[test]
fn two_who_may_have_made_a_flow_leave_it_without_an_owner() {
    let mut flows = vec![flow(0, "127.0.0.1:40000", 100)];
    let sockets = [client(1, None, 99, 112), client(2, None, 98, 112)];
    let reached = own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [None]);
    assert_eq!(reached, 1);
}

/// The first was not accepted: its client gave up, and used the port again.
#[test]
fn an_accepted_connection_is_the_latest_of_its_endpoints() {
    let client = "127.0.0.1:40000";
    let mut flows = vec![flow(0, client, 100), flow(1, client, 2000)];
    let told = Provenance::Instrumented;
    own_servers(&mut flows, &[server(client, 2001, 7)], told);
    assert_eq!(servers(&flows), [None, Some(7)]);
    // What came after the accept(2) is not what it returned.
    let mut flows = vec![flow(1, client, 2000), flow(0, client, 100)];
    own_servers(&mut flows, &[server(client, 1999 - 1, 6)], told);
    assert_eq!(servers(&flows), [None, Some(6)]);
    // The clocks may be a millisecond apart.
    let mut flows = vec![flow(1, client, 2000)];
    own_servers(&mut flows, &[server(client, 1999, 6)], told);
    assert_eq!(servers(&flows), [Some(6)]);
    let mut flows = vec![flow(1, client, 2000)];
    own_servers(&mut flows, &[server(client, 1998, 6)], told);
    assert_eq!(servers(&flows), [None]);
}

/// The same endpoints twenty times within a millisecond.
#[test]
fn endpoints_that_are_used_again_at_once_are_told_apart_by_their_order() {
    let name = "127.0.0.1:40000";
    let us = |us: i64| Timestamp::from_nanos(us * 1000);
    let mut flows: Vec<FlowRecord> = (0..20)
        .map(|i| {
            let syn = us(100 + 40 * i64::try_from(i).unwrap());
            let mut flow = flow(i, name, 0);
            flow.history = "ShADadR".to_owned();
            flow.close = Close::Rst;
            flow.first_ns = syn;
            flow.handshake.as_mut().unwrap().syn_ns = syn;
            flow
        })
        .collect();
    let sockets: Vec<ServerSocket> = (0..20u32)
        .map(|i| ServerSocket {
            // Each is accepted when the next one has begun.
            accepted: us(100 + 40 * i64::from(i) + 60),
            ..server(name, 0, i)
        })
        .collect();
    let told = Provenance::Traced;
    let mut whole = flows.clone();
    own_servers(&mut whole, &sockets, told);
    let expected: Vec<Option<u32>> = (0..20).map(Some).collect();
    assert_eq!(servers(&whole), expected);
    // One of them was never accepted, and which cannot be told: then no owner is
    // named that may be a neighbour's.
    own_servers(&mut flows, &sockets[..19], told);
    for (i, owner) in servers(&flows).into_iter().enumerate() {
        assert!(owner.is_none_or(|o| o as usize == i), "{i}: {owner:?}");
    }
}

/// A server that has closed a connection had accepted it before.
#[test]
fn what_a_server_has_closed_was_accepted_before() {
    let name = "127.0.0.1:40000";
    let mut closed = flow(0, name, 100);
    closed.close = Close::Fin;
    closed.history = "ShADadfF".to_owned();
    closed.server_closed_ns = Some(at(110));
    let mut flows = vec![closed, flow(1, name, 200)];
    let told = Provenance::Traced;
    own_servers(&mut flows, &[server(name, 201, 7)], told);
    assert_eq!(servers(&flows), [None, Some(7)]);
}

#[test]
fn an_accepted_connection_is_of_its_peer_and_of_nobody_else() {
    let mut flows = vec![flow(0, "127.0.0.2:40000", 100)];
    let accepted = [server("127.0.0.1:40000", 101, 6)];
    own_servers(&mut flows, &accepted, Provenance::Instrumented);
    assert_eq!(servers(&flows), [None]);
    // Of two accept(2) calls one may have returned it, and which is not known.
    let client = "127.0.0.1:40000";
    let mut flows = vec![flow(0, client, 100)];
    let accepted = [server(client, 101, 6), server(client, 102, 7)];
    own_servers(&mut flows, &accepted, Provenance::Instrumented);
    assert_eq!(servers(&flows), [None]);
}

#[test]
fn one_who_may_have_made_two_flows_is_the_owner_of_none() {
    let mut flows = vec![
        flow(0, "127.0.0.1:40000", 100),
        flow(1, "127.0.0.1:40001", 105),
    ];
    let sockets = [client(1, None, 99, 112)];
    let reached = own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [None, None]);
    assert_eq!(reached, 1);
}

/// What has an owner, was not opened here, or is too far away is no candidate.
#[test]
fn elimination_takes_only_what_is_left() {
    let mut flows = vec![
        flow(0, "127.0.0.1:40000", 100),
        flow(1, "127.0.0.1:40001", 100),
        FlowRecord {
            handshake: None,
            ..flow(2, "127.0.0.1:40002", 100)
        },
        flow(3, "127.0.0.1:40003", 103),
    ];
    let sockets = [
        client(1, Some("127.0.0.1:40000"), 99, 101),
        client(2, None, 99, 101),
    ];
    let reached = own_clients(&mut flows, &sockets, Provenance::Instrumented);
    assert_eq!(workers(&flows), [Some(1), Some(2), None, None]);
    assert_eq!(reached, 1);
}

proptest! {
    /// Whoever notes its moment may be kept from connect(2) for as long as it likes.
    #[test]
    fn nobody_who_waited_for_the_processor_takes_a_flow_of_others(
        made in proptest::collection::vec((40000u16..40003, 0i64..2000), 1..60),
        seed in any::<u64>(),
    ) {
        let name = |port: u16| format!("127.0.0.1:{port}");
        let mut flows = Vec::new();
        let mut clients = Vec::new();
        for (i, (port, kept)) in made.iter().enumerate() {
            let ms = 3000 + i64::try_from(i).unwrap() * 10;
            let n = u32::try_from(i).unwrap();
            flows.push(flow(u64::from(n), &name(*port), ms));
            clients.push(client(n, Some(&name(*port)), ms - 1 - kept, ms + 2));
        }
        let rotate = usize::try_from(seed % made.len() as u64).unwrap();
        clients.rotate_left(rotate);
        own_clients(&mut flows, &clients, Provenance::Instrumented);
        for (i, f) in flows.iter().enumerate() {
            prop_assert_eq!(f.client_owner.map(|o| o.worker.0 as usize), Some(i));
        }
    }

    /// Ports used again and again, each connection in its own time: every flow
    /// goes to the worker that made it, in whatever order they are told.
    #[test]
    fn every_flow_finds_its_own(
        ports in proptest::collection::vec(40000u16..40004, 1..40),
        seed in any::<u64>(),
    ) {
        let name = |port: u16| format!("127.0.0.1:{port}");
        let mut flows = Vec::new();
        let mut clients = Vec::new();
        let mut servers_ = Vec::new();
        for (i, port) in ports.iter().enumerate() {
            let ms = i64::try_from(i).unwrap() * 10 + 10;
            let n = u32::try_from(i).unwrap();
            flows.push(flow(u64::from(n), &name(*port), ms));
            clients.push(client(n, Some(&name(*port)), ms - 1, ms + 2));
            servers_.push(server(&name(*port), ms + 3, n));
        }
        let rotate = usize::try_from(seed % ports.len() as u64).unwrap();
        clients.rotate_left(rotate);
        servers_.rotate_right(rotate);
        own_clients(&mut flows, &clients, Provenance::Instrumented);
        own_servers(&mut flows, &servers_, Provenance::Instrumented);
        for (i, f) in flows.iter().enumerate() {
            prop_assert_eq!(f.flow, FlowId(i as u64));
            prop_assert_eq!(f.client_owner.map(|o| o.worker.0 as usize), Some(i));
            prop_assert_eq!(f.server_owner.and_then(|o| o.serve_tid).map(|t| t.0 as usize), Some(i));
        }
    }
}
