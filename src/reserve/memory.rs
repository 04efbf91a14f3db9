//! Watching memory while tasks are created.
//!
//! Other limits end in a refusal; memory ends in the out-of-memory killer. So
//! what is left of it, in the system and in every control group, is looked at
//! while nothing is created, and no more may then be created than surely fits
//! before the next look: however late that comes, the reserve is kept. As others
//! use memory too, it is looked at in between as well.

use std::time::{Duration, Instant};

use crate::model::StoppedBy;
use crate::sys::proc::Proc;
use crate::sys::proc::cgroup;
use crate::sys::proc::meminfo::Meminfo;

/// More than one thread, process or connection takes, on any machine: it is
/// some 35 KiB, 140 KiB and 10 KiB where a page has 4 KiB, and a page may have 64.
const MOST_EACH: u64 = 1 << 20;

/// With less than this left, it is looked at as often as possible.
const SCARCE: u64 = 2 << 30;

/// How often it is looked at otherwise.
const SELDOM: Duration = Duration::from_millis(20);

/// What is left of memory.
#[derive(Debug)]
pub struct MemoryWatch {
    /// What is not to be used, of the system's and of each group's.
    floors: Vec<Option<u64>>,
    looked: Option<Instant>,
    scarce: bool,
    kills: (u64, u64),
}

impl MemoryWatch {
    /// Keeps so many percent of what is left now.
    pub fn new(reserve_percent: u64) -> Self {
        let floor = |left: u64| u64::try_from(u128::from(left) * u128::from(reserve_percent) / 100);
        Self {
            floors: left()
                .into_iter()
                .map(|left| floor(left?).ok().filter(|floor| *floor > 0))
                .collect(),
            looked: None,
            scarce: true,
            kills: cgroup::oom_kills(Proc::this()),
        }
    }

    /// How many more may be created before memory is to be looked at again, to
    /// be asked while nobody creates any. `to_come` bytes will be needed besides.
    ///
    /// # Errors
    /// Why no more is to be created, as [`Self::trouble`].
    pub fn room(&mut self, to_come: u64) -> Result<u64, StoppedBy> {
        let left = left();
        if let Some(by) = self.judge(&left) {
            return Err(by);
        }
        let floors = self.floors.iter().zip(left);
        // What cannot be read now may be at its end.
        let above =
            floors.filter_map(|(floor, left)| Some(left.unwrap_or(0).saturating_sub((*floor)?)));
        match above.min() {
            None => Ok(u64::MAX),
            Some(above) if above < to_come => Err(StoppedBy::Reserve),
            Some(above) => Ok(((above - to_come) / MOST_EACH).max(1)),
        }
    }

    /// Why no more is to be created, if memory is the reason: too little is
    /// left, or the out-of-memory killer has struck.
    pub fn trouble(&mut self) -> Option<StoppedBy> {
        if !self.scarce && self.looked.is_some_and(|at| at.elapsed() < SELDOM) {
            return None;
        }
        self.judge(&left())
    }

    fn judge(&mut self, left: &[Option<u64>]) -> Option<StoppedBy> {
        self.looked = Some(Instant::now());
        self.scarce = left.iter().flatten().any(|n| *n < SCARCE);
        let mut floors = self.floors.iter().zip(left);
        if floors.any(|(floor, left)| floor.zip(*left).is_some_and(|(floor, left)| left < floor)) {
            return Some(StoppedBy::Reserve);
        }
        (self.scarce && self.killer_struck(false)).then_some(StoppedBy::Oom)
    }

    /// Whether the out-of-memory killer has struck since the beginning. Where
    /// it was for want of the system's memory, it may have been anywhere: it
    /// is believed to have been here if `killed` says that somebody was.
    pub fn killer_struck(&self, killed: bool) -> bool {
        let (groups, system) = cgroup::oom_kills(Proc::this());
        groups > self.kills.0 || (killed || Self::system_low()) && system > self.kills.1
    }

    /// Whether the system itself has next to nothing left.
    fn system_low() -> bool {
        let figures = Meminfo::read().and_then(|memory| {
            let left = memory.bytes("MemAvailable");
            left.zip(memory.bytes("MemTotal"))
        });
        figures.is_some_and(|(left, total)| left < total / 32)
    }
}

/// Bytes left, of the system's memory and of each control group's.
fn left() -> Vec<Option<u64>> {
    let groups = cgroup::memory(Proc::this()).into_iter().map(|level| {
        let (max, used) = level.max.zip(level.in_use)?;
        Some(max.saturating_sub(used))
    });
    let system = Meminfo::read().and_then(|memory| memory.bytes("MemAvailable"));
    std::iter::once(system).chain(groups).collect()
}
