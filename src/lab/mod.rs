//! The lab: the TIME server and the client strategies, the programs that teach.
//!
//! Server and client run as child processes of the coordinator (this program,
//! executed anew), so that each side's threads are counted apart from the
//! capture's. They report through ledgers (`sys::ledger`).

pub mod client;
pub mod clockface;
pub mod protocol;
pub mod server;
mod task;
