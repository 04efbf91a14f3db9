//! A program that is not traced: its first process, and what goes on without it.
//!
//! A daemon forks, and its first process ends. What it leaves becomes a child of
//! threadtap, the subreaper, and nothing tells whose it was. As long as there is
//! no other program, it is this one's; later, what was seen in its tree before.

use std::collections::HashSet;
use std::time::Duration;

use crate::census::Samples;
use crate::model::Sample;
use crate::model::{Exit, Pid, SideCost, Timestamp};
use crate::sys::process::{self, Child};
use crate::sys::{clock, proc};

/// The program.
#[derive(Debug)]
pub struct Plain {
    child: Child,
    /// When and how its first process ended.
    pub ended: Option<(Timestamp, Exit)>,
    /// What was seen of it; `None` when nobody is to look.
    pub samples: Option<Samples>,
    /// `None` where nothing but the first process is waited for.
    daemons: Option<Daemons>,
}

/// What was left by its parents.
#[derive(Debug)]
struct Daemons {
    /// Those that live, without their children.
    all: Vec<Pid>,
    /// The program's processes at the last look.
    seen: HashSet<Pid>,
    /// Whether there is no other program.
    alone: bool,
    /// Whether there has been any.
    any: bool,
}

impl Plain {
    /// A program that was just started. `to_the_last`: it is over when the last
    /// of it has ended, and not already with its first process.
    pub fn new(child: Child, sample: bool, to_the_last: bool) -> Self {
        Self {
            child,
            ended: None,
            samples: sample.then(Samples::default),
            daemons: to_the_last.then(|| Daemons {
                all: Vec::new(),
                seen: HashSet::new(),
                alone: true,
                any: false,
            }),
        }
    }

    /// Its first process.
    pub fn root(&self) -> Pid {
        self.child.pid()
    }

    /// Whether its first process has ended.
    pub fn first_has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.wait(Duration::ZERO).map(|e| (clock::now(), e));
        }
        self.ended.is_some()
    }

    /// Whether all of it has ended that is followed.
    pub fn is_over(&mut self) -> bool {
        self.first_has_ended() && self.living().is_empty()
    }

    /// Another program is about to start.
    pub fn is_joined(&mut self) {
        self.living();
        if let Some(daemons) = &mut self.daemons {
            daemons.alone = false;
        }
    }

    /// The processes of it that live.
    pub fn living(&mut self) -> Vec<Pid> {
        let mut living = if self.first_has_ended() {
            Vec::new()
        } else {
            proc::tree_of(self.root())
        };
        if let Some(daemons) = &mut self.daemons {
            daemons.follow(self.child.pid());
            living.extend(daemons.all.iter().flat_map(|pid| proc::tree_of(*pid)));
            daemons.seen = living.iter().copied().collect();
        }
        living
    }

    /// One look at it through proc(5), where it is sampled.
    pub fn look(&mut self) {
        if self.samples.is_none() {
            return;
        }
        let living = self.living();
        let at = clock::now();
        if let Some(samples) = &mut self.samples
            && let Some(counted) = proc::count(&living)
        {
            samples.add(Sample {
                at,
                threads: Some(counted.threads),
                processes: Some(counted.processes),
            });
        }
    }

    /// What it has cost; nothing is known of daemons.
    pub fn cost(&self) -> SideCost {
        match &self.daemons {
            Some(daemons) if daemons.any => SideCost::default(),
            _ => self.child.cost(),
        }
    }
}

impl Daemons {
    fn follow(&mut self, first: Pid) {
        for orphan in proc::children_of(process::pid()) {
            let ours = self.alone || self.seen.contains(&orphan);
            if orphan != first && ours && !self.all.contains(&orphan) {
                self.all.push(orphan);
                self.any = true;
            }
        }
        self.all.retain(|pid| !process::reap_if_ended(*pid));
    }
}
