//! What the built-in programs leave in their ledgers, and reading it back.
//!
//! A ledger's entry is twelve words; here stands what they mean. The client
//! has an entry a request (by the request's number), the server an entry a
//! connection (in the order of acceptance). Each is written by one worker at a
//! time, with plain stores, and read when the run is over.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::model::{Endpoint, Outcome, Pid, Tid, Timestamp, WorkerId};
use crate::sys::ledger::{Entry, halves};

/// The words of a client's entry.
mod request {
    pub const STATE: usize = 0;
    pub const IDS: usize = 1;
    pub const WORKER: usize = 2;
    pub const STARTED: usize = 3;
    pub const CONNECT: usize = 4;
    pub const CONNECTED: usize = 5;
    pub const ENDED: usize = 6;
    pub const IP: usize = 7;
    pub const PORT: usize = 9;
    pub const DETAIL: usize = 10;
}

/// The words of a server's entry.
mod connection {
    pub const STATE: usize = 0;
    pub const ACCEPT_IDS: usize = 1;
    pub const SERVE_IDS: usize = 2;
    pub const ACCEPTED: usize = 3;
    pub const SERVED: usize = 4;
    pub const CLOSED: usize = 5;
    pub const IP: usize = 7;
    pub const PORT: usize = 9;
}

/// How far a request has come, in the low byte of its state word.
mod phase {
    pub const STARTED: u64 = 1;
    pub const DONE: u64 = 2;
}

fn put_ids(entry: &Entry, word: usize, pid: Pid, tid: Tid) {
    entry[word].store(u64::from(pid.0) << 32 | u64::from(tid.0), Relaxed);
}

fn get_ids(entry: &Entry, word: usize) -> Option<(Pid, Tid)> {
    let ids = entry[word].load(Relaxed);
    let (pid, tid) = halves(ids);
    (ids != 0).then_some((Pid(pid), Tid(tid)))
}

fn put_time(entry: &Entry, word: usize, at: Timestamp) {
    entry[word].store(at.as_nanos().cast_unsigned(), Relaxed);
}

fn get_time(entry: &Entry, word: usize) -> Option<Timestamp> {
    let ns = entry[word].load(Relaxed);
    (ns != 0).then(|| Timestamp::from_nanos(ns.cast_signed()))
}

fn put_endpoint(entry: &Entry, ip: usize, port: usize, address: SocketAddr) {
    let bits = match address.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let low = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(bits >> 64).unwrap_or(0);
    entry[ip].store(high, Relaxed);
    entry[ip + 1].store(low, Relaxed);
    entry[port].store(u64::from(address.port()), Relaxed);
}

fn get_endpoint(entry: &Entry, ip: usize, port: usize) -> Option<Endpoint> {
    let port = u16::try_from(entry[port].load(Relaxed)).ok()?;
    let high = u128::from(entry[ip].load(Relaxed));
    let low = u128::from(entry[ip + 1].load(Relaxed));
    let ip = IpAddr::V6(Ipv6Addr::from_bits(high << 64 | low)).to_canonical();
    (port != 0).then_some(Endpoint::new(ip, port))
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

/// The bytes of a wrong answer that are kept.
pub const DETAIL_BYTES: usize = 16;

/// A worker's pen for one request.
#[derive(Clone, Copy, Debug)]
pub struct RequestPen<'a>(pub &'a Entry);

impl RequestPen<'_> {
    /// The worker takes the request up.
    pub fn start(self, worker: WorkerId, pid: Pid, tid: Tid, now: Timestamp) {
        put_ids(self.0, request::IDS, pid, tid);
        self.0[request::WORKER].store(u64::from(worker.0), Relaxed);
        put_time(self.0, request::STARTED, now);
        self.0[request::STATE].store(phase::STARTED, Release);
    }

    /// The next thing that it does is connect(2).
    pub fn connecting(self, now: Timestamp) {
        put_time(self.0, request::CONNECT, now);
    }

    /// The client's end of the connection is known.
    pub fn local(self, address: SocketAddr) {
        put_endpoint(self.0, request::IP, request::PORT, address);
    }

    /// connect(2) has succeeded.
    pub fn connected(self, now: Timestamp) {
        put_time(self.0, request::CONNECTED, now);
    }

    /// The request is over.
    pub fn end(self, now: Timestamp, ending: Ending<'_>) {
        let got = &ending.got[..ending.got.len().min(DETAIL_BYTES)];
        let mut detail = [0u8; DETAIL_BYTES];
        detail[..got.len()].copy_from_slice(got);
        for (i, eight) in detail.chunks_exact(8).enumerate() {
            let word = eight.iter().fold(0, |word, &b| word << 8 | u64::from(b));
            self.0[request::DETAIL + i].store(word, Relaxed);
        }
        put_time(self.0, request::ENDED, now);
        let code = Outcome::ALL
            .iter()
            .position(|o| *o == ending.outcome)
            .unwrap_or(0) as u64;
        let state = phase::DONE
            | code << 8
            | u64::from(ending.errno) << 16
            | (got.len() as u64) << 32
            | u64::from(ending.got.len() > DETAIL_BYTES) << 40;
        self.0[request::STATE].store(state, Release);
    }
}

/// What a request's entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestNote {
    /// The request's number.
    pub number: u64,
    /// The worker that took it, with its process and thread; `None` when none did.
    pub taken_by: Option<(WorkerId, Pid, Tid)>,
    /// When it was taken up.
    pub started: Option<Timestamp>,
    /// The moment before connect(2); `None` when it did not come to that.
    pub connect: Option<Timestamp>,
    /// When connect(2) had succeeded.
    pub connected: Option<Timestamp>,
    /// When it was over; `None` when its process ended before.
    pub ended: Option<Timestamp>,
    /// The client's end of the connection. The address is unspecified where
    /// the connection failed at once: then only the port is known.
    pub client: Option<Endpoint>,
    /// How it ended.
    pub outcome: Outcome,
    /// The system's error number; 0 for none.
    pub errno: u16,
    /// What came instead of an answer.
    pub got: Vec<u8>,
    /// Whether more came than is kept.
    pub got_more: bool,
}

/// Reads a request's entry.
#[must_use]
pub fn read_request(number: u64, entry: &Entry) -> RequestNote {
    let [low, code, errno_low, errno_high, kept, more, ..] =
        entry[request::STATE].load(Acquire).to_le_bytes();
    let done = u64::from(low) == phase::DONE;
    let started = get_time(entry, request::STARTED);
    let outcome = match (done, started) {
        (true, _) => Outcome::ALL
            .get(usize::from(code))
            .copied()
            .unwrap_or(Outcome::Other),
        (false, Some(_)) => Outcome::Abandoned,
        (false, None) => Outcome::NotAttempted,
    };
    let worker = u32::try_from(entry[request::WORKER].load(Relaxed)).unwrap_or(u32::MAX);
    let mut got: Vec<u8> = (0..DETAIL_BYTES / 8)
        .flat_map(|i| entry[request::DETAIL + i].load(Relaxed).to_be_bytes())
        .collect();
    got.truncate(usize::from(kept));
    RequestNote {
        number,
        taken_by: get_ids(entry, request::IDS).map(|(pid, tid)| (WorkerId(worker), pid, tid)),
        started,
        connect: get_time(entry, request::CONNECT),
        connected: get_time(entry, request::CONNECTED),
        ended: get_time(entry, request::ENDED),
        client: get_endpoint(entry, request::IP, request::PORT),
        outcome,
        errno: u16::from_le_bytes([errno_low, errno_high]),
        got,
        got_more: more & 1 != 0,
    }
}

/// The server's pen for one connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPen<'a>(pub Option<&'a Entry>);

impl ConnectionPen<'_> {
    /// accept(2) has returned it.
    pub fn accepted(self, peer: SocketAddr, pid: Pid, tid: Tid, now: Timestamp) {
        if let Some(entry) = self.0 {
            put_ids(entry, connection::ACCEPT_IDS, pid, tid);
            put_time(entry, connection::ACCEPTED, now);
            put_endpoint(entry, connection::IP, connection::PORT, peer);
            entry[connection::STATE].store(phase::STARTED, Release);
        }
    }

    /// The first receive on it has returned.
    pub fn served(self, pid: Pid, tid: Tid, now: Timestamp) {
        if let Some(entry) = self.0 {
            put_ids(entry, connection::SERVE_IDS, pid, tid);
            put_time(entry, connection::SERVED, now);
        }
    }

    /// It is about to be closed.
    pub fn closed(self, now: Timestamp) {
        if let Some(entry) = self.0 {
            put_time(entry, connection::CLOSED, now);
            entry[connection::STATE].store(phase::DONE, Release);
        }
    }
}

/// What a connection's entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionNote {
    /// The peer: the client's end.
    pub client: Endpoint,
    /// When accept(2) returned it.
    pub accepted: Timestamp,
    /// The process and thread whose accept(2) returned it.
    pub accepted_by: (Pid, Tid),
    /// When the first receive on it returned.
    pub served: Option<Timestamp>,
    /// The process and thread that first received from it.
    pub served_by: Option<(Pid, Tid)>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
}

/// Reads a connection's entry; `None` for one that was never filled in.
#[must_use]
pub fn read_connection(entry: &Entry) -> Option<ConnectionNote> {
    if entry[connection::STATE].load(Acquire) == 0 {
        return None;
    }
    Some(ConnectionNote {
        client: get_endpoint(entry, connection::IP, connection::PORT)?,
        accepted: get_time(entry, connection::ACCEPTED)?,
        accepted_by: get_ids(entry, connection::ACCEPT_IDS)?,
        served: get_time(entry, connection::SERVED),
        served_by: get_ids(entry, connection::SERVE_IDS),
        closed: get_time(entry, connection::CLOSED),
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
        assert_eq!(note.got, b"HTTP/1.1 400 Bad");
        assert!(note.got_more);
        assert_eq!(note.ended, Some(at(13)));
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
