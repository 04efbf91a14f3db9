//! The contract of run.json, flows.jsonl and workers.jsonl: every field, with
//! its type.

use serde_json::Value;

/// A type of the contract.
#[derive(Clone, Copy, Debug)]
pub enum Is {
    Text,
    Count,
    Flag,
    List,
    Object,
    Moment,
    /// Any of them, or null.
    OrNull(&'static Is),
    OneOf(&'static [&'static str]),
}
use Is::{Count, Flag, List, Moment, Object, OneOf, OrNull, Text};

const PROVENANCE: Is = OneOf(&["instrumented", "traced", "sampled"]);
const STATES: &[&str] = &[
    "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH",
];

impl Is {
    fn holds(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            Count => value.is_u64(),
            Flag => value.is_boolean(),
            List => value.is_array(),
            Object => value.is_object(),
            // Nanoseconds since the epoch, of this century.
            Moment => value
                .as_i64()
                .is_some_and(|ns| ns > 1_000_000_000_000_000_000),
            OrNull(is) => value.is_null() || is.holds(value),
            OneOf(words) => value.as_str().is_some_and(|w| words.contains(&w)),
        }
    }
}

/// Asserts that every field is there, with its type.
#[track_caller]
fn fields(object: &Value, wanted: &[(&str, Is)]) {
    for (path, is) in wanted {
        let pointer = format!("/{}", path.replace('.', "/"));
        let value = object.pointer(&pointer);
        assert!(
            value.is_some_and(|v| is.holds(v)),
            "{path} is {value:?}, not {is:?}, in {object}"
        );
    }
}

const RUN: &[(&str, Is)] = &[
    ("schema", OneOf(&["threadtap.run/1"])),
    ("tool.name", Text),
    ("tool.version", Text),
    ("started", Text),
    ("duration_ns", Count),
    ("environment.kernel", Text),
    ("environment.cpus", Count),
    ("environment.memory_bytes", OrNull(&Count)),
    ("environment.limits", Object),
    (
        "plan.strategy",
        OneOf(&["thread", "pool", "process", "async"]),
    ),
    ("plan.requests", Count),
    ("plan.workers", OrNull(&Count)),
    ("plan.target", Text),
    ("plan.server", OneOf(&["embedded", "command", "existing"])),
    (
        "plan.server_model",
        OrNull(&OneOf(&["thread", "pool", "process", "async", "iterative"])),
    ),
    ("plan.client_command", OrNull(&List)),
    ("plan.joined", Flag),
    ("capture.interface", Text),
    ("capture.link_type", Text),
    ("capture.snaplen", Count),
    ("capture.filter", Text),
    ("capture.frames", Count),
    ("capture.bytes", Count),
    ("capture.dropped_by_kernel", Count),
    ("capture.dropped_by_interface", Count),
    (
        "capture.stop_reason",
        OneOf(&["drained", "timeout", "interrupted"]),
    ),
    ("requests.submitted", Count),
    ("requests.attempted", Count),
    ("requests.on_wire", Count),
    ("requests.handshakes", Count),
    ("requests.answered", Count),
    ("requests.valid", Count),
    ("requests.failed", Object),
    ("census.system.provenance", PROVENANCE),
    ("latency.handshake", OrNull(&Object)),
    ("latency.exchange", OrNull(&Object)),
    ("correlation.flows", Count),
    ("correlation.client_owned", Count),
    ("correlation.server_owned", OrNull(&Count)),
    ("sides.client.cpu_ns", OrNull(&Count)),
    ("sides.client.peak_memory_bytes", OrNull(&Count)),
    ("sides.server.cpu_ns", OrNull(&Count)),
    ("sides.server.peak_memory_bytes", OrNull(&Count)),
    ("observer.capture_cpu_ns", Count),
    ("observer.tracer_cpu_ns", OrNull(&Count)),
    ("observer.tracer_stops", OrNull(&Count)),
    ("observer.client_duration_ns", Count),
    ("findings", List),
];

const QUANTILES: &[(&str, Is)] = &[
    ("count", Count),
    ("min_ns", Count),
    ("p50_ns", Count),
    ("p95_ns", Count),
    ("p99_ns", Count),
    ("max_ns", Count),
];

/// `run.json`.
#[track_caller]
pub fn run_record(run: &Value) {
    fields(run, RUN);
    let started = run["started"].as_str().unwrap();
    assert!(
        chrono::DateTime::parse_from_rfc3339(started).is_ok(),
        "{started}"
    );
    for what in ["handshake", "exchange"] {
        let latency = &run["latency"][what];
        if !latency.is_null() {
            fields(latency, QUANTILES);
            let ns: Vec<u64> = QUANTILES[1..]
                .iter()
                .map(|(name, _)| latency[name].as_u64().unwrap())
                .collect();
            assert!(ns.is_sorted(), "{latency}");
        }
    }
    for of in ["threads", "processes"] {
        for moment in ["before", "peak", "after"] {
            fields(&run["census"]["system"][of], &[(moment, OrNull(&Count))]);
        }
    }
    for side in ["client", "server"] {
        census(&run["census"][side]);
    }
    for finding in run["findings"].as_array().unwrap() {
        let severity = OneOf(&["info", "warning", "error"]);
        fields(
            finding,
            &[
                ("code", Text),
                ("severity", severity),
                ("message", Text),
                ("evidence", Object),
            ],
        );
    }
}

/// The census of one side agrees with itself.
#[track_caller]
fn census(side: &Value) {
    fields(
        side,
        &[("provenance", OrNull(&PROVENANCE)), ("timeline", List)],
    );
    for of in ["threads", "processes"] {
        for moment in ["before", "peak", "after", "created"] {
            fields(&side[of], &[(moment, OrNull(&Count))]);
        }
        let at = |moment: &str| side[of][moment].as_u64();
        assert!(
            at("before") <= at("peak") && at("after") <= at("peak"),
            "{side}"
        );
    }
    let timeline = side["timeline"].as_array().unwrap();
    let mut last = 0;
    for point in timeline {
        let point: Vec<u64> = serde_json::from_value(point.clone()).unwrap();
        let [ns, threads, processes] = point[..] else {
            panic!("{point:?}");
        };
        assert!(ns >= last && threads >= processes, "{point:?}");
        last = ns;
    }
    if side["provenance"] == "instrumented" {
        let highest = timeline.iter().map(|p| p[1].as_u64().unwrap()).max();
        assert_eq!(side["threads"]["peak"].as_u64(), highest);
    }
}

const FLOW: &[(&str, Is)] = &[
    ("flow", Count),
    ("client.ip", Text),
    ("client.port", Count),
    ("server.ip", Text),
    ("server.port", Count),
    ("first_ns", Moment),
    ("last_ns", Moment),
    ("client_frames", Count),
    ("server_frames", Count),
    ("client_wire_bytes", Count),
    ("server_wire_bytes", Count),
    ("client_payload_bytes", Count),
    ("server_payload_bytes", Count),
    ("client_stream_bytes", Count),
    ("server_stream_bytes", Count),
    ("client_retransmissions", Count),
    ("server_retransmissions", Count),
    ("state", OneOf(STATES)),
    ("history", Text),
    ("handshake", OrNull(&Object)),
    ("close", OneOf(&["fin", "rst", "open"])),
    ("exchanges", List),
    ("client_owner", OrNull(&Object)),
    ("server_owner", OrNull(&Object)),
];

/// A line of `flows.jsonl`.
#[track_caller]
pub fn flow(flow: &Value) {
    fields(flow, FLOW);
    if !flow["handshake"].is_null() {
        let times = [("syn_ack_ns", OrNull(&Moment)), ("ack_ns", OrNull(&Moment))];
        fields(&flow["handshake"], &times);
        fields(
            &flow["handshake"],
            &[("syn_ns", Moment), ("syn_count", Count)],
        );
    }
    for exchange in flow["exchanges"].as_array().unwrap() {
        fields(
            exchange,
            &[
                ("request_ns", Moment),
                ("response_ns", OrNull(&Moment)),
                ("answer", OrNull(&Text)),
                ("valid", OrNull(&Flag)),
                ("problem", OrNull(&Text)),
            ],
        );
    }
    let told = ("provenance", PROVENANCE);
    if !flow["client_owner"].is_null() {
        let facts = [("worker", Count), ("pid", Count), ("tid", Count), told];
        fields(&flow["client_owner"], &facts);
    }
    if !flow["server_owner"].is_null() {
        let tid = OrNull(&Count);
        let facts = [
            ("pid", Count),
            ("accept_tid", tid),
            ("serve_tid", tid),
            told,
        ];
        fields(&flow["server_owner"], &facts);
    }
}

/// A line of `workers.jsonl`.
#[track_caller]
pub fn worker(worker: &Value) {
    fields(
        worker,
        &[
            ("side", OneOf(&["client", "server"])),
            ("worker", OrNull(&Count)),
            ("pid", OrNull(&Count)),
            ("tid", OrNull(&Count)),
            ("started_ns", OrNull(&Moment)),
            ("ended_ns", OrNull(&Moment)),
            ("connected_ns", OrNull(&Moment)),
            ("client", OrNull(&Object)),
            ("outcome", OrNull(&Text)),
        ],
    );
}
