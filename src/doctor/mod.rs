//! What threadtap can do on this system, and what to do where it cannot.
//!
//! In come readings: what was tried, how it was refused, how the system's switches are
//! set. Out goes a record: a check for each thing that threadtap does, with an answer,
//! the reason, and what would change it. `page` is the record for people: one page
//! without the name of a host, a user or a folder, to be pasted into a bug report.

mod apparmor;
mod judge;
mod page;
mod readings;
mod record;
#[cfg(test)]
mod tests;
mod words;

pub use apparmor::apparmor_profile;
pub use judge::judge;
pub use page::page;
pub use readings::{Readings, Refusal, TraceStep, Versions};
#[cfg(test)]
pub use record::{DoctorRecord, SCHEMA_DOCTOR};
