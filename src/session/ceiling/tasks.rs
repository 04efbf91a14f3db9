//! Watching the system's tasks while a crowd climbs.
//!
//! The reserve is kept of what all share, and others may take of it meanwhile:
//! another search, or a build. So the crowd is granted a part of what is left at
//! a time, and the kernel's own count of its tasks, which costs one look, tells
//! what is left then.

use crate::limits::{Readings, growth};
use crate::model::{Limit, StoppedBy};
use crate::sys::proc;

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
