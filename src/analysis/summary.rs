//! A capture in figures: what `analyze --format json` prints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timeline;
use super::doubt::{self, Counted, Exchanges};
#[cfg(test)]
use crate::decode::Skip;
use crate::decode::Tunnels;
#[cfg(test)]
use crate::model::{Close, ConnState};
use crate::model::{
    Durations, Exchange, FlowRecord, Handshake, Incomplete, IncompleteFigure, Latencies, Quantiles,
    Timestamp, Tool,
};

/// The name and version of the summary's layout.
pub const SCHEMA_ANALYSIS: &str = "threadtap.analysis/1";

/// One file of an analysis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileSummary {
    /// Its name, as it was given; printable.
    pub name: String,
    /// `pcap` or `pcapng`; `null` when it is neither.
    pub format: Option<String>,
    /// Frames that were read.
    pub frames: u64,
    /// Why not all of it could be read; `null` when it could.
    pub damage: Option<String>,
}

/// Captures in figures: `threadtap analyze --format json`. A figure that was not
/// measured is `null`. Later versions may add fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AnalysisSummary {
    /// The layout's name and version.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_ANALYSIS)))]
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// What was read.
    pub files: Vec<FileSummary>,
    /// Whether the files were read as one timeline.
    pub merged: bool,
    /// Frames; with a filter, those of the chosen flows (`files` has all that were
    /// read).
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Of the frames, those that carried a TCP segment.
    pub tcp_segments: u64,
    /// Frames that gave no segment, of all that were read, by reason; one that is not
    /// named did not occur.
    #[cfg_attr(test, schemars(extend("propertyNames" = {"enum": Skip::ALL.map(Skip::name)})))]
    pub skipped: BTreeMap<String, u64>,
    /// Frames of link types that are not known, of all that were read, by LINKTYPE
    /// number; one that is not named did not occur.
    #[serde(default)]
    pub unsupported_links: BTreeMap<String, u64>,
    /// Whether tunnels were followed; without, what is in one is `skipped`.
    #[serde(default)]
    pub tunnels: bool,
    /// The first segment of the flows told; `null` without flows.
    pub first_ns: Option<Timestamp>,
    /// The last segment of the flows told; `null` without flows.
    pub last_ns: Option<Timestamp>,
    /// The filter by which flows were chosen; `null` when all are told. All but
    /// `files`, `skipped`, `unsupported_links`, `tunnels` and `evicted` is of the chosen
    /// flows.
    pub filter: Option<String>,
    /// Flows.
    pub flows: u64,
    /// Flows handed on while open because there were more than `--max-flows`:
    /// where this is not 0, some are told in pieces.
    pub evicted: u64,
    /// Flows by Zeek's `conn_state`; one that is not named did not occur.
    #[cfg_attr(test, schemars(extend("propertyNames" = {"enum": ConnState::ALL.map(ConnState::name)})))]
    pub states: BTreeMap<String, u64>,
    /// Flows by how they ended; a way that is not named did not occur.
    #[cfg_attr(test, schemars(extend("propertyNames" = {"enum": Close::ALL.map(Close::name)})))]
    pub closes: BTreeMap<String, u64>,
    /// Flows whose handshake was completed, and captured in its order.
    pub handshakes: u64,
    /// SYNs beyond the first of each flow.
    pub syn_retransmissions: u64,
    /// Retransmitted segments.
    pub retransmissions: u64,
    /// Segments out of order.
    pub out_of_order: u64,
    /// Duplicate acknowledgements.
    pub duplicate_acks: u64,
    /// Segments with a zero window.
    pub zero_windows: u64,
    /// TCP payload bytes both ways, retransmissions included.
    pub payload_bytes: u64,
    /// Requests and answers.
    pub exchanges: Exchanges,
    /// How long things took.
    pub latency: Latencies,
    /// From SYN-ACK to ACK and SYN to SYN-ACK together (Wireshark's iRTT); `null`
    /// when there was none.
    pub initial_rtt: Option<Quantiles>,
    /// Figures that are not known exactly, by their paths, each with what it is at
    /// least and why. A count of exchanges among them is `null`; all others are of what
    /// was seen.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("propertyNames" = {"enum": doubt::FIGURES})))]
    pub incomplete: BTreeMap<String, IncompleteFigure>,
}

/// Flows being counted.
#[derive(Debug, Default)]
pub struct Tally {
    flows: u64,
    states: BTreeMap<String, u64>,
    closes: BTreeMap<String, u64>,
    handshakes: u64,
    syn_retransmissions: u64,
    retransmissions: u64,
    out_of_order: u64,
    duplicate_acks: u64,
    zero_windows: u64,
    payload_bytes: u64,
    exchanges: Counted,
    /// In how many flows what could not be told.
    reasons: BTreeMap<Incomplete, u64>,
    handshake_times: Durations,
    exchange_times: Durations,
    initial_rtts: Durations,
    span: Option<(Timestamp, Timestamp)>,
    /// Frames of the flows, and their bytes.
    of_flows: (u64, u64),
    frames: u64,
    bytes: u64,
    tcp_segments: u64,
    evicted: u64,
    skipped: BTreeMap<String, u64>,
    unsupported_links: BTreeMap<String, u64>,
    tunnels: bool,
}

impl Tally {
    /// Counts one flow.
    pub fn flow(&mut self, f: &FlowRecord) {
        self.flows += 1;
        self.of_flows.0 += f.client_frames + f.server_frames;
        self.of_flows.1 += f.client_wire_bytes + f.server_wire_bytes;
        bump(&mut self.states, f.state.name());
        bump(&mut self.closes, f.close.name());
        if let Some(handshake) = f.handshake {
            self.syn_retransmissions += u64::from(handshake.syn_count.saturating_sub(1));
            self.handshakes += u64::from(handshake.duration().is_some());
        }
        self.retransmissions += f.client_retransmissions + f.server_retransmissions;
        self.out_of_order += f.client_out_of_order + f.server_out_of_order;
        self.duplicate_acks += f.client_duplicate_acks + f.server_duplicate_acks;
        self.zero_windows += f.client_zero_windows + f.server_zero_windows;
        self.payload_bytes += f.client_payload_bytes + f.server_payload_bytes;
        for reason in &f.incomplete {
            *self.reasons.entry(*reason).or_default() += 1;
        }
        self.exchanges.requests += f.exchanges.len() as u64 + f.exchanges_omitted;
        for exchange in &f.exchanges {
            self.exchanges.answered += u64::from(exchange.response_ns.is_some());
            self.exchanges.time_valid += u64::from(exchange.valid == Some(true));
            self.exchanges.time_invalid += u64::from(exchange.valid == Some(false));
        }
        let exchange_times = f.exchanges.iter().filter_map(Exchange::duration);
        exchange_times.for_each(|d| self.exchange_times.add(d));
        let handshake = f.handshake.as_ref().and_then(Handshake::duration);
        if let Some(duration) = handshake {
            self.handshake_times.add(duration);
        }
        f.initial_rtt_ns
            .into_iter()
            .for_each(|d| self.initial_rtts.add(d));
        let (first, last) = self.span.unwrap_or((f.first_ns, f.last_ns));
        self.span = Some((first.min(f.first_ns), last.max(f.last_ns)));
    }

    /// Counts what a timeline had beside its flows.
    pub fn timeline(&mut self, t: &Timeline) {
        self.frames += t.frames;
        self.bytes += t.bytes;
        self.tcp_segments += t.tcp_segments;
        self.evicted += t.evicted;
        self.tunnels |= t.tunnels == Tunnels::Followed;
        for (link, n) in &t.unsupported_links {
            *self
                .unsupported_links
                .entry(link.0.to_string())
                .or_default() += n;
        }
        for (reason, n) in t.skips.iter() {
            *self.skipped.entry(reason.name().to_owned()).or_default() += n;
        }
    }

    /// The summary.
    #[must_use]
    pub fn summary(
        self,
        files: Vec<FileSummary>,
        merged: bool,
        filter: Option<String>,
    ) -> AnalysisSummary {
        let (frames, bytes, tcp_segments) = match filter {
            Some(_) => (self.of_flows.0, self.of_flows.1, self.of_flows.0),
            None => (self.frames, self.bytes, self.tcp_segments),
        };
        let incomplete = doubt::figures(&self.reasons, self.exchanges);
        AnalysisSummary {
            schema: SCHEMA_ANALYSIS.to_owned(),
            tool: Tool::this(),
            files,
            merged,
            frames,
            bytes,
            tcp_segments,
            skipped: self.skipped,
            unsupported_links: self.unsupported_links,
            tunnels: self.tunnels,
            first_ns: self.span.map(|s| s.0),
            last_ns: self.span.map(|s| s.1),
            filter,
            flows: self.flows,
            evicted: self.evicted,
            states: self.states,
            closes: self.closes,
            handshakes: self.handshakes,
            syn_retransmissions: self.syn_retransmissions,
            retransmissions: self.retransmissions,
            out_of_order: self.out_of_order,
            duplicate_acks: self.duplicate_acks,
            zero_windows: self.zero_windows,
            payload_bytes: self.payload_bytes,
            exchanges: doubt::exchanges(self.exchanges, &incomplete),
            latency: Latencies::captured(
                self.handshake_times.quantiles(),
                self.exchange_times.quantiles(),
            ),
            initial_rtt: self.initial_rtts.quantiles(),
            incomplete,
        }
    }
}

fn bump(map: &mut BTreeMap<String, u64>, key: &str) {
    // The common case finds its key: no string is made for each flow.
    if let Some(n) = map.get_mut(key) {
        *n += 1;
    } else {
        map.insert(key.to_owned(), 1);
    }
}
