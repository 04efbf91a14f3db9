//! `pool_width`: how many threads of a pool made the connections. A pool's width
//! is often taken for the number of requests that are served.

use crate::activity::Connection;
use crate::findings::FindingsInput;
use crate::findings::ending::{left, orphaned, unjoined};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Strategy};
use crate::text::units::counted;

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
        plan.strategy.is_none() && left.is_some() && some && by_created_threads(input)
    };
    if !is_pool && !may_be() {
        return None;
    }
    let cpus = input.run.environment.cpus;
    let (workers, connections) = (work.workers, work.connections);
    let (one, many) = match work.worker_processes {
        0 | 1 => ("thread", "threads"),
        _ => ("process", "processes"),
    };
    let as_many = match workers {
        w if w == cpus => Some("as many as this machine has CPUs"),
        w if w == (cpus + 4).min(32) => Some(
            "the number of CPUs plus 4, at most 32, which is what Python's ThreadPoolExecutor takes",
        ),
        _ => None,
    };
    let is = if workers == 1 { "That is" } else { "They are" };
    let as_many = as_many.map_or(String::new(), |words| format!(" {is} {words}."));
    let open = left.map_or(0, |left| left.orphaned);
    let at_work = left.filter(|left| left.python && left.early > 0 && unjoined(input).is_none());
    let at_work = at_work.map_or(String::new(), |left| {
        format!(
            " {} that had made no connection had ended while others were still at work, as those \
             of Python's ThreadPool do when the main thread does not wait for the pool.",
            counted(left.early, "thread", "threads"),
        )
    });
    let open = if open > 0 {
        format!(" {}.", sentence(&orphaned(open)))
    } else {
        String::new()
    };
    let early = left.is_some_and(|left| left.python && left.early > 0);
    let hint = if input.run.requests.submitted.is_some() || unjoined(input).is_some() {
        ""
    } else if is_pool && open.is_empty() && !early {
        " With -n N threadtap says whether any are missing."
    } else {
        " If more were to be made, see whether the main thread waits for the pool; with -n N \
         threadtap says how many are missing."
    };
    let message = format!(
        "{} of the client made the {}.{as_many}{open}{at_work} The width of a pool bounds how many requests run \
         at the same time, not how many are made in all.{hint}",
        counted(workers, one, many),
        counted(connections, "connection", "connections"),
    );
    Some(
        says(message)
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

/// The same words as a sentence begins with them.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
