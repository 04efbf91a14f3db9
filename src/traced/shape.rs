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
    /// Of so many, where all of them were seen to work.
    Pool(Option<u64>),
    EventLoop,
    OneByOne,
}

/// Created threads that made no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bystanders {
    /// So few, that the program is made of those that did.
    Few,
    /// Enough to be workers that found no work.
    Many,
    /// Some, and those that did make connections still lived when the program
    /// began to exit, as workers of a pool do.
    Waiting,
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

fn conclude(side: &TracedSide, work: &[Made]) -> (Option<Shape>, Evidence) {
    let mut by_worker: HashMap<TaskIndex, u64> = HashMap::new();
    for one in work {
        *by_worker.entry(one.task).or_default() += 1;
    }
    let most = by_worker.values().copied().max().unwrap_or(0);
    let processes: HashSet<_> = by_worker
        .keys()
        .filter_map(|t| side.tasks.get(*t).process)
        .collect();
    let idle = idle(side);
    let created = side.tasks.all().iter().skip(1).filter(|t| {
        // Helpers are kept apart.
        !t.found && t.process.is_none_or(|p| !idle.contains(&p))
    });
    let (first_threads, threads): (Vec<_>, Vec<_>) = created.partition(|t| t.first);
    let at_once = at_once(work);
    let workers = by_worker.len() as u64;
    // Idle at the end, beside others: they wait for work that may still come.
    let others = (threads.len() as u64).saturating_sub(workers);
    let bystanders = if others > 0 && none_ended_early(side, by_worker.keys()) {
        Bystanders::Waiting
    } else if others * 2 > workers {
        Bystanders::Many
    } else {
        Bystanders::Few
    };
    let shape = shape(
        side,
        &by_worker,
        processes.len() as u64,
        most,
        at_once,
        bystanders,
    );
    let evidence = Evidence {
        connections: work.len() as u64,
        workers,
        worker_processes: processes.len() as u64,
        most_by_one_worker: most,
        at_once,
        created_threads: threads.len() as u64,
        created_processes: first_threads.len() as u64,
        because: because(shape, work.len() as u64, workers, most, at_once),
    };
    (shape, evidence)
}

fn shape(
    side: &TracedSide,
    by_worker: &HashMap<TaskIndex, u64>,
    processes: u64,
    most: u64,
    at_once: Option<u64>,
    bystanders: Bystanders,
) -> Option<Shape> {
    let workers = by_worker.len() as u64;
    let task = |t: &TaskIndex| side.tasks.get(*t);
    let created = |t: &TaskIndex| t.0 != 0 && !task(t).found;
    match (workers, most) {
        (0, _) => None,
        // One connection by one created for it, or by the program itself.
        (1, 1) => by_worker.keys().next().and_then(|t| match task(t).first {
            _ if !created(t) => None,
            true => Some(Shape::ProcessEach),
            false => Some(Shape::ThreadEach),
        }),
        (1, _) => match at_once? {
            1 if bystanders == Bystanders::Waiting => Some(Shape::Pool(None)),
            1 => Some(Shape::OneByOne),
            _ => Some(Shape::EventLoop),
        },
        (_, 1) if !by_worker.keys().all(created) => None,
        (_, 1) if processes == workers => Some(Shape::ProcessEach),
        (_, 1) if processes == 1 => match bystanders {
            Bystanders::Waiting => Some(Shape::Pool(Some(workers))),
            Bystanders::Few => Some(Shape::ThreadEach),
            // A pool that was ended early looks the same.
            Bystanders::Many => None,
        },
        (_, 1) => None,
        _ => Some(Shape::Pool(Some(workers))),
    }
}

/// Whether these are created threads that all still lived when the side's
/// first process began to exit.
fn none_ended_early<'a>(side: &TracedSide, mut tasks: impl Iterator<Item = &'a TaskIndex>) -> bool {
    let root = side.tasks.processes().first();
    let Some(exit) = root.and_then(|p| p.exit_begun) else {
        return false;
    };
    tasks.all(|t| {
        let task = side.tasks.get(*t);
        t.0 != 0 && !task.first && task.ended.is_none_or(|end| end >= exit)
    })
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

fn because(
    shape: Option<Shape>,
    connections: u64,
    workers: u64,
    most: u64,
    at_once: Option<u64>,
) -> String {
    let made = counted(connections, "connection", "connections");
    match shape {
        Some(Shape::ThreadEach) => {
            let by = counted(workers, "thread", "threads");
            format!("{made} by {by} created for them, one each")
        }
        Some(Shape::ProcessEach) => {
            let by = counted(workers, "process", "processes");
            format!("{made} by {by} created for them, one each")
        }
        Some(Shape::Pool(_)) => {
            let by = counted(workers, "worker", "workers");
            format!("{made} by {by}, up to {} each", count(most))
        }
        Some(Shape::EventLoop) => format!(
            "{made} by one thread, up to {} at once",
            count(at_once.unwrap_or(0))
        ),
        Some(Shape::OneByOne) => format!("{made} by one thread, never two at once"),
        None if connections == 0 => "no connection was seen".to_owned(),
        None => {
            let by = counted(workers, "thread", "threads");
            format!("{made} by {by}: several models fit")
        }
    }
}
