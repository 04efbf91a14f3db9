//! A side that the programs in the kernel watch: what they tell, handed on as facts.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use super::kernel::{Inbox, Kernel};
use crate::model::observation::{Event, Fact, ObserverCost, ObserverName, SideStarted, Trouble};
use crate::model::{Change, Endpoint, Exit, Pid, Side, SideCost, Tid, Timestamp};
use crate::observe::sampled::listens;
use crate::observe::{Gone, Listening, Observer, Sink};
use crate::sys::net::listeners;
use crate::sys::process::{self, Child, DYING};
use crate::sys::ptrace::{Launch, StartError, start_untraced_when};
use crate::sys::{clock, proc};

/// How often a tree of processes is looked at for new ones.
const MOST_PASSES: usize = 16;

/// A side that is watched.
#[derive(Debug)]
pub struct Watched {
    side: Side,
    command: Option<Vec<String>>,
    root: Pid,
    started: Timestamp,
    kernel: Arc<Kernel>,
    /// `None`: it ran already.
    child: Option<Child>,
    /// How its first process ended.
    exit: Option<Exit>,
    /// The connections to the server that a client had when it was found, until they
    /// are told.
    had: Vec<Endpoint>,
}

impl Watched {
    /// Starts a program; when this returns, it has been executed. `port`: the server's,
    /// of a client.
    ///
    /// # Errors
    /// When it cannot be watched, or not be executed.
    pub fn launch(
        kernel: &Arc<Kernel>,
        side: Side,
        command: Vec<String>,
        launch: &Launch,
        port: Option<u16>,
    ) -> Result<Self, StartError> {
        let child = start_untraced_when(launch, &mut |pid| kernel.watch(side, pid, port, false))?;
        kernel.read_all();
        let started = kernel.with(side, |inbox| {
            let first = inbox.activity.tasks.processes().first();
            first.map(|p| p.started)
        });
        Ok(Self {
            side,
            command: Some(command),
            root: child.pid(),
            started: started.flatten().unwrap_or_else(clock::now),
            kernel: Arc::clone(kernel),
            child: Some(child),
            exit: None,
            had: Vec::new(),
        })
    }

    /// Watches processes that run already, with all their threads and descendants. The
    /// first of `roots` stands for the side. `port`: the server's, of a client.
    ///
    /// # Errors
    /// When there is none, or the kernel refuses it.
    pub fn attach(
        kernel: &Arc<Kernel>,
        side: Side,
        roots: &[Pid],
        command: Option<Vec<String>>,
        port: Option<u16>,
    ) -> io::Result<Self> {
        let root = *roots.first().ok_or(io::ErrorKind::InvalidInput)?;
        kernel.watch(side, root, port, true)?;
        let (started, all) = find(kernel, side, roots).inspect_err(|_| {
            kernel.finish(side);
        })?;
        // From now on it is told what they connect: these are older.
        let had = port.map(|port| listeners::connections_of(root, &all, port));
        Ok(Self {
            side,
            command,
            root,
            started,
            kernel: Arc::clone(kernel),
            child: None,
            exit: None,
            had: had.unwrap_or_default(),
        })
    }

    /// A program that another observer has started and waits for, and that
    /// [`Kernel::watch`] was told of before it executed.
    pub fn beside(kernel: &Arc<Kernel>, side: Side, root: Pid) -> Self {
        Self {
            side,
            command: None,
            root,
            started: clock::now(),
            kernel: Arc::clone(kernel),
            child: None,
            exit: None,
            had: Vec::new(),
        }
    }

    /// What is new of it. Nobody is waited for.
    pub fn news(&self) -> Vec<Event> {
        self.ask(|inbox| std::mem::take(&mut inbox.new))
    }

    /// Whether no process of it lives, by all that has been told up to now.
    pub fn is_empty(&self) -> bool {
        self.kernel.read_all();
        self.ask(|inbox| inbox.activity.tasks.living()).is_empty()
    }

    /// The tasks so far that no tracer follows (`CLONE_UNTRACED`, clone(2)).
    pub fn untraced(&self) -> HashSet<Tid> {
        self.kernel.read_all();
        self.ask(|inbox| inbox.translator.untraced.iter().copied().collect())
    }

    fn ask<T: Default>(&self, ask: impl FnOnce(&mut Inbox) -> T) -> T {
        self.kernel.with(self.side, ask).unwrap_or_default()
    }

    fn is_attached(&self) -> bool {
        self.child.is_none()
    }
}

/// Watches the descendants of a process that is watched, and tells which tasks are there.
/// What its processes create from now on is told; what they had created before is looked
/// for until nothing is new, which is soon, for what comes of those that are watched is
/// watched from its birth. Returns when they were found, and all processes.
fn find(kernel: &Kernel, side: Side, roots: &[Pid]) -> io::Result<(Timestamp, Vec<Pid>)> {
    let first = roots.first().copied();
    let mut known: HashSet<Pid> = first.into_iter().collect();
    let mut all: Vec<Pid> = first.into_iter().collect();
    for _ in 0..MOST_PASSES {
        let trees = roots.iter().flat_map(|root| proc::tree_of(*root));
        let new: Vec<Pid> = trees.filter(|p| known.insert(*p)).collect();
        if new.is_empty() {
            break;
        }
        for pid in &new {
            kernel.watch_more(side, *pid)?;
        }
        all.extend(new);
    }
    let at = clock::now();
    for &pid in &all {
        let first = Tid(pid.0);
        let leaderless = proc::has_lost_its_first_thread(pid);
        // One that nobody has waited for yet has ended.
        if !leaderless && proc::is_leaving(pid, first) {
            continue;
        }
        kernel.found(side, at, pid, first);
        if leaderless {
            kernel.found_leaving(side, at, pid);
        }
        // Nobody need tell of the end of one that is on its way out.
        let stay = |tid: &Tid| *tid == first || !proc::is_leaving(pid, *tid);
        for tid in proc::tasks_of(pid).into_iter().filter(stay) {
            kernel.found(side, at, pid, tid);
        }
    }
    let any = kernel.with(side, |inbox| inbox.activity.events > 0);
    kernel.all_found(side);
    if any == Some(true) {
        Ok((at, all))
    } else {
        Err(io::Error::from_raw_os_error(libc::ESRCH))
    }
}

impl Observer for Watched {
    fn started(&self) -> SideStarted {
        SideStarted {
            observer: ObserverName::Ebpf,
            provenance: ObserverName::Ebpf.provenance(),
            command: self.command.clone(),
            root: self.root,
            at: self.started,
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        let new = self.news();
        let side = self.side;
        if !self.had.is_empty() {
            let local = std::mem::take(&mut self.had);
            sink(Fact::FoundConnections { side, local });
        }
        for event in new {
            // What lost its parent is a child of this process, and would stay a zombie.
            if let Change::Ended(_) = event.what
                && event.pid.0 == event.tid.0
                && event.pid != self.root
            {
                let _ = process::reap_if_ended(event.pid);
            }
            sink(Fact::Event { side, event });
        }
    }

    fn first_has_ended(&mut self) -> bool {
        if let Some(child) = &mut self.child
            && self.exit.is_none()
        {
            self.exit = child.wait(Duration::ZERO);
        }
        if self.is_attached() {
            return self.ask(|inbox| {
                let first = inbox.activity.tasks.processes().first();
                first.is_none_or(|p| p.exit.is_some())
            });
        }
        self.exit.is_some()
    }

    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        let child = self.child.as_ref().filter(|_| self.exit.is_none())?;
        Some(child.as_fd())
    }

    fn is_over(&mut self) -> bool {
        self.first_has_ended() && self.living().is_empty()
    }

    fn living(&mut self) -> Vec<Pid> {
        self.ask(|inbox| inbox.activity.tasks.living())
    }

    fn activity(&self) -> Option<u64> {
        Some(self.ask(|inbox| inbox.activity.events))
    }

    fn done(&self) -> u64 {
        self.flows_expected()
    }

    fn flows_expected(&self) -> u64 {
        self.ask(|inbox| inbox.activity.sockets.expected())
    }

    fn listening(&mut self, port: Option<u16>) -> Listening {
        let heard = self.ask(|inbox| {
            let all = inbox.activity.listening.iter().copied();
            // One without a port gets it a moment after it is told.
            let mut all = all.filter(|e| e.port != 0);
            all.find(|e| port.is_none_or(|p| p == e.port))
        });
        // The kernel tells of it while it is being done.
        match heard.map(|e| listeners::reachable(e.into())) {
            Some(heard) if listeners::is_listened_on(heard.port(), &self.living()) => {
                Listening::At(heard)
            }
            _ => listens(&self.living(), port),
        }
    }

    fn still_listens(&mut self) -> bool {
        !listeners::held_by(&self.living()).is_empty()
    }

    fn may_be_ended(&self) -> bool {
        !self.is_attached()
    }

    fn wants_terminal(&mut self) -> bool {
        // The whole group is stopped, and the first process with it.
        let signal = self.child.as_mut().and_then(Child::stopped_by);
        signal == Some(libc::SIGTTIN) || signal == Some(libc::SIGTTOU)
    }

    fn finish(mut self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        // Its last task has ended before it can be waited for.
        if let Some(child) = &mut self.child {
            self.exit = child.wait(DYING);
        }
        let side = self.side;
        let inbox = self.kernel.finish(side);
        let (lost, cpu) = (self.kernel.lost(), self.kernel.cpu_not_told());
        let Some(inbox) = inbox else {
            return Gone {
                at: clock::now(),
                exit: self.exit,
                cost: SideCost::default(),
                observer: None,
            };
        };
        let first = inbox.activity.tasks.processes().first().cloned();
        // What outlived its first process is not in its cost.
        let whole = inbox.activity.tasks.living().is_empty();
        for event in inbox.new {
            sink(Fact::Event { side, event });
        }
        if lost != Some(0) {
            sink(Fact::Trouble(Trouble::RecordsLost { side, lost }));
        }
        let cost = self.child.as_ref().map(Child::cost).filter(|_| whole);
        Gone {
            at: first
                .as_ref()
                .and_then(|p| p.ended)
                .unwrap_or_else(clock::now),
            exit: self.exit.or_else(|| first.and_then(|p| p.exit)),
            cost: cost.unwrap_or_default(),
            observer: Some(ObserverCost {
                cpu_ns: cpu,
                stops: 0,
            }),
        }
    }
}
