//! What depends on the processor: one small file each.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::AUDIT_ARCH;
#[cfg(target_arch = "x86_64")]
pub use x86_64::AUDIT_ARCH;
