//! Every effect on the operating system, and all `unsafe` code.
//!
//! Clocks, shared memory, child processes, signals, the capture handle,
//! proc(5) and limits. The rooms above get safe functions and typed errors;
//! nothing here knows what a flow or a run is.

pub mod again;
pub mod bound;
pub mod capture;
pub mod cgroup;
pub mod clock;
pub mod crowd;
pub mod errno;
pub mod filter;
pub mod futex;
pub mod ledger;
pub mod limits;
pub mod listeners;
pub mod measure;
pub mod privilege;
pub mod process;
pub mod procfs;
pub mod ptrace;
pub mod ring;
pub mod signals;
pub mod socket;
pub mod time_wait;
pub mod uses;
