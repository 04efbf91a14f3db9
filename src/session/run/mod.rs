//! A run: server, client, capture and counting, conducted from start to end.
//!
//! The order matters and is told once, in `stage`: the server listens, then the
//! tap is open, then the client starts; the client ends, then the wire comes to
//! rest, then the tap is closed, and the server ends last. Whatever happens in
//! between, no process of the run outlives it. What a run needs of the world
//! comes through the seams in `world`; `system` is the real one.

mod capture_files;
mod isolate;
mod kernel;
mod log;
mod plan;
mod recorder;
mod refused;
mod rights;
mod rundir;
mod save_in;
mod side;
mod side_log;
mod stage;
mod start_built_in;
mod start_program;
mod steps;
mod system;
mod tap;
mod watching;
mod world;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

pub use self::plan::{ClientChoice, Identity, Isolate, Observe, RunPlan, ServerChoice};
pub use self::rundir::{Kind, NotSaved, NotWritable, RunDir, SavedDir};
pub use self::save_in::{Rotate, SaveIn};
use self::stage::Stage;
pub use self::start_program::ProgramError;
use self::system::System;
use self::world::{Store, World};
use crate::assemble::{assemble, kept};
pub use crate::model::observation::End;
use crate::model::{CaptureFile, FlowRecord, Packed, Pid, RunRecord, WorkerRecord};
use crate::report::RunView;
use crate::sys::capture::CaptureError;
use crate::sys::clock;
use crate::sys::isolation::Refused;
use crate::sys::net::loopback;
use crate::sys::proc::Proc;
use crate::sys::spill::Trimming;
use crate::text::advice::advice;

/// Why a run could not be made.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The server did not start; the text is its message.
    #[error("{0}")]
    Server(String),
    /// A program cannot be run.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The user interrupted it before the client was started.
    #[error("interrupted before the client was started: nothing was run")]
    Interrupted,
    /// Nothing can be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// Frames would be cut before it can be told to which connection they belong.
    #[error(
        "--snaplen {snaplen}: that cuts the TCP header of every frame, and no connection could be told; use {least} or more"
    )]
    Snaplen {
        /// The snapshot length, in bytes.
        snaplen: u32,
        /// The shortest one with which a whole TCP header is captured.
        least: u32,
    },
    /// The run cannot be saved.
    #[error(transparent)]
    NotWritable(#[from] NotWritable),
    /// The run cannot have a network of its own.
    #[error("--isolate always: {0}")]
    Isolation(Refused),
    /// Nothing can be reached on this machine.
    #[error("{}", loopback::IS_DOWN)]
    LoopbackDown,
    /// The system refused something that every run needs.
    #[error("the run cannot start: {0}{advice}", advice = advice(.0, Proc::is_mounted()))]
    System(#[from] io::Error),
}

/// A run that was made.
#[derive(Debug)]
pub struct Finished {
    /// Its record.
    pub run: RunRecord,
    /// Its flows.
    pub flows: Vec<FlowRecord>,
    /// Its workers.
    pub workers: Packed<WorkerRecord>,
    /// How the run ended.
    pub end: End,
    /// What could not be saved.
    pub not_saved: Vec<NotSaved>,
    /// Why `capture.pcap` is incomplete: the error, and how many frames are in it.
    pub capture_cut: Option<(io::Error, u64)>,
    /// What was long is not to fill the memory while it is told.
    #[expect(dead_code, reason = "that it lives is what counts")]
    trimming: Trimming,
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// That the server listens, on this port if one was named, so long at most.
    ServerListens(Option<u16>, Duration),
    /// That the client ends.
    ClientEnds,
    /// That so many flows close, so long at most.
    FlowsClose(u64, Duration),
    /// That the server ends, so long at most.
    ServerEnds(Duration),
    /// That a person has seen enough: nothing was started.
    WatchEnds(Watching),
}

/// What a watch watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watching {
    /// Where the server listens.
    pub target: SocketAddr,
    /// The server's first process, where it may be seen.
    pub server: Option<Pid>,
    /// The client's, where one was named.
    pub client: Option<Pid>,
    /// Whether all that they do is told.
    pub exact: bool,
    /// For how long; `None`: until it is ended.
    pub duration: Option<Duration>,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it waits for.
    pub waits: Waits,
    /// Requests that are finished.
    pub done: u64,
    /// Frames captured.
    pub frames: u64,
}

/// The file of the captured frames.
const CAPTURE_FILE: &str = CaptureFile::ONLY;

/// How often the system is looked at while the client runs, and a side that is counted so.
const TICK: Duration = Duration::from_millis(2);

/// The same of the system alone, when the client has run for some time: each look takes
/// time from both sides.
const SLOW_TICK: Duration = Duration::from_millis(10);

/// So many looks are taken in the time that has passed, at least.
const LOOKS: u32 = 50;

/// The same of a watch in which every event is told: it may take hours.
const WATCH_TICK: Duration = Duration::from_millis(50);

/// How long a client may take to end after SIGTERM.
const CLIENT_GRACE: Duration = Duration::from_secs(1);

/// How long the server may take to finish what is in flight.
const SERVER_GRACE: Duration = Duration::from_secs(5);

/// Makes a run, and saves it. `status` is called every few milliseconds during
/// the run. Returns the run and its directory.
///
/// # Errors
/// When it cannot start: then nothing is left behind. What goes wrong later is
/// part of the result.
pub fn conduct(
    plan: &RunPlan,
    status: &mut dyn FnMut(Option<Status>),
) -> Result<(Finished, RunDir), SessionError> {
    let isolated = isolate::isolate(plan)?;
    if plan.uses_loopback() && loopback::is_up() == Some(false) {
        return Err(SessionError::LoopbackDown);
    }
    let started = clock::local_now();
    let mut world = System::new(plan, isolated)?;
    let mut dir = RunDir::create(&plan.save_in, Kind::Run, started, &plan.name())?;
    steps::folder(dir.path());
    let opened = world
        .open_first(plan, dir.owner())
        .and_then(|()| Ok(dir.check()?));
    if let Err(e) = opened {
        dir.take_back();
        return Err(e);
    }
    dir.holds_memory();
    let started = started.to_rfc3339_opts(chrono::SecondsFormat::Millis, false);
    let finished = conduct_in(plan, isolated, started, &mut world, &mut dir, status)?;
    dir.keep();
    steps::written(
        dir.path(),
        &[log::FILE, CAPTURE_FILE, "server.log", "client.log"],
    );
    Ok((finished, dir))
}

/// The same in any world.
fn conduct_in(
    plan: &RunPlan,
    isolated: bool,
    started: String,
    world: &mut dyn World,
    store: &mut dyn Store,
    status: &mut dyn FnMut(Option<Status>),
) -> Result<Finished, SessionError> {
    let played = match Stage::new(plan, isolated, started, world, store, status).play() {
        Ok(played) => played,
        Err(e) => {
            if !plan.is_watch() {
                let _ = world.sweep(&HashSet::new());
            }
            // Nothing was run: leave nothing behind that we made.
            store.discard();
            return Err(e);
        }
    };
    let trimming = Trimming::begin();
    let end = played.observation.ended().unwrap_or(End::Fault);
    let assembled = assemble(&played.observation, played.flows);
    let mut not_saved = played.not_saved;
    let view = RunView {
        run: &assembled.run,
        flows: &assembled.flows,
        workers: &assembled.workers,
    };
    let choice = plan.save_in.flows;
    let kept = kept(&assembled.flows, choice, &assembled.run.correlation);
    let compress = plan.save_in.compress;
    not_saved.extend(rundir::save(store, view, kept.as_deref(), compress));
    if compress && let Some(capture) = &assembled.run.capture {
        not_saved.extend(rundir::compress(store, capture));
    }
    Ok(Finished {
        run: assembled.run,
        flows: assembled.flows,
        workers: assembled.workers,
        end,
        not_saved,
        capture_cut: played.capture_cut,
        trimming,
    })
}
