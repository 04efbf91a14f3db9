//! A program that is traced: its tracer's events, handed on as facts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::thread::CapabilitySet;

use super::{Interest, Ready, Subject, Tracing, trace};
use crate::activity::Activity;
use crate::model::observation::{Event, Fact, ObserverCost, ObserverName, SideStarted};
use crate::model::{Pid, Side, Timestamp};
use crate::observe::sampled::listens;
use crate::observe::{Gone, Listening, Observer, Sink};
use crate::sys::net::listeners;
use crate::sys::ptrace::{Launch, StartError};
use crate::sys::{clock, proc};

/// What the tracer's thread has said.
#[derive(Debug, Default)]
struct Inbox {
    /// Of all that it said, what is asked for while the program runs.
    activity: Activity,
    /// What has not been handed on yet.
    new: Vec<Event>,
}

/// A program that is traced.
#[derive(Debug)]
pub struct Traced {
    side: Side,
    command: Vec<String>,
    started: Timestamp,
    tracing: Tracing,
    inbox: Arc<Mutex<Inbox>>,
    attached: bool,
}

/// A tracer that panics while it holds the lock takes the run with it anyway.
fn lock(inbox: &Mutex<Inbox>) -> MutexGuard<'_, Inbox> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Traced {
    /// Starts a program; when this returns, it has been executed. Then the tracer keeps,
    /// of its capabilities, `keep` and no more.
    ///
    /// # Errors
    /// When it may not be traced, or cannot be executed.
    pub fn launch(
        side: Side,
        command: Vec<String>,
        launch: Launch,
        interest: Interest,
        keep: CapabilitySet,
    ) -> Result<Self, StartError> {
        let ready = Box::new(|_| Ok(()));
        Self::launch_when(side, command, launch, interest, keep, ready)
    }

    /// The same; before it executes the program, `ready` is told of its process.
    ///
    /// # Errors
    /// As above, and that of `ready`, as one of tracing.
    pub fn launch_when(
        side: Side,
        command: Vec<String>,
        launch: Launch,
        interest: Interest,
        keep: CapabilitySet,
        ready: Ready,
    ) -> Result<Self, StartError> {
        let subject = Subject::Launch(launch, ready);
        Self::begin(side, command, subject, interest, keep)
    }

    /// Attaches to a process that runs, as the server; `keep` as above.
    ///
    /// # Errors
    /// When there is none, or it may not be traced.
    pub fn attach(pid: Pid, interest: Interest, keep: CapabilitySet) -> Result<Self, StartError> {
        let command = proc::command_of(pid);
        Self::begin(Side::Server, command, Subject::Attach(pid), interest, keep)
    }

    fn begin(
        side: Side,
        command: Vec<String>,
        subject: Subject,
        interest: Interest,
        keep: CapabilitySet,
    ) -> Result<Self, StartError> {
        let attached = matches!(subject, Subject::Attach(_));
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let written = Arc::clone(&inbox);
        let name = match side {
            Side::Client => "trace-client",
            Side::Server => "trace-server",
        };
        // To hand facts on takes time that the program would wait for: it is
        // done by the thread that looks.
        let sink = Box::new(move |event: Event| {
            let mut inbox = lock(&written);
            inbox.activity.apply(&event);
            inbox.new.push(event);
        });
        let tracing = trace(subject, interest, name, keep, sink)?;
        let first = lock(&inbox)
            .activity
            .tasks
            .processes()
            .first()
            .map(|p| p.started);
        Ok(Self {
            side,
            command,
            started: first.unwrap_or_else(clock::now),
            tracing,
            inbox,
            attached,
        })
    }
}

impl Observer for Traced {
    fn started(&self) -> SideStarted {
        SideStarted {
            observer: ObserverName::Ptrace,
            provenance: ObserverName::Ptrace.provenance(),
            command: Some(self.command.clone()),
            root: self.tracing.root(),
            at: self.started,
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        let new = std::mem::take(&mut lock(&self.inbox).new);
        let side = self.side;
        for event in new {
            sink(Fact::Event { side, event });
        }
    }

    fn first_has_ended(&mut self) -> bool {
        let inbox = lock(&self.inbox);
        let first = inbox.activity.tasks.processes().first();
        first.is_none_or(|p| p.exit.is_some()) || self.tracing.is_over()
    }

    fn is_over(&mut self) -> bool {
        self.tracing.is_over()
    }

    fn living(&mut self) -> Vec<Pid> {
        lock(&self.inbox).activity.tasks.living()
    }

    fn activity(&self) -> Option<u64> {
        Some(lock(&self.inbox).activity.events)
    }

    fn done(&self) -> u64 {
        self.flows_expected()
    }

    fn flows_expected(&self) -> u64 {
        lock(&self.inbox).activity.sockets.expected()
    }

    fn listening(&mut self, port: Option<u16>) -> Listening {
        let heard = lock(&self.inbox)
            .activity
            .listening
            .iter()
            .copied()
            .find(|e| port.is_none_or(|p| p == e.port));
        match heard {
            Some(heard) => Listening::At(listeners::reachable(heard.into())),
            None => listens(&self.living(), port),
        }
    }

    fn still_listens(&mut self) -> bool {
        !listeners::held_by(&self.living()).is_empty()
    }

    fn may_be_ended(&self) -> bool {
        !self.attached
    }

    fn wants_terminal(&mut self) -> bool {
        self.tracing.wanted_terminal()
    }

    fn finish(self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        let totals = if self.attached {
            self.tracing.leave()
        } else {
            self.tracing.join()
        };
        tracing::debug!(
            "{}: tracing ended, {} stops ({}), {} ms of CPU time",
            self.side,
            totals.stops.all(),
            totals.stops,
            totals.cpu.get() / 1_000_000
        );
        let mut inbox = lock(&self.inbox);
        for event in std::mem::take(&mut inbox.new) {
            sink(Fact::Event {
                side: self.side,
                event,
            });
        }
        let first = inbox.activity.tasks.processes().first();
        Gone {
            at: first.and_then(|p| p.ended).unwrap_or_else(clock::now),
            exit: totals.exit,
            cost: totals.cost,
            observer: Some(ObserverCost {
                cpu_ns: totals.cpu,
                stops: totals.stops.all(),
            }),
        }
    }
}
