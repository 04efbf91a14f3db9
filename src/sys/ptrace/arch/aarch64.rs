//! `AArch64`: in which convention programs make their calls (`linux/audit.h`).
//!
//! NOT YET RUN: no such machine was at hand. It compiles by reading only; the
//! tests of `tests/trace` are what it has to pass. The numbers of the calls
//! themselves are `libc`'s, and arguments and results are read through
//! `PTRACE_GET_SYSCALL_INFO`, which is the same on every processor. The calls of
//! 32-bit programs are not known here.

use super::calls::{Convention, NATIVE};
use crate::sys::ptrace::tracee::Stopped;

/// The conventions of this processor whose calls are known.
pub const CONVENTIONS: &[Convention] = &[Convention {
    // AUDIT_ARCH_AARCH64: EM_AARCH64, 64 bits, little-endian.
    audit: 0xc000_00b7,
    pointer: 8,
    calls: NATIVE,
}];

/// The first argument of an interrupted call is overwritten with its result, and
/// the kernel shows it to no tracer: such a call cannot be made to begin anew.
pub fn interrupted_call_begins_anew(_task: &Stopped, _may: impl FnOnce() -> bool) {}
