//! A program that already ran and is left alone: its tree is counted.

use super::News;
use crate::model::observation::{Counted, Fact, ObserverName, SideStarted};
use crate::model::{Pid, SideCost, Timestamp};
use crate::observe::{Gone, Listening, Observer, Sink};
use crate::sys::{clock, proc};

/// Its process, and what is news of it.
#[derive(Debug)]
pub struct Existing {
    of: Counted,
    /// Its command line, of a client.
    command: Option<Vec<String>>,
    root: Pid,
    since: Timestamp,
    news: News,
}

impl Existing {
    /// A server, by its first process.
    #[must_use]
    pub fn server(root: Pid) -> Self {
        Self {
            of: Counted::Server,
            command: None,
            root,
            since: clock::now(),
            news: News::default(),
        }
    }

    /// A client, by its first process.
    #[must_use]
    pub fn client(root: Pid) -> Self {
        Self {
            of: Counted::Client,
            command: Some(proc::command_of(root)),
            ..Self::server(root)
        }
    }
}

impl Observer for Existing {
    fn started(&self) -> SideStarted {
        SideStarted {
            observer: ObserverName::Proc,
            provenance: ObserverName::Proc.provenance(),
            command: self.command.clone(),
            root: self.root,
            at: self.since,
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        if let Some(tree) = proc::count_tree(self.root) {
            let counts = (Some(tree.threads), Some(tree.processes));
            if let Some(sample) = self.news.look(clock::now(), counts) {
                sink(Fact::Sample {
                    of: self.of,
                    sample,
                });
            }
        }
    }

    fn first_has_ended(&mut self) -> bool {
        proc::threads_of(self.root).is_none()
    }

    fn is_over(&mut self) -> bool {
        // One that nobody has waited for has ended, too.
        proc::count_tree(self.root).is_none()
    }

    fn living(&mut self) -> Vec<Pid> {
        proc::tree_of(self.root)
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
        super::listens(&[self.root], port)
    }

    fn may_be_ended(&self) -> bool {
        false
    }

    fn finish(mut self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        if let Some(sample) = self.news.rest() {
            sink(Fact::Sample {
                of: self.of,
                sample,
            });
        }
        Gone {
            at: clock::now(),
            exit: None,
            cost: SideCost::default(),
            observer: None,
        }
    }
}
