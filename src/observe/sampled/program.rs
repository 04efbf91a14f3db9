//! A program that is not traced: its first process, and what goes on without it.
//!
//! A daemon forks, and its first process ends. What it leaves becomes a child of its
//! guardian ([`process::guardian`]). Where somebody has ended that, it becomes one of
//! threadtap's, and nothing tells whose it was: as long as there is no other program, it
//! is this one's; later, what was seen in its tree before.

use std::collections::HashSet;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::News;
use crate::model::observation::{Counted, Fact, ObserverName, SideStarted};
use crate::model::{Exit, Pid, Side, SideCost, Timestamp};
use crate::observe::{Gone, Listening, Observer, Sink};
use crate::sys::net::listeners;
use crate::sys::process::{self, Child, Keeper};
use crate::sys::{clock, proc};

/// A program that is sampled, or only waited for.
#[derive(Debug)]
pub struct Sampled {
    side: Side,
    command: Vec<String>,
    started: Timestamp,
    child: Child,
    /// When and how its first process ended.
    ended: Option<(Timestamp, Exit)>,
    /// What is news of it; `None` when nobody is to look.
    news: Option<News>,
    /// Whether its beginning has been told.
    begun: bool,
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

impl Sampled {
    /// A program that was just started. A server is over when the last of it has
    /// ended, a client already with its first process. `look`: whether it is
    /// sampled.
    #[must_use]
    pub fn new(side: Side, command: Vec<String>, child: Child, look: bool) -> Self {
        let daemons = Daemons {
            all: Vec::new(),
            seen: HashSet::new(),
            alone: true,
            any: false,
        };
        Self {
            side,
            command,
            started: clock::now(),
            child,
            ended: None,
            news: look.then(News::default),
            begun: false,
            daemons: (side == Side::Server).then_some(daemons),
        }
    }

    /// What it has cost; nothing is known of daemons.
    fn cost(&self) -> SideCost {
        match &self.daemons {
            Some(daemons) if daemons.any => SideCost::default(),
            _ => self.child.cost(),
        }
    }

    fn counted(&self) -> Counted {
        match self.side {
            Side::Client => Counted::Client,
            Side::Server => Counted::Server,
        }
    }
}

impl Observer for Sampled {
    fn started(&self) -> SideStarted {
        let observer = match self.news {
            Some(_) => ObserverName::Proc,
            None => ObserverName::Nobody,
        };
        SideStarted {
            observer,
            provenance: observer.provenance(),
            command: Some(self.command.clone()),
            root: self.child.pid(),
            at: self.started,
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        let of = self.counted();
        // A program that was just executed is one process of one thread
        // (execve(2)). By the first look it may have started others.
        if !self.begun
            && let Some(news) = &mut self.news
            && let Some(sample) = news.look(self.started, (Some(1), Some(1)))
        {
            self.begun = true;
            sink(Fact::Sample { of, sample });
        }
        if self.news.is_none() {
            return;
        }
        let living = self.living();
        let at = clock::now();
        if let Some(news) = &mut self.news
            && let Some(counted) = proc::count(&living)
            && let Some(sample) = news.look(at, (Some(counted.threads), Some(counted.processes)))
        {
            sink(Fact::Sample { of, sample });
        }
    }

    fn first_has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.wait(Duration::ZERO).map(|e| (clock::now(), e));
        }
        self.ended.is_some()
    }

    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        self.ended.is_none().then(|| self.child.as_fd())
    }

    fn is_over(&mut self) -> bool {
        self.first_has_ended() && self.living().is_empty()
    }

    fn living(&mut self) -> Vec<Pid> {
        let mut living = if self.first_has_ended() {
            Vec::new()
        } else {
            proc::tree_of(self.child.pid())
        };
        if let Some(daemons) = &mut self.daemons {
            daemons.follow(&self.child);
            living.extend(daemons.all.iter().flat_map(|pid| proc::tree_of(*pid)));
            daemons.seen = living.iter().copied().collect();
        }
        living
    }

    fn activity(&self) -> Option<u64> {
        None
    }

    fn done(&self) -> u64 {
        0
    }

    fn flows_expected(&self) -> u64 {
        0
    }

    fn listening(&mut self, port: Option<u16>) -> Listening {
        listens(&self.living(), port)
    }

    fn still_listens(&mut self) -> bool {
        !listeners::held_by(&self.living()).is_empty()
    }

    fn another_starts(&mut self) {
        self.living();
        if let Some(daemons) = &mut self.daemons {
            daemons.alone = false;
        }
    }

    fn wants_terminal(&mut self) -> bool {
        // The whole group is stopped, and the first process with it.
        let signal = self.child.stopped_by();
        signal == Some(libc::SIGTTIN) || signal == Some(libc::SIGTTOU)
    }

    fn finish(mut self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        self.first_has_ended();
        let of = self.counted();
        if let Some(sample) = self.news.as_mut().and_then(News::rest) {
            sink(Fact::Sample { of, sample });
        }
        let (at, exit) = self.ended.unzip();
        Gone {
            at: at.unwrap_or_else(clock::now),
            exit,
            cost: self.cost(),
            observer: None,
        }
    }
}

/// Where these processes listen, on this port or else on their first, as proc(5)
/// tells it.
pub(in crate::observe) fn listens(living: &[Pid], port: Option<u16>) -> Listening {
    let held = listeners::held_by(living);
    let heard = held
        .into_iter()
        .find(|a| port.is_none_or(|p| p == a.port()));
    heard.map_or(Listening::NotYet, |a| {
        Listening::At(listeners::reachable(a))
    })
}

impl Daemons {
    fn follow(&mut self, program: &Child) {
        let first = program.pid();
        if let Keeper::Guardian(guardian) = program.keeper() {
            // It has this program's, and no others, and reaps them.
            self.all = proc::children_of(guardian);
            self.all.retain(|orphan| *orphan != first);
            self.any |= !self.all.is_empty();
            return;
        }
        for orphan in proc::children_of(process::pid()) {
            let ours = self.alone || self.seen.contains(&orphan);
            if orphan != first && ours && !self.all.contains(&orphan) {
                tracing::debug!("pid {orphan} lost its parent and is followed as this program's");
                self.all.push(orphan);
                self.any = true;
            }
        }
        self.all.retain(|pid| !process::reap_if_ended(*pid));
    }
}
