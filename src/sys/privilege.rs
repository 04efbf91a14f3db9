//! What this process may do, and what would let it.

use rustix::thread::{CapabilitySet, capabilities};

/// Whether this process may open packet sockets (capabilities(7), `CAP_NET_RAW`).
/// `None` where it cannot be told.
#[must_use]
pub fn may_capture() -> Option<bool> {
    capabilities(None)
        .ok()
        .map(|sets| sets.effective.contains(CapabilitySet::NET_RAW))
}

/// The command that would let this program capture without root.
#[must_use]
pub fn setcap_line() -> String {
    let program = std::env::current_exe()
        .map_or_else(|_| "threadtap".to_owned(), |p| p.display().to_string());
    format!("sudo setcap cap_net_raw+ep {program}")
}
