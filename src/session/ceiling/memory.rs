//! Waiting for memory between two searches.

use std::time::{Duration, Instant};

use crate::sys::proc::Proc;
use crate::sys::proc::cgroup;
use crate::sys::proc::cgroup::Level;

/// How long memory may take to be given back.
const GIVING_BACK: Duration = Duration::from_secs(3);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until the control groups that have a limit have been given back what
/// the tasks that have ended took: the kernel does so a while after they are
/// gone. `before` is how it was without them.
pub fn until_given_back(before: &[Level]) {
    let until = Instant::now() + GIVING_BACK;
    let settled = |now: Vec<Level>| {
        before.iter().zip(now).all(|(before, now)| {
            let figures = now.max.zip(now.in_use).zip(before.in_use);
            figures.is_none_or(|((max, now), before)| now <= before.saturating_add(max / 100))
        })
    };
    while !settled(cgroup::memory(Proc::this())) && Instant::now() < until {
        std::thread::sleep(LOOK);
    }
}
