//! The cases, by the groups of the table.

mod clients;
mod coordinator;
mod disk;
mod environment;
mod full;
mod refused;
mod scarcity;
mod serve;
mod servers;
mod signals;
mod streams;
mod together;
mod unprivileged;

use super::common::need::Need;

/// What injects a fault, and looks whether the promise was kept.
pub struct Case {
    pub key: &'static str,
    pub needs: &'static [Need],
    pub run: fn(),
}

const GROUPS: [&[Case]; 13] = [
    coordinator::CASES,
    servers::CASES,
    clients::CASES,
    scarcity::CASES,
    full::CASES,
    disk::CASES,
    signals::CASES,
    streams::CASES,
    environment::CASES,
    together::CASES,
    refused::CASES,
    unprivileged::CASES,
    serve::CASES,
];

/// The case of this key.
pub fn of(key: &str) -> Option<&'static Case> {
    GROUPS.into_iter().flatten().find(|case| case.key == key)
}

/// What every case needs: a network of its own, in which it may capture.
pub const BENCH: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Tool("ip"),
];
