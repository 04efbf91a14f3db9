//! Who is behind a connection, on either side.

use serde::{Deserialize, Serialize};

use super::{Pid, Provenance, Tid, WorkerId};

/// The client worker behind a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientOwner {
    /// Its number on its side.
    pub worker: WorkerId,
    /// Its process.
    pub pid: Pid,
    /// Its thread.
    pub tid: Tid,
    /// How that is known.
    pub provenance: Provenance,
}

/// The server's threads behind a flow. Accepting and serving are two facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerOwner {
    /// The process that served it.
    pub pid: Pid,
    /// The thread whose accept(2) returned it.
    pub accept_tid: Option<Tid>,
    /// The thread that first received from it; where none was seen to, the one
    /// that first sent.
    pub serve_tid: Option<Tid>,
    /// The thread that first sent on it.
    #[serde(default)]
    pub send_tid: Option<Tid>,
    /// How that is known.
    pub provenance: Provenance,
}
