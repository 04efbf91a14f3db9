//! The arguments of `threadtap compare`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::folders::in_folders;
use super::plan::{AS_NOBODY, UsageError};
use super::run::{IsolateAs, IsolateName};
use super::shared::Colour;
use super::values::{self, Sizes};
use crate::compare::{Client, Options, Program, Server, contenders, shared_folder};
use crate::expect::Expectation;
use crate::lang::Lang;
use crate::model::{FlowChoice, ServerModel, Strategy};
use crate::report::Format;
use crate::session::compare::ComparePlan;
use crate::session::run::SaveIn;

/// The escape in `{n}` keeps clap from taking it for a line break; it is gone
/// before anybody sees it.
const EXAMPLES: &str = "\
Each run is saved in its own folder inside the comparison's folder;
compare.json is written again after each run. The duration is the client's,
from its start (exec) to its end. Census and latency are those of one run, the
run with the median duration. Open flows, CPU time and memory (of the largest
process of a side) are medians of all runs. SYN retransmissions and failures
are sums of all runs. With an even number of runs, a median is the mean of the
two middle values; for counts, and for the run with the median duration, the
lower one is used. Runs are made in rounds, in the order of a Williams design:
each comes equally often at every position and after every other one.

A program with {\u{1b}[0mn} in its command must make that number of requests: a request
that it does not make counts as failed. One that is not told the port with
{\u{1b}[0mport} uses one of its own: the port of the server, or the lab's, 45000. A row
with failed requests or without connections is not ranked as the fastest.

A difference is significant (real in compare.json) if a Mann-Whitney U test
gives p < 0.05. The test is exact and two-sided, uses the durations of all
runs, and is Holm-corrected for all pairs of the same size. The rows of a pair
differ in one thing: the client or the model of the server.

Examples:
  threadtap compare                                  all, 5 runs each
  threadtap compare -s thread,async --models pool,async --repeat 10
  threadtap compare --sweep n=100,1000,10000         how do the figures grow?
  threadtap compare --program 'mine=python3 client.py {host} {port} {\u{1b}[0mn}'
  threadtap compare --server 'a=./a {\u{1b}[0mport}' --server 'b=./b {\u{1b}[0mport}' -s pool
                                                     two servers under the same client
  threadtap compare --expect 'pool.client.threads.peak <= 9' --expect 'failed == 0'
  threadtap compare --format json | jq '.differences[] | select(.real)'

An expectation is a path into compare.json (rows. and census. may be left out;
without the name of a row it applies to every row), one of == != < <= > >=, and
a value. A pair has the names of its rows, as in
differences.thread.pool.p_value; a growth row has its name:
growth.thread.duration. An unmeasured value (null) satisfies only == null.";

/// The help of `--server`, with the same escape.
const SERVER: &str = "Compare your own server instead of the embedded one; {\u{1b}[0mport} is replaced (repeatable). With --models, both";

/// The help of `--program`, with the same escape.
const PROGRAM: &str =
    "Also compare your own program; {\u{1b}[0mn}, {host} and {port} are replaced (repeatable)";

/// `threadtap compare`: strategies and programs, side by side.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, independent of the others"
)]
pub struct CompareArgs {
    /// Strategies to compare, separated by commas
    #[arg(
        long,
        short,
        value_enum,
        value_delimiter = ',',
        value_name = "STRATEGY",
        default_value = "thread,pool,process,async",
        help_heading = "What"
    )]
    pub strategies: Vec<Strategy>,
    /// Also compare your own program
    #[arg(long, value_name = "NAME=COMMAND", help = PROGRAM, help_heading = "What",
          value_parser = Program::client)]
    pub program: Vec<Program>,
    /// Compare your own server instead of the embedded one
    #[arg(long, value_name = "NAME=COMMAND", help = SERVER, help_heading = "What",
          value_parser = Program::server)]
    pub server: Vec<Program>,
    /// Folder that the programs of --program run in, of all or of one (repeatable)
    #[arg(
        long,
        value_name = "[NAME=]DIR",
        requires = "program",
        help_heading = "What"
    )]
    pub client_cwd: Vec<String>,
    /// Folder that the servers of --server run in, of all or of one (repeatable)
    #[arg(
        long,
        value_name = "[NAME=]DIR",
        requires = "server",
        help_heading = "What"
    )]
    pub server_cwd: Vec<String>,
    /// Compare only the programs
    #[arg(
        long,
        requires = "program",
        conflicts_with = "strategies",
        help_heading = "What"
    )]
    pub no_strategies: bool,
    /// Models of the embedded server, separated by commas: every client runs with every model
    /// [default: thread; with --server: none]
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "MODEL",
        help_heading = "What"
    )]
    pub models: Vec<ServerModel>,
    /// Number of requests in each run
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1000, help_heading = "What",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub requests: u32,
    /// Compare with several numbers of requests, and show how each figure grows: n=100,1000,10000
    #[arg(long, value_name = "n=N,N,…", value_parser = values::sizes, conflicts_with = "requests",
          help_heading = "What")]
    pub sweep: Option<Sizes>,
    /// Number of runs of each
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "What",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeat: u32,
    /// Number of warm-up runs of each; they are not counted
    #[arg(long, value_name = "K", default_value_t = 1, help_heading = "What",
          value_parser = clap::value_parser!(u32).range(0..=100))]
    pub warmup: u32,

    /// Threads of the strategy pool [default: the number of CPUs]
    #[arg(long, short, value_name = "W", help_heading = "Every run",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: Option<u32>,
    /// Hold all workers until every worker has been started, then let them connect together
    #[arg(long, help_heading = "Every run")]
    pub gate: bool,
    /// At most K requests in flight at the same time [default: no limit; async: 1024]
    #[arg(long, value_name = "K", help_heading = "Every run",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_in_flight: Option<u32>,
    /// Time allowed for one request [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Every run")]
    pub timeout: Option<Duration>,
    /// Percentage of free memory and of free system-wide limits to leave unused: threads and
    /// processes of the built-in clients and servers that would take them are not started
    /// [default: 5]
    #[arg(long, value_name = "PERCENT", value_parser = values::percent, help_heading = "Every run")]
    pub reserve: Option<u64>,
    /// Maximum time for each client to run; then it is ended, and its run does not count for the
    /// duration of its row [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Every run")]
    pub time_limit: Option<Duration>,
    /// Maximum size of the log of a program in each run [default: 16M]
    #[arg(long, value_name = "SIZE", value_parser = values::size, help_heading = "Every run")]
    pub log_limit: Option<u32>,
    /// Port of the server; 0: any free port for each run, but 45000, the lab's port, for a
    /// program without {port} in its command
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        help_heading = "Every run"
    )]
    pub port: u16,
    /// Threads of the embedded server's pool [default: the number of CPUs]
    #[arg(long, value_name = "W", help_heading = "Every run",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub server_workers: Option<u32>,
    /// Backlog of the embedded server: the length of its accept queue [default: 4096]
    #[arg(long, value_name = "N", help_heading = "Every run")]
    pub backlog: Option<u32>,
    /// Do not capture: needs no privilege, but figures that need a capture are not measured
    #[arg(long, help_heading = "Every run")]
    pub no_capture: bool,
    /// When each run has a network of its own: capturing needs no privilege there, and your
    /// programs reach nothing outside [default: auto, if capturing is not permitted here]
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Every run")]
    pub isolate: Option<IsolateName>,
    /// Who your programs are in a network of their own [default: me]
    #[arg(long, value_enum, value_name = "USER", help_heading = "Every run")]
    pub isolate_as: Option<IsolateAs>,
    /// Under sudo: your programs, and all of each run, stay root's
    #[arg(long, help_heading = "Every run")]
    pub as_root: bool,

    /// Condition on compare.json, for example 'thread.failed == 0' (repeatable)
    #[arg(long, value_name = "EXPR", help_heading = "Output")]
    pub expect: Vec<Expectation>,
    /// Empty or new folder to save the comparison in [default: captures/runs/TIME-compare]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Replace an earlier comparison in DIR, and runs that bear the same name there. A file that
    /// threadtap did not write is never removed
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    /// Let other users read what is saved: folders 0755 and files 0644 instead of 0700 and 0600
    #[arg(long, help_heading = "Output")]
    pub shared: bool,
    /// Flows that flows.jsonl of each run has: all, problems, or a number (see `threadtap run`).
    /// Nothing that is compared depends on it
    #[arg(long, value_name = "all|problems|N", help_heading = "Output")]
    pub flows: Option<FlowChoice>,
    /// Compress what is large in each run's folder (see `threadtap run`)
    #[arg(long, help_heading = "Output")]
    pub compress: bool,
    /// Do not make report.html and capture.pcapng of each run
    #[arg(long, help_heading = "Output")]
    pub no_report: bool,
    /// What to print: json is compare.json, jsonl and csv have one line per row
    #[arg(long, value_enum, default_value = "table", help_heading = "Output")]
    pub format: Format,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto", help_heading = "Output")]
    pub color: Colour,
    /// Language of what is printed for people [default: that of the locale, `LC_ALL`, `LC_MESSAGES` or
    /// `LANG`, where it is one of these, else en]
    #[arg(long, value_enum, value_name = "LANG", help_heading = "Output")]
    pub lang: Option<Lang>,
}

impl CompareArgs {
    /// The plan.
    ///
    /// # Errors
    /// When options do not fit together.
    pub fn plan(&self) -> Result<ComparePlan, UsageError> {
        let strategies: &[Strategy] = if self.no_strategies {
            &[]
        } else {
            &self.strategies
        };
        let mut clients: Vec<Client> = Vec::new();
        let strategies = strategies.iter().copied().map(Client::Strategy);
        let programs = in_folders(&self.program, "--client-cwd", &self.client_cwd)?;
        for client in strategies.chain(programs.into_iter().map(Client::Program)) {
            if !clients.contains(&client) {
                clients.push(client);
            }
        }
        let servers = self.servers()?;
        let models: Vec<ServerModel> = servers.iter().filter_map(Server::model).collect();
        if models.is_empty() && self.backlog.is_some() {
            return Err(UsageError::Mismatch(
                "--backlog is the embedded server's: with --server it needs --models, too",
            ));
        }
        if self.isolate == Some(IsolateName::Never) && self.isolate_as.is_some() {
            return Err(UsageError::Mismatch(AS_NOBODY));
        }
        if self.workers.is_some() && !clients.contains(&Client::Strategy(Strategy::Pool)) {
            return Err(UsageError::Mismatch(
                "--workers needs the strategy pool, which is not compared here",
            ));
        }
        if self.server_workers.is_some() && !models.contains(&ServerModel::Pool) {
            return Err(UsageError::Mismatch("--server-workers needs --models pool"));
        }
        if self.out.as_ref().is_some_and(|out| out.to_str().is_none()) {
            return Err(UsageError::Mismatch(
                "--out: the name of the folder must be UTF-8, because each run gets it as an argument",
            ));
        }
        let sizes = match &self.sweep {
            Some(Sizes(sizes)) => sizes.clone(),
            None => vec![self.requests],
        };
        let contenders = contenders(&clients, &servers, &sizes);
        let names: BTreeSet<&str> = contenders.iter().map(|c| c.name.as_str()).collect();
        if names.len() < contenders.len() {
            return Err(UsageError::Mismatch(
                "two rows would have the same name; give each --program and each --server its own name",
            ));
        }
        if let Some(folder) = shared_folder(&contenders, self.warmup > 0) {
            return Err(UsageError::SharedFolder(folder));
        }
        Ok(ComparePlan {
            contenders,
            sizes,
            repeat: self.repeat,
            warmup: self.warmup,
            options: self.options(),
            port: self.port,
            save_in: SaveIn {
                folder: self.out.clone(),
                replace: self.force,
                shared: self.shared,
                ..SaveIn::default()
            },
        })
    }

    /// The servers of one's own, then the models of the embedded one.
    fn servers(&self) -> Result<Vec<Server>, UsageError> {
        let own = in_folders(&self.server, "--server-cwd", &self.server_cwd)?;
        let mut servers: Vec<Server> = own.into_iter().map(Server::Program).collect();
        let thread = [ServerModel::Thread];
        let models = match (self.models.as_slice(), servers.is_empty()) {
            ([], true) => &thread[..],
            (models, _) => models,
        };
        for model in models {
            let model = Server::Model(*model);
            if !servers.contains(&model) {
                servers.push(model);
            }
        }
        Ok(servers)
    }

    fn options(&self) -> Options {
        let option = |name: &str, value: Option<String>| {
            let words = value.map(|value| [name.to_owned(), value]);
            words.into_iter().flatten()
        };
        let number = |n: Option<u32>| n.map(|n| n.to_string());
        let server: Vec<String> = option("--backlog", number(self.backlog))
            .chain(option("--server-workers", number(self.server_workers)))
            .collect();
        let time = |t: Duration| format!("{}s", t.as_secs_f64());
        let mut common: Vec<String> = option("--time-limit", self.time_limit.map(time))
            .chain(option("--log-limit", number(self.log_limit)))
            .chain(option("--reserve", self.reserve.map(|n| n.to_string())))
            .collect();
        common.extend(option("--isolate", self.isolate.map(values::name)));
        common.extend(option("--isolate-as", self.isolate_as.map(values::name)));
        common.extend(self.as_root.then(|| "--as-root".to_owned()));
        common.extend(self.no_capture.then(|| "--no-capture".to_owned()));
        common.extend(option("--flows", self.flows.map(|flows| flows.to_string())));
        common.extend(self.compress.then(|| "--compress".to_owned()));
        common.extend(self.no_report.then(|| "--no-report".to_owned()));
        let timeout = self.timeout.map(time);
        let mut client: Vec<String> = option("--max-in-flight", number(self.max_in_flight))
            .chain(option("--timeout", timeout))
            .collect();
        client.extend(self.gate.then(|| "--gate".to_owned()));
        Options {
            common,
            server,
            client,
            pool: option("--workers", number(self.workers)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn plan(arguments: &[&str]) -> Result<ComparePlan, UsageError> {
        let line = ["threadtap", "compare"].iter().chain(arguments);
        let Command::Compare(args) = Cli::try_parse_from(line).unwrap().command else {
            panic!("not a comparison");
        };
        args.plan()
    }

    fn names(arguments: &[&str]) -> Vec<String> {
        let plan = plan(arguments).unwrap();
        plan.contenders.into_iter().map(|c| c.name).collect()
    }

    #[test]
    fn all_strategies_unless_told_otherwise() {
        assert_eq!(names(&[]), ["thread", "pool", "process", "async"]);
        assert_eq!(names(&["-s", "async,pool,async"]), ["async", "pool"]);
        let program = "mine=./client {port}";
        assert_eq!(
            names(&["-s", "async", "--program", program]),
            ["async", "mine"]
        );
        assert_eq!(names(&["--no-strategies", "--program", program]), ["mine"]);
    }

    #[test]
    fn servers_of_one_s_own_take_the_place_of_the_embedded_one() {
        let two = [
            "-s",
            "async",
            "--server",
            "a=./a {port}",
            "--server",
            "b=./b {port}",
        ];
        assert_eq!(names(&two), ["async/a", "async/b"]);
        let one = ["-s", "async", "--server", "a=./a"];
        assert_eq!(names(&one), ["async"]);
        let both = [&two[..], &["--models", "pool"]].concat();
        assert_eq!(names(&both), ["async/a", "async/b", "async/pool"]);
        let twice = ["-s", "async", "--server", "a=./a", "--server", "a=./b"];
        assert!(plan(&twice).is_err());
        assert!(plan(&[&one[..], &["--backlog", "7"]].concat()).is_err());
        assert!(plan(&[&one[..], &["--server-workers", "7"]].concat()).is_err());
    }

    #[test]
    fn each_program_has_its_folder() {
        let here = tempfile::tempdir().unwrap();
        let (all, one) = (here.path().join("all"), here.path().join("one"));
        std::fs::create_dir(&all).unwrap();
        std::fs::create_dir(&one).unwrap();
        let (all, one) = (all.display().to_string(), one.display().to_string());
        let of_b = format!("b={one}");
        let line = [
            "-s",
            "async",
            "--server",
            "a=./a",
            "--server",
            "b=./b",
            "--server-cwd",
            &of_b,
            "--server-cwd",
            &all,
        ];
        let plan = plan(&line).unwrap();
        let folder = |at: usize| {
            let program = plan.contenders[at].server.program().unwrap();
            program.folder.clone().unwrap()
        };
        assert_eq!((folder(0), folder(1)), (all, one));
        let gone = ["--server", "a=./a", "--server-cwd", "a=/no/such/folder"];
        let error = super::tests::plan(&gone).unwrap_err().to_string();
        assert!(error.contains("--server-cwd /no/such/folder"), "{error}");
    }

    #[test]
    fn sizes_are_swept_in_order() {
        let plan = plan(&["-s", "async", "--sweep", "n=1000,10,100,10"]).unwrap();
        assert_eq!(plan.sizes, [10, 100, 1000]);
        for wrong in ["", "n=", "n=5", "n=5,5", "n=0,1", "10,20", "n=a,b"] {
            assert!(values::sizes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(plan(&["-s", "async", "--workers", "4"]).is_err());
        assert!(plan(&["--server-workers", "4"]).is_err());
        assert!(plan(&["--program", "thread=./x"]).is_err());
        assert!(plan(&["--models", "pool", "--server-workers", "4"]).is_ok());
    }

    #[test]
    fn options_reach_the_runs_that_they_are_for() {
        let line = "--gate --workers 3 --timeout 250ms --backlog 9 --no-capture --max-in-flight 7";
        let options = plan(&line.split(' ').collect::<Vec<_>>()).unwrap().options;
        assert_eq!(options.common, ["--no-capture"]);
        assert_eq!(options.server, ["--backlog", "9"]);
        assert_eq!(
            options.client,
            ["--max-in-flight", "7", "--timeout", "0.25s", "--gate"]
        );
        assert_eq!(options.pool, ["--workers", "3"]);
    }
}
