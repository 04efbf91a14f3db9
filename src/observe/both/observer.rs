//! A program that both observe.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::thread::CapabilitySet;

use super::compare::{Compared, Hidden, compare};
use super::words::Told;
use crate::activity::Activity;
use crate::model::observation::{Event, Fact, SideStarted, Trouble};
use crate::model::{Pid, Side, Tid};
use crate::observe::ebpf::{Kernel, Watched};
use crate::observe::ptrace::{Interest, Traced};
use crate::observe::{Gone, Listening, Observer, Sink};
use crate::sys::ptrace::{Launch, StartError};

/// How long the end of a process may take, from the moment at which a tracer tells of it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A program that is traced and watched at once.
#[derive(Debug)]
pub struct Both {
    side: Side,
    traced: Box<Traced>,
    watched: Box<Watched>,
    heard: Heard,
}

/// What each of them has told.
#[derive(Debug, Default)]
struct Heard {
    by_ptrace: Vec<Event>,
    by_kernel: Vec<Event>,
    untraced: HashSet<Tid>,
}

impl Heard {
    /// Hands on a fact of the tracer's, and keeps what it tells of a task.
    fn take(&mut self, fact: Fact, sink: &mut Sink<'_>) {
        if let Fact::Event { event, .. } = &fact {
            self.by_ptrace.push(event.clone());
        }
        sink(fact);
    }

    fn compared(&self, side: Side) -> Compared {
        let listens = side == Side::Server;
        let activity = |events: &[Event]| {
            let mut activity = Activity::default();
            for event in events {
                activity.apply(event);
            }
            activity
        };
        let hidden = Hidden::by(&activity(&self.by_ptrace), &activity(&self.by_kernel));
        let mut by_kernel = Told::by(&self.by_kernel, listens);
        by_kernel.untraced.clone_from(&self.untraced);
        compare(&Told::by(&self.by_ptrace, listens), &by_kernel, hidden)
    }
}

/// What one alone tells, and why.
fn by_rule((rule, n): (&&'static str, &u64)) -> String {
    format!(", {n} by {rule}")
}

impl Both {
    /// Starts a program; when this returns, it has been executed. `port`: the server's, of
    /// a client.
    ///
    /// # Errors
    /// When it may not be traced or watched, or cannot be executed.
    pub fn launch(
        kernel: &Arc<Kernel>,
        side: Side,
        command: Vec<String>,
        launch: Launch,
        (interest, keep): (Interest, CapabilitySet),
        port: Option<u16>,
    ) -> Result<Self, StartError> {
        let told = Arc::clone(kernel);
        let ready = Box::new(move |pid| told.watch(side, pid, port, false));
        let traced = Traced::launch_when(side, command, launch, interest, keep, ready)?;
        let root = traced.started().root;
        Ok(Self {
            side,
            traced: Box::new(traced),
            watched: Box::new(Watched::beside(kernel, side, root)),
            heard: Heard::default(),
        })
    }
}

impl Observer for Both {
    fn started(&self) -> SideStarted {
        self.traced.started()
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        let heard = &mut self.heard;
        self.traced.look(&mut |fact| heard.take(fact, sink));
        heard.by_kernel.extend(self.watched.news());
    }

    fn first_has_ended(&mut self) -> bool {
        self.traced.first_has_ended()
    }

    fn is_over(&mut self) -> bool {
        self.traced.is_over()
    }

    fn living(&mut self) -> Vec<Pid> {
        self.traced.living()
    }

    fn activity(&self) -> Option<u64> {
        self.traced.activity()
    }

    fn done(&self) -> u64 {
        self.traced.done()
    }

    fn flows_expected(&self) -> u64 {
        self.traced.flows_expected()
    }

    fn listening(&mut self, port: Option<u16>) -> Listening {
        self.traced.listening(port)
    }

    fn still_listens(&mut self) -> bool {
        self.traced.still_listens()
    }

    fn wants_terminal(&mut self) -> bool {
        self.traced.wants_terminal()
    }

    fn finish(self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        let Self {
            side,
            traced,
            watched,
            mut heard,
        } = *self;
        let gone = traced.finish(&mut |fact| heard.take(fact, sink));
        // A tracer tells of some ends when they begin: the kernel's programs come a moment
        // later. What lives on is waited for as long, and no longer.
        let waits = Instant::now();
        while !watched.is_empty() && waits.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(1));
        }
        heard.untraced = watched.untraced();
        let mut lost = Some(0);
        watched.finish(&mut |fact| match fact {
            Fact::Event { event, .. } => heard.by_kernel.push(event),
            Fact::Trouble(Trouble::RecordsLost { lost: n, .. }) => lost = n,
            _ => {}
        });
        let mut compared = heard.compared(side);
        if lost != Some(0) {
            compared.without(lost.unwrap_or(1));
        }
        let hidden: Vec<String> = compared.explained.iter().map(by_rule).collect();
        tracing::info!(
            "the {side}, by ptrace(2) and eBPF: both tell {} things, one alone {}{}",
            compared.agreed,
            compared.differ,
            hidden.concat()
        );
        if compared.differ > 0 {
            sink(Fact::Trouble(Trouble::ObserversDiffer {
                side,
                agreed: compared.agreed,
                differ: compared.differ,
                examples: compared.examples,
            }));
        }
        gone
    }
}
