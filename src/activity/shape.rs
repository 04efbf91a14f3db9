//! How a side is built, concluded from what it did: a thread or a process a
//! connection, a pool, an event loop, one after the other.
//!
//! A conclusion is drawn only where what was seen allows no other; the evidence
//! goes with it either way.

use std::collections::{HashMap, HashSet};

use super::helpers::Apart;
use super::others::Others;
use super::tasks::TaskLife;
use super::{Activity, TaskIndex};
use crate::census::Change;
use crate::model::{Evidence, ServerModel, Side, Strategy, Timestamp};
use crate::text::units::{count, counted};

/// A connection that a client made: who, from its connect(2) to its answer or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The task.
    pub task: TaskIndex,
    /// When it was begun.
    pub from: Timestamp,
    /// When the task is first known to be at it.
    pub at_it: Timestamp,
    /// When it was over; `None` when that is not known.
    pub until: Option<Timestamp>,
    /// Whether who used it was seen, which is not looked at of a client.
    pub seen: bool,
}

/// A connection that a server took: who served it (or accepted it, where
/// nobody was seen to serve), from its accept(2) to its answer or end.
pub type Served = Made;

/// What the work of a side looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    ThreadEach,
    ProcessEach,
    /// Of so many, where nobody else can be one of them.
    Pool(Option<u64>),
    EventLoop,
    OneByOne,
}

/// The client's strategy, and a pool's width.
#[must_use]
pub fn client_shape(side: &Activity, made: &[Made]) -> (Option<Strategy>, Option<u64>, Evidence) {
    let (shape, evidence) = conclude(side, Side::Client, made);
    let width = match shape {
        Some(Shape::Pool(width)) => width,
        _ => None,
    };
    let strategy = shape.map(|shape| match shape {
        Shape::ThreadEach => Strategy::Thread,
        Shape::ProcessEach => Strategy::Process,
        Shape::Pool(_) => Strategy::Pool,
        Shape::EventLoop => Strategy::Async,
        Shape::OneByOne => Strategy::Iterative,
    });
    (strategy, width, evidence)
}

/// The server's model.
#[must_use]
pub fn server_shape(side: &Activity, served: &[Served]) -> (Option<ServerModel>, Evidence) {
    let (shape, evidence) = conclude(side, Side::Server, served);
    let model = shape.map(|shape| match shape {
        Shape::ThreadEach => ServerModel::Thread,
        Shape::ProcessEach => ServerModel::Process,
        Shape::Pool(_) => ServerModel::Pool,
        Shape::EventLoop => ServerModel::Async,
        Shape::OneByOne => ServerModel::Iterative,
    });
    (model, evidence)
}

/// What the record says about the work of a side.
pub(super) struct Work<'a> {
    pub side: &'a Activity,
    pub of: Side,
    pub all: &'a [Made],
    pub by_worker: HashMap<TaskIndex, u64>,
    /// The places of the processes that did it.
    pub processes: HashSet<usize>,
    /// Those of the others.
    pub apart: Apart,
    /// How many connections a server served unseen.
    unseen: u64,
    most: u64,
    at_once: Option<u64>,
    /// Whether a worker was at one connection before it was done with another.
    overlaps: bool,
}

fn conclude(side: &Activity, of: Side, work: &[Made]) -> (Option<Shape>, Evidence) {
    let mut by_worker: HashMap<TaskIndex, u64> = HashMap::new();
    for one in work {
        *by_worker.entry(one.task).or_default() += 1;
    }
    let unseen = work.iter().filter(|one| of == Side::Server && !one.seen);
    let work = Work {
        side,
        of,
        all: work,
        most: by_worker.values().copied().max().unwrap_or(0),
        processes: by_worker
            .keys()
            .filter_map(|t| side.tasks.get(*t).process)
            .collect(),
        by_worker,
        apart: Apart::of(side, of, work),
        unseen: unseen.count() as u64,
        at_once: at_once(work),
        overlaps: overlaps(work),
    };
    let shape = work.shape();
    let evidence = Evidence {
        connections: work.connections(),
        workers: work.workers(),
        worker_processes: work.processes.len() as u64,
        most_by_one_worker: work.most,
        at_once: work.at_once,
        created_threads: work.created(false),
        created_processes: work.created(true),
        because: work.because(shape),
    };
    (shape.ok(), evidence)
}

impl Work<'_> {
    fn workers(&self) -> u64 {
        self.by_worker.len() as u64
    }

    fn connections(&self) -> u64 {
        self.by_worker.values().sum()
    }

    /// The threads, or first threads of processes, that were created, without
    /// helpers; `None` where it cannot be told who is one.
    fn created(&self, first: bool) -> Option<u64> {
        let tasks = self.side.tasks.all().iter().skip(1);
        let created = tasks.filter(|t| t.first == first && !t.found);
        let is_in =
            |t: &TaskLife, set: &HashSet<usize>| t.process.is_some_and(|p| set.contains(&p));
        let others = created.filter(|t| !is_in(t, &self.apart.idle));
        let unclear = others.clone().any(|t| is_in(t, &self.apart.unclear));
        (!unclear).then(|| others.count() as u64)
    }

    /// The shape, or why none can be told.
    fn shape(&self) -> Result<Shape, &'static str> {
        let task = |t: &TaskIndex| self.side.tasks.get(*t);
        let created = |t: &TaskIndex| t.0 != 0 && !task(t).found;
        let processes = self.processes.len() as u64;
        let others = Others::of(self);
        match (self.workers(), self.most) {
            (0, _) => Err("no connection was observed"),
            _ if self.unseen > 0 => Err("the serving thread was not observed"),
            // Whoever made it may have been created for it, or for anything.
            (1, 1) => Err("one connection is not enough for a conclusion"),
            (1, _) => match self.at_once {
                Some(_) if others.talk => Err(
                    "other threads ran at the same time, and which thread of a client sends is not traced",
                ),
                None => Err("it is not known when each connection ended"),
                Some(1) if others.wait => Err("other threads were waiting at the same time"),
                Some(1) => Ok(Shape::OneByOne),
                Some(_) => Ok(Shape::EventLoop),
            },
            (_, 1) if !self.by_worker.keys().all(created) => Err(NO_MODEL),
            (workers, 1) if processes == workers => Ok(Shape::ProcessEach),
            (_, 1) if processes == 1 && others.wait => Ok(Shape::Pool(None)),
            // A pool that is ended before its program exits looks the same as a
            // few threads beside others that do something else.
            (workers, 1) if processes == 1 && others.might_work * 2 > workers => {
                Err("more than one model fits")
            }
            (_, 1) if processes == 1 => Ok(Shape::ThreadEach),
            (_, 1) => Err(NO_MODEL),
            _ if self.at_once == Some(1) => Err(
                "never two at the same time: the threads take turns, or the work moves between them",
            ),
            _ if self.overlaps => Err("some workers had several at the same time"),
            _ if wanders(self.side) => {
                Err("some threads accept connections that others serve, and the reverse")
            }
            // When all of them are busy there is work for any other that waits.
            (workers, _) if self.at_once == Some(workers) || others.might_work == 0 => {
                Ok(Shape::Pool(Some(workers)))
            }
            _ => Ok(Shape::Pool(None)),
        }
    }

    fn because(&self, shape: Result<Shape, &'static str>) -> String {
        let connections = counted(self.connections(), "connection", "connections");
        let most = count(self.most);
        let by = |one, many| {
            let workers = counted(self.workers(), one, many);
            format!("{connections} by {workers}")
        };
        match shape {
            Ok(Shape::ThreadEach) => {
                format!(
                    "{}, one each",
                    by("thread created for it", "threads created for them")
                )
            }
            Ok(Shape::ProcessEach) => {
                format!(
                    "{}, one each",
                    by("process created for it", "processes created for them")
                )
            }
            Ok(Shape::Pool(Some(_))) => format!("{}, up to {most} each", by("worker", "workers")),
            Ok(Shape::Pool(None)) => format!(
                "{}, up to {most} each; others had no connection",
                by("worker", "workers")
            ),
            Ok(Shape::EventLoop) => format!(
                "{connections} by one thread, up to {} at the same time",
                count(self.at_once.unwrap_or(0))
            ),
            Ok(Shape::OneByOne) => {
                format!("{connections} by one thread, never two at the same time")
            }
            Err(why) if self.workers() == 0 => why.to_owned(),
            // Where nobody was seen to serve, only who accepted is known.
            Err(why) if self.unseen > 0 => {
                let may_have = match self.apart.unclear.len() as u64 {
                    0 => String::new(),
                    n => format!(
                        "; {} may have served them",
                        counted(n, "process", "processes")
                    ),
                };
                let unseen = count(self.unseen);
                format!("{why} for {unseen} of {connections}{may_have}")
            }
            Err(why) => format!("{}: {why}", by("worker", "workers")),
        }
    }
}

const NO_MODEL: &str = "no single model fits";

/// Whether a runtime moves work between a server's threads: those that accept
/// serve too, but not what they accepted.
fn wanders(side: &Activity) -> bool {
    let accepted = &side.sockets.accepted;
    let accepting: HashSet<TaskIndex> = accepted.iter().map(|a| a.task).collect();
    let mut handed_over = accepted.iter().filter_map(|a| {
        let serving = a.received.or(a.sent)?.0;
        (serving != a.task).then_some(serving)
    });
    handed_over.any(|t| accepting.contains(&t))
}

/// Whether somebody was at one connection before it was done with another.
fn overlaps(work: &[Made]) -> bool {
    let mut turns: Vec<_> = work
        .iter()
        .filter_map(|one| Some((one.task, one.at_it, one.until?)))
        .collect();
    turns.sort_unstable();
    turns
        .windows(2)
        .any(|two| two[0].0 == two[1].0 && two[1].1 < two[0].2)
}

/// The greatest number of connections that one side was busy with at one
/// moment; `None` where the end of one is not known.
fn at_once(work: &[Made]) -> Option<u64> {
    let mut changes: Vec<(Timestamp, Change)> = Vec::with_capacity(work.len() * 2);
    for one in work {
        changes.push((one.from, Change::Begins));
        changes.push(Change::end(one.from, one.until?));
    }
    changes.sort_unstable();
    let (mut now, mut most) = (0u64, 0);
    for (_, change) in changes {
        if change == Change::Begins {
            now += 1;
            most = most.max(now);
        } else {
            now = now.saturating_sub(1);
        }
    }
    Some(most)
}
