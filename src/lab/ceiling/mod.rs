//! The most threads, processes and connections that this environment can hold:
//! predicted from the limits, and tried.
//!
//! A crowd is created in a process of its own (this program, executed anew),
//! which the out-of-memory killer takes first and which dies with its
//! coordinator, by whatever death. The coordinator reads the limits, lets the
//! crowd climb, looks once more at the top, lets it go, and makes sure that
//! nothing has stayed. What the limits mean is `crate::ceiling`'s affair.

mod board;
mod climb;
mod crowd;
mod host;
mod memory;
mod readings;
mod search;
mod tasks;
mod tell;

use std::io;

use chrono::Local;
use thiserror::Error;

pub use self::board::Board;
pub use self::crowd::{CrowdPlan, CrowdWork, connections, processes, threads};
use self::search::Search;
use crate::lab::session::SessionError;
use crate::model::{CeilingKind, CeilingRecord, KindCeiling, SCHEMA_CEILING, StoppedBy, Tool};
use crate::sys::signals::{SIGHUP, SIGINT, SIGTERM, StopSignal};
use crate::sys::{limits, process};

/// The hidden subcommand under which this program is executed anew.
pub const CROWD_COMMAND: &str = "__crowd";

/// What is to be found.
#[derive(Clone, Debug)]
pub struct CeilingPlan {
    /// Of what, in this order.
    pub kinds: Vec<CeilingKind>,
    /// The size of a thread's stack; `None` is the C library's default.
    pub stack_bytes: Option<u64>,
    /// Percent of what is left of the whole system's limits to leave alone.
    pub reserve_percent: u64,
    /// Where to stop at the latest.
    pub max: Option<u64>,
    /// Whether to create nothing.
    pub predict: bool,
}

/// Why a ceiling could not be looked for.
#[derive(Debug, Error)]
pub enum CeilingError {
    /// The process that is to hold the crowd could not be started.
    #[error(
        "cannot look for the most {}: no process for them ({source}); end something else first, or use --predict",
        kind.plural()
    )]
    NoProcess {
        /// Of what.
        kind: CeilingKind,
        /// The system's error.
        source: io::Error,
    },
    /// The process that is to hold the crowd has ended before it began.
    #[error("cannot look for the most {}: {reason}", kind.plural())]
    NotReady {
        /// Of what.
        kind: CeilingKind,
        /// What is known of it.
        reason: String,
    },
    /// The server did not start.
    #[error("cannot look for the most connections: {0}")]
    Server(#[from] SessionError),
    /// The system refused something that every search needs.
    #[error("the search cannot start: {0}")]
    System(#[from] io::Error),
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Of what.
    pub kind: CeilingKind,
    /// How many there are.
    pub reached: u64,
    /// Where it is to end, if that can be told.
    pub goal: Option<u64>,
}

/// Finds the ceilings, one kind after the other. `progress` is told how far a
/// search is. After an interruption the kinds that are left are not begun.
///
/// # Errors
/// When a search could not be begun.
pub fn find(
    plan: &CeilingPlan,
    progress: &mut dyn FnMut(Progress),
) -> Result<CeilingRecord, CeilingError> {
    process::adopt_orphans();
    let stop = StopSignal::on(&[SIGINT, SIGTERM, SIGHUP])?;
    let mut record = CeilingRecord {
        schema: SCHEMA_CEILING.to_owned(),
        tool: Tool::this(),
        started: Local::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        environment: limits::environment(),
        reserve_percent: plan.reserve_percent,
        max: plan.max,
        kinds: Vec::new(),
    };
    for &kind in &plan.kinds {
        if stop.raised() {
            break;
        }
        let search = Search { kind, plan };
        let found = if plan.predict {
            search.predict()?
        } else {
            search.run(&stop, progress)?
        };
        record.kinds.push(found);
    }
    Ok(record)
}

/// Whether somebody interrupted the search.
#[must_use]
pub fn interrupted(record: &CeilingRecord, plan: &CeilingPlan) -> bool {
    let stopped = |kind: &KindCeiling| kind.stopped_by == Some(StoppedBy::Interrupted);
    record.kinds.len() < plan.kinds.len() || record.kinds.iter().any(stopped)
}
