//! Sockets and ports: options of our own, and what the kernel tells of all that
//! are in a network namespace.

mod addresses;
pub mod asked;
mod listen_drops;
pub mod listeners;
pub mod loopback;
mod namespace;
pub mod ports;
pub mod sock_diag;
pub mod socket;
pub mod tcp_table;
pub mod time_wait;

pub use namespace::NetNamespace;
