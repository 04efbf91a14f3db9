//! What the built-in sides noted, as lines of `workers.jsonl`.

use std::io;

use super::open_loop::DueTimes;
use crate::model::observation::{ConnectionNote, RequestNote};
use crate::model::{Packed, Side, WorkerId, WorkerRecord};

pub(super) fn client_records(
    requests: &Packed<RequestNote>,
    due: Option<DueTimes>,
) -> impl Iterator<Item = WorkerRecord> {
    requests.iter().map(move |n| WorkerRecord {
        side: Side::Client,
        worker: n.taken_by.map(|t| t.0),
        request: Some(n.number),
        pid: n.taken_by.map(|t| t.1),
        tid: n.taken_by.map(|t| t.2),
        due_ns: due.map(|times| times.due(n.number)),
        started_ns: n.started,
        ended_ns: n.ended,
        connected_ns: n.connected,
        client: n.client,
        outcome: Some(n.outcome),
        detail: detail(&n),
        told: None,
    })
}

pub(super) fn server_records(
    connections: &Packed<ConnectionNote>,
) -> impl Iterator<Item = WorkerRecord> {
    // A server's workers are numbered in the order in which they first appear.
    let mut numbers = std::collections::HashMap::new();
    connections.iter().map(move |c| {
        let (pid, tid) = c.served_by.unwrap_or(c.accepted_by);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry((pid, tid)).or_insert(next);
        WorkerRecord {
            side: Side::Server,
            worker: Some(WorkerId(number)),
            request: None,
            pid: Some(pid),
            tid: Some(tid),
            due_ns: None,
            started_ns: c.served,
            ended_ns: c.closed,
            connected_ns: Some(c.accepted),
            client: Some(c.client),
            outcome: None,
            detail: None,
            told: None,
        }
    })
}

fn detail(note: &RequestNote) -> Option<String> {
    let errno = i32::from(note.errno);
    note.got
        .as_deref()
        .map(str::to_owned)
        .or_else(|| (errno != 0).then(|| io::Error::from_raw_os_error(errno).to_string()))
}
