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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{Change, Event};
    use crate::model::{Tid, Timestamp};

    const REFUSED: i32 = libc::ECONNREFUSED;

    /// Attempts, one after the other: the process, the address, what connect(2) said.
    fn found(attempts: &[(u32, &str, i32)]) -> Vec<usize> {
        let mut side = Activity::default();
        for (n, &(pid, target, errno)) in (1..).zip(attempts) {
            let target: std::net::SocketAddr = target.parse().unwrap();
            let connected = Change::Connected {
                socket: None,
                target: target.into(),
                from: Timestamp::from_nanos(10 * n),
                local: None,
                errno: Some(errno),
            };
            let started = Change::Started {
                process: true,
                parent: None,
            };
            for what in [started, connected] {
                side.apply(&Event {
                    at: Timestamp::from_nanos(10 * n + 1),
                    pid: Pid(pid),
                    tid: Tid(pid),
                    what,
                });
            }
        }
        let wire = Wire::new(&[], Some(&side));
        let mut found: Vec<usize> = fallbacks(&wire, &side).into_iter().collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn what_came_to_nothing_was_made_again_at_another_address() {
        let ipv6_first = [(1, "[::1]:80", REFUSED), (1, "127.0.0.1:80", 0)];
        assert_eq!(found(&ipv6_first), [0]);
        // Twice: of the second request nothing is left that failed, either.
        assert_eq!(found(&[ipv6_first, ipv6_first].concat()), [0, 2]);
        let nowhere = libc::ENETUNREACH;
        assert_eq!(
            found(&[(1, "[::1]:80", nowhere), (1, "127.0.0.1:80", 0)]),
            [0]
        );
        // The last address refuses, too: that is the request's failure.
        assert_eq!(
            found(&[(1, "[::1]:80", REFUSED), (1, "127.0.0.1:80", REFUSED)]),
            [0]
        );
    }

    #[test]
    fn another_port_process_or_time_is_another_request() {
        assert!(found(&[(1, "[::1]:80", REFUSED), (1, "127.0.0.1:81", 0)]).is_empty());
        assert!(found(&[(1, "[::1]:80", REFUSED), (2, "127.0.0.1:80", 0)]).is_empty());
        assert!(found(&[(1, "[::1]:80", REFUSED), (1, "[::1]:80", 0)]).is_empty());
        assert!(found(&[(1, "127.0.0.1:80", 0), (1, "[::1]:80", REFUSED)]).is_empty());
        let timed_out = libc::ETIMEDOUT;
        assert!(found(&[(1, "[::1]:80", timed_out), (1, "127.0.0.1:80", 0)]).is_empty());
    }
}
