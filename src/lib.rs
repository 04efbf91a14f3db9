//! threadtap: see what your concurrency does on the wire.
//!
//! ```text
//!   client and server: the lab's, or any programs
//!         │ what they do                  │ what they send
//!         ▼                               ▼
//!      observe                       sys::capture
//!         │ facts                         │ frames ◄── capfile ◄── capture files
//!         ▼                               ▼
//!    Observation ◄── obsfile ◄── log   decode
//!         │                               │ segments
//!         │                               ▼
//!         │                             flow
//!         │                               │ flow records ──► analysis
//!         └───────────────┬───────────────┘
//!                         ▼
//!                     assemble, with activity, census, correlate, findings
//!                         │
//!                         ▼
//!      run record, flows with owners, workers ──► report ──► text, JSON, CSV
//! ```
//!
//! One way, from top to bottom. What was seen comes first, and is saved; what is
//! concluded of it comes after, and can be concluded again. All that is exported is
//! pure: no clock, thread, socket or file; time comes in with the data.
//!
//! | to … | see |
//! | --- | --- |
//! | read and write captures | [`capfile`] |
//! | find the TCP segment in a frame | [`decode`](mod@decode) |
//! | make flow records of segments | [`flow`] |
//! | do all of that, with a summary | [`analysis`] |
//! | know what the records mean | [`model`] |
//! | read the log of a run | [`obsfile`] |
//! | put a run together from its log | [`assemble`](mod@assemble) |
//! | write any of it for people and programs | [`report`] |
//!
//! The program itself is one function, [`main`].

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
mod doctor;
mod expect;
mod findings;
pub mod flow;
mod lab;
mod lang;
mod limits;
pub mod model;
mod notes;
mod observe;
pub mod obsfile;
pub mod report;
mod reserve;
#[cfg(test)]
mod schemas;
mod session;
mod stats;
mod sys;
#[cfg(test)]
mod testkit;
mod text;
mod wording;

pub use commands::main;
#[doc(hidden)]
pub use sys::spill::Memory;
