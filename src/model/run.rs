//! One execution: what `run.json` holds.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strum::{Display, EnumMessage, VariantArray, VariantNames};

#[cfg(test)]
use super::Outcome;
use super::named::serialised;
use super::observation::ObserverName;
use super::{
    CaptureFile, Connections, Environment, Finding, FlowsKept, IncompleteFigure, Inferred, Nanos,
    OpenLoop, Programs, Provenance, Quantiles, RunExchanges, SideCensus, SystemCensus, Tool,
};

/// The name and version of `run.json`'s layout.
pub const SCHEMA_RUN: &str = "threadtap.run/1";

/// How the client makes its N requests. What is said of each is its help text, too.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumMessage, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Strategy {
    /// One OS thread for each request.
    Thread,
    /// W threads share a queue of requests.
    Pool,
    /// One forked process for each request.
    Process,
    /// One thread with an event loop.
    Async,
    /// One thread makes one request after another.
    Iterative,
}

serialised!(Strategy);

/// How the server handles connections. What is said of each is its help text, too.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumMessage, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum ServerModel {
    /// A new thread for each connection.
    Thread,
    /// W threads share the connections.
    Pool,
    /// A forked process for each connection.
    Process,
    /// One thread with an event loop.
    Async,
    /// One connection after another.
    Iterative,
}

serialised!(ServerModel);

/// Whose server it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum ServerKind {
    /// The built-in TIME server.
    Embedded,
    /// A command that threadtap started.
    Command,
    /// One that already ran.
    Existing,
}

serialised!(ServerKind);

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// The client's strategy; for a client command, what was concluded from
    /// what it did, `null` where nothing was.
    pub strategy: Option<Strategy>,
    /// How many requests; for a client command the number given with `-n`, `null`
    /// without.
    pub requests: Option<u64>,
    /// How many threads share the queue, or were seen to work; `null` where the
    /// strategy has no such number.
    pub workers: Option<u64>,
    /// The server's address and port.
    pub target: String,
    /// Whose server.
    pub server: ServerKind,
    /// How it handles connections: known of the embedded server, concluded of a
    /// program, `null` where nothing was.
    pub server_model: Option<ServerModel>,
    /// The client's command line; `null` for a built-in strategy.
    pub client_command: Option<Vec<String>>,
    /// The server's command line; `null` for any other server.
    #[serde(default)]
    pub server_command: Option<Vec<String>>,
    /// The folder that the client command ran in; `null`: the one that threadtap was
    /// started in, or no client command.
    #[serde(default)]
    pub client_cwd: Option<String>,
    /// The folder that the server command ran in; `null`: the one that threadtap was
    /// started in, or no server command.
    #[serde(default)]
    pub server_cwd: Option<String>,
    /// What conclusions on strategy and model rest on: how the programs are built, by
    /// what they did.
    #[serde(default)]
    pub inferred: Inferred,
    /// Whether the main thread waited for its workers; `null` when not known.
    pub joined: Option<bool>,
    /// Whether all workers were held until every one had been started.
    pub gate: bool,
    /// The most requests in flight at the same time; `null` means no limit.
    pub max_in_flight: Option<u64>,
    /// The time allowed for one request.
    pub timeout_ns: Option<Nanos>,
    /// Whether the run has a network of its own (`network_namespaces(7)`), out of which
    /// nothing leads.
    #[serde(default)]
    pub isolated: bool,
    /// Whether nothing was started, and programs that ran already were watched
    /// (`threadtap watch`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub watched: bool,
}

impl Plan {
    /// Whether the client is one of threadtap's own strategies.
    #[must_use]
    pub fn has_built_in_client(&self) -> bool {
        self.client_command.is_none() && !self.watched
    }
}

/// Why the capture ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum StopReason {
    /// Every expected flow had closed, and the last block was read.
    Drained,
    /// The linger time passed before every expected flow had closed.
    Timeout,
    /// A person ended the run.
    Interrupted,
    /// A watch was over; what was watched goes on.
    Left,
    /// The capture failed, or its file could not be written any more.
    Fault,
}

serialised!(StopReason);

/// What the capture saw and what it lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CaptureSummary {
    /// The interface of the capture.
    pub interface: String,
    /// The frames' link type, by libpcap's name.
    pub link_type: String,
    /// The snapshot length: the most bytes kept of each frame.
    pub snaplen: u32,
    /// The capture filter (pcap-filter(7)).
    pub filter: String,
    /// Frames delivered.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames dropped by the kernel because the buffer was full.
    pub dropped_by_kernel: Option<u64>,
    /// Frames dropped by the interface or its driver.
    pub dropped_by_interface: Option<u64>,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// The files that it is in, in their order (`--rotate`); absent where it is in one,
    /// `capture.pcap`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<CaptureFile>,
}

/// How far the requests came. What a request is:
///
/// * of a built-in client, each of the N that were submitted, by its worker's own note;
/// * of a program that speaks TIME, each that the capture shows, and each connection
///   that came to nothing before one could be sent (not one that the client closed
///   without asking); with `-n`, also each that is missing;
/// * of other programs it is not known, and `valid` is `null`: `failed` counts
///   connections that came to nothing, `answered` turns of the server, whatever they
///   say (an HTTP 404 too).
///
/// Where `valid` is a number, each request is in exactly one of `valid`, `failed` and
/// `unknown`, and they add up to `submitted`, unless a program made more than that.
/// The figures from `attempted` to `answered` tell how far they came, by connections
/// and exchanges of the client; flows of others are in none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Requests {
    /// Handed to the strategy; of a program the number given with `-n`, `null`
    /// without.
    pub submitted: Option<u64>,
    /// Attempted: connections for which connect(2) was called; `null` where that was
    /// not seen.
    pub attempted: Option<u64>,
    /// Seen on the wire: flows with a SYN.
    pub on_wire: Option<u64>,
    /// Flows whose handshake was completed; without a capture, connections of which the
    /// client knew that they were made.
    pub handshakes: Option<u64>,
    /// Exchanges with an answer, right or wrong.
    pub answered: Option<u64>,
    /// Requests with a valid answer, of TIME; `null` where none could be judged.
    pub valid: Option<u64>,
    /// Requests without a valid answer, by reason; a reason that is not named did not
    /// occur.
    #[cfg_attr(test, schemars(extend("propertyNames" = {"enum": Outcome::ALL[1..]})))]
    pub failed: BTreeMap<String, u64>,
    /// All requests without a valid answer: the sum of `failed`. `null` where nobody
    /// could tell which requests were answered.
    #[serde(default)]
    pub failed_total: Option<u64>,
    /// Requests of which it is not known whether a valid answer came, because the
    /// capture does not show it; `null` where `valid` was not measured.
    #[serde(default)]
    pub unknown: Option<u64>,
    /// How `handshakes` and `answered` are known; `null` where neither is.
    #[serde(default)]
    pub provenance: Option<Provenance>,
}

impl Requests {
    /// The sum of the failures; `None` where no answer was counted, because an empty
    /// list of failures says nothing then.
    #[must_use]
    pub fn sum_of_failures(&self) -> Option<u64> {
        let mut all = self.failed.values();
        // A record may come from anywhere.
        let failed = all.try_fold(0u64, |sum, n| sum.checked_add(*n))?;
        let known = failed > 0 || self.answered.is_some() || self.valid.is_some();
        known.then_some(failed)
    }

    /// The same with its total filled in.
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.failed_total = self.sum_of_failures();
        self
    }
}

/// The counts of both sides and of the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunCensus {
    /// The side that opens connections.
    pub client: SideCensus,
    /// The side that accepts them.
    pub server: SideCensus,
    /// Everything on the machine.
    pub system: SystemCensus,
}

/// How long things took, on the wire or as the client tells; `null` where there was
/// none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Latencies {
    /// From the first SYN to the client's acknowledgement; `null` when there was
    /// none.
    pub handshake: Option<Quantiles>,
    /// From request to answer; `null` when there was none.
    pub exchange: Option<Quantiles>,
    /// How they were measured: `captured` on the wire; `instrumented` or `traced`, where
    /// nothing was captured, from connect(2) to when the client knew that it was
    /// connected, and from sending to receiving. `null` where nothing was measured.
    #[serde(default)]
    pub provenance: Option<Provenance>,
}

impl Latencies {
    /// As a capture shows them.
    #[must_use]
    pub fn captured(handshake: Option<Quantiles>, exchange: Option<Quantiles>) -> Self {
        Self::known_by(Provenance::Captured, handshake, exchange)
    }

    /// As somebody tells them.
    pub(crate) fn known_by(
        how: Provenance,
        handshake: Option<Quantiles>,
        exchange: Option<Quantiles>,
    ) -> Self {
        let any = handshake.is_some() || exchange.is_some();
        Self {
            handshake,
            exchange,
            provenance: any.then_some(how),
        }
    }
}

/// How many flows have an owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Correlation {
    /// Flows of the capture; `null` without one.
    pub flows: Option<u64>,
    /// Flows whose client worker is known.
    pub client_owned: Option<u64>,
    /// Flows whose server thread is known.
    pub server_owned: Option<u64>,
}

/// What observing cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Observer {
    /// Who observed the client; absent in records of earlier versions.
    #[serde(default)]
    pub client: Option<ObserverName>,
    /// Who observed the server; `null` where nobody did.
    #[serde(default)]
    pub server: Option<ObserverName>,
    /// CPU time of the capture thread.
    pub capture_cpu_ns: Option<Nanos>,
    /// CPU time of the tracers, or of the thread that reads what the programs in the
    /// kernel tell (eBPF); `null` where nothing was traced.
    pub tracer_cpu_ns: Option<Nanos>,
    /// How often the tracers stopped a thread; `null` where none could (eBPF stops
    /// nothing).
    pub tracer_stops: Option<u64>,
    /// From the client's start (its exec) to the end of the last of its processes; of a
    /// client that is not traced, of its first one.
    pub client_duration_ns: Option<Nanos>,
}

/// What one side cost, from wait4(2) when its first process is reaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SideCost {
    /// CPU time of all its processes, their own and the kernel's for them;
    /// `null` where not all of them could be counted.
    pub cpu_ns: Option<Nanos>,
    /// The most memory that one of its processes held at a time, in bytes: the
    /// greatest resident set, not the sum of several processes. Never less than what
    /// threadtap held when it started the side, some megabytes, as Linux keeps that
    /// over exec(2) (getrusage(2), `ru_maxrss`).
    pub peak_memory_bytes: Option<u64>,
}

/// What each side has cost. A server that already ran is not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SideCosts {
    /// The side that opens connections.
    pub client: SideCost,
    /// The side that accepts them.
    pub server: SideCost,
}

/// One execution: `run.json`, and `threadtap run --format json`. A figure that was
/// not measured is `null`. Later versions may add fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunRecord {
    /// The layout's name and version.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_RUN)))]
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// When it began, by the local clock, as RFC 3339 writes it.
    pub started: String,
    /// From the client's start until the wire was at rest and the capture ended.
    pub duration_ns: Nanos,
    /// Where it ran.
    pub environment: Environment,
    /// What was asked for.
    pub plan: Plan,
    /// What was captured; `null` when nothing was.
    pub capture: Option<CaptureSummary>,
    /// What became of the requests.
    pub requests: Requests,
    /// What became of the client's connections; absent in records of earlier versions.
    #[serde(default)]
    pub connections: Connections,
    /// What was said on them; absent in records of earlier versions.
    #[serde(default)]
    pub exchanges: RunExchanges,
    /// Figures that are not known exactly, by their paths, each with what it is at least
    /// and why. A count of exchanges among them is `null`, and so is
    /// `requests.answered`; all others are of what was seen.
    #[serde(default)]
    pub incomplete: BTreeMap<String, IncompleteFigure>,
    /// How many threads and processes there were. Threads are tasks: a process with
    /// one thread counts one.
    pub census: RunCensus,
    /// How long things took.
    pub latency: Latencies,
    /// Requests at a rate (`--rate`) and how long they took; `null` where each was made as
    /// soon as it could be.
    #[serde(default)]
    pub open_loop: Option<OpenLoop>,
    /// How many flows have an owner.
    pub correlation: Correlation,
    /// Which flows `flows.jsonl` has (`--flows`); absent where it has all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows_kept: Option<FlowsKept>,
    /// What each side has cost; absent in records of earlier versions. A server that
    /// already ran is not measured.
    #[serde(default)]
    pub sides: SideCosts,
    /// What observing cost.
    pub observer: Observer,
    /// Somebody else's programs that were run or attached to.
    #[serde(default)]
    pub programs: Programs,
    /// What is concluded.
    pub findings: Vec<Finding>,
}
