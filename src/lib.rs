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

pub mod activity;
pub mod analysis;
pub mod assemble;
pub mod capfile;
pub mod census;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod correlate;
pub mod decode;
pub mod expect;
pub mod findings;
pub mod flow;
pub mod lab;
pub mod limits;
pub mod model;
mod notes;
pub mod observe;
pub mod obsfile;
pub mod report;
#[cfg(test)]
mod schemas;
pub mod session;
pub mod stats;
pub mod sys;
#[cfg(test)]
mod testkit;
pub mod text;
