//! The lab: the TIME server, the client strategies, and the session that
//! conducts a run of both under observation.
//!
//! Server and client run as child processes of the coordinator (this program,
//! executed anew), so that each side's threads are counted apart from the
//! capture's. They report through ledgers (`sys::ledger`).

pub mod ceiling;
pub mod client;
pub mod clockface;
pub mod compare;
pub mod protocol;
pub mod records;
pub mod server;
pub mod session;
mod task;
