//! How a side is built, concluded from what it did: a thread or a process a
//! connection, a pool, an event loop, one after the other.
//!
//! A conclusion is drawn only where what was seen allows no other; the evidence
//! goes with it either way.

use std::collections::{HashMap, HashSet};

use super::helpers::idle;
use super::{TaskIndex, TracedSide};
use crate::model::{Evidence, ServerModel, Strategy, Timestamp};
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
pub fn client_shape(side: &TracedSide, made: &[Made]) -> (Option<Strategy>, Option<u64>, Evidence) {
    let (shape, evidence) = conclude(side, made);
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
pub fn server_shape(side: &TracedSide, served: &[Served]) -> (Option<ServerModel>, Evidence) {
    let (shape, evidence) = conclude(side, served);
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
struct Work<'a> {
    side: &'a TracedSide,
    by_worker: HashMap<TaskIndex, u64>,
    processes: HashSet<usize>,
    /// The places of processes that did none of it.
    idle: HashSet<usize>,
    most: u64,
    at_once: Option<u64>,
    /// Whether a worker was at one connection before it was done with another.
    overlaps: bool,
}

fn conclude(side: &TracedSide, work: &[Made]) -> (Option<Shape>, Evidence) {
    let mut by_worker: HashMap<TaskIndex, u64> = HashMap::new();
    for one in work {
        *by_worker.entry(one.task).or_default() += 1;
    }
    let work = Work {
        side,
        most: by_worker.values().copied().max().unwrap_or(0),
        processes: by_worker
            .keys()
            .filter_map(|t| side.tasks.get(*t).process)
            .collect(),
        by_worker,
        idle: idle(side),
        at_once: at_once(work),
        overlaps: overlaps(work),
    };
    let created = side.tasks.all().iter().skip(1).filter(|t| {
        // Helpers are kept apart.
        !t.found && t.process.is_none_or(|p| !work.idle.contains(&p))
    });
    let (first_threads, threads): (Vec<_>, Vec<_>) = created.partition(|t| t.first);
    let shape = work.shape();
    let evidence = Evidence {
        connections: work.connections(),
        workers: work.workers(),
        worker_processes: work.processes.len() as u64,
        most_by_one_worker: work.most,
        at_once: work.at_once,
        created_threads: threads.len() as u64,
        created_processes: first_threads.len() as u64,
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

    /// The shape, or why none can be told.
    fn shape(&self) -> Result<Shape, &'static str> {
        let task = |t: &TaskIndex| self.side.tasks.get(*t);
        let created = |t: &TaskIndex| t.0 != 0 && !task(t).found;
        let processes = self.processes.len() as u64;
        let others = Others::of(self);
        match (self.workers(), self.most) {
            (0, _) => Err("no connection was seen"),
            // One connection by one created for it, or by the program itself.
            (1, 1) => match self.by_worker.keys().next() {
                Some(t) if created(t) && task(t).first => Ok(Shape::ProcessEach),
                Some(t) if created(t) => Ok(Shape::ThreadEach),
                _ => Err("one tells of no model"),
            },
            (1, _) => match self.at_once {
                None => Err("when each was over is not known"),
                Some(1) if others.wait => Err("other threads waited beside it"),
                Some(1) => Ok(Shape::OneByOne),
                Some(_) => Ok(Shape::EventLoop),
            },
            (_, 1) if !self.by_worker.keys().all(created) => Err(NO_MODEL),
            (workers, 1) if processes == workers => Ok(Shape::ProcessEach),
            (_, 1) if processes == 1 && others.wait => Ok(Shape::Pool(None)),
            // A pool that is ended before its program exits looks the same as a
            // few threads beside others that do something else.
            (workers, 1) if processes == 1 && others.might_work * 2 > workers => {
                Err("several models fit")
            }
            (_, 1) if processes == 1 => Ok(Shape::ThreadEach),
            (_, 1) => Err(NO_MODEL),
            _ if self.at_once == Some(1) => {
                Err("never two at once, by threads that take turns or work that moves between them")
            }
            _ if self.overlaps => Err("some had several at once"),
            _ if wanders(self.side) => Err("some accept what others serve, and the reverse"),
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
                "{}, up to {most} each, beside others without one",
                by("worker", "workers")
            ),
            Ok(Shape::EventLoop) => format!(
                "{connections} by one thread, up to {} at once",
                count(self.at_once.unwrap_or(0))
            ),
            Ok(Shape::OneByOne) => format!("{connections} by one thread, never two at once"),
            Err(why) if self.workers() == 0 => why.to_owned(),
            Err(why) => format!("{}: {why}", by("worker", "workers")),
        }
    }
}

const NO_MODEL: &str = "this fits no one model";

/// The created threads, in the processes that worked, that had no connection.
#[derive(Clone, Copy, Debug, Default)]
struct Others {
    /// Whether some of them, and all workers, were there to the end: they wait
    /// for work that may still come.
    wait: bool,
    /// How many of them, and of idle processes, may be workers that were not
    /// needed.
    might_work: u64,
}

impl Others {
    fn of(work: &Work<'_>) -> Self {
        let tasks = &work.side.tasks;
        let kinds: HashSet<String> = work
            .by_worker
            .keys()
            .filter_map(|t| tasks.get(*t).name.as_deref().map(kind))
            .collect();
        let unlike = |name: Option<&str>| {
            name.is_some_and(|name| !kinds.is_empty() && !kinds.contains(&kind(name)))
        };
        let to_the_end = lived_to_the_end(work.side, work.by_worker.keys());
        let mut others = Self::default();
        for (i, task) in tasks.all().iter().enumerate().skip(1) {
            let here = task.process.is_some_and(|p| work.processes.contains(&p));
            if task.first
                || !here
                || work.by_worker.contains_key(&TaskIndex(i))
                || unlike(task.name.as_deref())
            {
                continue;
            }
            others.might_work += 1;
            others.wait |= to_the_end && is_there_at_the_end(work.side, task.ended);
        }
        let name = |p: &usize| tasks.processes()[*p].name.as_str();
        let names: HashSet<&str> = work.processes.iter().map(name).collect();
        if work.processes.len() > 1 {
            let alike = work.idle.iter().filter(|p| names.contains(name(p)));
            others.might_work += alike.count() as u64;
        }
        others
    }
}

/// What threads with this name are for, as far as names tell: runtimes number
/// those of one kind.
fn kind(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Whether a task that ended at this moment was there when the side's first
/// process began to exit.
fn is_there_at_the_end(side: &TracedSide, ended: Option<Timestamp>) -> bool {
    let root = side.tasks.processes().first();
    let exit = root.and_then(|p| p.exit_begun);
    exit.is_some_and(|exit| ended.is_none_or(|end| end >= exit))
}

/// Whether these are created threads that all still lived when the side's
/// first process began to exit.
fn lived_to_the_end<'a>(side: &TracedSide, mut tasks: impl Iterator<Item = &'a TaskIndex>) -> bool {
    tasks.all(|t| {
        let task = side.tasks.get(*t);
        t.0 != 0 && !task.first && is_there_at_the_end(side, task.ended)
    })
}

/// Whether a runtime moves work between a server's threads: those that accept
/// serve too, but not what they accepted.
fn wanders(side: &TracedSide) -> bool {
    let accepted = &side.sockets.accepted;
    let accepting: HashSet<TaskIndex> = accepted.iter().map(|a| a.task).collect();
    let handed_over = accepted.iter().filter_map(|a| {
        let serving = a.received.or(a.sent)?.0;
        (serving != a.task).then_some(serving)
    });
    accepting.len() > 1 && handed_over.into_iter().any(|t| accepting.contains(&t))
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
    let mut changes: Vec<(Timestamp, bool)> = Vec::with_capacity(work.len() * 2);
    for one in work {
        changes.push((one.from, true));
        changes.push((one.until?.max(one.from), false));
    }
    changes.sort_unstable();
    let (mut now, mut most) = (0u64, 0);
    for (_, begins) in changes {
        if begins {
            now += 1;
            most = most.max(now);
        } else {
            now = now.saturating_sub(1);
        }
    }
    Some(most)
}
