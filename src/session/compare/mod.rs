//! A comparison: run after run, each by this same program executed anew.
//!
//! A run is a process of its own, so that nothing that one of them leaves in
//! memory reaches the next, and each is saved as a run of its own as soon as it
//! ends; `compare.json` is written anew after each. In between the system is
//! given time to come to rest.

mod begin;
mod left;
mod settle;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use thiserror::Error;

use self::begin::{begin, free_port};
use self::left::{last_words, read};
use self::settle::{Next, Settling};
use crate::compare::{
    Client, Contender, Measured, Options, Port, Progress, Round, Turn, record, turns,
};
use crate::lab::protocol;
use crate::model::{CompareRecord, ComparedPlan};
use crate::report::write_compare_json;
use crate::session::run::{End, Kind, NotWritable, RunDir, SaveIn};
use crate::sys::clock;
use crate::sys::proc::Proc;
use crate::sys::process::Exit;
use crate::sys::process::signals::{INTERRUPTIONS, StopSignal};
use crate::sys::process::starter::{Started, Starter};
use crate::text::advice::advice;
use crate::text::units::{counted, duration};

/// The hidden subcommand under which a run is executed.
pub const RUN_COMMAND: &str = "__run";

/// The comparison's own file in its folder.
pub const FILE: &str = "compare.json";

/// What is to be compared, checked.
#[derive(Clone, Debug)]
pub struct ComparePlan {
    /// Who takes part.
    pub contenders: Vec<Contender>,
    /// The numbers of requests.
    pub sizes: Vec<u32>,
    /// Rounds that are counted.
    pub repeat: u32,
    /// Warm-up rounds before them, which are not counted.
    pub warmup: u32,
    /// Further options of every run.
    pub options: Options,
    /// The server's port; 0 takes a free one for each run.
    pub port: u16,
    /// Where to save.
    pub save_in: SaveIn,
}

/// Why nothing could be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// The comparison cannot be saved.
    #[error(transparent)]
    NotWritable(#[from] NotWritable),
    /// No run could be made; the text is the message of the first one.
    #[error("{0}")]
    Run(String),
    /// The system refused something that every comparison needs.
    #[error("the comparison cannot start: {0}{advice}", advice = advice(.0, Proc::is_mounted()))]
    System(#[from] io::Error),
}

/// What the comparison is doing.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// Runs that are over.
    pub done: u64,
    /// The row of the current or next run.
    pub name: &'a str,
    /// In which round.
    pub round: Round,
    /// Why it waits before the run, if it does.
    pub settling: Option<&'a str>,
}

/// A comparison that was made, or as much of it as there is.
#[derive(Debug)]
pub struct Compared {
    /// Its record.
    pub record: CompareRecord,
    /// How it ended.
    pub end: End,
    /// Where it was saved.
    pub dir: RunDir,
    /// Why `compare.json` could not be written.
    pub not_saved: Option<io::Error>,
    /// Why no more runs could be made.
    pub broken: Option<String>,
}

/// How long a run may take to end its sides and to save what it has once it was
/// asked to end.
const RUN_GRACE: Duration = Duration::from_mins(2);

/// Makes all runs. `status` is called now and then; with `None` at the end.
///
/// # Errors
/// When not one run could be made: then nothing is left behind.
pub fn conduct(
    plan: &ComparePlan,
    status: &mut dyn FnMut(Option<At<'_>>),
) -> Result<Compared, CompareError> {
    let stop = StopSignal::on(&INTERRUPTIONS)?;
    let started = clock::local_now();
    let mut dir = RunDir::create(&plan.save_in, Kind::Comparison, started, "compare")?;
    tracing::info!("directory of the comparison: {}", dir.path().display());
    let runs = match begin(plan, &dir) {
        Ok(runs) => runs,
        Err(e) => {
            dir.take_back();
            return Err(e);
        }
    };
    let mut comparison = Comparison {
        plan,
        runs,
        told: told(plan),
        started: started.to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        since: Instant::now(),
        dir: &mut dir,
        settling: Settling::new(),
        measured: Vec::new(),
        unsettled: 0,
        not_saved: None,
    };
    let (end, broken) = comparison.make_all(&stop, status);
    status(None);
    if comparison.measured.is_empty()
        && let Some(reason) = broken
    {
        dir.take_back();
        return Err(CompareError::Run(reason));
    }
    let record = comparison.save(end == End::Interrupted, broken.as_deref());
    let not_saved = comparison.not_saved.take();
    if not_saved.is_none() {
        dir.keep();
    }
    Ok(Compared {
        record,
        end,
        dir,
        not_saved,
        broken,
    })
}

fn told(plan: &ComparePlan) -> ComparedPlan {
    let options = &plan.options;
    let all = [
        &options.server,
        &options.common,
        &options.client,
        &options.pool,
    ];
    ComparedPlan {
        sizes: plan.sizes.iter().map(|n| u64::from(*n)).collect(),
        repeat: u64::from(plan.repeat),
        warmup: u64::from(plan.warmup),
        options: all.into_iter().flatten().cloned().collect(),
        // The runs say that.
        isolated: false,
    }
}

/// How one run ended.
enum Made {
    /// By itself; whether all of it held.
    Whole(bool),
    /// A person ended it.
    Interrupted,
}

struct Comparison<'a> {
    plan: &'a ComparePlan,
    runs: Starter,
    told: ComparedPlan,
    started: String,
    since: Instant,
    dir: &'a mut RunDir,
    settling: Settling,
    measured: Vec<Measured>,
    unsettled: u32,
    not_saved: Option<io::Error>,
}

impl Comparison<'_> {
    /// Makes the runs in their order, until they are done, somebody ends them,
    /// or one cannot be made.
    fn make_all(
        &mut self,
        stop: &StopSignal,
        status: &mut dyn FnMut(Option<At<'_>>),
    ) -> (End, Option<String>) {
        let plan = self.plan;
        let order = turns(plan.contenders.len(), plan.warmup, plan.repeat);
        for (done, turn) in order.into_iter().enumerate() {
            let number = u32::try_from(done).unwrap_or(u32::MAX);
            let contender = &plan.contenders[turn.contender];
            let mut tell = |settling: Option<&str>| {
                status(Some(At {
                    done: done as u64,
                    name: &contender.name,
                    round: turn.round,
                    settling,
                }));
            };
            tracing::info!("next: {}, {}", contender.name, words(turn.round));
            let settled = self
                .settling
                .wait(self.needs(contender), stop, &mut |why| tell(Some(why)));
            if stop.raised() {
                return (End::Interrupted, None);
            }
            self.unsettled += u32::from(!settled);
            match self.make(number, turn, contender, stop, &mut || tell(None)) {
                Ok(Made::Interrupted) => return (End::Interrupted, None),
                Ok(Made::Whole(_)) => {}
                Err(reason) => return (End::Fault, Some(reason)),
            }
        }
        (End::Complete, None)
    }

    /// What a run of it takes of the system.
    fn needs(&self, contender: &Contender) -> Next {
        let port = contender.port(self.plan.port, protocol::PORT);
        let port = match (&contender.client, port) {
            (Client::Program(_), Port::This(port)) => Some(port),
            // A strategy has other source addresses, and any other port is not known
            // before the run.
            _ => None,
        };
        Next {
            requests: contender.requests.into(),
            port,
        }
    }

    /// Makes one run, and takes it into account where it counts.
    fn make(
        &mut self,
        number: u32,
        turn: Turn,
        contender: &Contender,
        stop: &StopSignal,
        tell: &mut dyn FnMut(),
    ) -> Result<Made, String> {
        let folder = contender.folder(turn.round);
        let path = self.dir.file(&folder);
        let made = self.execute(number, contender, &path, stop, tell);
        let told = |e| format!("{}: {e}{}", contender.name, advice(&e, Proc::is_mounted()));
        let (made, said) = made.map_err(told)?;
        if let (Made::Whole(held), Round::Repeat(_)) = (&made, turn.round) {
            // What is not there was not saved, and the run has said why.
            let why = |e: io::Error| match (e.kind(), said.is_empty()) {
                (io::ErrorKind::NotFound, false) => {
                    format!("{}: {}", contender.name, last_words(&said))
                }
                _ => format!("{}: {e}", path.display().to_string().escape_debug()),
            };
            let measured = read(&path, turn.contender, folder, *held).map_err(why)?;
            self.measured.push(measured);
            self.save(false, None);
        }
        Ok(made)
    }

    fn execute(
        &mut self,
        number: u32,
        contender: &Contender,
        path: &Path,
        stop: &StopSignal,
        tell: &mut dyn FnMut(),
    ) -> io::Result<(Made, String)> {
        let embedded = contender.server.program().is_none();
        let port = match contender.port(self.plan.port, protocol::PORT) {
            Port::This(port) => Some(port),
            Port::Servers => None,
            // The embedded server takes a free one and tells a strategy.
            Port::Free if embedded && matches!(contender.client, Client::Strategy(_)) => Some(0),
            Port::Free => Some(free_port()?),
        };
        let mut run = self.runs.start(number, port)?;
        let since = Instant::now();
        tracing::info!("run started, in {}", path.display());
        let exit = loop {
            if let Some(exit) = run.wait(stop, Duration::from_millis(100))? {
                break exit;
            }
            if stop.raised() {
                break end(&mut run)?;
            }
            tell();
        };
        tracing::info!(
            "run ended after {}: {exit}",
            duration(since.elapsed().into())
        );
        let said = run.said().unwrap_or_default();
        let made = match exit {
            Exit::Code(0) => Made::Whole(true),
            Exit::Code(1) if path.join("run.json").exists() => Made::Whole(false),
            Exit::Code(130) => Made::Interrupted,
            _ if stop.raised() => Made::Interrupted,
            Exit::Signal(n) => {
                return Err(io::Error::other(format!("signal {n} killed the run")));
            }
            Exit::Code(_) => return Err(io::Error::other(last_words(&said))),
        };
        Ok((made, said))
    }

    /// Writes `compare.json` anew, in one step: whoever reads it meanwhile finds
    /// it whole.
    fn save(&mut self, interrupted: bool, broken: Option<&str>) -> CompareRecord {
        let record = record(&Progress {
            started: &self.started,
            duration: self.since.elapsed().into(),
            plan: &self.told,
            contenders: &self.plan.contenders,
            measured: &self.measured,
            unsettled: self.unsettled,
            interrupted,
            broken,
        });
        let written = self
            .dir
            .write_whole(FILE, &mut |mut out| write_compare_json(&record, &mut out));
        if written.is_ok() {
            tracing::info!(
                "saved {FILE}: {} so far",
                counted(self.measured.len() as u64, "run", "runs")
            );
        }
        self.not_saved = written.err();
        record
    }
}

fn words(round: Round) -> String {
    match round {
        Round::Warmup(k) => format!("warm-up run {k}"),
        Round::Repeat(k) => format!("round {k}"),
    }
}

/// Ends a run that somebody has interrupted: it reports and saves what it has.
fn end(run: &mut Started<'_>) -> io::Result<Exit> {
    run.interrupt();
    let until = Instant::now() + RUN_GRACE;
    loop {
        if let Some(exit) = run.ended()? {
            return Ok(exit);
        }
        if Instant::now() > until {
            return Ok(Exit::Signal(0));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
