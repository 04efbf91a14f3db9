//! The arguments of `threadtap run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::serve::BACKLOG;
use super::shared::{KeepArgs, PrintArgs, TapArgs};
use super::values;
use crate::expect::Expectation;
use crate::model::{Rate, ServerModel, Strategy};
use crate::reserve;
use crate::session::run::{Identity, Isolate, Observe};

const EXAMPLES: &str = "\
Examples:
  threadtap run                                      1000 requests, one thread each
  threadtap run --strategy pool --workers 8 -n 200   200 requests, eight threads
  threadtap run --strategy process --gate            1000 processes, all at the same time
  threadtap run --strategy pool --no-join            no join: what is lost?
  threadtap run --strategy async -n 100000 --max-in-flight 256
  threadtap run --connect 127.0.0.1:45000            use a server that already runs
  threadtap run --format json | jq .census.client    output for other programs
  threadtap run -s pool -w 8 --expect 'client.threads.peak <= 9' --expect 'failed == 0'
                                                     exit status 1 if one does not hold

An expectation is a path into run.json (census. and requests. may be left out),
one of == != < <= > >=, and a number, a text, true, false or null. If the name
ends in _ns, a time such as 5ms is possible too. failed is the number of failed
requests, failed.timeout of one reason. findings.*.code is the code of each
finding, findings.length the number of findings. An unmeasured value (null)
satisfies only == null.

Your own programs, in any language, unmodified:
  threadtap run -- python3 client.py 1000            your client, embedded server
  threadtap run --server-cmd 'python3 server.py' -- python3 client.py 1000
  threadtap run --server-cmd './server 7000' --strategy pool -n 200
  threadtap run --server-cmd ./server --server-cwd s01 -- ./client
                                                     a server in a folder of its own
  threadtap run --server-pid 4711 -- ./client        a server that already runs
  threadtap run --server-cmd ./server --trace-rw -- ./client
                                                     a server that uses read(2) and write(2)

The run is saved: run.json, flows.jsonl, workers.jsonl, capture.pcap, client.log
and server.log. Of these are made report.html (open it in a browser) and
capture.pcapng (open it in Wireshark), unless there are more than 100,000 flows.";

/// How programs are observed, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ObserveName {
    /// Every thread and connection: with eBPF where that is allowed, else with ptrace, else sampled
    #[value(alias = "exact")]
    Auto,
    /// Every thread and connection, by programs in the kernel: your programs are never stopped
    Ebpf,
    /// Every thread and connection, by tracing: your programs are stopped at each of them
    Ptrace,
    /// With eBPF and ptrace at once, as a check of both: what they tell is compared
    #[value(hide = true)]
    Both,
    /// Sample /proc: short-lived threads may be missing, owners are not known
    Sampled,
    /// Do not count them
    Off,
}

impl From<ObserveName> for Observe {
    fn from(name: ObserveName) -> Self {
        match name {
            ObserveName::Auto => Self::Auto,
            ObserveName::Ebpf => Self::Ebpf,
            ObserveName::Ptrace => Self::Ptrace,
            ObserveName::Both => Self::Both,
            ObserveName::Sampled => Self::Sampled,
            ObserveName::Off => Self::Off,
        }
    }
}

/// When a run has a network of its own, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IsolateName {
    /// If capturing is not permitted here, and the server is one that the run starts
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<IsolateName> for Isolate {
    fn from(name: IsolateName) -> Self {
        match name {
            IsolateName::Auto => Self::Auto,
            IsolateName::Always => Self::Always,
            IsolateName::Never => Self::Never,
        }
    }
}

/// Who the programs are in a network of their own, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IsolateAs {
    /// The same user as outside
    Me,
    /// Root there, and nobody more than you outside: for a server on a port below 1024
    Root,
}

impl From<IsolateAs> for Identity {
    fn from(name: IsolateAs) -> Self {
        match name {
            IsolateAs::Me => Self::Own,
            IsolateAs::Root => Self::Root,
        }
    }
}

/// `threadtap run`: a lab run.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
pub struct RunArgs {
    /// Your own client instead of a built-in strategy: the program and its arguments
    #[arg(last = true, value_name = "CLIENT", help_heading = "Client",
          conflicts_with_all = ["strategy", "workers", "gate", "max_in_flight", "no_join", "timeout", "rate", "duration"])]
    pub client: Vec<OsString>,
    /// Folder that your own client runs in; a relative name of the program is looked for there
    #[arg(long, value_name = "DIR", requires = "client", help_heading = "Client")]
    pub client_cwd: Option<PathBuf>,
    /// How the client makes its requests [default: thread]
    #[arg(long, short, value_enum, help_heading = "Client")]
    pub strategy: Option<Strategy>,
    /// Number of requests, one connection each [default: 1000]; with your own client: the number
    /// of requests that you know it makes
    #[arg(short = 'n', long, value_name = "N", help_heading = "Client",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub requests: Option<u32>,
    /// Threads of the pool [default: the number of CPUs]
    #[arg(long, short, value_name = "W", help_heading = "Client",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: Option<u32>,
    /// Hold all workers until every worker has been started, then let them connect together
    #[arg(long, help_heading = "Client")]
    pub gate: bool,
    /// Requests are due at fixed times, R a second, whether earlier ones have ended or not (an open
    /// loop)
    ///
    /// A request that starts late, because all workers are busy, counts from when it was due:
    /// both times are told (response and service time).
    #[arg(long, value_name = "R/s", value_parser = values::rate, conflicts_with = "gate",
          help_heading = "Client")]
    pub rate: Option<Rate>,
    /// Time for which requests are due, instead of -n; needs --rate
    #[arg(long, value_name = "TIME", value_parser = values::duration,
          conflicts_with = "requests", requires = "rate", help_heading = "Client")]
    pub duration: Option<Duration>,
    /// At most K requests in flight at the same time [default: no limit; async: 1024]
    #[arg(long, value_name = "K", help_heading = "Client",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_in_flight: Option<u32>,
    /// With pool: the main thread ends without waiting for its workers (no join)
    #[arg(long, help_heading = "Client")]
    pub no_join: bool,
    /// Time allowed for one request
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::duration,
          help_heading = "Client")]
    pub timeout: Duration,

    /// Percentage of free memory and of free system-wide limits to leave unused: threads and
    /// processes that would take them are not started. It holds for the
    /// built-in client and server
    #[arg(long, value_name = "PERCENT", default_value_t = reserve::PERCENT,
          value_parser = values::percent,
          help_heading = "Client")]
    pub reserve: u64,

    /// Maximum time for the client to run, from its start; then it is ended, what happened until
    /// then is reported, and the exit status is 1 [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Client")]
    pub time_limit: Option<Duration>,

    /// Your own server instead of the embedded one: a command, in quotes
    #[arg(long, value_name = "COMMAND", help_heading = "Server",
          conflicts_with_all = ["connect", "server_pid", "model", "server_workers", "backlog"])]
    pub server_cmd: Option<String>,
    /// Folder that the command of --server-cmd runs in; a relative name of the program is looked
    /// for there
    #[arg(
        long,
        value_name = "DIR",
        requires = "server_cmd",
        help_heading = "Server"
    )]
    pub server_cwd: Option<PathBuf>,
    /// Port of the server [default: 45000; with --server-cmd: the first port it listens on]; 0: any
    /// free port, for the embedded server
    #[arg(long, value_name = "PORT", help_heading = "Server")]
    pub port: Option<u16>,
    /// Time allowed for the command of --server-cmd to start listening
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration,
          requires = "server_cmd", help_heading = "Server")]
    pub server_timeout: Duration,
    /// Use a server that already runs instead of the embedded one
    #[arg(long, value_name = "HOST:PORT", help_heading = "Server",
          conflicts_with_all = ["port", "model", "server_workers", "backlog"])]
    pub connect: Option<String>,
    /// Attach to a server that already runs, and detach at the end: its threads and owners are
    /// known from then on. Traced, it is slower meanwhile, because it stops at every system call;
    /// with eBPF it is never stopped. --observe sampled counts its threads and leaves it alone
    #[arg(long, value_name = "PID", help_heading = "Server",
          conflicts_with_all = ["model", "server_workers", "backlog"])]
    pub server_pid: Option<u32>,
    /// How the embedded server handles connections
    #[arg(long, value_enum, default_value = "thread", help_heading = "Server")]
    pub model: ServerModel,
    /// Threads of the embedded server's pool [default: the number of CPUs]
    #[arg(long, value_name = "W", help_heading = "Server",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub server_workers: Option<u32>,
    /// Backlog of the embedded server: the length of its accept queue
    #[arg(long, value_name = "N", default_value_t = BACKLOG, help_heading = "Server")]
    pub backlog: u32,

    /// Interface to capture on [default: the one used to reach the server, lo]
    #[arg(long, short, value_name = "NAME", help_heading = "Capture")]
    pub interface: Option<String>,
    /// How it is captured.
    #[command(flatten)]
    pub tap: TapArgs,
    /// When the whole run has a network of its own (user and network namespaces): capturing needs
    /// no privilege there, every port is free, and nothing of other programs is on the wire; your
    /// programs reach nothing outside
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        help_heading = "Capture"
    )]
    pub isolate: IsolateName,
    /// Who your programs are in a network of their own [default: me]
    #[arg(long, value_enum, value_name = "USER", help_heading = "Capture")]
    pub isolate_as: Option<IsolateAs>,
    /// Under sudo: your programs, and all of the run, stay root's. Else they are yours, with your
    /// user, your groups and no capability
    #[arg(long, help_heading = "Capture")]
    pub as_root: bool,
    /// How your own programs are observed
    #[arg(long, value_enum, default_value = "auto", help_heading = "Tracing")]
    pub observe: ObserveName,
    /// Also trace read(2) and write(2) of the server: finds the serving thread if the server uses
    /// them. Slower: the server stops at every read and write, also of files
    #[arg(long, help_heading = "Tracing")]
    pub trace_rw: bool,
    /// Also show the output of your own programs on standard error, with the side that printed each
    /// line; it is saved in any case
    #[arg(long, help_heading = "Tracing")]
    pub show_output: bool,
    /// Maximum size of client.log and of server.log: what a program prints beyond it is not saved
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = values::size,
          help_heading = "Tracing")]
    pub log_limit: u32,
    /// Do not sample the system's threads (for benchmarks)
    #[arg(long, hide = true)]
    pub no_sampling: bool,

    /// Condition on the run's record, for example 'client.threads.peak <= 9' (repeatable)
    #[arg(long, value_name = "EXPR", help_heading = "Output")]
    pub expect: Vec<Expectation>,
    /// Empty or new folder to save the run in [default: captures/runs/TIME-STRATEGY]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// How it is saved.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// Compress what is large when the run is over: flows.jsonl.zst, workers.jsonl.zst and
    /// capture.pcap.zst, which threadtap, Wireshark and zstd read
    #[arg(long, help_heading = "Output")]
    pub compress: bool,
    /// What is printed of it.
    #[command(flatten)]
    pub print: PrintArgs,
}
