//! What is executed anew: the two sides of a run and the crowds of a search, each
//! in its own process with its plan as an argument and its ledger as standard
//! input; and a run of a comparison.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;

use anyhow::Context;
use clap::Parser;

use super::{COULD_NOT_RUN, OK};
use crate::cli::{Cli, one_line};
use crate::lab::client::{self, ClientPlan};
use crate::lab::server::{self, ServeError, ServerPlan};
use crate::model::Pid;
use crate::observe::ledger::{FAILED, LISTENING};
use crate::session::ceiling::{self, CrowdControl, CrowdPlan, CrowdWork};
use crate::sys::host;
use crate::sys::ledger::Ledger;
use crate::sys::privilege::give_up::{NOTHING, for_good};
use crate::sys::process;
use crate::sys::process::signals;
use crate::sys::process::signals::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

const NOT_BY_HAND: &str = "this is an internal command: only threadtap starts it";

/// The ledger on standard input; it lives as long as the process.
fn ledger() -> anyhow::Result<&'static Ledger> {
    let file = io::stdin().as_fd().try_clone_to_owned()?;
    let ledger = Ledger::open(file).context(NOT_BY_HAND)?;
    Ok(Box::leak(Box::new(ledger)))
}

/// Lives and dies with the coordinator. Ctrl-C and Ctrl-\ reach the whole foreground
/// group; what follows from it the coordinator decides alone.
fn belong_to(parent: u32) {
    process::tie_to_parent(Pid(parent));
    for signal in [SIGINT, SIGQUIT, SIGHUP] {
        signals::ignore(signal);
    }
    // This one is the coordinator's word, whoever ignored it before.
    signals::restore_default(SIGTERM);
}

/// The server's side.
pub fn server(plan: &str) -> anyhow::Result<u8> {
    let plan: ServerPlan = serde_json::from_str(plan).context(NOT_BY_HAND)?;
    belong_to(plan.parent.context(NOT_BY_HAND)?);
    let ledger = ledger()?;
    let served = server::serve(plan, Some(ledger), |at| {
        say(&format!("{LISTENING}{at}\n"));
    });
    Ok(end_of_server(served))
}

/// To the coordinator.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes());
    let _ = out.flush();
}

fn end_of_server(served: Result<(), ServeError>) -> u8 {
    match served {
        Ok(()) => OK,
        Err(e) => {
            say(&format!("{FAILED}{e}\n"));
            COULD_NOT_RUN
        }
    }
}

/// A process of `threadtap ceiling`.
pub fn crowd(plan: &str) -> anyhow::Result<u8> {
    let plan: CrowdPlan = serde_json::from_str(plan).context(NOT_BY_HAND)?;
    belong_to(plan.parent);
    if let CrowdWork::Serve { plan } = plan.work {
        let ledger = ledger()?;
        let served = server::serve_within_limits(plan, Some(ledger), |at| {
            say(&format!("{LISTENING}{at}\n"));
        });
        return Ok(end_of_server(served));
    }
    let file = io::stdin().as_fd().try_clone_to_owned()?;
    // Threads of the crowd look at it until the process ends.
    let control: &'static CrowdControl =
        Box::leak(Box::new(CrowdControl::open(file).context(NOT_BY_HAND)?));
    match plan.work {
        CrowdWork::Threads { stack_bytes } => ceiling::threads(control, stack_bytes)?,
        CrowdWork::Processes => ceiling::processes(control),
        CrowdWork::Connections { server } => ceiling::connections(control, server),
        CrowdWork::Serve { .. } => {}
    }
    Ok(OK)
}

/// The client's side.
pub fn client(plan: &str) -> anyhow::Result<u8> {
    let plan: ClientPlan = serde_json::from_str(plan).context(NOT_BY_HAND)?;
    belong_to(plan.parent);
    // Descriptors for as many connections as there are requests, if it may.
    host::raise_descriptors(u64::from(plan.requests) + 1024);
    // Nothing that comes needs a privilege.
    for_good(NOTHING);
    client::run(Box::leak(Box::new(plan)), ledger()?);
    Ok(OK)
}

/// One run of a comparison: as `threadtap run` with these arguments, and it
/// lives and dies with the comparison.
pub fn run(parent: u32, arguments: Vec<OsString>) -> anyhow::Result<u8> {
    process::tie_to_parent(Pid(parent));
    let line = ["threadtap", "run"].into_iter().map(OsString::from);
    match Cli::try_parse_from(line.chain(arguments)) {
        Ok(cli) => super::act(cli.command),
        Err(e) => anyhow::bail!("{}", one_line(&e)),
    }
}
