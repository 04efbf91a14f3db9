//! Who else was there while connections were made or served: threads that may
//! be idle workers, or talk on connections that others made.

use std::collections::HashSet;

use super::helpers::Spans;
use super::tasks::TaskLife;
use super::work::Work;
use super::{Activity, TaskIndex};
use crate::model::{Side, Timestamp};

/// The created threads, in the processes that worked, that had no connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Others {
    /// Whether some of them, and all workers, were there to the end: they wait
    /// for work that may still come.
    pub wait: bool,
    /// How many of them, and of idle processes, may be workers that were not
    /// needed.
    pub might_work: u64,
    /// How many there were beside a worker that is not the only one of its kind:
    /// processes of its program, and threads like it where it was created as they
    /// were. They may have been waiting for work, too.
    pub like_it: u64,
    /// Whether some of them, or children, may have sent and received on the
    /// connections that a client's workers made.
    pub talk: bool,
}

/// What the Java virtual machine calls those of its own threads that it may
/// start at any time: it compiles and collects garbage with as many as it needs.
const STARTED_ON_DEMAND: [&str; 4] = ["C1 Compiler", "C2 Compiler", "GC Thread", "G1 "];

impl Others {
    pub fn of(work: &Work<'_>) -> Self {
        let tasks = &work.side.tasks;
        let kinds: HashSet<String> = work
            .by_worker
            .keys()
            .filter_map(|t| tasks.get(*t).name.as_deref().map(kind))
            .collect();
        let name = |p: &usize| tasks.processes()[*p].name.as_str();
        let unlike = |name: Option<&str>| {
            name.is_some_and(|name| !kinds.is_empty() && !kinds.contains(&kind(name)))
        };
        let to_the_end = lived_to_the_end(work.side, work.by_worker.keys());
        let in_use = Spans::of(work.all);
        let begun = work.all.iter().map(|one| one.from).min();
        let is_client = work.of == Side::Client;
        let mut others = Self {
            talk: is_client && !work.apart.unclear.is_empty(),
            ..Self::default()
        };
        for (i, task) in tasks.all().iter().enumerate().skip(1) {
            let here = task.process.is_some_and(|p| work.processes.contains(&p));
            if task.first || !here || work.by_worker.contains_key(&TaskIndex(i)) {
                continue;
            }
            let unlike = unlike(task.name.as_deref());
            if is_client && in_use.meet(task.started, task.ended) {
                let program = task.process.as_ref().map_or("", name);
                let before = begun.is_some_and(|begun| task.started < begun);
                others.talk |= !is_the_runtime_s(program, task, unlike, before);
            }
            if !unlike {
                let created = work.by_worker.keys().all(|t| !tasks.get(*t).first);
                others.like_it += u64::from(created && in_use.meet(task.started, task.ended));
                others.might_work += 1;
                others.wait |= to_the_end && is_there_at_the_end(work.side, task.ended);
            }
        }
        let names: HashSet<&str> = work.processes.iter().map(name).collect();
        let apart = work.apart.idle.iter().chain(&work.apart.unclear);
        for process in apart.filter(|p| names.contains(name(p))) {
            let life = &tasks.processes()[*process];
            others.like_it += u64::from(in_use.meet(life.started, life.ended));
            others.might_work += u64::from(work.processes.len() > 1);
        }
        others
    }
}

/// Whether this program is a runtime that keeps threads of its own to the end,
/// which nobody joins.
#[must_use]
pub fn keeps_threads(program: &str) -> bool {
    const RUNTIMES: [&str; 7] = [
        "node", "nodejs", "deno", "bun", "java", "dotnet", "beam.smp",
    ];
    RUNTIMES.contains(&program)
}

/// Whether a thread belongs to the runtime of a program that is known to keep
/// its threads from the program's sockets. Elsewhere a name of its own says
/// nothing: pools are named too. `before`: it was there before any connection.
fn is_the_runtime_s(program: &str, thread: &TaskLife, unlike: bool, before: bool) -> bool {
    match program {
        // JavaScript's sockets are used by the thread that made them: the others
        // compile, and read files and names (Node.js, "Worker threads", "Don't
        // Block the Event Loop").
        "node" | "nodejs" => true,
        // Executors start their threads when there is work.
        "java" => {
            let name = thread.name.as_deref().unwrap_or_default();
            unlike && (before || STARTED_ON_DEMAND.iter().any(|s| name.starts_with(s)))
        }
        _ => false,
    }
}

/// What threads with this name are for, as far as names tell: runtimes number
/// those of one kind.
fn kind(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Whether a task that ended at this moment was there when the side's first
/// process began to exit.
fn is_there_at_the_end(side: &Activity, ended: Option<Timestamp>) -> bool {
    let root = side.tasks.processes().first();
    let exit = root.and_then(|p| p.exit_begun);
    exit.is_some_and(|exit| ended.is_none_or(|end| end >= exit))
}

/// Whether these are created threads that all still lived when the side's
/// first process began to exit.
fn lived_to_the_end<'a>(side: &Activity, mut tasks: impl Iterator<Item = &'a TaskIndex>) -> bool {
    tasks.all(|t| {
        let task = side.tasks.get(*t);
        t.0 != 0 && !task.first && is_there_at_the_end(side, task.ended)
    })
}
