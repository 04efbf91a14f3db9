//! How a side is built, concluded from what it did: a thread or a process a
//! connection, a pool, an event loop, one after the other.
//!
//! A conclusion is drawn only where what was seen allows no other; the evidence
//! goes with it either way.

use std::collections::HashSet;

use super::created::Created;
use super::made::{Made, Served};
use super::others::Others;
use super::work::Work;
use super::{Accepted, Activity, TaskIndex};
use crate::model::{Evidence, ServerModel, Side, Strategy};
use crate::text::units::{count, counted};

/// What the work of a side looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    ThreadEach,
    ProcessEach,
    /// Of so many, where nobody else can be one of them.
    Pool(Option<u64>),
    /// Workers that were there before, and had one connection each.
    Ahead,
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
        Shape::Pool(_) | Shape::Ahead => Strategy::Pool,
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
        Shape::Pool(_) | Shape::Ahead => ServerModel::Pool,
        Shape::EventLoop => ServerModel::Async,
        Shape::OneByOne => ServerModel::Iterative,
    });
    (model, evidence)
}

fn conclude(side: &Activity, of: Side, work: &[Made]) -> (Option<Shape>, Evidence) {
    let work = Work::of(side, of, work);
    let shape = work.shape();
    let evidence = Evidence {
        connections: work.connections(),
        workers: work.workers(),
        worker_processes: work.processes.len() as u64,
        accepting_threads: work.of_server(|a| (!a.taken_over).then_some(a.task)),
        receiving_threads: work.of_server(|a| Some(a.received?.0)),
        sending_threads: work.of_server(|a| Some(a.sent?.0)),
        most_by_one_worker: work.most,
        at_once: work.at_once,
        created_threads: work.created(false),
        created_processes: work.created(true),
        because: work.because(shape),
    };
    (shape.ok(), evidence)
}

impl Work<'_> {
    /// The shape, or why none can be told.
    fn shape(&self) -> Result<Shape, &'static str> {
        let task = |t: &TaskIndex| self.side.tasks.get(*t);
        let created = |t: &TaskIndex| t.0 != 0 && !task(t).found;
        let processes = self.processes.len() as u64;
        let others = Others::of(self);
        let one_each = |shape| match self.created_for_each() {
            Created::ForThem => Ok(shape),
            Created::Before => Ok(Shape::Ahead),
            Created::BeforeSome => Err(NO_MODEL),
            Created::Waiting => Err(
                "each worker was still there when its connection was over, as those of a pool are",
            ),
        };
        match (self.workers(), self.most) {
            (0, _) => Err("no connection was observed"),
            _ if self.unseen > 0 => Err("the serving thread was not observed"),
            _ if self.passed > 0 => {
                Err("the requests of some connections were received by several threads")
            }
            _ if self.shared > 0 => {
                Err("on some connections one thread received and another one sent")
            }
            // Whoever made it may have been created for it, or for anything.
            (1, 1) => Err("one connection is not enough for a conclusion"),
            (1, _) => match self.at_once {
                Some(_) if others.talk => Err(
                    "other threads or processes were there, and which thread of a client sends is not traced",
                ),
                None => Err("it is not known when each connection ended"),
                // The only one of several that was given work.
                Some(_) if others.like_it > 0 => Err("others of its kind were there and had none"),
                // What waits in a queue for one thread is not in its hands.
                Some(2..) if self.is_handed_over() && !self.overlaps => {
                    Err("another thread accepted them and handed them over one by one")
                }
                Some(1) if others.wait => Err("other threads were waiting at the same time"),
                Some(1) => Ok(Shape::OneByOne),
                Some(_) => Ok(Shape::EventLoop),
            },
            (_, 1) if !self.by_worker.keys().all(created) => Err(NO_MODEL),
            (workers, 1) if processes == workers => one_each(Shape::ProcessEach),
            (_, 1) if processes == 1 && others.wait => Ok(Shape::Pool(None)),
            // A pool that is ended before its program exits looks the same as a
            // few threads beside others that do something else.
            (workers, 1) if processes == 1 && others.might_work * 2 > workers => {
                Err("more than one model fits")
            }
            (_, 1) if processes == 1 => one_each(Shape::ThreadEach),
            (_, 1) => Err(NO_MODEL),
            _ if self.at_once == Some(1) => Err(
                "never two at the same time: the threads take turns, or the work moves between them",
            ),
            _ if !self.together => Err("they were never all there at the same time"),
            _ if self.of == Side::Client && self.are_programs() => {
                Err("each is a program of its own")
            }
            _ if self.are_of_several_parents() => {
                Err("the processes were created by several others")
            }
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

    /// How many tasks of a server had this part in its connections; `None` where it
    /// was not seen of each.
    fn of_server(&self, part: fn(&Accepted) -> Option<TaskIndex>) -> Option<u64> {
        if self.of == Side::Client {
            return None;
        }
        let accepted = self.side.sockets.accepted.iter();
        let tasks: Option<HashSet<TaskIndex>> = accepted.map(part).collect();
        Some(tasks?.len() as u64)
    }

    /// Whether whoever served a connection is not who accepted it.
    fn is_handed_over(&self) -> bool {
        self.all.iter().any(|one| one.at_it != one.from)
    }

    /// Whether workers are processes that have executed a program of their own, so that
    /// they share no queue. The first process has executed the client: that says
    /// nothing of those that it forked.
    fn are_programs(&self) -> bool {
        let processes = self.side.tasks.processes();
        let of_its_own = |p: &usize| *p != 0 && processes[*p].executed;
        self.processes.len() > 1 && self.processes.iter().any(of_its_own)
    }

    /// Whether workers are processes that did not come from one that hands out the work:
    /// each may have forked the next.
    fn are_of_several_parents(&self) -> bool {
        let processes = self.side.tasks.processes();
        let created = self.processes.iter().filter(|p| **p != 0);
        let parents: HashSet<Option<usize>> = created.map(|p| processes[*p].parent).collect();
        parents.len() > 1
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
            Ok(Shape::Ahead) => format!(
                "{}, one each; all of them were there before",
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
    let seen = accepted.iter().filter(|a| !a.taken_over);
    let accepting: HashSet<TaskIndex> = seen.map(|a| a.task).collect();
    let mut handed_over = accepted.iter().filter_map(|a| {
        let serving = a.received.or(a.sent)?.0;
        (!a.taken_over && serving != a.task).then_some(serving)
    });
    handed_over.any(|t| accepting.contains(&t))
}
