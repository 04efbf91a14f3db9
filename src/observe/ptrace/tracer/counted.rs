//! How often a tracer stopped a task, and for what: what tracing costs is the number of
//! stops, more than what is done at each.

use std::fmt;

use crate::sys::ptrace::tracee::Stop;

/// The kinds, as they are told.
const KINDS: [&str; 7] = [
    "creations",
    "newborns",
    "calls begun",
    "calls ended",
    "executions",
    "exits",
    "signals and others",
];

/// Stops by their kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    of: [u64; KINDS.len()],
}

impl Counted {
    /// None at all.
    pub const NONE: Self = Self {
        of: [0; KINDS.len()],
    };

    /// One more.
    pub fn add(&mut self, stop: Stop) {
        let kind = match stop {
            Stop::Created { .. } => 0,
            // Whoever is interrupted because it is attached to is new, too.
            Stop::Interrupted => 1,
            Stop::Filtered => 2,
            Stop::Call => 3,
            Stop::Executed => 4,
            Stop::Exiting => 5,
            Stop::Group(_) | Stop::Signal(_) => 6,
        };
        self.of[kind] += 1;
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.of.iter().sum()
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (count, kind)) in self.of.iter().zip(KINDS).enumerate() {
            let before = if i == 0 { "" } else { ", " };
            write!(f, "{before}{count} {kind}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stop_is_counted_once_and_named() {
        let mut counted = Counted::default();
        let stops = [
            Stop::Created { fork: true },
            Stop::Created { fork: false },
            Stop::Interrupted,
            Stop::Filtered,
            Stop::Call,
            Stop::Executed,
            Stop::Exiting,
            Stop::Group(19),
            Stop::Signal(17),
        ];
        for stop in stops {
            counted.add(stop);
        }
        assert_eq!(counted.all(), 9);
        let told = "2 creations, 1 newborns, 1 calls begun, 1 calls ended, 1 executions, 1 exits, \
                    2 signals and others";
        assert_eq!(counted.to_string(), told);
    }
}
