//! One line of the log of a run: something that was seen, and nothing concluded.

use serde::{Deserialize, Serialize};

use super::{
    Asked, ConnectionNote, Event, KernelLook, ObserverCost, Output, OwnTotals, RequestNote, Sample,
    SideEnded, SideStarted, TaskNote, Trouble, WireFacts,
};
use crate::model::{Endpoint, Environment, Side, SideCost, Timestamp, Tool};

/// The name and version of the log's layout.
pub const SCHEMA_OBSERVATION: &str = "threadtap.observation/1";

/// The first line: who wrote it, where, and what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA_OBSERVATION`].
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// When the run began, as RFC 3339 writes it, in the time zone of the host.
    pub started: String,
    /// The clock of every moment in it: `CLOCK_REALTIME`, which is the capture's.
    pub clock: String,
    /// The host.
    pub environment: Environment,
    /// What was asked for.
    pub asked: Asked,
}

/// Who is counted in a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The client's processes.
    Client,
    /// The server's processes.
    Server,
    /// Everybody on the machine.
    System,
}

/// The moments of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// When the client was executed.
    pub client_started: Timestamp,
    /// When its first process had ended.
    pub client_ended: Timestamp,
    /// When the wire had come to rest and the server was about to be ended.
    pub at_rest: Timestamp,
    /// When every process of the run had ended.
    pub over: Timestamp,
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// By itself.
    Complete,
    /// The client had not ended when the time was over that it was given, and was
    /// ended.
    TimeLimit,
    /// A person interrupted it.
    Interrupted,
    /// The disk was full, or the capture failed.
    Fault,
}

/// Processes that were found at the end and had been followed by nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftovers {
    /// How many there were, and have ended.
    pub reaped: u64,
    /// How many of them lived, their children included; `None`: none did.
    pub lived: Option<u64>,
    /// Those that were killed and have not ended since.
    pub not_ended: Vec<crate::model::Pid>,
}

/// Something that was seen, one line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The first line.
    Header(Box<Header>),
    /// Where the server listens: the target of the client.
    Target(String),
    /// A side began to be observed.
    Started {
        /// Which.
        side: Side,
        /// Whose program, by whom observed.
        started: Box<SideStarted>,
    },
    /// A task of a side did something.
    Event {
        /// Which side's.
        side: Side,
        /// What and when.
        #[serde(flatten)]
        event: Event,
    },
    /// A built-in side noted a task.
    Task {
        /// Which side.
        side: Side,
        /// The task.
        #[serde(flatten)]
        task: TaskNote,
    },
    /// The built-in client noted a request.
    Request(RequestNote),
    /// The built-in server noted a connection.
    Connection(ConnectionNote),
    /// The connections to the server that a side had when it was found: its own ends.
    FoundConnections {
        /// Which side.
        side: Side,
        /// Where its sockets are bound.
        local: Vec<Endpoint>,
    },
    /// Threads and processes were counted.
    Sample {
        /// Whose.
        of: Counted,
        /// How many.
        #[serde(flatten)]
        sample: Sample,
    },
    /// What a built-in side says of itself.
    Totals {
        /// Which.
        side: Side,
        /// What.
        #[serde(flatten)]
        totals: OwnTotals,
    },
    /// A side ended, or was left.
    Ended {
        /// Which.
        side: Side,
        /// How.
        #[serde(flatten)]
        ended: SideEnded,
    },
    /// What a side has cost.
    Cost {
        /// Which.
        side: Side,
        /// The side's own.
        #[serde(flatten)]
        cost: SideCost,
        /// Its observer's; `None` where it is not known.
        observer: Option<ObserverCost>,
    },
    /// A program's log was read.
    Output {
        /// Which side's.
        side: Side,
        /// What it tells.
        #[serde(flatten)]
        output: Output,
    },
    /// The kernel's own counts were read.
    Kernel(KernelLook),
    /// What the capture counted.
    Wire(WireFacts),
    /// Something went wrong.
    Trouble(Trouble),
    /// Processes that nobody followed.
    Leftovers(Leftovers),
    /// The run is over.
    End {
        /// How.
        end: End,
        /// Its moments.
        #[serde(flatten)]
        moments: Moments,
    },
}
