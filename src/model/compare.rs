//! Runs side by side: what `compare.json` holds.

use serde::{Deserialize, Serialize};
use strum::{VariantArray, VariantNames};

use super::named::named;
use super::{
    Connections, Environment, Finding, Latencies, Nanos, RunCensus, RunExchanges, ServerModel,
    Strategy, Tool,
};

/// The name and version of `compare.json`'s layout.
pub const SCHEMA_COMPARE: &str = "threadtap.compare/1";

/// The codes of findings that only comparisons have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ComparisonCode {
    /// A run could not be made.
    RunNotMade,
    /// Runs ended with exit status 1.
    RunsDidNotHold,
    /// Rows in which requests failed.
    RowsWithFailures,
    /// What processes cost against threads.
    ProcessCost,
    /// With so few runs no difference can be significant.
    TooFewRepeats,
    /// The machine had not come to rest before a run.
    NotSettled,
}

named!(ComparisonCode);

/// The finding that with so few runs no difference can be significant.
pub const TOO_FEW_REPEATS: &str = ComparisonCode::TooFewRepeats.name();

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparedPlan {
    /// The numbers of requests that were compared.
    pub sizes: Vec<u64>,
    /// How many times each row was to be run, and is counted.
    pub repeat: u64,
    /// How many warm-up runs of each row, which are not counted.
    pub warmup: u64,
    /// Options that every run got: options of `threadtap run`.
    pub options: Vec<String>,
    /// Whether each of its runs had a network of its own; false where none has ended yet,
    /// and in records of earlier versions.
    #[serde(default)]
    pub isolated: bool,
}

/// The median of what was measured, and how far it spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Spread {
    /// The median. With an even number of runs: the mean of the two middle
    /// values, rounded down.
    pub median: Nanos,
    /// The smallest.
    pub min: Nanos,
    /// The largest.
    pub max: Nanos,
}

/// The smallest and the largest value of a count in the repeated runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Range {
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
}

/// The range of the peaks in the repeated runs; `null` if one was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PeakRanges {
    /// The client's threads.
    pub client_threads: Option<Range>,
    /// The client's processes.
    pub client_processes: Option<Range>,
    /// The server's threads.
    pub server_threads: Option<Range>,
    /// The server's processes.
    pub server_processes: Option<Range>,
}

impl CompareRow {
    /// What its server is called: the model of the embedded one, or a name.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        let model = self.server_model.map(|model| model.to_string());
        model.or_else(|| self.server.clone())
    }
}

/// One way of making the requests, run several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CompareRow {
    /// Its name: the strategy or program, with `/MODEL` or the name of a server of
    /// one's own behind it if there are several servers, and `@N` if there are several
    /// sizes.
    pub name: String,
    /// The client's strategy; `null` for a program.
    pub strategy: Option<Strategy>,
    /// The program and its arguments; `null` for a strategy.
    pub client_command: Option<Vec<String>>,
    /// How the embedded server handles connections; `null` for a server of one's own.
    pub server_model: Option<ServerModel>,
    /// The name of the server of one's own; `null` for the embedded one.
    #[serde(default)]
    pub server: Option<String>,
    /// The command of the server of one's own; `null` for the embedded one.
    #[serde(default)]
    pub server_command: Option<Vec<String>>,
    /// The number of requests; for a program what `{n}` stands for: with `{n}` in its
    /// command it is to make as many.
    pub requests: u64,
    /// How many runs are counted: those that were completed.
    pub repeats: u64,
    /// From the client's exec to its end, over the repeats; `null` before a run has
    /// ended.
    pub duration_ns: Option<Spread>,
    /// The durations in the order of the runs.
    pub durations_ns: Vec<Nanos>,
    /// The median duration as a multiple of the shortest median of this size of a row
    /// that made a connection and has no failures; of all rows where none is such.
    pub ratio_to_fastest: Option<f64>,
    /// The census of the run with the median duration (the faster of two middle
    /// runs); its timelines are thinned.
    pub census: Option<RunCensus>,
    /// How far the peaks spread over the repeats.
    pub peak_ranges: PeakRanges,
    /// The largest number of flows open at once on the wire: the median of the runs,
    /// of two in the middle the lower one, a count that occurred.
    pub peak_open_flows: Option<u64>,
    /// Connections of the run with the median duration; absent in records of earlier
    /// versions.
    #[serde(default)]
    pub connections: Connections,
    /// What was said on them; absent in records of earlier versions.
    #[serde(default)]
    pub exchanges: RunExchanges,
    /// Handshakes and answers of the run with the median duration.
    pub latency: Latencies,
    /// SYN retransmissions: the sum of all runs.
    pub syn_retransmissions: Option<u64>,
    /// Requests without a valid answer, in all runs together; for a program with
    /// `{n}` in its command also those that it never made. `null` where nobody can
    /// tell.
    pub failed: Option<u64>,
    /// CPU time of the client: the median of the runs, as of the durations.
    pub client_cpu_ns: Option<Nanos>,
    /// CPU time of the server: the median of the runs, as of the durations.
    pub server_cpu_ns: Option<Nanos>,
    /// The most memory of the largest single one of the client's processes, in bytes,
    /// not the sum of all: the median of the runs, as of the durations.
    pub client_peak_memory_bytes: Option<u64>,
    /// The most memory of the largest single one of the server's processes, in bytes,
    /// not the sum of all: the median of the runs, as of the durations.
    pub server_peak_memory_bytes: Option<u64>,
    /// Runs whose client did not end within --time-limit: their durations are in no
    /// median and no test.
    #[serde(default)]
    pub time_limit_reached: u64,
    /// The folders of the runs, inside the comparison's folder.
    pub runs: Vec<String>,
}

impl CompareRow {
    /// Whether the row is incomplete: requests failed or were never made, no
    /// connection was seen, or a client was not let end. Less work takes less time,
    /// so its durations cannot be compared.
    #[must_use]
    pub fn fell_short(&self) -> bool {
        self.failed > Some(0) || self.peak_open_flows == Some(0) || self.time_limit_reached > 0
    }

    /// The duration of the run whose census and latency are shown.
    #[must_use]
    pub fn middle_duration(&self) -> Option<Nanos> {
        let mut sorted = self.durations_ns.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().checked_sub(1)? / 2).copied()
    }
}

/// Whether two rows of the same size differ significantly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// A row's name: the faster one by its median.
    pub a: String,
    /// The other row's name.
    pub b: String,
    /// The median duration of `b`, divided by that of `a`.
    pub ratio: f64,
    /// Which test.
    pub test: String,
    /// Its p-value, Holm-corrected for all pairs of the same size.
    pub p_value: f64,
    /// The p-value of this pair alone, not corrected.
    pub uncorrected_p_value: f64,
    /// Whether the difference is significant: `p_value` is below 0.05.
    pub real: bool,
}

/// How the figures of one row grow with the number of requests n, as exponents
/// of n: 0 does not grow, 1 grows in proportion to n. `null` if fewer than two
/// sizes have the figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GrowthRow {
    /// The row's name without its size.
    pub name: String,
    /// The median duration: the exponent of a power of n; `null` where fewer than two
    /// sizes have it.
    pub duration: Option<f64>,
    /// The peak of the client's threads: the exponent of a power of n; `null` where
    /// fewer than two sizes have it.
    pub client_threads_peak: Option<f64>,
    /// The peak of the server's threads: the exponent of a power of n; `null` where
    /// fewer than two sizes have it.
    pub server_threads_peak: Option<f64>,
    /// The largest number of open flows: the exponent of a power of n; `null` where
    /// fewer than two sizes have it.
    pub peak_open_flows: Option<f64>,
    /// The median answer: the exponent of a power of n; `null` where fewer than two
    /// sizes have it.
    pub exchange_p50: Option<f64>,
    /// The client's CPU time: the exponent of a power of n; `null` where fewer than
    /// two sizes have it.
    pub client_cpu: Option<f64>,
    /// The server's CPU time: the exponent of a power of n; `null` where fewer than
    /// two sizes have it.
    pub server_cpu: Option<f64>,
    /// The client's memory: the exponent of a power of n; `null` where fewer than two
    /// sizes have it.
    pub client_peak_memory: Option<f64>,
    /// The server's memory: the exponent of a power of n; `null` where fewer than two
    /// sizes have it.
    pub server_peak_memory: Option<f64>,
}

/// Runs side by side: `compare.json`, and `threadtap compare --format json`. A figure
/// that was not measured is `null`. Later versions may add fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CompareRecord {
    /// The layout's name and version.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_COMPARE)))]
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// When it began, by the local clock, as RFC 3339 writes it.
    pub started: String,
    /// From its beginning to the end of the last run.
    pub duration_ns: Nanos,
    /// Where it ran; `null` if no run has ended yet.
    pub environment: Option<Environment>,
    /// What was asked for.
    pub plan: ComparedPlan,
    /// Whether all planned runs were made.
    pub complete: bool,
    /// A row for each way of making the requests.
    pub rows: Vec<CompareRow>,
    /// The pairs of rows of one size that differ in their client or in their server; not those
    /// with a row whose requests failed or were not made.
    pub differences: Vec<Difference>,
    /// How each grows with the number of requests; empty for one size.
    pub growth: Vec<GrowthRow>,
    /// What is concluded.
    pub findings: Vec<Finding>,
}

impl CompareRecord {
    /// The rows that are compared with no other, by their names.
    #[must_use]
    pub fn left_out(&self) -> Vec<&str> {
        let short = self.rows.iter().filter(|row| row.fell_short());
        short.map(|row| row.name.as_str()).collect()
    }

    /// The differences that tell something: earlier records also have some of rows that fell
    /// short.
    #[must_use]
    pub fn fair_differences(&self) -> Vec<&Difference> {
        let out = self.left_out();
        let fair = |d: &&Difference| !out.contains(&&*d.a) && !out.contains(&&*d.b);
        self.differences.iter().filter(fair).collect()
    }
}
