//! The command line: arguments (clap) in, checked plans out.
//!
//! Every text that `--help`, the man page and the completions show stands in
//! this room.

mod analyze;
mod ceiling;
mod compare;
mod doctor;
mod explain;
mod folders;
mod manual;
mod names;
mod plan;
mod report;
mod run;
mod serve;
mod shared;
mod show;
mod values;
mod watch;
mod wireshark;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Parser, Subcommand};
use clap_complete::Shell;

pub use analyze::AnalyzeArgs;
pub use ceiling::CeilingArgs;
pub use compare::CompareArgs;
pub use doctor::{DoctorArgs, DoctorFormat};
pub use explain::ExplainArgs;
pub use manual::{manual, pages};
pub use plan::UsageError;
pub use report::ReportArgs;
pub use run::RunArgs;
pub use serve::ServeArgs;
pub use shared::{Colour, PrintArgs};
pub use show::ShowArgs;
pub use watch::WatchArgs;
pub use wireshark::WiresharkArgs;

/// See what your concurrency does on the wire.
///
/// threadtap runs a client against a server and captures the traffic with
/// libpcap. It counts the threads and processes of both sides exactly. For
/// every TCP flow it finds the worker that opened it and the thread that
/// served it.
#[derive(Debug, Parser)]
#[command(name = "threadtap", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// Print to standard error what threadtap does and when; -vv prints more
    ///
    /// `THREADTAP_LOG=info` or `THREADTAP_LOG=debug` in the environment does the same.
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 900)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit status:
  0    all went well
  1    it ran, but something failed: a request, an expectation, a program of yours that does not
       start or ends badly, a file that is cut off
  2    it could not run: wrong usage, no such program, no permission, a port in use, not a capture
       file
  130  interrupted; everything so far is saved

Examples:
  threadtap run                              1000 requests, one thread each
  threadtap run --strategy pool -n 200       200 requests by a thread pool
  threadtap run --gate                       start all threads, then let them connect together
  threadtap run --server-cmd './server' -- ./client
                                             your own programs, unmodified
  threadtap watch --port 8080                who connects to a server that already runs?
  threadtap compare                          compare all strategies
  threadtap serve --port 45000               the TIME server alone
  threadtap analyze capture.pcap             every flow of a capture
  threadtap show my-run --format markdown    a saved run, printed again
  threadtap report my-run                    its capture for Wireshark, with the owners of each flow
  threadtap explain pool_width               what a finding means, and what to do
  threadtap doctor                           does all of it work here? what to do if not
  threadtap ceiling                          how many threads are possible here, and why?";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run N requests against a TIME server, capture them, count threads, show who did what
    Run(Box<RunArgs>),
    /// Watch a server that already runs, and its clients: nothing is started, nothing slowed down
    Watch(Box<WatchArgs>),
    /// Run the TIME server alone
    Serve(ServeArgs),
    /// Run strategies and programs several times each, and compare them
    Compare(Box<CompareArgs>),
    /// Read capture files (pcap, pcapng): every TCP flow, and a summary
    Analyze(AnalyzeArgs),
    /// Print a saved run again, in any format
    Show(ShowArgs),
    /// Make files of saved runs: a page, the capture for Wireshark, the timeline for Perfetto
    Report(ReportArgs),
    /// Open a saved run in Wireshark, with the owners of each flow as columns
    Wireshark(WiresharkArgs),
    /// Explain findings: what a code means, what to look at, what to do
    Explain(ExplainArgs),
    /// Check what works on this system: capturing, tracing, a network of one's own
    Doctor(DoctorArgs),
    /// Find the highest number of threads, processes and connections that is possible here
    Ceiling(CeilingArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a man page: of threadtap, or of one of its commands
    Man {
        /// The command, for example run [default: threadtap itself]
        command: Option<String>,
        /// Print the names of the commands that have a page, one a line
        #[arg(long, conflicts_with = "command")]
        list: bool,
    },
    /// The server of a run (started by `run`)
    #[command(name = "__server", hide = true)]
    InternalServer {
        /// Its plan, as JSON
        plan: String,
    },
    /// The process of a search (started by `ceiling`)
    #[command(name = "__crowd", hide = true)]
    InternalCrowd {
        /// Its plan, as JSON
        plan: String,
    },
    /// One run of a comparison (started by `compare`)
    #[command(name = "__run", hide = true)]
    InternalRun {
        /// The comparison's process, with which the run lives and dies
        parent: u32,
        /// The arguments of `run`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The client of a run (started by `run`)
    #[command(name = "__client", hide = true)]
    InternalClient {
        /// Its plan, as JSON
        plan: String,
    },
}

impl Command {
    /// Whether only threadtap itself starts it.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(
            self,
            Self::InternalServer { .. }
                | Self::InternalCrowd { .. }
                | Self::InternalRun { .. }
                | Self::InternalClient { .. }
        )
    }
}

/// A wrong command line, in one line.
#[must_use]
pub fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut parts: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        // The usage is in --help; what is wrong is above it.
        if line.starts_with("Usage:") {
            break;
        }
        // What is meant is a wrong option, not a client's argument.
        let no_help = line.starts_with("tip: to pass '");
        if !line.is_empty() && !no_help {
            parts.push(line);
        }
    }
    let said = parts.join(" ");
    let said = said
        .strip_suffix("For more information, try '--help'.")
        .unwrap_or(&said)
        .trim();
    let said = said.strip_prefix("error: ").unwrap_or(said);
    // The words of Rust's parser, and what is meant.
    let mut said = said
        .replace("invalid digit found in string", "it is not a whole number")
        .replace("cannot parse integer from empty string", "it is empty");
    if let Some(instead) = instead(error, &text) {
        said = format!(
            "{}; {instead}",
            said.split(" tip: ").next().unwrap_or(&said)
        );
    }
    format!(
        "{} (see --help)",
        said.escape_debug()
            .to_string()
            .replace("\\'", "'")
            .replace("\\\"", "\"")
    )
}

/// What was probably meant, where clap's own guess is none or another one: a
/// program of one's own, given where an option is expected.
fn instead(error: &clap::Error, rendered: &str) -> Option<&'static str> {
    let kind = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else {
        return None;
    };
    let own_client =
        "your own client comes after --, for example: threadtap run -- python3 client.py";
    if kind == ContextKind::InvalidSubcommand {
        // A mistyped command has its own tip.
        return (!rendered.contains("tip: ")).then_some(own_client);
    }
    let usage = rendered.split_once("Usage: threadtap ")?.1;
    let command = usage.split_whitespace().next()?;
    match (command, word.as_str()) {
        ("run", "--server") => Some("your own server is given with --server-cmd COMMAND"),
        ("run", "--client") => Some(own_client),
        (
            "run" | "compare",
            "--cwd" | "--dir" | "--chdir" | "--server-dir" | "--client-dir" | "-C",
        ) => Some("the folder that a program runs in is given with --server-cwd or --client-cwd"),
        ("run", word) if !word.starts_with('-') => Some(own_client),
        ("compare", word) if !word.starts_with('-') => {
            Some("your own client is given with --program NAME=COMMAND")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn a_program_given_where_none_is_expected_is_told_where_to_go() {
        for (given, wanted) in [
            (
                &["run", "python3", "client.py", "9"][..],
                "threadtap run -- python3",
            ),
            (&["run", "-n", "9", "./client"], "threadtap run -- python3"),
            (&["run", "--client", "./client"], "threadtap run -- python3"),
            (&["run", "--server", "./server"], "--server-cmd COMMAND"),
            (&["run", "--server=./server"], "--server-cmd COMMAND"),
            (&["compare", "./client"], "--program NAME=COMMAND"),
            (&["run", "--cwd", "s01"], "--server-cwd or --client-cwd"),
            (&["compare", "--server-dir", "s01"], "--server-cwd or"),
            (
                &["run", "-n", "ten"],
                "'ten' for '--requests <N>': it is not a whole number",
            ),
            (&["python3", "client.py"], "threadtap run -- python3"),
            (&["anlayze", "a.pcap"], "'analyze'"),
            (&["run", "--strtegy", "pool"], "'--strategy'"),
            (
                &["analyze", "--wide", "a.pcap"],
                "unexpected argument '--wide' found",
            ),
        ] {
            let words = [&["threadtap"], given].concat();
            let line = one_line(&Cli::try_parse_from(&words).unwrap_err());
            assert!(line.contains(wanted), "{words:?}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_value_is_told_in_one_line_with_the_right_ones() {
        let error = Cli::try_parse_from(["threadtap", "run", "--strategy", "fibre"]).unwrap_err();
        let line = one_line(&error);
        assert!(!line.contains('\n'));
        assert!(
            line.contains("fibre") && line.contains("thread, pool, process, async"),
            "{line}"
        );
        assert!(!line.contains("Usage"));
    }
}
