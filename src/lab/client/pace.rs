//! Requests that are due at fixed times: an open loop.
//!
//! What is due is begun as soon as its strategy can: at once where each request has a
//! worker of its own, when a worker is free in a pool, when fewer are in flight than may
//! be. A late one is made all the same, and its lateness counts. When the time allowed
//! for the last one is over, nothing more is begun: what is left is told as never begun.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use super::ClientPlan;
use crate::model::Rate;
use crate::sys::clock;
use crate::sys::ledger::Header;

/// The moments at which requests are due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    rate: Rate,
    first: Instant,
    until: Instant,
}

/// When to begin a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is due.
    Now,
    /// It is due after this time.
    After(Duration),
    /// No more requests are begun.
    Never,
}

impl Pace {
    /// From now on, if the plan wants it.
    pub(super) fn begin(plan: &ClientPlan, header: &Header) -> Option<Self> {
        let rate = plan.rate?;
        // In this order: nothing is begun before it is due.
        header.due_ns.store(clock::now().as_nanos(), Relaxed);
        let first = Instant::now();
        let last = time(rate, plan.requests.saturating_sub(1));
        let most = last.saturating_add(plan.timeout);
        Some(Self {
            rate,
            first,
            until: first.checked_add(most).unwrap_or(first),
        })
    }

    /// When to begin a request, at this moment.
    pub(super) fn turn(&self, number: u32, now: Instant) -> Turn {
        let due = self.first + time(self.rate, number);
        if now >= self.until {
            Turn::Never
        } else if now < due {
            Turn::After(due - now)
        } else {
            Turn::Now
        }
    }

    /// Waits until a request is due; `false`: no more are begun.
    pub(super) fn wait(&self, number: u32) -> bool {
        loop {
            match self.turn(number, Instant::now()) {
                Turn::Now => return true,
                Turn::After(wait) => thread::sleep(wait),
                Turn::Never => return false,
            }
        }
    }
}

fn time(rate: Rate, number: u32) -> Duration {
    let ns = rate.due(number.into()).get();
    Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turn_until_the_last_has_had_its_time() {
        let first = Instant::now();
        let pace = Pace {
            rate: Rate::in_1000_seconds(10_000).unwrap(),
            first,
            until: first + Duration::from_secs(3),
        };
        let at = |ms: u64| first + Duration::from_millis(ms);
        assert_eq!(pace.turn(0, first), Turn::Now);
        assert_eq!(pace.turn(5, at(499)), Turn::After(Duration::from_millis(1)));
        assert_eq!(pace.turn(5, at(500)), Turn::Now);
        assert_eq!(pace.turn(5, at(2999)), Turn::Now, "late");
        assert_eq!(pace.turn(5, at(3000)), Turn::Never);
    }
}
