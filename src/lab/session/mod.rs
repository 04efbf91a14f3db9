//! A run: server, client, capture and counting, conducted from start to end.
//!
//! The order matters and is told here once: the server listens, then the tap
//! is open, then the client starts; the client ends, then the wire comes to
//! rest, then the tap is closed, and the server ends last. Whatever happens in
//! between, no process of the run outlives it.

mod assemble;
mod recorder;
mod rundir;
mod side;
mod tap;
mod watch;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::{Duration, Instant};

use chrono::Local;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use thiserror::Error;

pub use self::rundir::{NotSaved, NotWritable, RunDir};
pub use self::side::{CLIENT_COMMAND, FAILED, LISTENING, SERVER_COMMAND};
use self::tap::{Captured, RunningTap};
use self::watch::Watch;
use crate::lab::client::ClientPlan;
use crate::lab::server::ServerPlan;
use crate::model::{FlowRecord, RunRecord, SideCosts, StopReason, Timestamp, WorkerRecord};
use crate::sys::capture::{BLOCK_TIMEOUT, CaptureError, Settings};
use crate::sys::ledger::Ledger;
use crate::sys::process::{Child, Exit};
use crate::sys::signals::{SIGHUP, SIGINT, SIGTERM, StopSignal};
use crate::sys::{clock, privilege, process};

/// Whose server a run uses.
#[derive(Clone, Debug)]
pub enum ServerChoice {
    /// The built-in one, started for the run.
    Embedded(ServerPlan),
    /// One that already runs.
    Existing(SocketAddr),
}

/// What a run is to do, checked.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// The client; its target is filled in when the server's address is known.
    pub client: ClientPlan,
    /// The server.
    pub server: ServerChoice,
    /// What to tap; `None` captures nothing.
    pub capture: Option<Settings>,
    /// Whether to count threads and processes of the system and of an existing server.
    pub sample: bool,
    /// How long to wait at most, after the client's end, for flows to close.
    pub linger: Duration,
    /// Where to save the run.
    pub out: Option<PathBuf>,
}

/// Why a run could not be made.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The server did not start; in its own words.
    #[error("{0}")]
    Server(String),
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
    client: Ledger,
    server: Option<Ledger>,
    moments: Moments,
    client_exit: Option<Exit>,
    server_lost: Option<Exit>,
    sides: SideCosts,
    watch: Watch,
    capture: Option<Captured>,
    stop_reason: StopReason,
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
    let dir = RunDir::create(
        plan.out.as_deref(),
        started,
        &plan.client.strategy.to_string(),
    )?;
    let outcome = Stage::set(plan, &dir, started).and_then(|stage| stage.play(&stop, status));
    let orphans = process::sweep(Duration::from_secs(5));
    let (mut observed, end) = match outcome {
        Ok(played) => played,
        Err(e) => {
            // Nothing was run: leave nothing behind that we made.
            dir.discard();
            return Err(e);
        }
    };
    if orphans > 0 {
        // What these have cost is in nobody's sum, and whose they were is not known.
        observed.sides = SideCosts::default();
    }
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
    started: chrono::DateTime<Local>,
    target: SocketAddr,
    server: Option<(Child, Ledger)>,
    tap: Option<RunningTap>,
    client_log: Option<File>,
}

impl<'a> Stage<'a> {
    fn set(
        plan: &'a RunPlan,
        dir: &RunDir,
        started: chrono::DateTime<Local>,
    ) -> Result<Self, SessionError> {
        let (target, server) = match &plan.server {
            ServerChoice::Existing(target) => (*target, None),
            ServerChoice::Embedded(server) => {
                let slots = plan.client.requests as usize + SPARE_SLOTS;
                let ledger = Ledger::create(slots, slots)?;
                let log = File::create(dir.file("server.log")).ok();
                let mut child = side::start(SERVER_COMMAND, server, &ledger, log)?;
                let target = side::wait_until_listening(&mut child)?;
                (target, Some((child, ledger)))
            }
        };
        let tap = match &plan.capture {
            None => None,
            Some(settings) => Some(RunningTap::open(settings, dir, target)?),
        };
        Ok(Self {
            plan,
            started,
            target,
            server,
            tap,
            client_log: File::create(dir.file("client.log")).ok(),
        })
    }

    fn play(
        mut self,
        stop: &StopSignal,
        status: &mut dyn FnMut(Option<Status>),
    ) -> Result<(Observed, End), SessionError> {
        let existing = self.server.is_none().then_some(self.target);
        let mut watch = if self.plan.sample {
            Watch::new(existing)
        } else {
            Watch::default()
        };
        watch.look();

        let client_plan = ClientPlan {
            target: self.target,
            parent: process::pid().0,
            ..self.plan.client.clone()
        };
        let ledger = Ledger::create(
            client_plan.requests.max(client_plan.workers) as usize,
            client_plan.requests as usize,
        )?;
        let log = self.client_log.take();
        let mut client = side::start(CLIENT_COMMAND, &client_plan, &ledger, log)?;
        let client_started = clock::now();

        let (mut end, client_exit) =
            self.while_client_runs(&mut client, &ledger, stop, &mut watch, status);
        let client_ended = clock::now();
        watch.look();

        let stop_reason = self.until_at_rest(&ledger, stop, &mut end);
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
        let mut sides = SideCosts {
            client: client.cost(),
            ..SideCosts::default()
        };
        let (server, server_lost) = match self.server.take() {
            None => (None, None),
            Some((mut child, ledger)) => {
                let lost = child.wait(Duration::ZERO);
                if lost.is_none() {
                    child.end(SERVER_GRACE);
                }
                sides.server = child.cost();
                (Some(ledger), lost)
            }
        };
        status(None);
        let observed = Observed {
            started: self.started,
            target: self.target,
            client: ledger,
            server,
            moments: Moments {
                client_started,
                client_ended,
                at_rest,
                over: clock::now(),
            },
            client_exit,
            server_lost,
            sides,
            watch,
            capture,
            stop_reason,
        };
        Ok((observed, end))
    }

    fn while_client_runs(
        &self,
        client: &mut Child,
        ledger: &Ledger,
        stop: &StopSignal,
        watch: &mut Watch,
        status: &mut dyn FnMut(Option<Status>),
    ) -> (End, Option<Exit>) {
        let tick = Timespec::try_from(TICK).ok();
        loop {
            if let Some(exit) = client.wait(Duration::ZERO) {
                return (End::Complete, Some(exit));
            }
            let fault = self.tap.as_ref().is_some_and(RunningTap::has_failed);
            if fault || stop.raised() {
                client.signal(Signal::TERM);
                let exit = client.wait(CLIENT_GRACE).or_else(|| {
                    client.signal(Signal::KILL);
                    client.wait(CLIENT_GRACE)
                });
                let end = if fault { End::Fault } else { End::Interrupted };
                return (end, exit);
            }
            let mut fds = [
                PollFd::new(client, PollFlags::IN),
                PollFd::new(stop, PollFlags::IN),
            ];
            // Woken, timed out or interrupted: all of it is looked at above.
            let _ = poll(&mut fds, tick.as_ref());
            watch.look();
            status(Some(Status {
                done: ledger.header().done.load(Relaxed),
                frames: self
                    .tap
                    .as_ref()
                    .map_or(0, |t| t.progress.frames.load(Relaxed)),
            }));
        }
    }

    /// Waits until every flow that the client can have opened has been seen
    /// and has closed.
    fn until_at_rest(&self, ledger: &Ledger, stop: &StopSignal, end: &mut End) -> StopReason {
        let Some(tap) = &self.tap else {
            return StopReason::Drained;
        };
        let expected = assemble::flows_expected(ledger, self.plan.client.requests);
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
