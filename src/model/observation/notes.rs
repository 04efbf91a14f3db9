//! What the built-in sides noted of themselves: their tasks, each request, each
//! connection.

use serde::{Deserialize, Serialize};

use crate::model::{Endpoint, Outcome, Pid, Tid, Timestamp, WorkerId};

/// A thread or process that a built-in side created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskNote {
    /// Whether it is a process of its own.
    pub process: bool,
    /// Its process and thread; `None` when it ended before its first instruction.
    pub ids: Option<(Pid, Tid)>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` when it was ended from outside.
    pub ended: Option<Timestamp>,
}

/// What became of a request, by its worker's own notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestNote {
    /// The request's number, from 0.
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
    /// What came instead of an answer: its first bytes, as ASCII with escapes,
    /// and "…" where more came.
    pub got: Option<Box<str>>,
}

/// What became of a connection, by the notes of the server's threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a built-in side says of itself as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTotals {
    /// When its first process began.
    pub first: Option<Timestamp>,
    /// When it was ready and no request had begun.
    pub ready: Option<Timestamp>,
    /// When request 0 was due, of a client that makes them at a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_due: Option<Timestamp>,
    /// When its workers were joined, or their main thread ended.
    pub after: Option<Timestamp>,
    /// How often the system refused it a thread or a process.
    pub refused_tasks: u64,
    /// How many threads and processes it did not create, to leave other programs some of
    /// those that the system can have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kept_tasks: u64,
    /// The same to leave them memory.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kept_memory: u64,
    /// How often the system refused it a file descriptor.
    pub refused_descriptors: u64,
    /// The error number of the last refusal of a descriptor; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal_errno: Option<i32>,
    /// The limit of open files of its process (`RLIMIT_NOFILE`); `None` where it did not
    /// tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_descriptors: Option<u64>,
    /// Tasks and connections that found no room for a note: what is told of the
    /// others is not the whole.
    pub unrecorded: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}
