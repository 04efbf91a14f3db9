//! One search: the crowd is started, climbs, is looked at, and is let go.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::board::{Board, Stage};
use super::crowd::{CrowdPlan, CrowdWork};
use super::readings::{Bodies, read, read_at_top};
use super::watch::MemoryWatch;
use super::{CROWD_COMMAND, CeilingError, CeilingPlan, Climb};
use crate::ceiling::{Call, Outlook, Readings, Refusal, blame, limits, remedy, weigh};
use crate::lab::server::ServerPlan;
use crate::lab::session::{start, wait_until_listening};
use crate::model::{Binding, CeilingKind, KindCeiling, Limit, Nanos, ServerModel, StoppedBy};
use crate::sys::ledger::Ledger;
use crate::sys::process::{Child, Exit};
use crate::sys::signals::StopSignal;
use crate::sys::{clock, crowd, errno, process, procfs, uses};

/// How long a crowd's process may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long tens of thousands of tasks may take to end on a busy machine.
const LEAVING: Duration = Duration::from_mins(1);

/// How long closed connections may take to disappear.
const SETTLING: Duration = Duration::from_secs(5);

/// How often the coordinator looks at the board.
const TICK: Duration = Duration::from_millis(1);

/// A search for one kind's ceiling.
pub(super) struct Search<'a> {
    pub(super) kind: CeilingKind,
    pub(super) plan: &'a CeilingPlan,
}

/// The embedded server of a search for connections.
struct Server {
    child: Child,
    address: SocketAddr,
    ledger: Ledger,
}

/// How a climb ended.
struct Climbed {
    reached: u64,
    stopped_by: StoppedBy,
    refusal: Option<Refusal>,
    /// The limits at the top, where it stood long enough to be looked at.
    at_top: Option<Vec<Limit>>,
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
            CeilingKind::Connection => Some(start_server()?),
            CeilingKind::Thread | CeilingKind::Process => None,
        };
        let board = Board::new()?;
        let mut crowd = self.start_crowd(&board, server.as_ref())?;
        self.wait_until_ready(&board, &mut crowd)?;
        let bodies = Bodies {
            crowd: Some(crowd.pid()),
            server: server.as_ref().map(|s| (s.child.pid(), s.address)),
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
                server: server.address,
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
        let child = Child::start_self(&arguments, board.share()?, Stdio::inherit());
        child.map_err(|source| CeilingError::NoProcess {
            kind: self.kind,
            source,
        })
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
        loop {
            let over = board.stage() == Stage::Top;
            let ended = !over && crowd.wait(TICK).is_some();
            let reached = board.reached();
            let interrupted = look(reached);
            if over || ended {
                let refusal = board.refusal().filter(|_| over);
                let stopped_by = match (told, refusal) {
                    (Some((by, _)), _) => by,
                    (None, Some(_)) => StoppedBy::Refused,
                    (None, None) if watch.killer_struck() => StoppedBy::Oom,
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
                let no_descriptor = server.is_some_and(|server| {
                    server.ledger.header().refused_descriptors.load(Relaxed) > 0
                });
                told = if interrupted {
                    Some((StoppedBy::Interrupted, None))
                } else if no_descriptor {
                    let refusal = Refusal {
                        call: Call::Accept,
                        errno: errno::NO_DESCRIPTOR,
                    };
                    Some((StoppedBy::Refused, Some(refusal)))
                } else {
                    watch.trouble().map(|by| (by, None))
                };
                if told.is_some() {
                    board.stop();
                }
            }
        }
    }

    /// Puts together what was found.
    fn ceiling(
        &self,
        readings: &Readings,
        limits: Vec<Limit>,
        outlook: Outlook,
        stack: u64,
        climbed: Option<&Climbed>,
    ) -> KindCeiling {
        let refusal = climbed.and_then(|c| c.refusal);
        let blamed = climbed.and_then(|c| {
            let at_top = c.at_top.as_ref()?;
            Some(blame(self.kind, c.refusal?, at_top, c.reached))
        });
        let mut notes = Vec::new();
        let binds = match blamed {
            Some(None) => {
                notes.push(
                    "no limit that can be read here was used up at the refusal: it may be one of an enclosing container or of the hypervisor".to_owned(),
                );
                None
            }
            Some(found) => found,
            None => outlook.binds,
        };
        if let (Some(found), Some(promised)) = (binds, outlook.binds)
            && limits.get(found).map(|l| (l.name, l.scope))
                != limits.get(promised).map(|l| (l.name, l.scope))
            && let Some(limit) = limits.get(promised)
        {
            notes.push(format!("{} was predicted to be used up first", limit.name));
        }
        let binding = binds.and_then(|at| limits.get(at)).map(|limit| Binding {
            name: limit.name,
            value: limit.value,
            in_use: limit.in_use,
            scope: limit.scope,
            path: limit.path.clone(),
            remedy: remedy(self.kind, limit, readings),
        });
        if self.kind == CeilingKind::Connection {
            notes.push("from one client address to one server endpoint".to_owned());
        }
        KindCeiling {
            kind: self.kind,
            stack_bytes: (self.kind == CeilingKind::Thread).then_some(stack),
            predicted: outlook.predicted,
            goal: outlook.goal,
            reached: climbed.map(|c| c.reached),
            stopped_by: climbed.map(|c| c.stopped_by),
            errno: refusal.map(|r| errno::name(r.errno)),
            call: refusal.map(|r| r.call.name().to_owned()),
            binding,
            limits,
            climb_ns: None,
            duration_ns: None,
            left_behind: None,
            notes,
        }
    }
}

/// The embedded server, with the limits as they are.
fn start_server() -> Result<Server, CeilingError> {
    let parent = process::pid().0;
    let plan = CrowdPlan {
        parent,
        work: CrowdWork::Serve {
            plan: ServerPlan {
                bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
                port: 0,
                model: ServerModel::Async,
                workers: 1,
                backlog: 4096,
                // None is closed for its silence while the others are made.
                idle_timeout: Duration::from_hours(1),
                parent: Some(parent),
            },
        },
    };
    let ledger = Ledger::create(0, 0)?;
    // That it has no descriptor left is a finding here, not a trouble to log.
    let silence = File::options().write(true).open("/dev/null").ok();
    let mut child = start(CROWD_COMMAND, &plan, &ledger, silence)?;
    let address = wait_until_listening(&mut child)?;
    Ok(Server {
        child,
        address,
        ledger,
    })
}

/// Ends the server, reaps whatever is left, and waits until the connections
/// are gone. Returns what has stayed all the same.
fn settle(server: Option<Server>) -> Option<u64> {
    let address = server.map(|mut server| {
        server.child.end(Duration::from_secs(10));
        server.address
    });
    process::sweep(LEAVING);
    let tasks = match process::reap_any(false) {
        // Nobody is left, not even an orphan.
        Err(_) => 0,
        Ok(_) => procfs::count_tree(process::pid())?.processes - 1,
    };
    let Some(address) = address else {
        return Some(tasks);
    };
    let until = Instant::now() + SETTLING;
    loop {
        let sockets = uses::sockets_of(address)?;
        if sockets == 0 || Instant::now() > until {
            return Some(tasks + sockets);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
