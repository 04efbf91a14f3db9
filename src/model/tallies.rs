//! Connections and exchanges. A connection is not a request: it may carry none (a
//! port probe, a health check), one, or many.

use serde::{Deserialize, Serialize};

use super::Provenance;

/// What became of the connections that the client tried to make. Those of others on
/// the same port are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connections {
    /// How many it tried to make: connect(2) was called. `null` where that was not seen.
    pub attempted: Option<u64>,
    /// Those that were made: the handshake was completed. `null` where that was not
    /// seen of all.
    pub established: Option<u64>,
    /// Those that the server's host refused: a RST answered the SYN. `null` where that
    /// was not seen of all.
    pub refused: Option<u64>,
    /// Those that were neither: nobody answered, there was no route or no port, or the
    /// run ended meanwhile. `null` where one of the three figures before is.
    pub not_established: Option<u64>,
    /// Of those established, the ones on which a RST was sent, by either side; `null`
    /// without a capture of all of them.
    pub reset: Option<u64>,
    /// Of those established, the ones on which the client sent nothing; `null` without
    /// a capture of all of them.
    pub without_request: Option<u64>,
    /// How `attempted` is known; `null` where it is not.
    pub attempted_provenance: Option<Provenance>,
    /// How the others are known; `null` where they are not.
    pub provenance: Option<Provenance>,
}

/// What was said on the client's connections, as the capture shows it: a turn of the
/// client and the turn of the server after it are an exchange. In TIME a turn is a
/// line. Of other protocols a turn may hold several requests, or a part of one, and an
/// error message (HTTP 404) is an answer like any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunExchanges {
    /// Requests; `null` without a capture. Like the counts after it also `null` where
    /// it is not known exactly: `incomplete` says what it is at least.
    pub requests: Option<u64>,
    /// Those with an answer, of whatever content.
    pub answered: Option<u64>,
    /// Those without, although the client was there to wait for one.
    pub unanswered: Option<u64>,
    /// Those without that wanted none, as far as can be seen: what a client says last
    /// before it closes (QUIT, `PostgreSQL`'s Terminate).
    #[serde(default)]
    pub last_words: Option<u64>,
    /// Those whose answer is what the TIME protocol asks for.
    pub valid: Option<u64>,
    /// Those whose answer is not.
    pub invalid: Option<u64>,
    /// Those with an answer that nobody here can judge: of another protocol, or not
    /// captured whole.
    pub not_judged: Option<u64>,
    /// How they are known; `null` where they are not.
    pub provenance: Option<Provenance>,
}
