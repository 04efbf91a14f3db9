//! How a client program ended, and what was still going on then: what can be said
//! of requests that it never made. Each is something that was seen; what follows
//! from them together, the rules say.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{count_of, death_of_built_in_client, own_end_of_client, was_cut_short};
use super::{FindingsInput, Seen};
use crate::activity::outcomes::Wire;
use crate::activity::{Activity, TaskIndex, keeps_threads};
use crate::model::observation::{AskedServer, MOST_ELSEWHERE};
use crate::model::{Close, Endpoint, Exit, Phrase, Side};
use crate::wording::ending;

/// The threads that one of the client's processes had created, when its first
/// thread ended it with exit status 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Whether the process was not the client's first one.
    pub child: bool,
    /// How many of them were still there.
    pub threads: u64,
    /// How many had ended before.
    pub ended: u64,
    /// The connections that those had made that were still there.
    pub made: u64,
    /// Those of them that were open then.
    pub open: u64,
    /// Whether of some of them nobody saw if they were: without a capture nothing tells.
    pub unseen: bool,
    /// The connections that were open then, and whose threads had ended before.
    pub orphaned: u64,
    /// Where at least as many threads had made no connection as a pool of Python has
    /// beside its workers: how many of these had ended while others were still at one.
    pub early: u64,
    /// Whether the process was an interpreter of Python.
    pub python: bool,
}

/// Threads that the client's main thread did not wait for although there may have
/// been work for them: they had made connections, or nobody had. Threads beside
/// others that did the work may do anything.
pub(super) fn unjoined(input: &FindingsInput<'_>) -> Option<Left> {
    let left = left(input)?;
    // What was not seen may have been made, or closed, by any of them.
    let side = input.seen?.client.filter(|side| !side.hides_sockets())?;
    let none = side.sockets.made.is_empty() && side.elsewhere.is_empty() && !side.has_blind_spots();
    (left.threads > 0 && (left.made > 0 || none)).then_some(left)
}

/// Of the client's process with the most of them, one with open connections before all.
pub(super) fn left(input: &FindingsInput<'_>) -> Option<Left> {
    let seen = input.seen?;
    let program = seen.observation.client.program()?;
    let asked = seen
        .observation
        .client
        .ended
        .is_some_and(|e| e.asked_to_end);
    if was_cut_short(input) || asked || program.command.is_none() {
        return None;
    }
    let side = seen.client?;
    let mut created: BTreeMap<usize, Vec<TaskIndex>> = BTreeMap::new();
    for (index, task) in side.tasks.all().iter().enumerate() {
        if let (Some(process), false) = (task.process, task.first) {
            created.entry(process).or_default().push(TaskIndex(index));
        }
    }
    if created.is_empty() {
        return None;
    }
    let wire = Wire::new(input.flows, Some(side));
    let left = created
        .iter()
        .filter_map(|(&process, tasks)| left_in(side, process, tasks, &wire));
    left.max_by_key(|left| {
        (
            left.open,
            left.made,
            left.orphaned,
            left.threads,
            left.ended,
        )
    })
}

/// `created`: the tasks of the process, but its first.
fn left_in(side: &Activity, place: usize, created: &[TaskIndex], wire: &Wire<'_>) -> Option<Left> {
    /// The threads that a pool of Python has beside its workers (its
    /// module `multiprocessing.pool`: one each for workers, tasks and results).
    const HANDLERS: u64 = 3;
    let process = &side.tasks.processes()[place];
    let exit = process.exit_begun?;
    // Another thread, or a signal, says nothing of what the first one waited for.
    let by_itself = process.exit_by == Some(process.first_task);
    if !by_itself || process.exit != Some(Exit::Code(0)) || keeps_threads(&process.name) {
        return None;
    }
    let has_ended = |task: &TaskIndex| side.tasks.get(*task).ended.is_some_and(|at| at < exit);
    let (gone, there): (BTreeSet<TaskIndex>, BTreeSet<TaskIndex>) =
        created.iter().copied().partition(has_ended);
    let made_by = |threads: &BTreeSet<TaskIndex>| -> Vec<usize> {
        let made = side.sockets.made.iter().enumerate();
        let made = made.filter(|(_, c)| threads.contains(&c.task));
        made.map(|(at, _)| at).collect()
    };
    let is_open = |at: &&usize| match wire.flow_of(**at) {
        // One that the server has reset is over for both.
        Some(flow) => {
            let closed = flow.client_closed_ns;
            let reset = closed.is_none() && flow.close == Close::Rst;
            flow.is_answered() && !reset && closed.is_none_or(|closed| closed >= exit)
        }
        None => side.sockets.made[**at].errno.is_none(),
    };
    let made = made_by(&there);
    let is_unseen =
        |at: &usize| wire.flow_of(*at).is_none() && side.sockets.made[*at].errno == Some(0);
    let over = |at: &usize| {
        let connection = &side.sockets.made[*at];
        let closed = wire.flow_of(*at).and_then(|flow| flow.client_closed_ns);
        closed.or(connection.until).unwrap_or(connection.from)
    };
    let last = made_by(&created.iter().copied().collect())
        .iter()
        .map(over)
        .max();
    let idle = |task: &&TaskIndex| side.sockets.made.iter().all(|c| c.task != **task);
    let is_early = |task: &&TaskIndex| side.tasks.get(**task).ended < last;
    Some(Left {
        child: place > 0,
        threads: there.len() as u64,
        ended: gone.len() as u64,
        made: made.len() as u64,
        open: count_of(made.iter().filter(is_open)),
        unseen: made.iter().any(is_unseen),
        orphaned: count_of(made_by(&gone).iter().filter(is_open)),
        early: if count_of(created.iter().filter(idle)) < HANDLERS {
            0
        } else {
            count_of(gone.iter().filter(idle).filter(is_early))
        },
        python: ["python", "pypy"]
            .iter()
            .any(|p| process.name.starts_with(p)),
    })
}

/// How the client ended, and what else was seen that bears on requests which it
/// never made: parts of a sentence, of which the client is the subject.
pub(super) fn seen_of_the_end(input: &FindingsInput<'_>) -> Vec<Phrase> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let output = seen.observation.client.output.as_ref();
    let exit = own_end_of_client(&seen);
    let mut parts = Vec::new();
    parts.extend(exit.map(told_end));
    let bad = exit.is_some_and(|exit| exit != Exit::Code(0));
    if let Some(line) = last_line(&seen, Side::Client).filter(|_| bad) {
        parts.push(last_words(Side::Client, Some(line)));
    }
    if let Some(n) = output.map(|o| o.exceptions).filter(|&n| n > 0) {
        parts.push(ending::exceptions(n));
    }
    if let Some(left) = left(input) {
        parts.extend(of_threads(&left));
    }
    if let Some(side) = seen.client {
        parts.extend(elsewhere(side, input.run.plan.isolated));
        parts.extend(told_killed(&seen));
    }
    parts
}

/// That the built-in client ended before its work was done, as a part of a sentence.
pub(super) fn death(seen: &Seen<'_>) -> Option<Phrase> {
    death_of_built_in_client(seen).map(told_end)
}

/// How it ended, as a part of a sentence.
fn told_end(exit: Exit) -> Phrase {
    match exit {
        Exit::Code(code) => ending::status(&code.to_string()),
        Exit::Signal(_) => ending::signal(exit),
    }
}

/// What a person may look at where threads had ended before their main thread, and still
/// nobody may have waited for them: Python ends the threads of a pool, and daemons,
/// shortly before it exits. Where something else explains it, that is not to be asked.
/// A sentence.
pub(super) fn to_look_at(input: &FindingsInput<'_>) -> Option<Phrase> {
    let (seen, left) = input.seen.zip(left(input))?;
    let output = seen.observation.client.output.as_ref();
    let elsewhere = |client: &Activity| !client.elsewhere.is_empty();
    if output.is_some_and(|o| o.exceptions > 0) || seen.client.is_some_and(elsewhere) {
        return None;
    }
    let plan = &input.run.plan;
    let work = plan.inferred.client.as_ref();
    let one_each = work.is_none_or(|work| work.most_by_one_worker <= 1);
    if left.python && left.early > 0 {
        Some(ending::look_at_handlers(left.early))
    } else if left.python && left.orphaned > 0 {
        Some(ending::look_at_python())
    } else if left.ended > 0 && plan.strategy.is_none() && (one_each || left.orphaned > 0) {
        Some(ending::look_at_pool())
    } else {
        None
    }
}

/// What had become of the threads that it had created.
fn of_threads(left: &Left) -> Vec<Phrase> {
    let all = left.threads + left.ended;
    let there = match left.threads {
        0 => ending::threads_ended(all, left.child),
        there => ending::threads_there(there, all, left.child),
    };
    let orphaned = (left.orphaned > 0).then(|| ending::orphaned(left.orphaned));
    std::iter::once(there).chain(orphaned).collect()
}

/// Whether it is an address of the loopback interface, which each network has of its own.
pub(super) fn is_loopback(target: &Endpoint) -> bool {
    let ip = target.ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

/// Where else the client connected to. `isolated`: the run has a network of its own.
fn elsewhere(side: &Activity, isolated: bool) -> Option<Phrase> {
    /// As many as a sentence bears.
    const NAMED: usize = 3;
    let all: u64 = side.elsewhere.values().sum();
    let mut targets: Vec<(&(Endpoint, i32), &u64)> = side.elsewhere.iter().collect();
    targets.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let (several, more) = (targets.len() > 1, targets.len() > NAMED);
    let named = targets.into_iter().take(NAMED).map(|((target, errno), n)| {
        let own = isolated && is_loopback(target);
        let answer = answer(*errno, own);
        ending::target(&target.to_string(), answer, several.then_some(*n))
    });
    (all > 0).then(|| ending::elsewhere(all >= MOST_ELSEWHERE, all, named.collect(), more))
}

/// What an answer of connect(2) tells of who listens. `own`: in the run's own network.
fn answer(errno: i32, own: bool) -> Phrase {
    match errno {
        0 => ending::listens(),
        libc::ECONNREFUSED => ending::refuses(own),
        libc::EINPROGRESS => ending::begun(),
        errno => ending::error(&std::io::Error::from_raw_os_error(errno).to_string()),
    }
}

/// The processes of the client, but the first, that a signal ended which threadtap
/// did not send: how many of each, and how many connections they had made.
pub(super) fn killed(seen: &Seen<'_>) -> BTreeMap<i32, (u64, u64)> {
    let mut by: BTreeMap<i32, (u64, u64)> = BTreeMap::new();
    let Some(side) = seen.client else {
        return by;
    };
    let asked = seen
        .observation
        .client
        .ended
        .and_then(|ended| ended.asked_at);
    let mut made: BTreeMap<usize, u64> = BTreeMap::new();
    for connection in &side.sockets.made {
        if let Some(process) = side.tasks.get(connection.task).process {
            *made.entry(process).or_default() += 1;
        }
    }
    for (place, process) in side.tasks.processes().iter().enumerate().skip(1) {
        let before = process
            .ended
            .is_some_and(|ended| asked.is_none_or(|asked| ended < asked));
        if let (Some(Exit::Signal(signal)), true) = (process.exit, before) {
            let (processes, connections) = by.entry(signal).or_default();
            *processes += 1;
            *connections += made.get(&place).copied().unwrap_or_default();
        }
    }
    by
}

/// The same as a part of a sentence.
fn told_killed(seen: &Seen<'_>) -> Option<Phrase> {
    let killed = killed(seen).into_iter();
    let parts: Vec<Phrase> = killed
        .map(|(signal, (n, _))| ending::killed(n, Exit::Signal(signal)))
        .collect();
    (!parts.is_empty()).then(|| ending::all_killed(parts))
}

/// A line of a program's, as much of it as a sentence bears.
pub(super) fn quoted(line: &str) -> String {
    const BEARABLE: usize = 160;
    let line = line.trim();
    match line.char_indices().nth(BEARABLE) {
        Some((at, _)) => format!("“{}…”", &line[..at]),
        None => format!("“{line}”"),
    }
}

/// As much of what somebody reported as a sentence bears beside others.
pub(super) fn shortened(text: &str) -> String {
    const BEARABLE: usize = 80;
    match text.char_indices().nth(BEARABLE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The last line that a program printed; `None` where none is known.
pub(super) fn last_line<'a>(seen: &Seen<'a>, side: Side) -> Option<&'a str> {
    let output = seen.observation.side(side).output.as_ref();
    output.and_then(|o| o.last_line.as_deref())
}

/// The same of a side of this run. What ran already prints where it always did.
pub(super) fn last_words_of(seen: &Seen<'_>, side: Side, last_line: Option<&str>) -> Phrase {
    let asked = &seen.observation.header.asked;
    let existing = matches!(asked.server, AskedServer::Existing { .. });
    if asked.is_watch() || side == Side::Server && existing {
        return ending::not_saved();
    }
    last_words(side, last_line)
}

/// What a program has printed last, as the end of a sentence.
pub(super) fn last_words(side: Side, last_line: Option<&str>) -> Phrase {
    let log = side.log_file();
    match last_line {
        Some(line) => ending::last_line(log, &quoted(line)),
        None => ending::may_say(log),
    }
}
