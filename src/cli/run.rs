//! The arguments of `threadtap run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::serve::{BACKLOG, Model};
use super::values;
use crate::expect::Expectation;
use crate::lab::protocol;
use crate::model::Strategy;
use crate::report::Format;

const EXAMPLES: &str = "\
Examples:
  threadtap run                                      1000 requests, a thread each
  threadtap run --strategy pool --workers 8 -n 200   200 requests, eight threads
  threadtap run --strategy process --gate            1000 processes, all alive at once
  threadtap run --strategy pool --no-join            the main thread does not wait: what is lost?
  threadtap run --strategy async -n 100000 --max-in-flight 256
  threadtap run --connect 127.0.0.1:45000            against a server that already runs
  threadtap run --format json | jq .census.client    for programs
  threadtap run -s pool -w 8 --expect 'client.threads.peak <= 9' --expect 'findings.length < 2'
                                                     exit status 1 where one does not hold

An expectation is a path into run.json (census. may be left out), one of == != < <= > >=, and a
number, a text, true, false or null; where a name ends in _ns, also 5ms. findings.*.code is each
finding's code, findings.length how many there are.

The run is saved: run.json, flows.jsonl, workers.jsonl and capture.pcap (open it with Wireshark).";

/// A client strategy, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StrategyName {
    /// One OS thread for each request
    Thread,
    /// W threads share a queue of requests
    Pool,
    /// One forked process for each request
    Process,
    /// One thread with an event loop
    Async,
}

impl From<StrategyName> for Strategy {
    fn from(name: StrategyName) -> Self {
        match name {
            StrategyName::Thread => Self::Thread,
            StrategyName::Pool => Self::Pool,
            StrategyName::Process => Self::Process,
            StrategyName::Async => Self::Async,
        }
    }
}

/// A format, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables for a terminal
    Table,
    /// The same as Markdown
    Markdown,
    /// The run's record, as in run.json
    Json,
    /// A flow a line, as in flows.jsonl
    Jsonl,
    /// A flow a row
    Csv,
}

impl From<OutputFormat> for Format {
    fn from(name: OutputFormat) -> Self {
        match name {
            OutputFormat::Table => Self::Table,
            OutputFormat::Markdown => Self::Markdown,
            OutputFormat::Json => Self::Json,
            OutputFormat::Jsonl => Self::Jsonl,
            OutputFormat::Csv => Self::Csv,
        }
    }
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `threadtap run`: a lab run.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
pub struct RunArgs {
    /// How the client makes its requests
    #[arg(
        long,
        short,
        value_enum,
        default_value = "thread",
        help_heading = "Client"
    )]
    pub strategy: StrategyName,
    /// Number of requests, one connection each
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1000, help_heading = "Client",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub requests: u32,
    /// Threads of the pool [default: the number of CPUs]
    #[arg(long, short, value_name = "W", help_heading = "Client",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: Option<u32>,
    /// Hold all workers until every one has been started, then let them connect at once
    #[arg(long, help_heading = "Client")]
    pub gate: bool,
    /// At most K requests in flight at once [default: no bound; async: 1024]
    #[arg(long, value_name = "K", help_heading = "Client",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_in_flight: Option<u32>,
    /// With pool: the main thread ends without waiting for its workers
    #[arg(long, help_heading = "Client")]
    pub no_join: bool,
    /// Time allowed for one request
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::duration,
          help_heading = "Client")]
    pub timeout: Duration,

    /// Port of the embedded server; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = protocol::PORT, help_heading = "Server")]
    pub port: u16,
    /// Use a server that already runs instead of the embedded one
    #[arg(long, value_name = "HOST:PORT", help_heading = "Server",
          conflicts_with_all = ["port", "model", "server_workers", "backlog"])]
    pub connect: Option<String>,
    /// How the embedded server handles connections
    #[arg(long, value_enum, default_value = "thread", help_heading = "Server")]
    pub model: Model,
    /// Threads of the embedded server's pool [default: the number of CPUs]
    #[arg(long, value_name = "W", help_heading = "Server",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub server_workers: Option<u32>,
    /// Length of the embedded server's accept queue
    #[arg(long, value_name = "N", default_value_t = BACKLOG, help_heading = "Server")]
    pub backlog: u32,

    /// Interface to tap [default: the one that leads to the server: lo]
    #[arg(long, short, value_name = "NAME", help_heading = "Capture")]
    pub interface: Option<String>,
    /// Room for frames that wait to be read
    #[arg(long, value_name = "SIZE", default_value = "32M", value_parser = values::size,
          help_heading = "Capture")]
    pub buffer: u32,
    /// Most bytes to keep of a frame
    #[arg(long, value_name = "BYTES", default_value = "262144", value_parser = values::size,
          help_heading = "Capture")]
    pub snaplen: u32,
    /// Longest wait for connections to close after the client has ended
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = values::duration,
          help_heading = "Capture")]
    pub linger: Duration,
    /// Capture nothing: needs no privilege, and leaves what only the wire knows unmeasured
    #[arg(long, conflicts_with_all = ["interface", "buffer", "snaplen", "linger"],
          help_heading = "Capture")]
    pub no_capture: bool,
    /// Do not sample the system's threads (for benchmarks)
    #[arg(long, hide = true)]
    pub no_sampling: bool,

    /// What has to hold of the run's record, for example 'client.threads.peak <= 9' (repeatable)
    #[arg(long, value_name = "EXPR", help_heading = "Output")]
    pub expect: Vec<Expectation>,
    /// Folder to save the run in [default: captures/runs/TIME-STRATEGY]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "table", help_heading = "Output")]
    pub format: OutputFormat,
    /// Most rows of the interaction table
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    pub rows: usize,
    /// Whether to colour
    #[arg(long, value_enum, default_value = "auto", help_heading = "Output")]
    pub color: Colour,
}
