//! Watching the system's tasks while some are created.
//!
//! The reserve is kept of what all share, and others may take of it meanwhile:
//! another search, or a build. So a part of what is left is granted at
//! a time, and the kernel's own count of its tasks, which costs one look, tells
//! what is left then.

use std::time::Instant;

use crate::limits::{Readings, growth};
use crate::model::{Limit, LimitName, StoppedBy};
use crate::sys::proc;
use crate::sys::proc::resource_usage;

/// One in so many of those that are left is granted at a time: four that climb
/// at once do not use up what all of them saw.
const PART: u64 = 4;

/// As many as are granted in any case, lest the last of them take long.
const LEAST: u64 = 64;

/// What is left of the system's tasks.
#[derive(Debug)]
pub struct TaskWatch {
    /// How many tasks there may be; `None` where nothing is kept of them.
    most: Option<u64>,
}

impl TaskWatch {
    /// Keeps so many percent of what is left now.
    pub fn new(limits: &[Limit], readings: &Readings, reserve_percent: u64) -> Self {
        let growth = growth(limits, reserve_percent, readings.tasks.numbers_of_all);
        let now = readings.tasks.of_system;
        Self {
            most: now.zip(growth).map(|(now, growth)| now + growth),
        }
    }

    /// How many more may be created before the tasks are to be counted again.
    ///
    /// # Errors
    /// Why no more is to be created, as [`Self::trouble`].
    pub fn room(&self) -> Result<u64, StoppedBy> {
        match self.left() {
            None => Ok(u64::MAX),
            Some(0) => Err(StoppedBy::Reserve),
            Some(left) => Ok(left.min(LEAST.max(left / PART))),
        }
    }

    /// Why no more is to be created, if the tasks are the reason.
    pub fn trouble(&self) -> Option<StoppedBy> {
        (self.left() == Some(0)).then_some(StoppedBy::Reserve)
    }

    fn left(&self) -> Option<u64> {
        let most = self.most?;
        // What cannot be counted now was counted a moment ago.
        let (now, _) = proc::tasks_and_last_pid()?;
        Some(most.saturating_sub(now))
    }
}

/// What is left of the numbers of a pid namespace that is not the first. The tasks of
/// the system do not tell: those of others have no number here.
///
/// To count them means to look at every process. So they are counted now and then, and
/// in between the tasks of the system tell how many have come or gone since.
#[derive(Debug)]
pub struct NumberWatch {
    /// The lowest number that the kernel can still give.
    first: u64,
    /// How many there may be from there on.
    most: u64,
    counted: Option<Counted>,
}

/// A count of the numbers that are taken.
#[derive(Clone, Copy, Debug)]
struct Counted {
    taken: u64,
    /// Tasks of the system then.
    of_system: u64,
    /// How many could be created since.
    granted: u64,
    /// Until when it is good enough.
    until: Instant,
}

/// Counting may take one part in so many of the time.
const SHARE_OF_TIME: u32 = 20;

impl NumberWatch {
    /// Keeps so many percent of what is left now; `None` where the tasks of the system
    /// tell as much, or nothing is known.
    pub fn new(limits: &[Limit], readings: &Readings, reserve_percent: u64) -> Option<Self> {
        if readings.tasks.numbers_of_all {
            return None;
        }
        let numbers = limits.iter().find(|l| l.name == LimitName::PidMax)?;
        let growth = growth(std::slice::from_ref(numbers), reserve_percent, true)?;
        Some(Self {
            first: readings.tasks.first_pid,
            most: readings.tasks.pids_in_use? + growth,
            counted: None,
        })
    }

    /// How many more may be created before this is to be asked again; 0: none.
    pub fn room(&mut self) -> u64 {
        // What cannot be counted now was counted a moment ago.
        let Some((of_system, _)) = proc::tasks_and_last_pid() else {
            return u64::MAX;
        };
        if !self
            .counted
            .is_some_and(|c| c.holds(of_system, Instant::now()))
        {
            self.count(of_system);
        }
        let Some(counted) = self.counted else {
            return u64::MAX;
        };
        let left = self.most.saturating_sub(counted.taken_by(of_system));
        left.min(LEAST.max(left / PART))
    }

    /// So many will be created before the next look.
    pub fn granted(&mut self, room: u64) {
        if let Some(counted) = &mut self.counted {
            counted.granted = counted.granted.saturating_add(room);
        }
    }

    fn count(&mut self, of_system: u64) {
        let begun = Instant::now();
        self.counted = resource_usage::pids_taken(self.first).map(|taken| Counted {
            taken,
            of_system,
            granted: 0,
            until: Instant::now() + begun.elapsed() * SHARE_OF_TIME,
        });
    }
}

impl Counted {
    /// Whether the count and the tasks of the system tell how many are taken. Where the
    /// system has not even those more that were created here, others have ended, maybe in
    /// another namespace, whose numbers are none of these.
    fn holds(&self, of_system: u64, now: Instant) -> bool {
        now < self.until && of_system >= self.of_system.saturating_add(self.granted)
    }

    /// How many numbers are taken while the system has so many tasks.
    fn taken_by(&self, of_system: u64) -> u64 {
        (self.taken + of_system).saturating_sub(self.of_system)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 400 numbers were taken, of 3,000 tasks of the system; 64 were created since.
    fn counted(now: Instant) -> Counted {
        Counted {
            taken: 400,
            of_system: 3000,
            granted: 64,
            until: now + Duration::from_secs(1),
        }
    }

    #[test]
    fn what_has_come_since_the_count_is_told_by_the_system() {
        let now = Instant::now();
        let counted = counted(now);
        assert!(counted.holds(3064, now));
        assert!(counted.holds(3500, now), "others create, too");
        assert_eq!(counted.taken_by(3064), 464);
        assert!(
            !counted.holds(3064, now + Duration::from_secs(1)),
            "it is old"
        );
    }

    #[test]
    fn what_others_end_elsewhere_frees_no_number() {
        let now = Instant::now();
        // Of another namespace, say: by the system alone 300 would be free here.
        assert!(!counted(now).holds(2764, now));
        assert!(!counted(now).holds(3063, now));
    }
}
