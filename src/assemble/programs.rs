//! What is told of somebody else's programs, from what was seen of them.

use std::collections::{BTreeSet, HashMap};

use super::built::apart;
use super::counts::on_the_wire;
use super::moments::When;
use super::samples;
use super::watched::{Watched, serving};
use crate::activity::fallback::fallbacks;
use crate::activity::outcomes::{Terms, Wire};
use crate::activity::{Accepted, Connection, TaskIndex};
use crate::census;
use crate::correlate::{ClientSocket, ServerSocket};
use crate::model::{
    Exit, FlowRecord, Outcome, Program, Programs, Provenance, Requests, Side, SideCensus,
    Timestamp, WorkerId, WorkerRecord,
};

/// The programs of `run.json`.
pub(super) fn told(
    client: Option<Watched<'_>>,
    server: Option<Watched<'_>>,
    flows: &[FlowRecord],
) -> Programs {
    Programs {
        client: client.and_then(|p| record(p, Side::Client, flows)),
        server: server.and_then(|p| record(p, Side::Server, flows)),
    }
}

fn record(watched: Watched<'_>, of: Side, flows: &[FlowRecord]) -> Option<Program> {
    let started = watched.seen.program()?;
    let exit = watched.seen.exit();
    let (helpers, others) = apart(watched, of, flows).unzip();
    Some(Program {
        command: started.command.clone()?,
        pid: started.root,
        exit_code: match exit {
            Some(Exit::Code(code)) => Some(code),
            _ => None,
        },
        signal: match exit {
            Some(Exit::Signal(signal)) => Some(signal),
            _ => None,
        },
        asked_to_end: watched.seen.ended.is_some_and(|e| e.asked_to_end),
        helpers,
        others,
    })
}

/// A side's census, as it was counted.
pub(super) fn census(watched: Watched<'_>, when: &When) -> SideCensus {
    // What others of it do, once a client's first process has ended, is not asked.
    let ended = watched.seen.ended;
    let asked = ended
        .filter(|e| e.asked_to_end || e.went_on)
        .and_then(|e| e.asked_at);
    let spans = watched.activity;
    if let Some(spans) = spans.and_then(|s| s.tasks.spans(asked, when.moments.over)) {
        return census::count(&spans, Provenance::Traced);
    }
    samples(&watched.seen.samples).side()
}

/// Numbers for the tasks that made or served a connection, in the order of
/// their creation.
fn numbered(tasks: impl Iterator<Item = TaskIndex>) -> HashMap<TaskIndex, WorkerId> {
    let ordered: BTreeSet<TaskIndex> = tasks.collect();
    ordered.into_iter().zip((0..).map(WorkerId)).collect()
}

pub(super) fn client_sockets(watched: Watched<'_>, ended: Timestamp) -> Vec<ClientSocket> {
    let Some(side) = watched.activity else {
        return Vec::new();
    };
    let numbers = numbered(side.sockets.made.iter().map(|c| c.task));
    let socket = |c: &Connection| {
        let task_ended = side.tasks.get(c.task).ended;
        Some(ClientSocket {
            worker: *numbers.get(&c.task)?,
            pid: c.by.0,
            tid: c.by.1,
            local: c.local,
            from: c.from,
            until: c.until.or(task_ended).unwrap_or(ended),
        })
    };
    side.sockets.made.iter().filter_map(socket).collect()
}

pub(super) fn server_sockets(watched: Watched<'_>) -> impl Iterator<Item = ServerSocket> {
    let accepted = watched
        .activity
        .map_or(&[][..], |s| &s.sockets.accepted[..]);
    let socket = |a: &Accepted| ServerSocket {
        peer: a.peer,
        accepted: a.at,
        pid: serving(a).map_or(a.by.0, |s| s.1),
        accept_tid: (!a.taken_over).then_some(a.by.1),
        serve_tid: serving(a).map(|s| s.2),
        send_tid: a.sent.map(|s| s.2),
    };
    accepted.iter().map(socket)
}

/// How much of a run is known.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Whether all that the client did is in the log.
    pub client: bool,
    /// The flows that were captured, and those of them that are the client's own;
    /// `None`: none were captured, or none of its own.
    pub flows: Option<&'a [FlowRecord]>,
    pub own: Option<&'a [&'a FlowRecord]>,
    /// Whether nothing that went over the wire is missing.
    pub wire: bool,
    /// On what terms flows tell how requests ended.
    pub terms: Terms,
}

/// The requests of somebody else's client, or of one whose notes are missing.
pub(super) fn requests(watched: Watched<'_>, submitted: Option<u64>, known: Known<'_>) -> Requests {
    // Without a capture, what connect(2) returned is all that is known.
    let wire = Wire::new(known.flows.unwrap_or_default(), watched.activity).on(known.terms);
    let side = watched.activity;
    // What was not to be seen may have been there all the same.
    let made = side.filter(|_| known.client);
    let made = made.map(|side| side.sockets.made.len());
    // Flows beside none of it were made by calls that are not traced.
    let beside = known
        .own
        .is_some_and(|own| own.iter().any(|f| f.handshake.is_some()));
    let made = made.filter(|&made| made > 0 || !beside);
    let again = side.map(|s| fallbacks(&wire, s)).unwrap_or_default();
    let mut classes = wire.classes(known.own, &again);
    let told = on_the_wire(known.own);
    let asked = |f: &&FlowRecord| !f.exchanges.is_empty() || f.exchanges_omitted > 0;
    // Of another protocol's answers nobody here knows whether they are right.
    let judged = known
        .own
        .is_some_and(|own| wire.speaks_time() || !own.iter().any(asked));
    if let Some(submitted) = submitted {
        if judged {
            let missing = submitted.saturating_sub(classes.total());
            match made {
                Some(made) if made == 0 || known.wire => {
                    classes.fail(Outcome::NotAttempted, missing);
                }
                None if known.wire => classes.fail(Outcome::NotSeen, missing),
                // They may have been on the wire, and gone well.
                _ => classes.unknown += missing,
            }
        } else if let (Some(made), None) = (made, known.own) {
            let attempted = (made - again.len()) as u64;
            classes.fail(Outcome::NotAttempted, submitted.saturating_sub(attempted));
        }
    }
    let valid = classes.unknown == 0 || classes.any_is_judged();
    Requests {
        submitted,
        attempted: made.map(|made| made as u64),
        valid: (judged && valid).then_some(classes.valid),
        unknown: judged.then_some(classes.unknown),
        failed: classes.failed,
        ..told
    }
}

pub(super) fn client_workers(
    watched: Watched<'_>,
    flows: Option<&[FlowRecord]>,
    terms: Terms,
) -> Vec<WorkerRecord> {
    let Some(side) = watched.activity else {
        return Vec::new();
    };
    let wire = flows.map(|flows| Wire::new(flows, Some(side)).on(terms));
    let numbers = numbered(side.sockets.made.iter().map(|c| c.task));
    let record = |(at, c): (usize, &Connection)| {
        let task = side.tasks.get(c.task);
        let errno = c.errno.filter(|e| ![0, libc::EINPROGRESS].contains(e));
        WorkerRecord {
            side: Side::Client,
            worker: numbers.get(&c.task).copied(),
            request: None,
            pid: Some(c.by.0),
            tid: Some(c.by.1),
            due_ns: None,
            started_ns: Some(task.started),
            ended_ns: task.ended,
            connected_ns: c.until.filter(|_| c.errno == Some(0)),
            client: c.local,
            outcome: wire.as_ref().and_then(|w| w.outcome(at)),
            detail: errno.map(|e| std::io::Error::from_raw_os_error(e).to_string()),
            told: None,
        }
    };
    side.sockets.made.iter().enumerate().map(record).collect()
}

pub(super) fn server_workers(watched: Watched<'_>) -> Vec<WorkerRecord> {
    let Some(side) = watched.activity else {
        return Vec::new();
    };
    let worker = |a: &Accepted| serving(a).map_or(a.task, |s| s.0);
    let numbers = numbered(side.sockets.accepted.iter().map(worker));
    let record = |a: &Accepted| {
        let task = side.tasks.get(worker(a));
        let (pid, tid) = serving(a).map_or(a.by, |s| (s.1, s.2));
        WorkerRecord {
            side: Side::Server,
            worker: numbers.get(&worker(a)).copied(),
            request: None,
            pid: Some(pid),
            tid: Some(tid),
            due_ns: None,
            started_ns: Some(task.started),
            ended_ns: task.ended,
            connected_ns: Some(a.at),
            client: Some(a.peer),
            outcome: None,
            detail: None,
            told: None,
        }
    };
    side.sockets.accepted.iter().map(record).collect()
}
