//! One search: the crowd is started, climbs, is looked at, and is let go.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::climb::{Climb, Climbed, TICK};
use super::crowd::{CrowdPlan, CrowdWork};
use super::crowd_control::{CrowdControl, Stage};
use super::host::{LEAVING, Server, settle};
use super::readings::{Bodies, count_at_top, read, read_at_top};
use super::{CROWD_COMMAND, CeilingError, CeilingPlan, Progress, steps};
use crate::limits::{Blame, Outlook, Readings, blame, limits, weigh};
use crate::model::{CeilingKind, KindCeiling, Limit, Nanos, StoppedBy};
use crate::reserve::{MemoryWatch, TaskWatch};
use crate::sys::net::loopback;
use crate::sys::process::crowd;
use crate::sys::process::signals::StopSignal;
use crate::sys::process::{Child, Exit};
use crate::sys::{clock, process};

/// How long a crowd's process may take until it is ready, on a machine where
/// hundreds want a processor.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long to try for the crowd's process: tasks of an earlier search, or of
/// others, may be on their way out.
const TRYING: Duration = Duration::from_millis(500);

/// A search for one kind's ceiling.
pub(super) struct Search<'a> {
    pub(super) kind: CeilingKind,
    pub(super) plan: &'a CeilingPlan,
}

impl Search<'_> {
    /// What the limits promise; nothing is created.
    pub(super) fn predict(&self) -> Result<KindCeiling, CeilingError> {
        let bodies = Bodies {
            crowd: None,
            server: None,
        };
        let stack = match self.kind {
            CeilingKind::Thread => crowd::ThreadMaker::new(self.plan.stack_bytes)?.stack_bytes(),
            CeilingKind::Process | CeilingKind::Connection => 0,
        };
        let readings = read(self.kind, bodies);
        let (limits, outlook) = self.outlook(&readings, stack);
        steps::limits_read(self.kind, &limits, outlook.predicted);
        Ok(self.ceiling(&readings, limits, outlook, stack, None))
    }

    /// Tries it.
    pub(super) fn run(
        &self,
        stop: &StopSignal,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<KindCeiling, CeilingError> {
        let mut server = match self.kind {
            // Else each connect(2) would wait half a minute for an answer.
            CeilingKind::Connection if loopback::is_up() == Some(false) => {
                return Err(CeilingError::LoopbackDown);
            }
            CeilingKind::Connection => Some(Server::start()?),
            CeilingKind::Thread | CeilingKind::Process => None,
        };
        let control = CrowdControl::new()?;
        let mut crowd = self.start_crowd(&control, server.as_ref())?;
        self.wait_until_ready(&control, &mut crowd)?;
        steps::started(
            self.kind,
            crowd.pid(),
            server.as_ref().map(|s| (s.pid(), s.address())),
        );
        let bodies = Bodies {
            crowd: Some(crowd.pid()),
            server: server.as_ref().map(|s| (s.pid(), s.address())),
        };
        let stack = control.stack_bytes();
        let readings = read(self.kind, bodies);
        let (all, outlook) = self.outlook(&readings, stack);
        steps::limits_read(self.kind, &all, outlook.predicted);

        let begun = clock::now();
        control.begin(outlook.cap);
        let climb = Climb {
            control: &control,
            crowd: &mut crowd,
            server: server.as_mut(),
            memory: MemoryWatch::new(self.plan.reserve_percent),
            tasks: TaskWatch::new(&all, &readings, self.plan.reserve_percent),
            ends_at_max: self.plan.max == outlook.cap,
        };
        let mut climbed = climb.wait(|reached| {
            progress(Progress {
                kind: self.kind,
                reached,
                goal: outlook.goal,
            });
            stop.raised()
        });
        steps::stopped(self.kind, climbed.reached, climbed.stopped_by);
        if climbed.stopped_by == StoppedBy::Refused {
            climbed.at_top = Some(self.at_top(bodies, &readings, &climbed, stack));
        }
        control.let_go();
        let times = control.times();
        if crowd.wait(LEAVING).is_none() {
            crowd.end(Duration::ZERO);
        }
        drop(crowd);
        let left_behind = settle(server);
        let gone = clock::now();
        steps::gone(self.kind, left_behind);

        let mut found = self.ceiling(&readings, all, outlook, stack, Some(&climbed));
        found.climb_ns = times.map(|(from, to)| Nanos::new(to - from));
        found.duration_ns = Some(gone.since(begun));
        found.left_behind = left_behind;
        Ok(found)
    }

    fn outlook(&self, readings: &Readings, stack: u64) -> (Vec<Limit>, Outlook) {
        let limits = limits(self.kind, readings, stack);
        let outlook = weigh(&limits, self.plan.reserve_percent, self.plan.max);
        (limits, outlook)
    }

    /// The limits at the top. Where none of them seems to be used up, what was
    /// only reckoned is counted: it may have been somebody else who took it.
    fn at_top(
        &self,
        bodies: Bodies,
        before: &Readings,
        climbed: &Climbed,
        stack: u64,
    ) -> Vec<Limit> {
        let mut top = read_at_top(self.kind, bodies, before, climbed.reached);
        let reckoned = limits(self.kind, &top, stack);
        let blamed = |refusal| blame(self.kind, refusal, &reckoned, climbed.reached);
        if !matches!(
            climbed.refusal.map(blamed),
            Some(Blame::Unread | Blame::Suspect(_))
        ) {
            return reckoned;
        }
        count_at_top(self.kind, &mut top);
        limits(self.kind, &top, stack)
    }

    fn start_crowd(
        &self,
        control: &CrowdControl,
        server: Option<&Server>,
    ) -> Result<Child, CeilingError> {
        let work = match (self.kind, server) {
            (CeilingKind::Connection, Some(server)) => CrowdWork::Connections {
                server: server.address(),
            },
            (CeilingKind::Process, _) => CrowdWork::Processes,
            _ => CrowdWork::Threads {
                stack_bytes: self.plan.stack_bytes,
            },
        };
        let plan = CrowdPlan {
            parent: process::pid().0,
            work,
        };
        let plan = serde_json::to_string(&plan).map_err(io::Error::from)?;
        let arguments = [CROWD_COMMAND.to_owned(), plan];
        let until = Instant::now() + TRYING;
        loop {
            match Child::start_self(&arguments, control.share()?, Stdio::inherit(), None) {
                Ok(child) => return Ok(child),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                    std::thread::sleep(TICK);
                }
                Err(source) => {
                    return Err(CeilingError::NoProcess {
                        kind: self.kind,
                        source,
                    });
                }
            }
        }
    }

    fn wait_until_ready(
        &self,
        control: &CrowdControl,
        crowd: &mut Child,
    ) -> Result<(), CeilingError> {
        let until = Instant::now() + PATIENCE;
        while control.stage() == Stage::Starting {
            let exit = crowd.wait(TICK);
            if exit.is_some() || Instant::now() > until {
                return Err(CeilingError::NotReady {
                    kind: self.kind,
                    reason: match exit {
                        Some(Exit::Code(status)) => {
                            format!(
                                "the process for them ended before the search began, with exit status {status}"
                            )
                        }
                        Some(Exit::Signal(signal)) => {
                            format!(
                                "the process for them was killed by signal {signal}; is there too little memory or address space?"
                            )
                        }
                        None => "the process for them did not become ready".to_owned(),
                    },
                });
            }
        }
        Ok(())
    }
}
