//! What this process may do, what would let it, and giving it up for good.

pub mod give_up;
pub mod person;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

/// Whether this process may open packet sockets (packet(7)): one is opened, and closed.
/// A capability alone does not say it: it has to be one in the user namespace to which
/// the network belongs. `None` where it cannot be told.
#[must_use]
pub fn may_capture() -> Option<bool> {
    match socket(AddressFamily::PACKET, SocketType::RAW, None) {
        Ok(_) => Some(true),
        Err(Errno::PERM | Errno::ACCESS) => Some(false),
        Err(_) => None,
    }
}

/// The command that would let this program capture without root.
#[must_use]
pub fn setcap_line() -> String {
    let program = std::env::current_exe()
        .map_or_else(|_| "threadtap".to_owned(), |p| p.display().to_string());
    format!("sudo setcap cap_net_raw+ep {program}")
}
