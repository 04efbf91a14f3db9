//! `pool_width`: how many threads of a pool made the connections. A pool's width
//! is often taken for the number of requests that are served.

use crate::activity::Connection;
use crate::findings::FindingsInput;
use crate::findings::ending::{left, unjoined};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Strategy};
use crate::wording::{ending, pool_width};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The width of the client's pool",
        severities: &[Severity::Info],
        means: "A pool has a fixed number of threads or processes, which share a queue of \
             requests. That number bounds how many requests run at the same time. It does \
             not bound how many are made: whoever is done takes the next one from the \
             queue. Python's ThreadPool() and Pool() take the number of CPUs, \
             ThreadPoolExecutor() the number of CPUs plus 4, at most 32.",
        look_at: "The client's workers, and how many connections each made.",
        to_do: "Nothing. If fewer requests were made than should have been, the width is \
             not why: see whether the main thread waited for the pool.",
        filter: None,
        evidence: &[
            ("workers", "threads or processes that made connections"),
            ("connections", "how many they made"),
            ("cpus", "the CPUs of this machine"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let plan = &input.run.plan;
    plan.client_command.as_ref()?;
    let work = plan
        .inferred
        .client
        .as_ref()
        .filter(|work| work.workers > 0)?;
    let is_pool = plan.strategy == Some(Strategy::Pool);
    // One whose main thread does not wait may have ended before it shows as one: its
    // connections were made by threads that it created, and not by all of these.
    let left = left(input);
    let may_be = || {
        let some = work.created_threads.is_some_and(|n| n > work.workers);
        // What became of the threads is that of one process, and so is such a pool.
        let one = work.worker_processes == 1;
        plan.strategy.is_none() && one && left.is_some() && some && by_created_threads(input)
    };
    if !is_pool && !may_be() {
        return None;
    }
    let cpus = input.run.environment.cpus;
    let (workers, connections) = (work.workers, work.connections);
    let mut sentences = vec![pool_width::made(
        workers,
        // Threads of several processes are threads.
        work.worker_processes > 1 && work.worker_processes == workers,
        connections,
    )];
    let open = left.map_or(0, |left| left.orphaned);
    let early = left.filter(|left| left.python && left.early > 0);
    // Of a pool that was given up, some workers may never have had a request: how many had one
    // says nothing of how wide it was meant to be.
    let whole = open == 0 && early.is_none();
    if whole && workers == cpus {
        sentences.push(pool_width::as_cpus(workers));
    } else if whole && workers == (cpus + 4).min(32) {
        sentences.push(pool_width::as_executor(workers));
    }
    if open > 0 {
        sentences.push(pool_width::orphaned(ending::orphaned(open)));
    }
    if let Some(left) = early.filter(|_| unjoined(input).is_none()) {
        sentences.push(pool_width::handlers(left.early));
    }
    sentences.push(pool_width::bounds());
    let told = input.run.requests.submitted.is_some() || unjoined(input).is_some();
    if told || input.run.plan.watched {
        // Whether any are missing is known, or told.
    } else if is_pool && whole {
        sentences.push(pool_width::whether_missing());
    } else {
        sentences.push(pool_width::whether_waits());
    }
    Some(
        says(sentences)
            .with("workers", workers)
            .with("connections", connections)
            .with("cpus", cpus),
    )
}

/// Whether threads that were created, and not the first of a process, made them all, as
/// far as all are seen, and none of them in vain: a thread for each that was refused is
/// no pool's that had nothing to do.
fn by_created_threads(input: &FindingsInput<'_>) -> bool {
    let client = input.seen.and_then(|seen| seen.client);
    client.is_some_and(|client| {
        let made = &client.sockets.made;
        let created = |c: &Connection| {
            let refused = c
                .errno
                .is_some_and(|e| ![0, libc::EINPROGRESS].contains(&e));
            !client.tasks.get(c.task).first && !refused
        };
        !client.has_blind_spots() && !made.is_empty() && made.iter().all(created)
    })
}
