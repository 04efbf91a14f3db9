//! What a run was asked to do, as far as it matters to what is told of it.

use serde::{Deserialize, Serialize};

use crate::model::{FlowChoice, Nanos, Rate, ServerModel, Strategy};

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Whose client.
    pub client: AskedClient,
    /// Whose server.
    pub server: AskedServer,
    /// What to capture; `None`: nothing.
    pub capture: Option<AskedCapture>,
    /// Whether read(2) and write(2) of a server were to be looked at, too.
    pub read_write: bool,
    /// Whether it was to be looked at, too, when a client that is a program sends and
    /// receives, by any call: where nothing is captured, that is what tells of answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_exchanges: bool,
    /// Whether the run has a network of its own (`network_namespaces(7)`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
    /// How long the client may run; `None`: as long as it wants to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_ns: Option<Nanos>,
    /// Which flows were to be kept in `flows.jsonl`.
    #[serde(default, skip_serializing_if = "FlowChoice::is_all")]
    pub flows: FlowChoice,
    /// The programs of the run that are somebody's own.
    #[serde(default, skip_serializing_if = "AskedPrograms::is_empty")]
    pub programs: AskedPrograms,
}

/// The programs that were asked for; a built-in side, and one that ran already, is
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedPrograms {
    /// The client's.
    #[serde(default)]
    pub client: Option<AskedProgram>,
    /// The server's.
    #[serde(default)]
    pub server: Option<AskedProgram>,
    /// Whether they were to be root in the run's own network, where it has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub root_inside: bool,
}

impl AskedPrograms {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A program that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedProgram {
    /// Its command, in words.
    pub command: Vec<String>,
    /// The folder that it is to run in; `None`: where threadtap was started.
    pub folder: Option<String>,
}

/// The client that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedClient {
    /// A built-in strategy.
    BuiltIn {
        /// Which.
        strategy: Strategy,
        /// How many requests.
        requests: u64,
        /// How many workers share the queue; of a pool only.
        workers: Option<u64>,
        /// Whether the main thread waits for its workers.
        join: bool,
        /// Whether workers are held until every one has been started.
        gate: bool,
        /// The most requests in flight at once; `None`: no bound.
        max_in_flight: Option<u64>,
        /// How many requests were to be due in a second; `None`: each as soon as it can
        /// be made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate: Option<Rate>,
        /// For how long, where their number follows from that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ns: Option<Nanos>,
        /// The time allowed for one request.
        timeout_ns: Nanos,
    },
    /// A program.
    Program {
        /// How many requests it makes, where that is known.
        requests: Option<u64>,
    },
    /// Those that were there: nothing was started, and they were watched for a while.
    Existing {
        /// Whether the process of one was named; else all of them are seen on the wire
        /// alone.
        attached: bool,
    },
}

impl Asked {
    /// Whether nothing was started: who is there was watched.
    #[must_use]
    pub fn is_watch(&self) -> bool {
        matches!(self.client, AskedClient::Existing { .. })
    }
}

/// The server that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedServer {
    /// The built-in one.
    Embedded {
        /// How it handles connections.
        model: ServerModel,
    },
    /// A program that was started for the run.
    Program,
    /// One that ran already.
    Existing {
        /// Whether its process was to be attached to.
        attached: bool,
    },
}

/// The capture that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedCapture {
    /// The interface.
    pub interface: String,
    /// The most bytes to keep of a frame.
    pub snaplen: u32,
}
