//! Waiting for the top: the crowd climbs by what is granted, and whatever may
//! end the climb is looked at in between.
//!
//! In come the control, the processes and what the limits promise; out goes how
//! far it came and why it ended there.

use std::time::{Duration, Instant};

use super::crowd_control::{CrowdControl, Stage};
use super::host::Server;
use super::steps;
use crate::limits::Refusal;
use crate::model::{Limit, StoppedBy};
use crate::reserve::{MemoryWatch, TaskWatch};
use crate::sys::process::signals::SIGABRT;
use crate::sys::process::{Child, Exit};

/// A server that refuses, and for so long has answered nobody, is at its end.
const STALLED: Duration = Duration::from_millis(200);

/// How long those that were created may take until they rest; who has not
/// come then has died on the way.
const ARRIVING: Duration = Duration::from_secs(10);

/// How long a server may take to be gone that has closed its connections.
const DYING: Duration = Duration::from_secs(1);

/// How often the coordinator looks at the control.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// What a climb is watched with.
pub(super) struct Climb<'a> {
    pub(super) control: &'a CrowdControl,
    pub(super) crowd: &'a mut Child,
    pub(super) server: Option<&'a mut Server>,
    pub(super) memory: MemoryWatch,
    pub(super) tasks: TaskWatch,
    /// Whether the number at which the crowd ends by itself was asked for.
    pub(super) ends_at_max: bool,
}

/// How a climb ended.
pub(super) struct Climbed {
    pub(super) reached: u64,
    pub(super) stopped_by: StoppedBy,
    pub(super) refusal: Option<Refusal>,
    /// How the server ended, if it did.
    pub(super) server: Option<Exit>,
    /// The limits at the top, where it stood long enough to be looked at.
    pub(super) at_top: Option<Vec<Limit>>,
}

impl Climb<'_> {
    /// Waits for the top. `look` is told the count, and says whether to stop.
    pub(super) fn wait(mut self, mut look: impl FnMut(u64) -> bool) -> Climbed {
        let mut told = None;
        let mut progress = (0, Instant::now());
        let mut granted = 0;
        let mut lost = 0;
        loop {
            let over = self.control.stage() == Stage::Top;
            let ended = !over && self.crowd.wait(TICK).is_some();
            let reached = self.control.reached();
            let interrupted = look(reached);
            if reached != progress.0 {
                progress = (reached, Instant::now());
            }
            if over || ended {
                return self.ended(reached, ended, told);
            }
            if told.is_some() {
                continue;
            }
            // With its last descriptor taken accept(2) says so, whether anybody
            // waits or not: the connection that took it is still answered.
            let stalled = progress.1.elapsed() > STALLED;
            let refused = self.server.as_ref().filter(|_| stalled);
            told = if interrupted {
                Some((StoppedBy::Interrupted, None))
            } else if let Some(refusal) = refused.and_then(|server| server.refused()) {
                Some((StoppedBy::Refused, Some(refusal)))
            } else if reached < granted {
                let by = self.memory.trouble().or_else(|| self.tasks.trouble());
                by.map(|by| (by, None))
            } else if self.control.arrived() + lost < reached && progress.1.elapsed() < ARRIVING {
                None
            } else {
                lost = reached.saturating_sub(self.control.arrived());
                match self.room() {
                    Ok(room) => {
                        granted = reached.saturating_add(room);
                        self.control.grant(granted);
                        steps::granted(reached, granted);
                        None
                    }
                    Err(by) => Some((by, None)),
                }
            };
            if told.is_some() {
                self.control.stop();
            }
        }
    }

    /// How many more may be created now.
    fn room(&mut self) -> Result<u64, StoppedBy> {
        Ok(self.memory.room(0)?.min(self.tasks.room()?))
    }

    /// The climb is over: by what the coordinator has told the crowd, or else by
    /// what the crowd has met.
    fn ended(
        mut self,
        reached: u64,
        crowd_ended: bool,
        told: Option<(StoppedBy, Option<Refusal>)>,
    ) -> Climbed {
        let met = self.control.refusal().filter(|_| !crowd_ended);
        let refusal = told.map_or(met, |(_, refusal)| refusal);
        let lost = refusal.filter(|refusal| refusal.is_of_a_dead_server());
        let server = self.server.as_mut().filter(|_| lost.is_some());
        let server = server.and_then(|server| server.ended(DYING));
        // Its own way out is that of a program to which memory is refused
        // (abort(3)); everything else somebody has done to it.
        let killed = crowd_ended || server.is_some_and(|exit| exit != Exit::Signal(SIGABRT));
        let stopped_by = match (told, refusal) {
            (Some((by, _)), _) => by,
            (None, Some(_)) if !killed => StoppedBy::Refused,
            (None, _) if self.memory.killer_struck(killed) => StoppedBy::Oom,
            (None, _) if killed => StoppedBy::Killed,
            (None, _) if self.ends_at_max => StoppedBy::Max,
            (None, _) => StoppedBy::Reserve,
        };
        Climbed {
            reached,
            stopped_by,
            refusal,
            server,
            at_top: None,
        }
    }
}
