//! Runs side by side: what `compare.json` holds.

use serde::{Deserialize, Serialize};

use super::{Environment, Finding, Latencies, Nanos, RunCensus, ServerModel, Strategy, Tool};

/// The name and version of `compare.json`'s layout.
pub const SCHEMA_COMPARE: &str = "threadtap.compare/1";

/// The finding that so few runs cannot tell a difference, however large.
pub const TOO_FEW_REPEATS: &str = "too_few_repeats";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparedPlan {
    /// The numbers of requests that were compared.
    pub sizes: Vec<u64>,
    /// How many times each row was to be run, and is counted.
    pub repeat: u64,
    /// How many times before that, to warm up.
    pub warmup: u64,
    /// What every run was given besides: options of `threadtap run`.
    pub options: Vec<String>,
}

/// The median of what was measured, and how far it spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Spread {
    /// The median; of an even number the mean of the two in the middle, rounded
    /// down.
    pub median: Nanos,
    /// The least.
    pub min: Nanos,
    /// The greatest.
    pub max: Nanos,
}

/// The least and the greatest of a count over the repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Range {
    /// The least.
    pub min: u64,
    /// The greatest.
    pub max: u64,
}

/// How far the peaks spread over the repeats; `null` where one was not measured.
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

/// One way of making the requests, run several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CompareRow {
    /// What it is called: the strategy or program, with `/MODEL` where there are
    /// several models and `@N` where there are several sizes.
    pub name: String,
    /// The client's strategy; `null` for a program.
    pub strategy: Option<Strategy>,
    /// The program's words; `null` for a strategy.
    pub client_command: Option<Vec<String>>,
    /// How the server handles connections.
    pub server_model: Option<ServerModel>,
    /// The number of requests; for a program what `{n}` stands for: with `{n}` in its
    /// command it is to make as many.
    pub requests: u64,
    /// How many runs are counted here: those that came to their end.
    pub repeats: u64,
    /// From the client's exec to its end, over the repeats; `null` before a run has
    /// ended.
    pub duration_ns: Option<Spread>,
    /// The durations in the order of the runs.
    pub durations_ns: Vec<Nanos>,
    /// The median duration as a multiple of the shortest median of this size of a row
    /// that made a connection and has no failures; of all rows where none is such.
    pub ratio_to_fastest: Option<f64>,
    /// The census of the run in the middle by its duration, of two the faster one;
    /// its timelines are thinned.
    pub census: Option<RunCensus>,
    /// How far the peaks spread over the repeats.
    pub peak_ranges: PeakRanges,
    /// The largest number of flows open at once on the wire: the median of the runs,
    /// of two in the middle the lower one, a count that occurred.
    pub peak_open_flows: Option<u64>,
    /// Handshakes and answers of the run whose census this is.
    pub latency: Latencies,
    /// SYNs that were sent again, in all runs together.
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
    /// The runs' folders, below the comparison's.
    pub runs: Vec<String>,
}

impl CompareRow {
    /// Whether requests failed or were never made, or not one connection was
    /// seen: less work takes less time, so that its durations say little.
    #[must_use]
    pub fn fell_short(&self) -> bool {
        self.failed > Some(0) || self.peak_open_flows == Some(0)
    }

    /// The duration of the run whose census and latency are told.
    #[must_use]
    pub fn middle_duration(&self) -> Option<Nanos> {
        let mut sorted = self.durations_ns.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().checked_sub(1)? / 2).copied()
    }
}

/// Whether two rows of one size differ by more than noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// A row's name: the faster one by its median.
    pub a: String,
    /// The other row's name.
    pub b: String,
    /// The median duration of `b` as a multiple of that of `a`.
    pub ratio: f64,
    /// Which test.
    pub test: String,
    /// Its p-value, corrected for all the pairs of this size.
    pub p_value: f64,
    /// The p-value of this pair alone.
    pub uncorrected_p_value: f64,
    /// Whether the corrected p-value is below 0.05.
    pub real: bool,
}

/// How the figures of one row grow with the number of requests, as exponents
/// of a power of n: 0 does not grow, 1 grows as n does. `null` where fewer than
/// two sizes have the figure.
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
    /// Where it ran; `null` before the first run has ended.
    pub environment: Option<Environment>,
    /// What was asked for.
    pub plan: ComparedPlan,
    /// Whether every run was made.
    pub complete: bool,
    /// A row for each way of making the requests.
    pub rows: Vec<CompareRow>,
    /// The pairs of rows of one size that differ in their client or in their server.
    pub differences: Vec<Difference>,
    /// How each grows with the number of requests; empty for one size.
    pub growth: Vec<GrowthRow>,
    /// What is concluded.
    pub findings: Vec<Finding>,
}
