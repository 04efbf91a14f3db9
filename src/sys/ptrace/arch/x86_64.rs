//! x86-64: how the kernel names the calling convention (`linux/audit.h`).
//!
//! The numbers of the calls themselves are `libc`'s. A process of 32 bits, or
//! one of the x32 convention (whose numbers have bit 30 set), makes its calls
//! under other numbers: none of them matches, and none is stopped.

/// `AUDIT_ARCH_X86_64`: `EM_X86_64`, 64 bits, little-endian.
pub const AUDIT_ARCH: u32 = 0xc000_003e;
