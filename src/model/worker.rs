//! What each client worker did: a line of `workers.jsonl`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Endpoint, Pid, Tid, Timestamp, WorkerId};

/// Client or server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The side that opens connections.
    Client,
    /// The side that accepts them.
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// How a request ended. The names are the keys of `requests.failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A valid answer came.
    Valid,
    /// Never begun: it was still queued when its process ended.
    NotAttempted,
    /// Begun, but its process ended before it had read an answer.
    Abandoned,
    /// The server's host refused the connection (ECONNREFUSED).
    Refused,
    /// The peer reset the connection (ECONNRESET, EPIPE).
    Reset,
    /// The peer closed the connection before it answered.
    Closed,
    /// No connection or no answer within the time allowed.
    Timeout,
    /// An answer came, and it was not what the protocol asks for.
    BadAnswer,
    /// The system refused a thread (EAGAIN from clone(2)).
    NoThread,
    /// The system refused a process (EAGAIN or ENOMEM from fork(2)).
    NoProcess,
    /// The system refused a file descriptor (EMFILE, ENFILE).
    NoDescriptor,
    /// No ephemeral port was left (EADDRNOTAVAIL).
    NoPort,
    /// The target could not be reached (ENETUNREACH, EHOSTUNREACH).
    Unreachable,
    /// Another error of the system; its number is kept beside it.
    Other,
}

impl Outcome {
    /// Every outcome, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Valid,
        Self::NotAttempted,
        Self::Abandoned,
        Self::Refused,
        Self::Reset,
        Self::Closed,
        Self::Timeout,
        Self::BadAnswer,
        Self::NoThread,
        Self::NoProcess,
        Self::NoDescriptor,
        Self::NoPort,
        Self::Unreachable,
        Self::Other,
    ];

    /// Its name in the contract's files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NotAttempted => "not_attempted",
            Self::Abandoned => "abandoned",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::BadAnswer => "bad_answer",
            Self::NoThread => "no_thread",
            Self::NoProcess => "no_process",
            Self::NoDescriptor => "no_descriptor",
            Self::NoPort => "no_port",
            Self::Unreachable => "unreachable",
            Self::Other => "other",
        }
    }

    /// The outcome of this name; `None` for a name that a later version wrote.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// What it means, for a person.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Valid => "a valid answer came",
            Self::NotAttempted => "still queued when the client ended",
            Self::Abandoned => "started, but the client ended before it read an answer",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset by the server",
            Self::Closed => "connection closed before an answer came",
            Self::Timeout => "no connection or no answer within the timeout",
            Self::BadAnswer => "an answer that is not JAM hh:mm:ss",
            Self::NoThread => "the system refused a thread (EAGAIN)",
            Self::NoProcess => "the system refused a process (EAGAIN or ENOMEM)",
            Self::NoDescriptor => "the system refused a file descriptor (EMFILE or ENFILE)",
            Self::NoPort => "no ephemeral port was left (EADDRNOTAVAIL)",
            Self::Unreachable => "the server cannot be reached",
            Self::Other => "another system error",
        }
    }
}

/// One client worker's request, or one server worker: a line of `workers.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// Which side it worked on.
    pub side: Side,
    /// Its number on its side; `null` for a request that no worker ever took.
    pub worker: Option<WorkerId>,
    /// The request's number, from 0, on the client's side.
    pub request: Option<u64>,
    /// Its process.
    pub pid: Option<Pid>,
    /// Its thread.
    pub tid: Option<Tid>,
    /// When the worker began this request (client) or was created (server).
    pub started_ns: Option<Timestamp>,
    /// When it was done with it.
    pub ended_ns: Option<Timestamp>,
    /// When connect(2) returned success (client) or accept(2) returned (server).
    pub connected_ns: Option<Timestamp>,
    /// The client's end of the connection.
    pub client: Option<Endpoint>,
    /// How the request ended; `null` on the server's side.
    pub outcome: Option<Outcome>,
    /// What came instead of a valid answer, or the system's error; printable.
    pub detail: Option<String>,
}
