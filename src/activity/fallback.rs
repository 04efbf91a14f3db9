//! Attempts that were one request: a name has several addresses, the first one
//! refuses, and the program goes on with the next, as it should (RFC 6724,
//! section 2). `localhost` is `::1` and 127.0.0.1 on most machines.

use std::collections::{HashMap, HashSet};

use super::outcomes::Wire;
use super::{Activity, Connection};
use crate::model::{Outcome, Pid};

/// The attempts, by their place among those made, that came to nothing at one
/// address and that their process made again at another one, on the same port.
#[must_use]
pub fn fallbacks(wire: &Wire<'_>, side: &Activity) -> HashSet<usize> {
    let mut attempts: Vec<(usize, &Connection)> = side.sockets.made.iter().enumerate().collect();
    attempts.sort_by_key(|(_, c)| c.from);
    let nowhere = |at: usize| {
        matches!(
            wire.outcome(at),
            Some(Outcome::Refused | Outcome::Unreachable | Outcome::NoPort)
        )
    };
    let mut waiting: HashMap<(Pid, u16), Vec<(usize, &Connection)>> = HashMap::new();
    let mut found = HashSet::new();
    for (at, attempt) in attempts {
        let waiting = waiting
            .entry((attempt.by.0, attempt.target.port))
            .or_default();
        let elsewhere = |(_, c): &(usize, &Connection)| c.target.ip != attempt.target.ip;
        if let Some(i) = waiting.iter().position(elsewhere) {
            found.insert(waiting.remove(i).0);
        }
        if nowhere(at) {
            waiting.push((at, attempt));
        }
    }
    found
}
