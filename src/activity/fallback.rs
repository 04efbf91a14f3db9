//! Attempts that were one request: a name has several addresses, the first one
//! refuses, and the program goes on with the next, as it should (RFC 6724,
//! section 2). `localhost` is `::1` and 127.0.0.1 on most machines.

use std::collections::{HashMap, HashSet};

use super::outcomes::Wire;
use super::{Activity, Connection};
use crate::model::{Finding, Outcome, Pid, Severity};
use crate::text::units::{count, counted};

/// The attempts, by their place among those made, that came to nothing at one
/// address and that their process made again at another one, on the same port.
#[must_use]
pub fn fallbacks(wire: &Wire<'_>, side: &Activity) -> HashSet<usize> {
    let mut attempts: Vec<(usize, &Connection)> = side.sockets.made.iter().enumerate().collect();
    attempts.sort_by_key(|(_, c)| c.from);
    let nowhere = |c: &Connection| {
        let outcome = wire.outcome(c, side);
        matches!(
            outcome,
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
        if nowhere(attempt) {
            waiting.push((at, attempt));
        }
    }
    found
}

/// Tells of them, since the wire shows them.
#[must_use]
#[allow(clippy::implicit_hasher, reason = "of this crate's own making")]
pub fn finding(side: &Activity, found: &HashSet<usize>) -> Option<Finding> {
    let made = |at: &usize| side.sockets.made.get(*at);
    let first = found.iter().min().and_then(made)?;
    let n = found.len() as u64;
    let attempts = counted(n, "attempt", "attempts");
    Some(
        Finding::new(
            "address_fallback",
            Severity::Info,
            format!(
                "{attempts} (the first one to {}) came to nothing, and the client made {} again at another address of the server, as is usual for a name with several: no request has failed by that, but attempts and flows are {} more than requests.",
                first.target,
                if n == 1 { "it" } else { "them" },
                count(n),
            ),
        )
        .with("attempts", n)
        .with("first_target", first.target.to_string()),
    )
}
