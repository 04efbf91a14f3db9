//! One search: the crowd is started, climbs, is looked at, and is let go.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::board::{Board, Stage};
use super::crowd::{CrowdPlan, CrowdWork};
use super::host::{LEAVING, Server, settle};
use super::readings::{Bodies, read, read_at_top};
use super::watch::MemoryWatch;
use super::{CROWD_COMMAND, CeilingError, CeilingPlan, Climb};
use crate::ceiling::{Call, Outlook, Readings, Refusal, limits, weigh};
use crate::model::{CeilingKind, KindCeiling, Limit, Nanos, StoppedBy};
use crate::sys::process::{Child, Exit};
use crate::sys::signals::StopSignal;
use crate::sys::{clock, crowd, errno, process};

/// How long a crowd's process may take until it is ready, on a machine where
/// hundreds want a processor.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that refuses, and for so long has answered nobody, is at its end.
const STALLED: Duration = Duration::from_millis(200);

/// How long to try for the crowd's process: tasks of an earlier search, or of
/// others, may be on their way out.
const TRYING: Duration = Duration::from_millis(500);

/// How long those that were created may take until they rest; who has not
/// come then has died on the way.
const ARRIVING: Duration = Duration::from_secs(10);

/// How often the coordinator looks at the board.
const TICK: Duration = Duration::from_millis(1);

/// A search for one kind's ceiling.
pub(super) struct Search<'a> {
    pub(super) kind: CeilingKind,
    pub(super) plan: &'a CeilingPlan,
}

/// How a climb ended.
pub(super) struct Climbed {
    pub(super) reached: u64,
    pub(super) stopped_by: StoppedBy,
    pub(super) refusal: Option<Refusal>,
    /// The limits at the top, where it stood long enough to be looked at.
    pub(super) at_top: Option<Vec<Limit>>,
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
        Ok(self.ceiling(&readings, limits, outlook, stack, None))
    }

    /// Tries it.
    pub(super) fn run(
        &self,
        stop: &StopSignal,
        progress: &mut dyn FnMut(Climb),
    ) -> Result<KindCeiling, CeilingError> {
        let server = match self.kind {
            CeilingKind::Connection => Some(Server::start()?),
            CeilingKind::Thread | CeilingKind::Process => None,
        };
        let board = Board::new()?;
        let mut crowd = self.start_crowd(&board, server.as_ref())?;
        self.wait_until_ready(&board, &mut crowd)?;
        let bodies = Bodies {
            crowd: Some(crowd.pid()),
            server: server.as_ref().map(|s| (s.pid(), s.address())),
        };
        let stack = board.stack_bytes();
        let readings = read(self.kind, bodies);
        let (all, outlook) = self.outlook(&readings, stack);

        let begun = clock::now();
        board.begin(outlook.cap);
        let mut climbed = self.climb(&board, &mut crowd, server.as_ref(), outlook, |reached| {
            progress(Climb {
                kind: self.kind,
                reached,
                goal: outlook.goal,
            });
            stop.raised()
        });
        if climbed.stopped_by == StoppedBy::Refused {
            let top = read_at_top(self.kind, bodies, &readings, climbed.reached);
            climbed.at_top = Some(limits(self.kind, &top, stack));
        }
        board.let_go();
        let times = board.times();
        if crowd.wait(LEAVING).is_none() {
            crowd.end(Duration::ZERO);
        }
        drop(crowd);
        let left_behind = settle(server);
        let gone = clock::now();

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

    fn start_crowd(&self, board: &Board, server: Option<&Server>) -> Result<Child, CeilingError> {
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
            match Child::start_self(&arguments, board.share()?, Stdio::inherit()) {
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

    fn wait_until_ready(&self, board: &Board, crowd: &mut Child) -> Result<(), CeilingError> {
        let until = Instant::now() + PATIENCE;
        while board.stage() == Stage::Starting {
            let exit = crowd.wait(TICK);
            if exit.is_some() || Instant::now() > until {
                return Err(CeilingError::NotReady {
                    kind: self.kind,
                    reason: match exit {
                        Some(Exit::Code(status)) => {
                            format!("their process ended before it began, with status {status}")
                        }
                        Some(Exit::Signal(signal)) => {
                            format!(
                                "their process was killed by signal {signal}; is there too little memory or address space for it?"
                            )
                        }
                        None => "their process does not get ready".to_owned(),
                    },
                });
            }
        }
        Ok(())
    }

    /// Waits for the top. `look` is told the count, and says whether to stop.
    fn climb(
        &self,
        board: &Board,
        crowd: &mut Child,
        server: Option<&Server>,
        outlook: Outlook,
        mut look: impl FnMut(u64) -> bool,
    ) -> Climbed {
        let mut watch = MemoryWatch::new(self.plan.reserve_percent);
        let mut told = None;
        let mut progress = (0, Instant::now());
        let mut granted = 0;
        let mut lost = 0;
        loop {
            let over = board.stage() == Stage::Top;
            let ended = !over && crowd.wait(TICK).is_some();
            let reached = board.reached();
            let interrupted = look(reached);
            if reached != progress.0 {
                progress = (reached, Instant::now());
            }
            if over || ended {
                let refusal = board.refusal().filter(|_| over);
                let stopped_by = match (told, refusal) {
                    (Some((by, _)), _) => by,
                    (None, Some(_)) => StoppedBy::Refused,
                    (None, None) if watch.killer_struck(ended) => StoppedBy::Oom,
                    (None, None) if ended => StoppedBy::Killed,
                    (None, None) if self.plan.max == outlook.cap => StoppedBy::Max,
                    (None, None) => StoppedBy::Reserve,
                };
                return Climbed {
                    reached,
                    stopped_by,
                    refusal: told.map_or(refusal, |(_, refusal)| refusal),
                    at_top: None,
                };
            }
            if told.is_none() {
                // With its last descriptor taken accept(2) says so, whether anybody
                // waits or not: the connection that took it is still answered.
                let no_descriptor =
                    progress.1.elapsed() > STALLED && server.is_some_and(Server::refuses);
                told = if interrupted {
                    Some((StoppedBy::Interrupted, None))
                } else if no_descriptor {
                    let refusal = Refusal {
                        call: Call::Accept,
                        errno: errno::NO_DESCRIPTOR,
                    };
                    Some((StoppedBy::Refused, Some(refusal)))
                } else if reached < granted {
                    watch.trouble().map(|by| (by, None))
                } else if board.arrived() + lost < reached && progress.1.elapsed() < ARRIVING {
                    None
                } else {
                    lost = reached.saturating_sub(board.arrived());
                    let room = watch.room();
                    granted = reached.saturating_add(room.unwrap_or(0));
                    board.grant(granted);
                    room.err().map(|by| (by, None))
                };
                if told.is_some() {
                    board.stop();
                }
            }
        }
    }
}
