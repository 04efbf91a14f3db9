//! What each client worker did: a line of `workers.jsonl`.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::{Endpoint, Nanos, Pid, ServerOwner, Tid, Timestamp, WorkerId};

/// Client or server.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Side {
    /// The side that opens connections.
    Client,
    /// The side that accepts them.
    Server,
}

serialised!(Side);

impl Side {
    /// The file of the run directory that has what its program printed.
    #[must_use]
    pub const fn log_file(self) -> &'static str {
        match self {
            Self::Client => "client.log",
            Self::Server => "server.log",
        }
    }
}

/// How a request ended. The names are the keys of `requests.failed`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, VariantArray, VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// A valid answer came.
    Valid,
    /// Never begun when its process ended.
    NotAttempted,
    /// Nothing of it was seen on the wire: it was never begun, or the client's own
    /// system refused it, which was not looked at.
    NotSeen,
    /// Begun, but its process ended before it had read an answer.
    Abandoned,
    /// The server's host refused the connection (ECONNREFUSED).
    Refused,
    /// The peer reset the connection (ECONNRESET, EPIPE).
    Reset,
    /// The peer closed the connection before it answered.
    Closed,
    /// No connection or no answer in the time that the client waited.
    Timeout,
    /// An answer came, and it was not what the protocol asks for.
    BadAnswer,
    /// The system refused a thread (EAGAIN from clone(2)).
    NoThread,
    /// The system refused a process (EAGAIN or ENOMEM from fork(2)).
    NoProcess,
    /// Not begun, for its thread or process would have taken what is left to other
    /// programs.
    ReserveKept,
    /// The system refused a file descriptor (EMFILE, ENFILE).
    NoDescriptor,
    /// No ephemeral port was left (EADDRNOTAVAIL).
    NoPort,
    /// The target could not be reached (ENETUNREACH, EHOSTUNREACH).
    Unreachable,
    /// Another error of the system; its number is kept beside it.
    Other,
}

serialised!(Outcome);

impl Outcome {
    /// What it means, for a person.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Valid => "a valid answer came",
            Self::NotAttempted => "never begun when the client ended",
            Self::NotSeen => "nothing of it was seen on the wire",
            Self::Abandoned => "started, but the client ended before it read an answer",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset by the server",
            Self::Closed => "connection closed before an answer came",
            Self::Timeout => "no connection or no answer while the client waited",
            Self::BadAnswer => "an answer that is not JAM hh:mm:ss",
            Self::NoThread => "the system refused a thread (EAGAIN)",
            Self::NoProcess => "the system refused a process (EAGAIN or ENOMEM)",
            Self::ReserveKept => {
                "its thread or process was not started, to leave other programs room"
            }
            Self::NoDescriptor => "the system refused a file descriptor (EMFILE or ENFILE)",
            Self::NoPort => "no ephemeral port was left (EADDRNOTAVAIL)",
            Self::Unreachable => "the server cannot be reached",
            Self::Other => "another system error",
        }
    }
}

/// A line of `workers.jsonl`: a client's request or, of a client program, a
/// connection that it began; or a connection that a server worker took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkerRecord {
    /// Which side it worked on.
    pub side: Side,
    /// Its number on its side; `null` for a request that no worker ever took.
    pub worker: Option<WorkerId>,
    /// The request's number, from 0; `null` on the server's side, and for a client
    /// program.
    pub request: Option<u64>,
    /// Its process.
    pub pid: Option<Pid>,
    /// Its thread.
    pub tid: Option<Tid>,
    /// When this request was due, of requests at a rate (`--rate`); else it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ns: Option<Timestamp>,
    /// When the worker began this request (client) or was created (server); of a
    /// program, when the thread that did it began. `null` when not known.
    pub started_ns: Option<Timestamp>,
    /// When it was done with it; of a program, the end of that thread. `null` when
    /// not known.
    pub ended_ns: Option<Timestamp>,
    /// When connect(2) returned success (client) or accept(2) returned (server);
    /// `null` when not known.
    pub connected_ns: Option<Timestamp>,
    /// The client's end of the connection; `null` when not known.
    pub client: Option<Endpoint>,
    /// How the request ended; `null` on the server's side, and where it cannot be
    /// said of a program.
    pub outcome: Option<Outcome>,
    /// What came instead of a valid answer, or the system's error; printable.
    pub detail: Option<String>,
    /// What both sides' own accounts tell of a client's connection, where nothing was
    /// captured; absent where something was, and on the server's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldConnection>,
}

/// A connection as its two sides tell of it: built-in ones by their notes, a program by
/// the calls that it was traced at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToldConnection {
    /// From connect(2) to when the client knew that it was connected; `null` where it
    /// never was, or that is not known.
    pub handshake_ns: Option<Nanos>,
    /// From the first request to its answer: between the call that sent and the return of
    /// the call that received. `null` where there was none, or that is not known.
    pub exchange_ns: Option<Nanos>,
    /// How many requests were sent on it; `null` where that was not looked at.
    pub requests: Option<u64>,
    /// How many of them were answered; `null` where that was not looked at.
    pub answered: Option<u64>,
    /// From connect(2) to the return of the server's accept(2); `null` where the server's
    /// side of it is not known.
    pub accepted_after_ns: Option<Nanos>,
    /// The threads of the server that took it; `null` where these are not known.
    pub server_owner: Option<ServerOwner>,
}
