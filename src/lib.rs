//! threadtap: see what your concurrency does on the wire.
//!
//! ```text
//!  client strategy ─┐                        ┌─ server
//!  or any program   │      loopback          │  or any program
//!                   ▼                        ▼
//!             sys::capture (libpcap)    lab ledgers / sys::trace / sys::proc
//!                   │ frame                  │ tasks and sockets
//!                   │                        ├─ traced
//!                   ▼                        ▼
//!                decode                   census
//!                   │ segment                │ counts, workers
//!                   ▼                        │
//!                 flow ── flow records ──► correlate ──► RunRecord ──► findings ──► report
//! ```
//!
//! One way, from top to bottom. Everything between `decode` and `report` is
//! pure: no clock, thread, socket or file; time comes in with the data.

mod activity;
pub mod analysis;
pub mod assemble;
pub mod capfile;
mod census;
mod cli;
mod commands;
mod compare;
mod correlate;
pub mod decode;
mod expect;
mod findings;
pub mod flow;
mod lab;
mod limits;
pub mod model;
mod notes;
mod observe;
pub mod obsfile;
pub mod report;
#[cfg(test)]
mod schemas;
mod session;
mod stats;
mod sys;
#[cfg(test)]
mod testkit;
mod text;

pub use commands::main;
