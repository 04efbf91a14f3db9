//! Every strategy, end to end: the records agree with each other and with
//! what tshark reads in the capture.

use std::collections::HashMap;

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, Ran, findings, tshark};
use super::contract;
use crate::require;

const N: u64 = 300;

#[test]
fn what_the_capture_holds_is_not_the_client_s() {
    require!(Capture);
    let lab = Lab::new();
    let ran = lab
        .run(&["-n", "20", "--port", "0", "--buffer", "256M"])
        .exits(0);
    let sides = &ran.record()["sides"];
    for side in ["client", "server"] {
        let memory = sides[side]["peak_memory_bytes"].as_u64().unwrap();
        assert!((1 << 20..128 << 20).contains(&memory), "{sides}");
        assert!(sides[side]["cpu_ns"].as_u64().unwrap() > 0, "{sides}");
    }
}

fn a_run_of(strategy: &str) -> Ran {
    let lab = Lab::new();
    let requests = N.to_string();
    let ran = lab
        .run(&["--strategy", strategy, "-n", &requests, "--port", "0"])
        .exits(0);
    let record = ran.record();
    contract::run_record(&record);
    ran.flows().iter().for_each(contract::flow);
    ran.workers().iter().for_each(contract::worker);
    assert_eq!(record["plan"]["strategy"], strategy);
    everything_went_well(&ran, &record);
    tshark_agrees(&ran);
    ran
}

fn everything_went_well(ran: &Ran, record: &Value) {
    let requests = &record["requests"];
    for stage in [
        "submitted",
        "attempted",
        "on_wire",
        "handshakes",
        "answered",
        "valid",
    ] {
        assert_eq!(requests[stage], N, "{stage}");
    }
    assert_eq!(requests["failed"], serde_json::json!({}));
    for owned in ["flows", "client_owned", "server_owned"] {
        assert_eq!(record["correlation"][owned], N, "{owned}");
    }
    assert_eq!(record["capture"]["dropped_by_kernel"], 0);
    assert_eq!(record["capture"]["dropped_by_interface"], 0);
    assert_eq!(record["capture"]["stop_reason"], "drained");
    let errors = record["findings"].as_array().unwrap().iter();
    assert_eq!(errors.filter(|f| f["severity"] == "error").count(), 0);
    assert!(findings(record, "unowned_flows").is_empty());

    let flows = ran.flows();
    assert_eq!(flows.len() as u64, N);
    let workers = ran.side("client");
    assert_eq!(workers.len() as u64, N);
    // A port may be given twice in a run.
    let tasks = |of: &mut dyn Iterator<Item = (&Value, &Value)>| {
        let number = |value: &Value| value.as_u64().unwrap();
        let task = |t: &Value| ["worker", "pid", "tid"].map(|fact| number(&t[fact]));
        let mut all: Vec<(u64, [u64; 3])> = of
            .map(|(it, of)| (number(&it["client"]["port"]), task(of)))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(
        tasks(&mut flows.iter().map(|flow| (flow, &flow["client_owner"]))),
        tasks(&mut workers.iter().map(|worker| (worker, worker))),
    );
    for flow in &flows {
        assert_eq!(
            (&flow["state"], &flow["close"]),
            (&"SF".into(), &"fin".into()),
            "{flow}"
        );
        assert_eq!(flow["exchanges"].as_array().unwrap().len(), 1);
        assert_eq!(flow["client_owner"]["provenance"], "instrumented");
        assert_eq!(flow["server_owner"]["provenance"], "instrumented");
    }
    let requests: std::collections::HashSet<u64> = workers
        .iter()
        .map(|w| w["request"].as_u64().unwrap())
        .collect();
    assert_eq!(requests.len() as u64, N);
}

/// tshark sees the same streams, the same answers, and in each stream the same
/// frames and bytes.
fn tshark_agrees(ran: &Ran) {
    let pcap = ran.pcap();
    assert_eq!(tshark::frames(&pcap, tshark::ANSWERS) as u64, N);
    let server = ran.record()["plan"]["target"].as_str().unwrap().to_owned();
    let server_port = server.rsplit(':').next().unwrap();
    let mut streams: HashMap<String, [u64; 6]> = HashMap::new();
    let mut client_port = HashMap::new();
    let columns = ["tcp.stream", "tcp.srcport", "frame.len", "tcp.len"];
    for row in tshark::fields(&pcap, "tcp", &columns) {
        let side = usize::from(row[1] == server_port) * 3;
        if side == 0 {
            client_port.insert(row[0].clone(), row[1].parse::<u64>().unwrap());
        }
        let counts = streams.entry(row[0].clone()).or_default();
        counts[side] += 1;
        counts[side + 1] += row[2].parse::<u64>().unwrap();
        counts[side + 2] += row[3].parse::<u64>().unwrap();
    }
    assert_eq!(streams.len() as u64, N);
    // A port may be given twice in a run.
    let mut said: Vec<(u64, [u64; 6])> = streams
        .iter()
        .map(|(s, counts)| (client_port[s], *counts))
        .collect();
    let told = |flow: &Value| {
        let counts = [
            "client_frames",
            "client_wire_bytes",
            "client_payload_bytes",
            "server_frames",
            "server_wire_bytes",
            "server_payload_bytes",
        ]
        .map(|name| flow[name].as_u64().unwrap());
        (flow["client"]["port"].as_u64().unwrap(), counts)
    };
    let mut told: Vec<(u64, [u64; 6])> = ran.flows().iter().map(told).collect();
    said.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, said);
    let frames: u64 = said.iter().map(|(_, c)| c[0] + c[3]).sum();
    assert_eq!(ran.record()["capture"]["frames"], frames);
}

#[test]
fn thread_runs_whole() {
    require!(Capture, Tool("tshark"));
    let ran = a_run_of("thread");
    let census = &ran.record()["census"]["client"];
    assert_eq!(census["threads"]["created"], N);
    assert_eq!(census["processes"]["peak"], 1);
}

#[test]
fn pool_runs_whole() {
    require!(Capture, Tool("tshark"));
    a_run_of("pool");
}

#[test]
fn process_runs_whole() {
    require!(Capture, Tool("tshark"));
    let ran = a_run_of("process");
    assert_eq!(ran.record()["census"]["client"]["processes"]["created"], N);
    let flows = ran.flows();
    let pids: std::collections::HashSet<u64> = flows
        .iter()
        .map(|f| f["client_owner"]["pid"].as_u64().unwrap())
        .collect();
    assert_eq!(pids.len() as u64, N, "a process each");
}

#[test]
fn async_runs_whole() {
    require!(Capture, Tool("tshark"));
    let ran = a_run_of("async");
    let threads = &ran.record()["census"]["client"]["threads"];
    assert_eq!(
        *threads,
        serde_json::json!({"before": 1, "peak": 1, "after": 1, "created": 0})
    );
}
