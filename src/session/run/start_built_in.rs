//! Starting a built-in side: this program, executed anew.

use std::fs::File;
use std::net::SocketAddr;

use super::rights::Rights;
use super::{ClientChoice, RunPlan, SessionError};
use crate::lab::client::ClientPlan;
use crate::lab::server::ServerPlan;
use crate::observe::ledger::LedgerObserver;
use crate::session::built_in::start;
use crate::sys::ledger::Ledger;
use crate::sys::process;

/// The hidden subcommands under which this program is executed anew.
pub const SERVER_COMMAND: &str = "__server";
/// See [`SERVER_COMMAND`].
pub const CLIENT_COMMAND: &str = "__client";

/// Slots that a server's ledger has beyond the requests of the run: for
/// connections of others, for retries, for pool workers.
const SPARE_SLOTS: usize = 1 << 16;

/// Starts the built-in client.
pub fn client(
    plan: &ClientPlan,
    target: SocketAddr,
    log: Option<File>,
) -> Result<LedgerObserver, SessionError> {
    let plan = ClientPlan {
        target,
        parent: process::pid().0,
        ..plan.clone()
    };
    let tasks = plan.requests.max(plan.workers) as usize;
    let ledger = Ledger::create(tasks, plan.requests as usize)?;
    let child = start(
        CLIENT_COMMAND,
        &plan,
        &ledger,
        log,
        Some(Rights::built_in()),
    )?;
    Ok(LedgerObserver::client(child, ledger, plan.requests))
}

/// Starts the built-in server of a run.
pub fn server(
    server: &ServerPlan,
    plan: &RunPlan,
    log: Option<File>,
) -> Result<LedgerObserver, SessionError> {
    let requests = match &plan.client {
        ClientChoice::BuiltIn(client) => client.requests as usize,
        // Slots that are never touched cost nothing.
        ClientChoice::Command { .. } | ClientChoice::Existing { .. } => 1 << 20,
    };
    let slots = requests + SPARE_SLOTS;
    let ledger = Ledger::create(slots, slots)?;
    let child = start(
        SERVER_COMMAND,
        server,
        &ledger,
        log,
        Some(Rights::built_in()),
    )?;
    Ok(LedgerObserver::server(child, ledger))
}
