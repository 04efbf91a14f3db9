//! Made-up runs for tests, told like a story: a normal one, and what can be
//! missing from it or wrong with it.

mod records;

use std::net::{IpAddr, Ipv6Addr};

use crate::model::{
    CaptureSummary, Close, ConnState, Correlation, Endpoint, Exchange, FlowRecord, Latencies,
    Nanos, Outcome, Packed, Provenance, Quantiles, RunRecord, SideCensus, StopReason, TimeOfDay,
    WorkerRecord,
};
use records::{flow, run, worker};

/// Workers as a run has them. They are kept to the end of the tests.
pub(crate) fn packed(workers: &[WorkerRecord]) -> &'static Packed<WorkerRecord> {
    Box::leak(Box::new(workers.iter().cloned().collect()))
}

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

    /// A run in which much went wrong and some was not measured.
    pub(crate) fn troubled(n: u32) -> Self {
        let mut fixture = Self::normal(n);
        fixture.unanswered(1);
        fixture.refused(2);
        fixture.retried(3);
        fixture.bad_answer(4, "HELLO | \u{1b}[31m *world*\r\n");
        fixture.flows[5].client_owner = None;
        if let Some(owner) = &mut fixture.flows[6].server_owner {
            owner.accept_tid = owner.serve_tid;
        }
        let flow = &mut fixture.flows[7];
        let mut second = flow.exchanges[0].clone();
        second.answer = TimeOfDay::new(10, 11, 13);
        flow.exchanges.push(second);
        fixture.run.correlation.client_owned = Some(u64::from(n) - 1);
        fixture.run.correlation.server_owned = Some(u64::from(n) - 1);
        fixture.run.census.server = SideCensus::absent();
        fixture.run.plan.gate = false;
        let capture = fixture.capture();
        capture.dropped_by_kernel = Some(12);
        capture.dropped_by_interface = None;
        capture.stop_reason = StopReason::Timeout;
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
            provenance: Some(Provenance::Captured),
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
        exchange.problem = Some(format!("not JAM hh:mm:ss: {what}").into());
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
        let ack = handshake.syn_ns.plus(Nanos::new(1_012_000_000));
        handshake.ack_ns = Some(ack);
        flow.last_ns = flow.last_ns.max(ack);
        flow.client_retransmissions = 1;
        flow.client_frames += 1;
    }

    /// The SYN of flow `at` was never answered.
    pub(crate) fn no_syn_ack(&mut self, at: usize) {
        let flow = &mut self.flows[at];
        flow.exchanges.clear();
        (flow.close, flow.state) = (Close::Open, ConnState::S0);
        flow.history = "S".to_owned();
        (flow.client_frames, flow.server_frames) = (1, 0);
        flow.server_owner = None;
        if let Some(handshake) = &mut flow.handshake {
            (handshake.syn_ack_ns, handshake.ack_ns) = (None, None);
        }
        self.fail(at, Outcome::Timeout, None);
    }

    /// The request of worker `at` failed.
    pub(crate) fn fail(&mut self, at: usize, outcome: Outcome, detail: Option<&str>) {
        let worker = &mut self.workers[at];
        worker.outcome = Some(outcome);
        worker.detail = detail.map(str::to_owned);
        let failed = &mut self.run.requests.failed;
        *failed.entry(outcome.name().to_owned()).or_default() += 1;
        let requests = &mut self.run.requests;
        requests.valid = requests.valid.map(|n| n - 1);
        if outcome != Outcome::BadAnswer {
            requests.answered = requests.answered.map(|n| n - 1);
        }
        if outcome == Outcome::Refused {
            requests.handshakes = requests.handshakes.map(|n| n - 1);
        }
        requests.failed_total = requests.sum_of_failures();
    }
}
