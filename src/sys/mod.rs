//! Every effect on the operating system, and all `unsafe` code.
//!
//! Clocks, shared memory, child processes, signals, the capture handle,
//! proc(5) and limits. The rooms above get safe functions and typed errors;
//! nothing here knows what a flow or a run is.

pub mod capture;
pub mod clock;
pub mod confine;
pub mod ebpf;
pub mod errno;
pub mod host;
pub mod isolation;
pub mod ledger;
pub mod net;
pub mod privilege;
pub mod proc;
pub mod process;
pub mod ptrace;
pub mod spill;
