//! The most threads, processes and connections that this environment can hold:
//! predicted from the limits, and tried.
//!
//! A crowd is created in a process of its own (this program, executed anew),
//! which the out-of-memory killer takes first and which dies with its
//! coordinator, by whatever death. The coordinator reads the limits, lets the
//! crowd climb, looks once more at the top, lets it go, and makes sure that
//! nothing has stayed. What the limits mean is `crate::limits`'s affair.

mod climb;
mod crowd;
mod crowd_control;
mod host;
mod memory;
mod not_started;
mod readings;
mod search;
mod steps;
mod tell;

use std::io;
use std::time::Instant;

use thiserror::Error;

pub use self::crowd::{CrowdPlan, CrowdWork, connections, processes, threads};
pub use self::crowd_control::CrowdControl;
use self::search::Search;
use crate::model::{
    Binding, CeilingKind, CeilingRecord, KindCeiling, SCHEMA_CEILING, StoppedBy, Tool,
};
use crate::sys::clock;
use crate::sys::host::environment;
use crate::sys::net::loopback;
use crate::sys::proc::{Proc, cgroup};
use crate::sys::process;
use crate::sys::process::signals::{INTERRUPTIONS, StopSignal};
use crate::text::advice::advice;

/// The hidden subcommand under which this program is executed anew.
pub const CROWD_COMMAND: &str = "__crowd";

/// What is to be found.
#[derive(Clone, Debug)]
pub struct CeilingPlan {
    /// The kinds to search for, in this order.
    pub kinds: Vec<CeilingKind>,
    /// The size of a thread's stack; `None` is the C library's default.
    pub stack_bytes: Option<u64>,
    /// The reserve: how many percent of what is left of the system-wide limits
    /// stay unused.
    pub reserve_percent: u64,
    /// The number at which to stop.
    pub max: Option<u64>,
    /// Whether to predict only, and create nothing.
    pub predict: bool,
    /// Whether this process has a network of its own for it.
    pub isolated: bool,
}

/// Why a search could not be made.
#[derive(Debug, Error)]
pub enum CeilingError {
    /// The process that is to hold the crowd could not be started.
    #[error(
        "cannot search for the most {}: no process could be started for them ({source}); end other programs first, or use --predict",
        kind.plural()
    )]
    NoProcess {
        /// Of what.
        kind: CeilingKind,
        /// The system's error.
        source: io::Error,
    },
    /// The process that is to hold the crowd has ended before it began.
    #[error("cannot search for the most {}: {reason}", kind.plural())]
    NotReady {
        /// Of what.
        kind: CeilingKind,
        /// What is known of it.
        reason: String,
    },
    /// The server did not start; the error has its message.
    #[error("cannot search for the most connections: {0}")]
    Server(String),
    /// There is nothing to start it with.
    #[error("cannot search for the most connections: no server could be started for them ({0})")]
    NoServer(io::Error),
    /// Nothing can be connected to.
    #[error("cannot search for the most connections: {}", loopback::IS_DOWN)]
    LoopbackDown,
    /// The system refused something that every search needs.
    #[error("the search cannot start: {0}{advice}", advice = advice(.0, Proc::is_mounted()))]
    System(#[from] io::Error),
    /// One of these errors, caused by a known limit.
    #[error("{error}; {limit}")]
    Limited {
        /// What failed.
        error: Box<CeilingError>,
        /// The limit, and what raises it.
        limit: String,
    },
}

impl CeilingError {
    /// The system's error number, where it is known.
    fn errno(&self) -> Option<i32> {
        match self {
            Self::NoProcess { source, .. } | Self::NoServer(source) | Self::System(source) => {
                source.raw_os_error()
            }
            Self::Limited { error, .. } => error.errno(),
            Self::NotReady { .. } | Self::Server(_) | Self::LoopbackDown => None,
        }
    }

    /// The same, with the limit that is the reason and what raises it.
    fn limited_by(self, binding: &Binding) -> Self {
        let value = binding
            .value
            .map_or_else(String::new, |n| format!(" is {n}"));
        let remedy = binding.remedy.as_ref();
        let remedy = remedy.map_or_else(String::new, |r| format!("; to raise it: {r}"));
        Self::Limited {
            error: Box::new(self),
            limit: format!("{}{value}{remedy}", binding.name),
        }
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Of what.
    pub kind: CeilingKind,
    /// How many there are.
    pub reached: u64,
    /// Where it is expected to end, if that is known.
    pub goal: Option<u64>,
}

/// Finds the ceilings, one kind after the other. `progress` is called with how
/// far the search is. After an interruption the remaining kinds are skipped.
///
/// A kind whose search could not be made is in the result with the reason.
///
/// # Errors
/// When no search could be begun: why the first was not.
pub fn find(
    plan: &CeilingPlan,
    progress: &mut dyn FnMut(Progress),
) -> Result<CeilingRecord, CeilingError> {
    process::adopt_orphans();
    let stop = StopSignal::on(&INTERRUPTIONS)?;
    let mut record = CeilingRecord {
        schema: SCHEMA_CEILING.to_owned(),
        tool: Tool::this(),
        started: clock::local_now().to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        environment: environment(),
        reserve_percent: plan.reserve_percent,
        max: plan.max,
        isolated: plan.isolated,
        kinds: Vec::new(),
    };
    let before = cgroup::memory(Proc::this());
    let mut begun = false;
    let mut first_error = None;
    for (place, &kind) in plan.kinds.iter().enumerate() {
        if stop.raised() {
            break;
        }
        if place > 0 && !plan.predict {
            let since = Instant::now();
            memory::until_given_back(&before);
            steps::paused(since.elapsed());
        }
        let search = Search { kind, plan };
        let found = if plan.predict {
            search.predict()
        } else {
            search.run(&stop, progress)
        };
        match found {
            Ok(found) => {
                begun = true;
                record.kinds.push(found);
            }
            Err(error) => {
                steps::not_started(&error);
                let found = search.not_started(&error);
                first_error.get_or_insert_with(|| match &found.binding {
                    Some(binding) => error.limited_by(binding),
                    None => error,
                });
                record.kinds.push(found);
            }
        }
    }
    match first_error.filter(|_| !begun) {
        Some(error) => Err(error),
        None => Ok(record),
    }
}

/// Whether the user interrupted the search.
#[must_use]
pub fn interrupted(record: &CeilingRecord, plan: &CeilingPlan) -> bool {
    let stopped = |kind: &KindCeiling| kind.stopped_by == Some(StoppedBy::Interrupted);
    record.kinds.len() < plan.kinds.len() || record.kinds.iter().any(stopped)
}
