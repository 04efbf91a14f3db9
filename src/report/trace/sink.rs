//! What a trace is written to, in either format.

use std::io;

use strum::{IntoStaticStr, VariantArray};

use crate::model::{Pid, Tid, Timestamp};

/// What is drawn on the track of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
pub(super) enum Name {
    /// A handshake that was completed.
    #[strum(serialize = "connect")]
    Connect,
    /// One that was not.
    #[strum(serialize = "connect, not established")]
    NotEstablished,
    /// A request with its answer.
    #[strum(serialize = "exchange")]
    Exchange,
    /// A request without one.
    #[strum(serialize = "exchange, no answer")]
    NoAnswer,
    /// A request whose answer was there before it.
    #[strum(serialize = "exchange, answered before")]
    AnsweredBefore,
    /// accept(2).
    #[strum(serialize = "accept")]
    Accept,
    /// The work of a server's thread on a connection.
    #[strum(serialize = "serve")]
    Serve,
    /// From the first FIN or RST on.
    #[strum(serialize = "close")]
    Close,
    /// Where a request reaches the serving thread.
    #[strum(serialize = "request")]
    Request,
    /// Where an answer leaves the serving thread, and where it has come.
    #[strum(serialize = "answer")]
    Answer,
    /// A client's request of which the capture shows nothing.
    #[strum(serialize = "request, no flow")]
    NoFlow,
    /// connect(2) returned, and the capture does not show the connection.
    #[strum(serialize = "connected, no flow")]
    ConnectedNoFlow,
    /// accept(2) returned, and the capture does not show the connection.
    #[strum(serialize = "accepted, no flow")]
    AcceptedNoFlow,
    /// The same, with what the server's thread did then.
    #[strum(serialize = "serve, no flow")]
    ServeNoFlow,
}

impl Name {
    pub(super) fn text(self) -> &'static str {
        self.into()
    }
}

/// The names of details, in the order of their numbers.
pub(super) const DETAILS: [&str; 24] = [
    "flow",
    "client",
    "server",
    "worker",
    "state",
    "history",
    "syns",
    "answer",
    "valid",
    "problem",
    "in_queue_ns",
    "by",
    "how",
    "outcome",
    "detail",
    "provenance",
    "severity",
    "message",
    "tool",
    "started",
    "target",
    "clock",
    "kernel",
    "pid",
];

/// A detail of an event: its name, one of [`DETAILS`], and its value.
pub(super) type Detail<'a> = (&'static str, Value<'a>);

/// The value of a detail. Text is printable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Number(u64),
    Truth(bool),
    Text(&'a str),
}

/// One end of an arrow, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrow {
    From(u64),
    To(u64),
}

/// A track: what it is, and on which other one it depends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Track<'a> {
    /// A process of a side.
    Process { pid: Pid, name: &'a str },
    /// A thread of it.
    Thread {
        process: u32,
        pid: Pid,
        tid: Tid,
        name: &'a str,
    },
    /// A thread whose number another one of it had before.
    Again {
        process: u32,
        pid: Pid,
        name: &'a str,
    },
    /// One of nobody in particular.
    Other { name: &'a str },
    /// What would overlap on the track `of`, which has the same name: the `nth` of these.
    Lane {
        of: u32,
        pid: Option<Pid>,
        nth: u32,
        name: &'a str,
    },
    /// A counter.
    Counter { name: &'a str },
}

/// What happens on a track.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    /// A slice begins, which will end at that time.
    Begin(Name, u64),
    /// It ends.
    End,
    /// Something without a duration.
    Mark(Name),
    /// The same, with a name from elsewhere.
    Note(&'a str),
}

/// An event; `at` is in nanoseconds since the zero of the trace. Those of one track
/// that have the same time come in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub track: u32,
    pub at: u64,
    pub what: What<'a>,
    pub arrow: Option<Arrow>,
    pub details: &'a [Detail<'a>],
}

/// Where a trace goes.
pub(super) trait Sink {
    /// It begins; `zero` is the moment of its time 0.
    fn start(&mut self, zero: Timestamp) -> io::Result<()>;
    /// A track, before anything that happens on it.
    fn track(&mut self, id: u32, track: Track<'_>) -> io::Result<()>;
    /// Something that happens.
    fn event(&mut self, event: Event<'_>) -> io::Result<()>;
    /// What a counter is from this time on.
    fn count(&mut self, track: u32, at: u64, value: u64) -> io::Result<()>;
    /// It ends.
    fn end(&mut self) -> io::Result<()>;
}
