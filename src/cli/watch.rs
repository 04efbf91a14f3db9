//! The arguments of `threadtap watch`, and who is there to be watched.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::plan::UsageError;
use super::shared::{KeepArgs, PrintArgs, TapArgs};
use super::values;
use crate::expect::Expectation;
use crate::model::Pid;
use crate::session::run::{ClientChoice, Identity, Isolate, Observe, RunPlan, ServerChoice};
use crate::sys::capture::Settings;
use crate::sys::net::listeners;
use crate::sys::proc;

const EXAMPLES: &str = "\
Examples:
  threadtap watch --port 8080                        the server, and all that connect to it
  threadtap watch --port 8080 --duration 10s         for ten seconds
  threadtap watch --port 8080 --pid 4711             this client: which of its threads connect?
  threadtap watch --port 5432 -i any                 clients on other machines, too
  threadtap watch --port 8080 --duration 1m --format json | jq .census.server

Nothing is started, and what is watched is never stopped, slowed down, changed or
ended. The server is the process that listens on the port. Connections that were
there before are told as such, and are not counted as begun.

To see which thread makes and which serves a connection, programs in the kernel are
loaded (eBPF: needs root, or CAP_BPF and CAP_PERFMON). Where that is not allowed,
threads are counted by reading /proc.

The watch ends with --duration, with Ctrl-C (exit status 0), or when the client of
--pid has ended (without it: the server). Then it is reported and saved as a run is.";

/// How a watch sees what programs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WatchObserve {
    /// Every thread and connection where eBPF is allowed, else sampled
    Auto,
    /// Sample /proc: short-lived threads may be missing, owners are not known
    Sampled,
}

impl From<WatchObserve> for Observe {
    fn from(name: WatchObserve) -> Self {
        match name {
            WatchObserve::Auto => Self::Auto,
            WatchObserve::Sampled => Self::Sampled,
        }
    }
}

/// `threadtap watch`: who is there is watched.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WatchArgs {
    /// Port that the server listens on
    #[arg(long, short, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..),
          help_heading = "Watch")]
    pub port: u16,
    /// Process of a client that already runs: all its threads and descendants are watched, and its
    /// connections to the port are the requests [default: all clients, on the wire only]
    #[arg(long, value_name = "PID", help_heading = "Watch")]
    pub pid: Option<u32>,
    /// Time to watch [default: until Ctrl-C, or until all that is watched has ended]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Watch")]
    pub duration: Option<Duration>,
    /// How programs are observed
    #[arg(long, value_enum, default_value = "auto", help_heading = "Watch")]
    pub observe: WatchObserve,

    /// Interface to capture on
    #[arg(
        long,
        short,
        value_name = "NAME",
        default_value = "lo",
        help_heading = "Capture"
    )]
    pub interface: String,
    /// How it is captured.
    #[command(flatten)]
    pub tap: TapArgs,

    /// Condition on the watch's record, for example 'server.threads.peak <= 9' (repeatable)
    #[arg(long, value_name = "EXPR", help_heading = "Output")]
    pub expect: Vec<Expectation>,
    /// Empty or new folder to save the watch in [default: captures/runs/TIME-watch]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// How it is saved.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// Compress what is large when the watch is over: flows.jsonl.zst, workers.jsonl.zst and
    /// capture.pcap.zst, which threadtap, Wireshark and zstd read
    #[arg(long, help_heading = "Output")]
    pub compress: bool,
    /// What is printed of it.
    #[command(flatten)]
    pub print: PrintArgs,
}

impl WatchArgs {
    /// The plan.
    ///
    /// # Errors
    /// When nobody is there to be watched, or it is not possible to watch them.
    pub fn plan(&self) -> Result<RunPlan, UsageError> {
        let wrong = |reason| UsageError::Watch(reason);
        let heard = listeners::listening_on(self.port);
        let Some(first) = heard.first() else {
            return Err(wrong(nobody_listens(self.port)));
        };
        let target = listeners::reachable(first.address);
        let servers = listeners::holders_of(self.port);
        let own = Pid(std::process::id());
        for server in &servers {
            if proc::tree_of(*server).contains(&own) {
                let name = named(*server);
                return Err(wrong(format!(
                    "--port {}: {name}, which listens there, is an ancestor of this threadtap, so it cannot be told apart from what watches it; start the watch elsewhere (another terminal, setsid, a service)",
                    self.port
                )));
            }
        }
        if let Some(pid) = self.pid {
            self.check_client(Pid(pid), &servers, own).map_err(wrong)?;
        }
        if self.tap.no_capture && servers.is_empty() && self.pid.is_none() {
            return Err(wrong(format!(
                "--port {}: the process that listens there may not be seen by this user, and nothing is captured: nothing would be seen; use sudo, or leave --no-capture out",
                self.port
            )));
        }
        Ok(RunPlan {
            client: ClientChoice::Existing {
                attach: self.pid.map(Pid),
                duration: self.duration,
                addresses: match self.pid {
                    None if self.interface != "lo" => listeners::addresses_of(&heard),
                    // On the loopback interface all of it is here, and what a client
                    // connects to is told by itself.
                    _ => Vec::new(),
                },
            },
            server: ServerChoice::Existing {
                target,
                attach: None,
            },
            capture: (!self.tap.no_capture).then(|| Settings {
                interface: self.interface.clone(),
                snaplen: self.tap.snaplen,
                buffer_bytes: self.tap.buffer,
            }),
            observe: self.observe.into(),
            read_write: false,
            show_output: false,
            log_limit: 0,
            time_limit: None,
            sample: true,
            linger: self.tap.linger,
            isolate: Isolate::Never,
            identity: Identity::Own,
            as_root: false,
            save_in: self
                .keep
                .save_in(self.out.as_deref(), self.compress, self.tap.rotate),
        })
    }

    /// Whether a process can be the client, or why not.
    fn check_client(&self, pid: Pid, servers: &[Pid], own: Pid) -> Result<(), String> {
        let wrong = |reason: String| Err(format!("--pid {pid}: {reason}"));
        match proc::process_of(crate::model::Tid(pid.0)) {
            Some((process, _)) if process != pid => {
                return wrong(format!(
                    "this is a thread of process {process}; give --pid {process}"
                ));
            }
            None => return wrong("there is no such process; `ps` lists those that run".to_owned()),
            Some(_) => {}
        }
        let tree = proc::tree_of(pid);
        if proc::count(&tree).is_none() {
            return wrong("it has ended, and its parent has not waited for it".to_owned());
        }
        if tree.contains(&own) {
            return wrong(
                "it is an ancestor of this threadtap, so it cannot be told apart from what watches it; start the watch elsewhere (another terminal, setsid, a service)"
                    .to_owned(),
            );
        }
        for server in servers {
            if proc::tree_of(*server).contains(&pid) {
                return wrong(format!(
                    "it is the server on port {} itself, or one of its processes; give a process that connects to it",
                    self.port
                ));
            }
            if tree.contains(server) {
                return wrong(format!(
                    "it has started the server on port {} ({}), so both would be the client; give the client's own process",
                    self.port,
                    named(*server)
                ));
            }
        }
        Ok(())
    }
}

/// A process by its name and number.
fn named(pid: Pid) -> String {
    let name = proc::name_of(pid).unwrap_or_else(|| "?".to_owned());
    format!("{} (pid {pid})", name.escape_default())
}

/// Nobody listens on this port: where else somebody does, or what to do.
fn nobody_listens(port: u16) -> String {
    if let Some(pid) = listeners::holder_elsewhere(port) {
        return format!(
            "--port {port}: nobody listens there in this network namespace, but {} does in another one; watch it from there: nsenter --net=/proc/{pid}/ns/net threadtap watch --port {port}",
            named(pid)
        );
    }
    format!(
        "--port {port}: nobody listens there; start the server first (`ss -lntp` lists who listens)"
    )
}
