//! What depends on the processor: one small file each.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::AUDIT_ARCH;
#[cfg(target_arch = "x86_64")]
pub use x86_64::AUDIT_ARCH;

/// No calling convention: on other processors nothing is traced.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub const AUDIT_ARCH: u32 = 0;

/// Whether programs can be traced on this processor.
pub const SUPPORTED: bool = AUDIT_ARCH != 0;
