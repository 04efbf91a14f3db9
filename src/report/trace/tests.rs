//! What was written is read again, by a reader of its own, and held against the record.

use proptest::prelude::*;
use serde_json::Value;

use super::reader::read;
use super::*;
use crate::model::{
    Endpoint, Exchange, FlowRecord, Nanos, RunRecord, Side, TimelinePoint, Timestamp, WorkerRecord,
};
use crate::testkit::Fixture;

fn view(run: &Fixture) -> RunView<'_> {
    RunView {
        run: &run.run,
        flows: &run.flows,
        workers: crate::testkit::packed(&run.workers),
    }
}

fn packed(run: &Fixture) -> Vec<u8> {
    let mut out = Vec::new();
    write_pftrace(view(run), &mut out).unwrap();
    out
}

fn golden(name: &str) -> Fixture {
    let folder = format!("{}/captures/golden-runs/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let run: RunRecord = serde_json::from_str(&file("run.json")).unwrap();
    let lines = |text: String| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let flows = lines(file("flows.jsonl"));
    let workers = lines(file("workers.jsonl"));
    let flow = |line: &String| serde_json::from_str::<FlowRecord>(line).unwrap();
    let worker = |line: &String| serde_json::from_str::<WorkerRecord>(line).unwrap();
    Fixture {
        run,
        flows: flows.iter().map(flow).collect(),
        workers: workers.iter().map(worker).collect(),
    }
}

const GOLDEN: [&str; 7] = [
    "async",
    "interrupted",
    "pool-no-join",
    "process",
    "python",
    "refused",
    "thread",
];

/// Handshakes and exchanges, each on the track of its worker's thread.
#[test]
fn slices_of_the_client_are_those_of_the_record() {
    let mut seen = 0;
    for name in GOLDEN {
        let run = golden(name);
        let told = read(&packed(&run));
        let tid = |f: &FlowRecord| f.client_owner.map(|o| u64::from(o.tid.0));
        let connects: Vec<_> = run
            .flows
            .iter()
            .filter_map(|f| {
                let handshake = f.handshake.filter(|h| h.duration().is_some())?;
                let (from, to) = (handshake.syn_ns, handshake.ack_ns?);
                Some((f.flow.0, tid(f), from.as_nanos(), to.as_nanos()))
            })
            .collect();
        assert_eq!(told.named("connect"), connects, "{name}");
        let exchanges: Vec<_> = run
            .flows
            .iter()
            .flat_map(|f| f.exchanges.iter().map(move |e| (f, e)))
            .filter_map(|(f, e)| {
                let to = e.request_ns.plus(e.duration()?);
                Some((f.flow.0, tid(f), e.request_ns.as_nanos(), to.as_nanos()))
            })
            .collect();
        assert_eq!(told.named("exchange"), exchanges, "{name}");
        seen += exchanges.len();
        let refused = run.flows.iter().filter(|f| !f.is_established()).count();
        assert_eq!(told.named("connect, not established").len(), refused);
    }
    assert!(seen > 100, "{seen}");
}

/// What the server did, on the tracks of the threads that accepted and served.
#[test]
fn slices_of_the_server_are_those_of_the_record() {
    for name in GOLDEN {
        let run = golden(name);
        let told = read(&packed(&run));
        let line = |f: &FlowRecord| {
            let of = |w: &&WorkerRecord| w.side == Side::Server && w.client == Some(f.client);
            run.workers.iter().find(of).and_then(|w| w.connected_ns)
        };
        let (mut accepts, mut serves) = (Vec::new(), Vec::new());
        for flow in &run.flows {
            let Some(owner) = flow.server_owner else {
                continue;
            };
            if let Some(tid) = owner.accept_tid {
                accepts.push((flow.flow.0, Some(u64::from(tid.0)), line(flow).unwrap()));
            }
            if let Some(tid) = owner.serve_tid {
                let closed = flow.server_closed_ns.unwrap();
                serves.push((flow.flow.0, Some(u64::from(tid.0)), closed));
            }
        }
        let drawn = |name: &str| -> Vec<_> {
            let at = Timestamp::from_nanos;
            let named = told.named(name).into_iter();
            named.map(|(f, t, _, to)| (f, t, at(to))).collect()
        };
        assert_eq!(drawn("accept"), accepts, "{name}");
        assert_eq!(drawn("serve"), serves, "{name}");
    }
}

/// An arrow for each request that a thread took, and one back for each answer.
#[test]
fn arrows_are_those_of_the_record() {
    for name in GOLDEN {
        let run = golden(name);
        let told = read(&packed(&run));
        let served = run.flows.iter().filter(|f| {
            let owner = f.server_owner;
            owner.is_some_and(|o| o.serve_tid.is_some())
        });
        let exchanges: Vec<&Exchange> = served.flat_map(|f| &f.exchanges).collect();
        let answered = exchanges.iter().filter(|e| e.response_ns.is_some()).count();
        let of = |from: &str, to: &str| {
            let of = |(a, b): &&(usize, usize)| (told.side(*a), told.side(*b)) == (from, to);
            told.arrows.iter().filter(of).count()
        };
        assert_eq!(of("client", "server"), exchanges.len(), "{name}");
        assert_eq!(of("server", "client"), answered, "{name}");
        assert_eq!(told.arrows.len(), exchanges.len() + answered, "{name}");
        for &(from, to) in &told.arrows {
            let [from, to] = [from, to].map(|at| &told.slices[at]);
            assert_eq!(from.details["flow"], to.details["flow"]);
            assert!(from.from <= to.from, "{from:?} {to:?}");
        }
    }
}

#[test]
fn counters_are_those_of_the_census() {
    for name in GOLDEN {
        let run = golden(name);
        let told = read(&packed(&run));
        let most = |name: &str| {
            let changes = told.counters.get(name)?;
            changes.iter().map(|c| c.1).max()
        };
        let census = &run.run.census;
        for (side, census) in [("client", &census.client), ("server", &census.server)] {
            let peak = |of: fn(&TimelinePoint) -> u64| census.timeline.iter().map(of).max();
            assert_eq!(most(&format!("{side} threads")), peak(|p| p.1), "{name}");
            assert_eq!(most(&format!("{side} processes")), peak(|p| p.2), "{name}");
        }
        let open = told.counters.get("open flows").and_then(|c| c.last());
        assert_eq!(open.map(|c| c.1), (!run.flows.is_empty()).then_some(0));
    }
}

#[test]
fn what_is_not_known_is_not_drawn_or_named_so() {
    let mut run = Fixture::normal(6);
    run.flows[0].client_owner = None;
    run.flows[1].server_owner = None;
    if let Some(owner) = &mut run.flows[2].server_owner {
        (owner.accept_tid, owner.serve_tid, owner.send_tid) = (None, None, None);
    }
    run.flows[3].exchanges[0].response_ns = None;
    run.flows[4].handshake = None;
    let told = read(&packed(&run));
    let flows = |name: &str| -> Vec<u64> { told.named(name).iter().map(|s| s.0).collect() };
    assert_eq!(flows("serve"), [0, 3, 4, 5]);
    assert_eq!(flows("connect"), [0, 1, 2, 3, 5]);
    assert_eq!(flows("exchange"), [0, 1, 2, 4, 5]);
    assert_eq!(flows("exchange, no answer"), [3]);
    assert_eq!(told.arrows.len(), 2 * 3 + 1);
    let connect = told.slices.iter().find(|s| s.name == "connect").unwrap();
    assert_eq!(told.tracks[&connect.track].2, "client, thread not known");
    assert_eq!(told.tracks[&connect.track].1, None);
    // Nobody noted when the server accepted.
    assert_eq!(flows("accept"), [0_u64; 0]);
}

/// What the tracks are called on which slices of this name stand; lanes of a track are
/// called as it is.
fn names(run: &Fixture, name: &str) -> Vec<String> {
    let told = read(&packed(run));
    let on = told.slices.iter().filter(|s| s.name == name);
    let names: std::collections::BTreeSet<_> = on.map(|s| &told.tracks[&s.track].2).collect();
    names.into_iter().cloned().collect()
}

/// The kernel gives the number of a thread that has ended to another one: it is not the
/// same, and its work stands on a track of its own.
#[test]
fn a_number_that_came_again_has_a_track_for_each_life() {
    let mut run = Fixture::normal(4);
    for flow in &mut run.flows {
        flow.client_owner.as_mut().unwrap().tid.0 = 7;
        flow.server_owner.as_mut().unwrap().serve_tid = Some(crate::model::Tid(95));
    }
    // A thread for each request and for each connection.
    assert_eq!(
        names(&run, "exchange"),
        [
            "worker 0",
            "worker 1, tid 7, life 2",
            "worker 2, tid 7, life 3",
            "worker 3, tid 7, life 4"
        ]
    );
    assert_eq!(names(&run, "serve").len(), 4);
    let pid = run.flows[0].server_owner.unwrap().pid;
    let accepted = run.flows.iter().map(|flow| WorkerRecord {
        side: Side::Server,
        pid: Some(pid),
        tid: Some(crate::model::Tid(95)),
        connected_ns: flow.handshake.and_then(|h| h.ack_ns),
        client: Some(Endpoint::new(flow.client.ip, flow.client.port)),
        ..run.workers[0].clone()
    });
    run.workers = accepted.collect();
    assert_eq!(names(&run, "accept"), ["accept"], "one accepts all");
    let mut json = Vec::new();
    write_trace_json(view(&run), &mut json).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let all = json["traceEvents"].as_array().unwrap().iter();
    let exchanges = all.filter(|e| e["ph"] == "X" && e["name"] == "exchange");
    let places: std::collections::BTreeSet<_> = exchanges.map(|e| e["tid"].to_string()).collect();
    assert_eq!(places.len(), 4);
    // Threads that make several.
    run.run.plan.strategy = Some(crate::model::Strategy::Pool);
    run.run.plan.server_model = Some(crate::model::ServerModel::Pool);
    for flow in &mut run.flows {
        flow.client_owner.as_mut().unwrap().worker.0 = 0;
    }
    assert_eq!(names(&run, "exchange"), ["worker 0"]);
    assert_eq!(names(&run, "serve").len(), 1);
}

/// Of a program it is told when each thread began.
#[test]
fn lives_of_a_program_are_told_apart_by_their_beginnings() {
    let mut run = Fixture::normal(4);
    run.run.plan.client_command = Some(vec!["./client".to_owned()]);
    let begun = [run.flows[0].first_ns, run.flows[2].first_ns];
    run.workers.retain(|w| w.side == Side::Client);
    for (at, (flow, line)) in run.flows.iter_mut().zip(&mut run.workers).enumerate() {
        flow.client_owner.as_mut().unwrap().tid.0 = 7;
        line.tid = Some(crate::model::Tid(7));
        line.started_ns = Some(begun[at / 2]);
    }
    let lives = ["workers", "workers, tid 7, life 2"];
    assert_eq!(names(&run, "exchange"), lives);
    // A thread of which there is no line is the one that had begun by then.
    run.workers.remove(3);
    assert_eq!(names(&run, "exchange"), lives);
}

/// Without a capture there is what the workers noted.
#[test]
fn requests_without_a_flow_are_drawn_as_such() {
    let run = Fixture::normal(4).without_capture();
    let told = read(&packed(&run));
    let noted = told.slices.iter().filter(|s| s.name == "request, no flow");
    let noted: Vec<u64> = noted.map(|s| s.to - s.from).collect();
    let lasted = run
        .workers
        .iter()
        .map(|w| w.ended_ns.unwrap().since(w.started_ns.unwrap()));
    let lasted: Vec<u64> = lasted.map(|n| n.get().cast_unsigned()).collect();
    assert_eq!(noted, lasted);
    assert!(!told.counters.contains_key("open flows"));
}

#[test]
fn findings_stand_at_the_end() {
    let run = golden("pool-no-join");
    let told = read(&packed(&run));
    let end = told.slices.iter().map(|s| s.to).max();
    for finding in &run.run.findings {
        let drawn = told.slices.iter().find(|s| s.name == finding.code).unwrap();
        assert_eq!(Some(drawn.from), end);
        assert_eq!(drawn.details["message"], finding.message);
    }
}

/// Both formats tell the same.
#[test]
fn the_json_tells_the_same() {
    for name in GOLDEN {
        let run = golden(name);
        let told = read(&packed(&run));
        let mut out = Vec::new();
        write_trace_json(view(&run), &mut out).unwrap();
        let json: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["otherData"]["zero_ns"], told.zero.to_string());
        let events = json["traceEvents"].as_array().unwrap();
        let of = |phase: &'static str| events.iter().filter(move |e| e["ph"] == phase);
        // Times have three decimals, which a float of this size holds.
        let nanos = |value: &Value| -> u64 {
            let text = value.to_string();
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            format!("{whole}{part:0<3}").parse().unwrap()
        };
        let mut slices: Vec<(String, u64, u64)> = of("X")
            .map(|e| {
                (
                    e["name"].as_str().unwrap().to_owned(),
                    nanos(&e["ts"]),
                    nanos(&e["dur"]),
                )
            })
            .collect();
        let mut drawn: Vec<(String, u64, u64)> = told
            .slices
            .iter()
            .filter(|s| !["", "run", "findings"].contains(&told.tracks[&s.track].2.as_str()))
            .map(|s| (s.name.clone(), s.from, s.to - s.from))
            .collect();
        slices.sort();
        drawn.sort();
        assert_eq!(slices, drawn, "{name}");
        assert_eq!(of("i").count(), 1 + run.run.findings.len());
        let out = of("X").filter(|e| e["flow_out"] == true).count();
        let into = of("X").filter(|e| e["flow_in"] == true).count();
        assert_eq!((out, into), (told.arrows.len(), told.arrows.len()));
        let counted: usize = told.counters.values().map(Vec::len).sum();
        assert_eq!(of("C").count(), counted);
    }
}

#[test]
fn a_run_of_nothing_is_a_trace_too() {
    let mut run = Fixture::normal(0).without_capture();
    run.workers.clear();
    run.run.findings.clear();
    run.run.census.client.timeline.clear();
    run.run.census.server.timeline.clear();
    let told = read(&packed(&run));
    assert_eq!(told.slices.len(), 1);
}

/// Times of anybody's making, near each other so that they meet.
fn moments() -> impl Strategy<Value = Vec<Option<i64>>> {
    let moment = prop_oneof![
        8 => (0_i64..40).prop_map(Some),
        1 => Just(None),
        1 => any::<i64>().prop_map(Some),
    ];
    prop::collection::vec(moment, 9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the times are: no slice begins within another one on its track, each has
    /// its own end, and each arrow leads forward ([`read`] holds all that).
    #[test]
    fn slices_never_overlap_on_a_track(
        flows in prop::collection::vec((moments(), 0_u32..3, 0_u32..3, any::<bool>()), 1..14),
    ) {
        let mut run = Fixture::normal(u32::try_from(flows.len()).unwrap());
        let mut lines = Vec::new();
        for (flow, (times, client, server, twice)) in run.flows.iter_mut().zip(&flows) {
            let at = |n: usize| times[n].map(Timestamp::from_nanos);
            let sure = |n: usize| at(n).unwrap_or_default();
            flow.first_ns = sure(0);
            flow.last_ns = sure(1);
            if let Some(handshake) = &mut flow.handshake {
                (handshake.syn_ns, handshake.ack_ns) = (sure(2), at(3));
            }
            flow.exchanges[0].request_ns = sure(4);
            flow.exchanges[0].response_ns = at(5);
            if *twice {
                let mut second = flow.exchanges[0].clone();
                second.request_ns = second.request_ns.plus(Nanos::new(1));
                flow.exchanges.push(second);
            }
            (flow.client_closed_ns, flow.server_closed_ns) = (at(6), at(7));
            if let Some(owner) = &mut flow.client_owner {
                owner.tid.0 = 7 + client;
            }
            if let Some(owner) = &mut flow.server_owner {
                owner.accept_tid = Some(crate::model::Tid(90));
                owner.serve_tid = Some(crate::model::Tid(90 + server));
                lines.push(WorkerRecord {
                    side: Side::Server,
                    pid: Some(owner.pid),
                    tid: owner.serve_tid,
                    connected_ns: at(8),
                    started_ns: at(8),
                    client: Some(Endpoint::new(flow.client.ip, flow.client.port)),
                    ..run.workers[0].clone()
                });
            }
        }
        run.workers = lines;
        let told = read(&packed(&run));
        let drawn = told.slices.iter().filter(|s| s.name.starts_with("exchange")).count();
        let made: usize = run.flows.iter().map(|f| f.exchanges.len()).sum();
        prop_assert_eq!(drawn, made);
        let mut json = Vec::new();
        write_trace_json(view(&run), &mut json).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        let slices = json["traceEvents"].as_array().unwrap().iter().filter(|e| e["ph"] == "X");
        prop_assert_eq!(slices.count(), told.slices.len() - 1 - run.run.findings.len());
    }

    /// Texts of strangers do no harm, in neither format.
    #[test]
    fn texts_from_outside_stay_texts(text in any::<String>()) {
        let mut run = Fixture::normal(2);
        run.flows[0].exchanges[0].problem = Some(text.as_str().into());
        run.flows[1].history.clone_from(&text);
        run.run.plan.target.clone_from(&text);
        run.run.tool.version.clone_from(&text);
        let told = read(&packed(&run));
        let texts = told.slices.iter().flat_map(|s| s.details.values());
        let acts = texts.filter(|t| t.contains(char::is_control)).count();
        prop_assert_eq!(acts, 0);
        let mut json = Vec::new();
        write_trace_json(view(&run), &mut json).unwrap();
        prop_assert!(serde_json::from_slice::<Value>(&json).is_ok());
    }
}
