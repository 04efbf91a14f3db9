//! Whose tracks there are: the threads of both sides, and for each side one for what
//! nobody knows the thread of.

use std::collections::HashMap;

use crate::model::{Pid, Side, Tid, WorkerId};

/// A thread of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Who {
    pub side: Side,
    /// Its numbers; `None` where it is not known.
    pub numbers: Option<(Pid, Tid)>,
    /// What tells it from others that had the same numbers.
    pub life: u64,
}

impl Who {
    /// One that is known.
    pub(super) const fn known(side: Side, pid: Pid, tid: Tid, life: u64) -> Self {
        Self {
            side,
            numbers: Some((pid, tid)),
            life,
        }
    }

    /// One of a side that nobody knows.
    pub(super) const fn unknown(side: Side) -> Self {
        Self {
            side,
            numbers: None,
            life: 0,
        }
    }
}

/// What is known of a thread from what it did.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub who: Who,
    worker: Worker,
    pub accepts: bool,
    pub serves: bool,
}

/// Whose work a client's thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    NotKnown,
    One(WorkerId),
    Several,
}

impl Thread {
    /// What its track is called.
    pub(super) fn name(&self) -> String {
        let Who { side, numbers, .. } = self.who;
        match (side, self.worker) {
            _ if numbers.is_none() => format!("{}, thread not known", side.name()),
            (Side::Client, Worker::One(worker)) => format!("worker {worker}"),
            (Side::Client, Worker::Several) => "workers".to_owned(),
            (Side::Client, Worker::NotKnown) => "client".to_owned(),
            (Side::Server, _) => match (self.accepts, self.serves) {
                (true, true) => "accept and serve",
                (true, false) => "accept",
                _ => "serve",
            }
            .to_owned(),
        }
    }
}

/// All threads, by their numbers in the order in which they came up.
#[derive(Debug, Default)]
pub(super) struct Threads {
    numbers: HashMap<Who, u32>,
    all: Vec<Thread>,
}

impl Threads {
    /// The number of a thread.
    pub(super) fn number(&mut self, who: Who) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(who).or_insert(next);
        if number == next {
            self.all.push(Thread {
                who,
                worker: Worker::NotKnown,
                accepts: false,
                serves: false,
            });
        }
        number
    }

    /// The number of a client's thread, of which a worker's number is known.
    pub(super) fn worker(&mut self, who: Who, worker: Option<WorkerId>) -> u32 {
        let number = self.number(who);
        if let (Some(worker), Some(thread)) = (worker, self.all.get_mut(number as usize)) {
            thread.worker = match thread.worker {
                Worker::NotKnown => Worker::One(worker),
                Worker::One(known) if known == worker => Worker::One(known),
                _ => Worker::Several,
            };
        }
        number
    }

    /// The number of a server's thread that accepts.
    pub(super) fn accepting(&mut self, who: Who) -> u32 {
        let number = self.number(who);
        if let Some(thread) = self.all.get_mut(number as usize) {
            thread.accepts = true;
        }
        number
    }

    /// The number of a server's thread that serves.
    pub(super) fn serving(&mut self, who: Who) -> u32 {
        let number = self.number(who);
        if let Some(thread) = self.all.get_mut(number as usize) {
            thread.serves = true;
        }
        number
    }

    /// All of them, each at its number.
    pub(super) fn all(&self) -> &[Thread] {
        &self.all
    }
}
