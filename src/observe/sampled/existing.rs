//! A server that already ran and is left alone: its tree is counted.

use std::net::SocketAddr;

use super::News;
use crate::model::observation::{Counted, Fact, ObserverName, SideStarted};
use crate::model::{Pid, SideCost, Timestamp};
use crate::observe::{Gone, Listening, Observer, Sink};
use crate::sys::net::listeners;
use crate::sys::{clock, proc};

/// Its process, and what is news of it.
#[derive(Debug)]
pub struct ExistingServer {
    root: Pid,
    since: Timestamp,
    target: SocketAddr,
    news: News,
}

impl ExistingServer {
    /// The process that listens there; `None` where it may not be seen.
    #[must_use]
    pub fn find(target: SocketAddr) -> Option<Self> {
        let listeners = listeners::listening_on(target.port());
        let mut serving = listeners.iter().filter(|l| listeners::serves(l, target));
        Some(Self {
            root: serving.find_map(listeners::holder)?,
            since: clock::now(),
            target,
            news: News::default(),
        })
    }

    /// Its process.
    #[must_use]
    pub fn root(&self) -> Pid {
        self.root
    }
}

impl Observer for ExistingServer {
    fn started(&self) -> SideStarted {
        SideStarted {
            observer: ObserverName::Proc,
            provenance: ObserverName::Proc.provenance(),
            command: None,
            root: self.root,
            at: self.since,
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        if let Some(tree) = proc::count_tree(self.root) {
            let counts = (Some(tree.threads), Some(tree.processes));
            if let Some(sample) = self.news.look(clock::now(), counts) {
                sink(Fact::Sample {
                    of: Counted::Server,
                    sample,
                });
            }
        }
    }

    fn first_has_ended(&mut self) -> bool {
        proc::threads_of(self.root).is_none()
    }

    fn is_over(&mut self) -> bool {
        self.first_has_ended()
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

    fn listening(&mut self, _port: Option<u16>) -> Listening {
        Listening::At(self.target)
    }

    fn may_be_ended(&self) -> bool {
        false
    }

    fn finish(mut self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        if let Some(sample) = self.news.rest() {
            sink(Fact::Sample {
                of: Counted::Server,
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
