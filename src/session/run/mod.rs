//! A run: server, client, capture and counting, conducted from start to end.
//!
//! The order matters and is told here once: the server listens, then the tap
//! is open, then the client starts; the client ends, then the wire comes to
//! rest, then the tap is closed, and the server ends last. Whatever happens in
//! between, no process of the run outlives it.

mod assemble;
mod client;
mod plan;
mod program;
mod recorder;
mod rundir;
mod server;
mod side;
mod tap;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::{Duration, Instant};

use chrono::Local;
use thiserror::Error;

use self::client::{EndedClient, RunningClient};
pub use self::plan::{ClientChoice, RunPlan, ServerChoice};
pub use self::program::{Observe, ProgramError};
pub use self::rundir::{NotSaved, NotWritable, RunDir};
use self::server::{EndedServer, RunningServer};
pub use self::side::{CLIENT_COMMAND, FAILED, LISTENING, SERVER_COMMAND};
pub(super) use self::side::{start, wait_until_listening};
use self::tap::{Captured, RunningTap};
use crate::model::{FlowRecord, RunRecord, SideCosts, StopReason, Timestamp, WorkerRecord};
use crate::observe::sampled::Watch;
use crate::sys::capture::{BLOCK_TIMEOUT, CaptureError};
use crate::sys::process::signals::{SIGHUP, SIGINT, SIGTERM, StopSignal};
use crate::sys::{clock, privilege, process};

/// Why a run could not be made.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The server did not start; in its own words.
    #[error("{0}")]
    Server(String),
    /// A program cannot be run.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A person interrupted it before the client was started.
    #[error("interrupted before the client was started: nothing was run")]
    Interrupted,
    /// Nothing can be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The run cannot be saved.
    #[error(transparent)]
    NotWritable(#[from] NotWritable),
    /// The system refused something that every run needs.
    #[error("the run cannot start: {0}")]
    System(#[from] io::Error),
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Complete,
    /// A person interrupted it.
    Interrupted,
    /// The disk was full, or the capture failed.
    Fault,
}

/// A run that was made.
#[derive(Debug)]
pub struct Finished {
    /// Its record.
    pub run: RunRecord,
    /// Its flows.
    pub flows: Vec<FlowRecord>,
    /// Its workers.
    pub workers: Vec<WorkerRecord>,
    /// How it ended.
    pub end: End,
    /// Where it was saved.
    pub dir: RunDir,
    /// What could not be saved.
    pub not_saved: Vec<NotSaved>,
    /// Why `capture.pcap` is not whole: the error, and the frames in it.
    pub capture_cut: Option<(io::Error, u64)>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Requests that are over.
    pub done: u64,
    /// Frames captured.
    pub frames: u64,
}

/// How often the system is looked at while the client runs.
const TICK: Duration = Duration::from_millis(2);

/// How long a client may take to end once it was asked to.
const CLIENT_GRACE: Duration = Duration::from_secs(1);

/// How long the server may take to finish what is in flight.
const SERVER_GRACE: Duration = Duration::from_secs(5);

/// Slots that a server's ledger has beyond the requests of the run: for
/// connections of others, for retries, for pool workers.
const SPARE_SLOTS: usize = 1 << 16;

/// The moments of a run.
#[derive(Clone, Copy, Debug)]
struct Moments {
    client_started: Timestamp,
    client_ended: Timestamp,
    /// When the wire had come to rest and the server was about to be ended.
    at_rest: Timestamp,
    /// When every process of the run had ended.
    over: Timestamp,
}

/// Everything that was observed, before anything is made of it.
struct Observed {
    started: chrono::DateTime<Local>,
    target: SocketAddr,
    client: EndedClient,
    server: EndedServer,
    moments: Moments,
    /// `None` where not every process could be told.
    costs: Option<SideCosts>,
    watch: Watch,
    capture: Option<Captured>,
    stop_reason: StopReason,
    /// What was still there at the end, and nobody's.
    swept: process::Swept,
}

/// Makes a run. `status` is called every few milliseconds while it goes on.
///
/// # Errors
/// When it cannot start: then nothing is left behind. What goes wrong later is
/// part of the result.
pub fn conduct(
    plan: &RunPlan,
    status: &mut dyn FnMut(Option<Status>),
) -> Result<Finished, SessionError> {
    if let (Some(settings), Some(false)) = (&plan.capture, privilege::may_capture()) {
        return Err(CaptureError::Permission {
            interface: settings.interface.clone(),
            remedy: privilege::setcap_line(),
        }
        .into());
    }
    let started = Local::now();
    let stop = StopSignal::on(&[SIGINT, SIGTERM, SIGHUP])?;
    process::adopt_orphans();
    let dir = RunDir::create(plan.out.as_deref(), started, &plan.name())?;
    let outcome =
        Stage::set(plan, &dir, started, &stop).and_then(|stage| stage.play(&stop, status));
    let swept = process::sweep();
    let (mut observed, end) = match outcome {
        Ok(played) => played,
        Err(e) => {
            // Nothing was run: leave nothing behind that we made.
            dir.discard();
            return Err(e);
        }
    };
    if swept != process::Swept::default() {
        // What these have cost is in nobody's sum, and whose they were is not known.
        observed.costs = None;
    }
    observed.swept = swept;
    let mut assembled = assemble::assemble(plan, observed, end);
    let not_saved = dir.save(assembled.view());
    let capture_cut = assembled.capture_cut.take();
    Ok(Finished {
        run: assembled.run,
        flows: assembled.flows,
        workers: assembled.workers,
        end,
        dir,
        not_saved,
        capture_cut,
    })
}

/// A run that is ready for its client: the server listens, the tap is open.
struct Stage<'a> {
    plan: &'a RunPlan,
    dir: &'a RunDir,
    started: chrono::DateTime<Local>,
    target: SocketAddr,
    server: RunningServer,
    tap: Option<RunningTap>,
}

impl<'a> Stage<'a> {
    fn set(
        plan: &'a RunPlan,
        dir: &'a RunDir,
        started: chrono::DateTime<Local>,
        stop: &StopSignal,
    ) -> Result<Self, SessionError> {
        let (server, target) = RunningServer::start(plan, dir, stop)?;
        let opened = match &plan.capture {
            None => Ok(None),
            Some(settings) => {
                RunningTap::open(settings, dir, &filter(plan, target), target.port()).map(Some)
            }
        };
        match opened {
            Ok(tap) => Ok(Self {
                plan,
                dir,
                started,
                target,
                server,
                tap,
            }),
            Err(e) => {
                server.finish(target.port());
                Err(e)
            }
        }
    }

    fn play(
        mut self,
        stop: &StopSignal,
        status: &mut dyn FnMut(Option<Status>),
    ) -> Result<(Observed, End), SessionError> {
        let existing = matches!(self.server, RunningServer::Existing).then_some(self.target);
        let mut watch = if self.plan.sample {
            Watch::new(existing)
        } else {
            Watch::default()
        };
        watch.look();

        self.server.is_joined();
        let log = server::log_file(self.dir, "client.log");
        let mut client = match RunningClient::start(self.plan, self.target, log) {
            Ok(client) => client,
            Err(e) => {
                self.server.finish(self.target.port());
                drop(self.tap.take().map(RunningTap::close));
                return Err(e);
            }
        };
        let mut end = self.while_client_runs(&mut client, stop, &mut watch, status);
        watch.look();

        let stop_reason = self.until_at_rest(client.flows_expected(), stop, &mut end);
        watch.look();
        let at_rest = clock::now();
        let capture = self.tap.take().map(RunningTap::close);
        if end == End::Complete
            && capture
                .as_ref()
                .is_some_and(|c| c.totals.is_err() || c.recording.file_error.is_some())
        {
            end = End::Fault;
        }
        let client = client.finish();
        let server = self.server.finish(self.target.port());
        status(None);
        let (client_started, client_ended) = client.moments();
        let observed = Observed {
            started: self.started,
            target: self.target,
            costs: Some(SideCosts {
                client: client.cost(),
                server: server.cost(),
            }),
            client,
            server,
            moments: Moments {
                client_started,
                client_ended,
                at_rest,
                over: clock::now(),
            },
            watch,
            capture,
            stop_reason,
            swept: process::Swept::default(),
        };
        Ok((observed, end))
    }

    fn while_client_runs(
        &mut self,
        client: &mut RunningClient,
        stop: &StopSignal,
        watch: &mut Watch,
        status: &mut dyn FnMut(Option<Status>),
    ) -> End {
        loop {
            if client.is_done(self.plan.linger) {
                return End::Complete;
            }
            let fault = self.tap.as_ref().is_some_and(RunningTap::has_failed);
            if fault || stop.raised() {
                client.end();
                return if fault { End::Fault } else { End::Interrupted };
            }
            client.wait(stop);
            watch.look();
            self.server.look();
            status(Some(Status {
                done: client.done(),
                frames: self
                    .tap
                    .as_ref()
                    .map_or(0, |t| t.progress.frames.load(Relaxed)),
            }));
        }
    }

    /// Waits until every flow that the client can have opened has been seen
    /// and has closed.
    fn until_at_rest(&self, expected: u64, stop: &StopSignal, end: &mut End) -> StopReason {
        let Some(tap) = &self.tap else {
            return StopReason::Drained;
        };
        let since = Instant::now();
        // The last block is handed over a timeout late, and may hold flows that
        // the client could not tell of.
        let at_least = BLOCK_TIMEOUT * 2;
        let at_most = match end {
            End::Complete => self.plan.linger.max(at_least),
            End::Interrupted | End::Fault => at_least,
        };
        loop {
            let flows = tap.progress.flows.load(Acquire);
            let all_closed = tap.progress.closed.load(Relaxed) >= flows;
            let all_seen = tap.progress.opened.load(Relaxed) >= expected;
            let waited = since.elapsed();
            if *end != End::Complete && waited >= at_most {
                return StopReason::Interrupted;
            }
            if all_closed && all_seen && waited >= at_least && *end == End::Complete {
                return StopReason::Drained;
            }
            if waited >= at_most {
                return StopReason::Timeout;
            }
            if *end == End::Complete && stop.raised() {
                *end = End::Interrupted;
                return StopReason::Interrupted;
            }
            std::thread::sleep(TICK);
        }
    }
}

/// What is tapped. A program may choose any of the server's addresses, so that
/// its port is all that is known of its frames.
fn filter(plan: &RunPlan, target: SocketAddr) -> String {
    match &plan.client {
        ClientChoice::BuiltIn(_) => format!("tcp port {} and host {}", target.port(), target.ip()),
        ClientChoice::Command { .. } => format!("tcp port {}", target.port()),
    }
}
