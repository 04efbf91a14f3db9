//! `AArch64`: how the kernel names the calling convention (`linux/audit.h`).
//!
//! NOT YET RUN: no such machine was at hand. It compiles by reading only; the
//! tests of `tests/trace` are what it has to pass. The numbers of the calls
//! themselves are `libc`'s, and arguments and results are read through
//! `PTRACE_GET_SYSCALL_INFO`, which is the same on every processor.

/// `AUDIT_ARCH_AARCH64`: `EM_AARCH64`, 64 bits, little-endian.
pub const AUDIT_ARCH: u32 = 0xc000_00b7;
