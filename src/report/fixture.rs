//! Made-up runs for tests, told like a story: a normal one, and what can be
//! missing from it or wrong with it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::RunView;
use crate::model::{
    CaptureSummary, ClientOwner, Close, ConnState, Correlation, Counts, Endpoint, Environment,
    Exchange, FlowId, FlowRecord, Handshake, Latencies, Nanos, Observer, Outcome, Pid, Plan,
    Provenance, Quantiles, Requests, RunCensus, RunRecord, SCHEMA_RUN, ServerKind, ServerModel,
    ServerOwner, Side, SideCensus, StopReason, Strategy, SystemCensus, SystemCounts, Tid,
    TimeOfDay, Timestamp, Tool, WorkerId, WorkerRecord,
};

/// The moment at which every made-up run begins.
pub(crate) const START: i64 = 1_760_000_000_000_000_000;

/// A made-up run.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) run: RunRecord,
    pub(crate) flows: Vec<FlowRecord>,
    pub(crate) workers: Vec<WorkerRecord>,
}

impl Fixture {
    /// `n` requests, a thread each, and all went well.
    pub(crate) fn normal(n: u32) -> Self {
        let flows: Vec<_> = (0..n).map(flow).collect();
        let workers = (0..n).map(worker).collect();
        let mut fixture = Self {
            run: run(u64::from(n)),
            flows,
            workers,
        };
        fixture.measure();
        fixture
    }

    /// The same over IPv6.
    pub(crate) fn ipv6(mut self, client: Ipv6Addr) -> Self {
        for flow in &mut self.flows {
            flow.client.ip = IpAddr::V6(client);
            flow.server.ip = IpAddr::V6(client);
        }
        for worker in &mut self.workers {
            worker.client = worker.client.map(|c| Endpoint::new(client.into(), c.port));
        }
        self.run.plan.target = "[::1]:45000".to_owned();
        self
    }

    /// The same without a capture: what only the wire shows is absent.
    pub(crate) fn without_capture(mut self) -> Self {
        self.flows.clear();
        self.run.capture = None;
        self.run.latency = Latencies::default();
        self.run.correlation = Correlation::default();
        self.run.observer.capture_cpu_ns = None;
        let requests = &mut self.run.requests;
        (requests.on_wire, requests.handshakes) = (None, None);
        self
    }

    /// Counts what the flows show, as the joining room does.
    pub(crate) fn measure(&mut self) {
        let spans =
            |of: fn(&FlowRecord) -> Option<Nanos>| Quantiles::of(self.flows.iter().filter_map(of));
        self.run.latency = Latencies {
            handshake: spans(|f| f.handshake.and_then(|h| h.duration())),
            exchange: spans(|f| f.exchanges.first().and_then(Exchange::duration)),
        };
    }

    pub(crate) fn capture(&mut self) -> &mut CaptureSummary {
        self.run.capture.as_mut().expect("a run with a capture")
    }

    /// Flow `at` was opened and asked, and no answer came.
    pub(crate) fn unanswered(&mut self, at: usize) {
        let flow = &mut self.flows[at];
        flow.close = Close::Open;
        flow.state = ConnState::S1;
        flow.history = "ShAD".to_owned();
        let exchange = &mut flow.exchanges[0];
        (exchange.response_ns, exchange.answer, exchange.valid) = (None, None, Some(false));
        self.fail(at, Outcome::Timeout, None);
    }

    /// Flow `at` got this instead of an answer.
    pub(crate) fn bad_answer(&mut self, at: usize, what: &str) {
        let exchange = &mut self.flows[at].exchanges[0];
        (exchange.answer, exchange.valid) = (None, Some(false));
        exchange.problem = Some(format!("not JAM hh:mm:ss: {what}"));
        self.fail(at, Outcome::BadAnswer, Some(what));
    }

    /// Flow `at` was refused.
    pub(crate) fn refused(&mut self, at: usize) {
        let flow = &mut self.flows[at];
        flow.exchanges.clear();
        flow.close = Close::Rst;
        flow.state = ConnState::REJ;
        flow.history = "Sr".to_owned();
        (flow.client_frames, flow.server_frames) = (1, 1);
        flow.server_owner = None;
        if let Some(handshake) = &mut flow.handshake {
            (handshake.syn_ack_ns, handshake.ack_ns) = (None, None);
        }
        self.fail(at, Outcome::Refused, None);
    }

    /// The first SYN of flow `at` was lost, and sent again after a second.
    pub(crate) fn retried(&mut self, at: usize) {
        let flow = &mut self.flows[at];
        let handshake = flow.handshake.as_mut().expect("a handshake");
        handshake.syn_count = 2;
        handshake.ack_ns = Some(handshake.syn_ns.plus(Nanos::new(1_012_000_000)));
        flow.client_retransmissions = 1;
        flow.client_frames += 1;
    }

    /// The request of worker `at` failed.
    pub(crate) fn fail(&mut self, at: usize, outcome: Outcome, detail: Option<&str>) {
        let worker = &mut self.workers[at];
        worker.outcome = Some(outcome);
        worker.detail = detail.map(str::to_owned);
        let failed = &mut self.run.requests.failed;
        *failed.entry(outcome.name().to_owned()).or_default() += 1;
        self.run.requests.valid = self.run.requests.valid.map(|n| n - 1);
    }

    pub(crate) fn view(&self) -> RunView<'_> {
        RunView {
            run: &self.run,
            flows: &self.flows,
            workers: &self.workers,
        }
    }
}

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(START + ns)
}

fn client(n: u32) -> Endpoint {
    let port = 32_768 + u16::try_from(n % 28_232).expect("below 28,232");
    Endpoint::new(Ipv4Addr::LOCALHOST.into(), port)
}

/// Flow `n`: opened 50 µs after the one before it, answered soon.
fn flow(n: u32) -> FlowRecord {
    let start = i64::from(n) * 50_000;
    let wait = i64::from(n % 7) * 13_400;
    FlowRecord {
        flow: FlowId(n.into()),
        client: client(n),
        server: Endpoint::new(Ipv4Addr::LOCALHOST.into(), 45_000),
        first_ns: at(start),
        last_ns: at(start + 400_000 + wait),
        client_frames: 5,
        server_frames: 5,
        client_wire_bytes: 344,
        server_wire_bytes: 352,
        client_payload_bytes: 6,
        server_payload_bytes: 14,
        client_stream_bytes: 6,
        server_stream_bytes: 14,
        client_retransmissions: 0,
        server_retransmissions: 0,
        state: ConnState::SF,
        history: "ShADadFf".to_owned(),
        handshake: Some(Handshake {
            syn_ns: at(start),
            syn_ack_ns: Some(at(start + 21_000)),
            ack_ns: Some(at(start + 31_200 + wait)),
            syn_count: 1,
        }),
        close: Close::Fin,
        exchanges: vec![Exchange {
            request_ns: at(start + 60_000 + wait),
            response_ns: Some(at(start + 183_000 + 3 * wait)),
            answer: TimeOfDay::new(10, 11, 12),
            valid: Some(true),
            problem: None,
        }],
        client_owner: Some(ClientOwner {
            worker: WorkerId(n),
            pid: Pid(41_000),
            tid: Tid(41_001 + n),
            provenance: Provenance::Instrumented,
        }),
        server_owner: Some(ServerOwner {
            pid: Pid(40_000),
            accept_tid: Some(Tid(40_000)),
            serve_tid: Some(Tid(61_002 + n)),
            provenance: Provenance::Instrumented,
        }),
    }
}

fn worker(n: u32) -> WorkerRecord {
    let start = i64::from(n) * 50_000;
    WorkerRecord {
        side: Side::Client,
        worker: Some(WorkerId(n)),
        request: Some(n.into()),
        pid: Some(Pid(41_000)),
        tid: Some(Tid(41_001 + n)),
        started_ns: Some(at(start - 4_000)),
        ended_ns: Some(at(start + 420_000)),
        connected_ns: Some(at(start + 40_000)),
        client: Some(client(n)),
        outcome: Some(Outcome::Valid),
        detail: None,
    }
}

fn run(n: u64) -> RunRecord {
    RunRecord {
        schema: SCHEMA_RUN.to_owned(),
        tool: Tool {
            name: "threadtap".to_owned(),
            version: "0.1.0".to_owned(),
        },
        started: "2025-10-09T15:53:20+07:00".to_owned(),
        duration_ns: Nanos::new(812_000_000),
        environment: Environment {
            kernel: "Linux 6.12.0".to_owned(),
            cpus: 2,
            memory_bytes: Some(8_000_000_000),
            limits: [("RLIMIT_NPROC".to_owned(), Some(31_000))].into(),
        },
        plan: Plan {
            strategy: Some(Strategy::Thread),
            requests: Some(n),
            workers: None,
            target: "127.0.0.1:45000".to_owned(),
            server: ServerKind::Embedded,
            server_model: Some(ServerModel::Thread),
            client_command: None,
            joined: Some(true),
            gate: true,
            max_in_flight: None,
            timeout_ns: Some(Nanos::new(5_000_000_000)),
        },
        capture: Some(CaptureSummary {
            interface: "lo".to_owned(),
            link_type: "EN10MB".to_owned(),
            snaplen: 256,
            filter: "tcp port 45000".to_owned(),
            frames: n * 10,
            bytes: n * 696,
            dropped_by_kernel: Some(0),
            dropped_by_interface: Some(0),
            stop_reason: StopReason::Drained,
        }),
        requests: Requests {
            submitted: Some(n),
            attempted: Some(n),
            on_wire: Some(n),
            handshakes: Some(n),
            answered: Some(n),
            valid: Some(n),
            failed: [].into(),
        },
        census: RunCensus {
            client: side(1, n),
            server: side(2, n),
            system: SystemCensus {
                threads: system(312, n * 2),
                processes: system(98, 3),
                provenance: Some(Provenance::Sampled),
            },
        },
        latency: Latencies::default(),
        correlation: Correlation {
            flows: Some(n),
            client_owned: Some(n),
            server_owned: Some(n),
        },
        observer: Observer {
            capture_cpu_ns: Some(Nanos::new(12_300_000)),
            tracer_cpu_ns: None,
            tracer_stops: None,
            client_duration_ns: Some(Nanos::new(680_000_000)),
        },
        findings: Vec::new(),
    }
}

fn side(before: u64, n: u64) -> SideCensus {
    let counts = |before, created| Counts {
        before: Some(before),
        peak: Some(before + created),
        after: Some(before),
        created: Some(created),
    };
    SideCensus {
        processes: counts(1, 0),
        threads: counts(before, n),
        provenance: Some(Provenance::Instrumented),
        timeline: Vec::new(),
    }
}

fn system(before: u64, more: u64) -> SystemCounts {
    SystemCounts {
        before: Some(before),
        peak: Some(before + more),
        after: Some(before),
    }
}
