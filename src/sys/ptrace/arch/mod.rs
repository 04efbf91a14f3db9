//! What depends on the processor: one small file each, with the conventions in
//! which programs make their system calls, and the numbers of the calls in each.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod calls;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use calls::{Convention, Name, SOCKET_CALLS};

#[cfg(target_arch = "aarch64")]
pub use aarch64::{CONVENTIONS, interrupted_call_begins_anew};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{CONVENTIONS, interrupted_call_begins_anew};

/// No calling convention: on other processors nothing is traced.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub const CONVENTIONS: &[Convention] = &[];

/// Nothing is traced here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn interrupted_call_begins_anew(_task: &super::tracee::Stopped, _may: impl FnOnce() -> bool) {}

/// Whether programs can be traced on this processor.
pub const SUPPORTED: bool = !CONVENTIONS.is_empty();

/// Whether calls in this convention are known here.
#[must_use]
pub fn knows(audit: u32) -> bool {
    CONVENTIONS.iter().any(|c| c.audit == audit)
}
