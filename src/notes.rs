//! What the built-in programs note in their ledgers, and reading it back.
//!
//! `sys::ledger` knows how an entry lies in memory; here stands what it means. The client
//! has an entry a request (by the request's number), the server an entry a
//! connection (in the order of acceptance). Each is written by one worker at a
//! time, with plain stores, and read when the run is over.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::model::observation::{ConnectionNote, RequestNote};
use crate::model::{Endpoint, Outcome, Pid, Tid, Timestamp, WorkerId};
use crate::sys::ledger::{DETAIL_BYTES, Entry};

/// How far a request or a connection has come; 0 is "not begun".
mod phase {
    pub const STARTED: u8 = 1;
    pub const DONE: u8 = 2;
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

/// How a request ended, with the system's error number where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending<'a> {
    /// The outcome.
    pub outcome: Outcome,
    /// errno(3); 0 where no system call failed.
    pub errno: u16,
    /// What came instead of an answer.
    pub got: &'a [u8],
}

impl Ending<'_> {
    /// An ending without an error number and without bytes.
    #[must_use]
    pub const fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            errno: 0,
            got: &[],
        }
    }
}

/// A worker's pen for one request.
#[derive(Clone, Copy, Debug)]
pub struct RequestPen<'a>(pub &'a Entry);

impl RequestPen<'_> {
    /// The worker takes the request up.
    pub fn start(self, worker: WorkerId, pid: Pid, tid: Tid, now: Timestamp) {
        let entry = self.0.request();
        entry.worker.store(worker.0, Relaxed);
        entry.taken_by.set(pid, tid);
        entry.started.set(now);
        entry.phase.store(phase::STARTED, Release);
    }

    /// The next thing that it does is connect(2).
    pub fn connecting(self, now: Timestamp) {
        self.0.request().connect.set(now);
    }

    /// The client's end of the connection is known.
    pub fn local(self, address: SocketAddr) {
        self.0.request().client.set(address);
    }

    /// connect(2) has succeeded.
    pub fn connected(self, now: Timestamp) {
        self.0.request().connected.set(now);
    }

    /// The request is over.
    pub fn end(self, now: Timestamp, ending: Ending<'_>) {
        let entry = self.0.request();
        let kept = ending.got.len().min(DETAIL_BYTES);
        for (place, byte) in entry.got.iter().zip(ending.got) {
            place.store(*byte, Relaxed);
        }
        let outcome = Outcome::ALL.iter().position(|o| *o == ending.outcome);
        let outcome = outcome.and_then(|place| u8::try_from(place).ok());
        entry
            .got_bytes
            .store(u8::try_from(kept).unwrap_or(0), Relaxed);
        entry.got_more.set(ending.got.len() > kept);
        entry.outcome.store(outcome.unwrap_or(0), Relaxed);
        entry.errno.store(ending.errno, Relaxed);
        entry.ended.set(now);
        entry.phase.store(phase::DONE, Release);
    }
}

/// Reads a request's entry.
#[must_use]
pub fn read_request(number: u64, entry: &Entry) -> RequestNote {
    let entry = entry.request();
    let done = entry.phase.load(Acquire) == phase::DONE;
    let started = entry.started.get();
    let outcome = match (done, started) {
        (true, _) => Outcome::ALL
            .get(usize::from(entry.outcome.load(Relaxed)))
            .copied()
            .unwrap_or(Outcome::Other),
        (false, Some(_)) => Outcome::Abandoned,
        (false, None) => Outcome::NotAttempted,
    };
    let worker = WorkerId(entry.worker.load(Relaxed));
    // What a worker that was killed at its end had begun to write is no ending.
    let kept = if done {
        usize::from(entry.got_bytes.load(Relaxed))
    } else {
        0
    };
    let got = entry.got.iter().take(kept);
    let got: Vec<u8> = got.map(|byte| byte.load(Relaxed)).collect();
    RequestNote {
        number,
        taken_by: entry.taken_by.get().map(|(pid, tid)| (worker, pid, tid)),
        started,
        connect: entry.connect.get(),
        connected: entry.connected.get(),
        ended: entry.ended.get().filter(|_| done),
        client: entry.client.get().map(endpoint),
        outcome,
        errno: if done { entry.errno.load(Relaxed) } else { 0 },
        got: (!got.is_empty()).then(|| {
            let more = if entry.got_more.get() { "…" } else { "" };
            format!("{}{more}", got.escape_ascii()).into()
        }),
    }
}

/// The server's pen for one connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPen<'a>(pub Option<&'a Entry>);

impl ConnectionPen<'_> {
    /// accept(2) has returned it.
    pub fn accepted(self, peer: SocketAddr, pid: Pid, tid: Tid, now: Timestamp) {
        if let Some(entry) = self.0 {
            let entry = entry.connection();
            entry.accepted_by.set(pid, tid);
            entry.accepted.set(now);
            entry.client.set(peer);
            entry.phase.store(phase::STARTED, Release);
        }
    }

    /// The first receive on it has returned.
    pub fn served(self, pid: Pid, tid: Tid, now: Timestamp) {
        if let Some(entry) = self.0 {
            let entry = entry.connection();
            entry.served_by.set(pid, tid);
            entry.served.set(now);
        }
    }

    /// It is about to be closed.
    pub fn closed(self, now: Timestamp) {
        if let Some(entry) = self.0 {
            let entry = entry.connection();
            entry.closed.set(now);
            entry.phase.store(phase::DONE, Release);
        }
    }
}

/// Reads a connection's entry; `None` for one that was never filled in.
#[must_use]
pub fn read_connection(entry: &Entry) -> Option<ConnectionNote> {
    let entry = entry.connection();
    let phase = entry.phase.load(Acquire);
    if phase == 0 {
        return None;
    }
    Some(ConnectionNote {
        client: endpoint(entry.client.get()?),
        accepted: entry.accepted.get()?,
        accepted_by: entry.accepted_by.get()?,
        served: entry.served.get(),
        served_by: entry.served_by.get(),
        closed: entry.closed.get().filter(|_| phase == phase::DONE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ledger::Ledger;

    const PID: Pid = Pid(40);
    const TID: Tid = Tid(41);

    fn at(ns: i64) -> Timestamp {
        Timestamp::from_nanos(ns)
    }

    #[test]
    fn a_request_is_read_back_at_every_stage() {
        let ledger = Ledger::create(0, 1).unwrap();
        let entry = ledger.entry(0).unwrap();
        let pen = RequestPen(entry);
        assert_eq!(read_request(0, entry).outcome, Outcome::NotAttempted);
        pen.start(WorkerId(3), PID, TID, at(10));
        assert_eq!(read_request(0, entry).outcome, Outcome::Abandoned);
        pen.connecting(at(11));
        pen.local("127.0.0.2:4000".parse().unwrap());
        pen.connected(at(12));
        let ending = Ending {
            outcome: Outcome::BadAnswer,
            errno: 104,
            got: b"HTTP/1.1 400 Bad Request",
        };
        pen.end(at(13), ending);
        let note = read_request(0, entry);
        assert_eq!(note.taken_by, Some((WorkerId(3), PID, TID)));
        assert_eq!(note.client.unwrap().to_string(), "127.0.0.2:4000");
        assert_eq!((note.outcome, note.errno), (Outcome::BadAnswer, 104));
        assert_eq!(note.got.as_deref(), Some("HTTP/1.1 400 Bad…"));
        assert_eq!(note.ended, Some(at(13)));
    }

    /// A worker may be killed between any two stores.
    #[test]
    fn an_end_that_was_not_written_to_its_end_is_none() {
        let ledger = Ledger::create(0, 1).unwrap();
        let entry = ledger.entry(0).unwrap();
        RequestPen(entry).start(WorkerId(3), PID, TID, at(10));
        let words = entry.request();
        words.errno.store(104, Relaxed);
        words.got_bytes.store(16, Relaxed);
        words.got_more.set(true);
        words.ended.set(at(12));
        let note = read_request(0, entry);
        assert_eq!(note.ended, None, "it is still being written");
        assert_eq!((note.outcome, note.errno), (Outcome::Abandoned, 0));
        assert_eq!(note.got, None);
        // Whatever stands there, no more is read than is kept.
        words.got_bytes.store(u8::MAX, Relaxed);
        words.outcome.store(u8::MAX, Relaxed);
        words.phase.store(phase::DONE, Release);
        let note = read_request(0, entry);
        assert_eq!(
            (note.outcome, note.got),
            (
                Outcome::Other,
                Some(format!("{}…", "\\x00".repeat(DETAIL_BYTES)).into())
            )
        );
    }

    #[test]
    fn a_connection_is_read_back() {
        let ledger = Ledger::create(0, 1).unwrap();
        let entry = ledger.new_entry().unwrap();
        assert_eq!(read_connection(entry), None);
        let pen = ConnectionPen(Some(entry));
        pen.accepted("[::1]:5000".parse().unwrap(), PID, TID, at(10));
        let note = read_connection(entry).unwrap();
        assert_eq!((note.served_by, note.closed), (None, None));
        pen.served(PID, Tid(42), at(11));
        pen.closed(at(12));
        let note = read_connection(entry).unwrap();
        assert_eq!(note.client.to_string(), "[::1]:5000");
        assert_eq!(note.accepted_by, (PID, TID));
        assert_eq!(note.served_by, Some((PID, Tid(42))));
        assert_eq!(note.closed, Some(at(12)));
    }
}
