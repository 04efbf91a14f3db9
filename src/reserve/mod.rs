//! The reserve: what is left to other programs while threads and processes are
//! created.
//!
//! It is kept of what the whole system shares, its tasks and its memory, and of the
//! memory of a control group, whose end is a kill. A limit of only this user or process
//! ends in a refusal, and takes nothing from anybody: of that none is kept. In comes how
//! many percent; out goes whether one more may be created.

mod memory;
mod tasks;

use std::time::{Duration, Instant};

pub use self::memory::MemoryWatch;
use self::tasks::NumberWatch;
pub use self::tasks::TaskWatch;
use crate::limits::{Readings, TaskReadings, limits};
use crate::model::CeilingKind;
use crate::sys::proc::{self, resource_usage, sysctl};

/// How many percent are left unused, unless the user says otherwise.
pub const PERCENT: u64 = 5;

/// Once the reserve is touched it is not looked at again for so long: whoever asks for
/// ten thousand more gets ten thousand answers at once.
const SETTLED: Duration = Duration::from_millis(5);

/// Why one more would touch the reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The tasks of the system, or the numbers of its pid namespace.
    Tasks,
    /// Memory, of the system or of a control group.
    Memory,
}

/// Keeps the reserve while the one who asks creates tasks.
#[derive(Debug)]
pub struct Reserve {
    watches: Option<Watches>,
    /// Bytes that each of those that are created will need later.
    each_later: u64,
    created: u64,
    /// How many more may be created before the next look.
    granted: u64,
    touched: Option<(Kept, Instant)>,
}

#[derive(Debug)]
struct Watches {
    memory: MemoryWatch,
    tasks: TaskWatch,
    numbers: Option<NumberWatch>,
}

impl Reserve {
    /// Keeps so many percent of what is left now; 0: nothing. Each task that is created
    /// will need `each_later` bytes, when it is too late to keep anything.
    #[must_use]
    pub fn new(percent: u64, each_later: u64) -> Self {
        let watches = (percent > 0).then(|| {
            let readings = readings();
            let limits = limits(CeilingKind::Process, &readings, 0);
            Watches {
                memory: MemoryWatch::new(percent),
                tasks: TaskWatch::new(&limits, &readings, percent),
                numbers: NumberWatch::new(&limits, &readings, percent),
            }
        });
        Self {
            watches,
            each_later,
            created: 0,
            granted: 0,
            touched: None,
        }
    }

    /// Whether one more thread or process may be created.
    ///
    /// # Errors
    /// What it would take of the reserve.
    pub fn take(&mut self) -> Result<(), Kept> {
        let Some(watches) = &mut self.watches else {
            return Ok(());
        };
        if self.granted == 0 {
            let touched = self.touched.filter(|(_, at)| at.elapsed() < SETTLED);
            if let Some((kept, _)) = touched {
                return Err(kept);
            }
            match watches.room(self.created.saturating_mul(self.each_later)) {
                Ok(room) => self.granted = room,
                Err(kept) => {
                    self.touched = Some((kept, Instant::now()));
                    return Err(kept);
                }
            }
        }
        self.granted -= 1;
        self.created += 1;
        Ok(())
    }
}

impl Watches {
    /// How many more may be created before the next look, at least one.
    fn room(&mut self, to_come: u64) -> Result<u64, Kept> {
        let memory = self.memory.room(to_come).map_err(|_| Kept::Memory)?;
        let tasks = self.tasks.room().map_err(|_| Kept::Tasks)?;
        let numbers = self.numbers.as_mut().map_or(u64::MAX, NumberWatch::room);
        match memory.min(tasks).min(numbers) {
            0 => Err(Kept::Tasks),
            room => {
                if let Some(numbers) = &mut self.numbers {
                    numbers.granted(room);
                }
                Ok(room)
            }
        }
    }
}

/// What bounds the tasks of the system and the numbers of its pid namespace.
fn readings() -> Readings {
    let system = proc::tasks_and_last_pid();
    let first_pid = resource_usage::first_pid(system.map(|(_, last)| last));
    let of_system = system.map(|(tasks, _)| tasks);
    let numbers_of_all = resource_usage::in_first_pid_namespace();
    Readings {
        tasks: TaskReadings {
            threads_max: sysctl::number("kernel/threads-max"),
            of_system,
            pid_max: sysctl::number("kernel/pid_max"),
            first_pid,
            numbers_of_all,
            // Each task has a number in the first pid namespace: no need to count them.
            pids_in_use: if numbers_of_all {
                of_system
            } else {
                resource_usage::pids_taken(first_pid)
            },
            ..TaskReadings::default()
        },
        ..Readings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_kept_where_none_is_asked_for() {
        let mut reserve = Reserve::new(0, 0);
        assert!(reserve.watches.is_none());
        assert_eq!(reserve.take(), Ok(()));
    }

    #[test]
    fn what_is_granted_is_used_up_before_the_next_look() {
        let mut reserve = Reserve::new(PERCENT, 0);
        assert_eq!(reserve.take(), Ok(()), "is the machine full?");
        let granted = reserve.granted;
        if granted > 0 {
            assert_eq!(reserve.take(), Ok(()));
            assert_eq!(reserve.granted, granted - 1);
        }
    }
}
