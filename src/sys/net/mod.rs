//! Sockets of this system: options of our own, and what the kernel tells of all.

pub mod listeners;
pub mod sock_diag;
pub mod socket;
pub mod time_wait;
