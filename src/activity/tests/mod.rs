//! Stories that a tracer would tell, and what is concluded from them.

mod connections;
mod counts;
mod helpers;
mod models;
mod one_each;
mod strategies;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::census::count;
use crate::model::{
    Counts, Evidence, Exit, Pid, Provenance, ServerModel, Side, SideCensus, SocketId, Strategy,
    Tid, Timestamp,
};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

/// A side as a tracer would tell it, one line an event.
#[derive(Default)]
struct Story {
    side: Activity,
    now: i64,
}

impl Story {
    /// A program that was executed as process 100 at 1 ms.
    fn of_a_program() -> Self {
        let mut story = Self::default();
        story.tell(100, 100, started(None));
        story.executed(100, 100, "client");
        story
    }

    fn tell(&mut self, pid: u32, tid: u32, what: Change) {
        self.now += 1;
        self.side.apply(&Event {
            at: at(self.now),
            pid: Pid(pid),
            tid: Tid(tid),
            what,
        });
    }

    fn thread(&mut self, pid: u32, tid: u32) {
        let what = Change::Started {
            process: false,
            parent: None,
        };
        self.tell(pid, tid, what);
    }

    fn fork(&mut self, parent: u32, pid: u32) {
        self.tell(pid, pid, started(Some(Pid(parent))));
    }

    fn executed(&mut self, pid: u32, former: u32, name: &str) {
        let what = Change::Executed {
            former: Tid(former),
            name: name.into(),
            unprivileged: false,
            foreign: false,
            sockets: None,
        };
        self.tell(pid, pid, what);
    }

    /// A program was executed, with so many sockets kept open.
    fn executed_with(&mut self, pid: u32, name: &str, sockets: u64) {
        let what = Change::Executed {
            former: Tid(pid),
            name: name.into(),
            unprivileged: false,
            foreign: false,
            sockets: Some(sockets),
        };
        self.tell(pid, pid, what);
    }

    fn ends(&mut self, pid: u32, tid: u32) {
        self.tell(pid, tid, Change::Ended(Exit::Code(0)));
    }

    fn exits(&mut self, pid: u32) {
        self.tell(pid, pid, Change::ExitBegun);
    }

    fn connects(&mut self, pid: u32, tid: u32, socket: u64) {
        let target = "127.0.0.1:45000".parse::<std::net::SocketAddr>().unwrap();
        let socket = SocketId(socket);
        self.now += 1;
        let connected = Change::Connected {
            socket: Some(socket),
            target: target.into(),
            from: at(self.now),
            local: None,
            errno: Some(0),
        };
        self.tell(pid, tid, connected);
    }

    /// Its first thread calls connect(2) on a socket.
    fn asks(&mut self, socket: u64, errno: i32) {
        let target = "127.0.0.1:45000".parse::<std::net::SocketAddr>().unwrap();
        let connected = Change::Connected {
            socket: Some(SocketId(socket)),
            target: target.into(),
            from: at(self.now),
            local: None,
            errno: Some(errno),
        };
        self.tell(100, 100, connected);
    }

    fn census(&self) -> SideCensus {
        count(
            &self.side.tasks.spans(None, at(self.now + 1)).unwrap(),
            Provenance::Traced,
        )
    }

    fn accepts(&mut self, pid: u32, tid: u32, socket: u64) {
        let peer: std::net::SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let (socket, peer) = (SocketId(socket), peer.into());
        self.tell(
            pid,
            tid,
            Change::Accepted {
                socket,
                peer,
                local: None,
            },
        );
    }

    /// The connections that it made, each over `ms` after it was begun.
    fn made(&self, ms: i64) -> Vec<Made> {
        let made = self.side.sockets.made.iter();
        made.map(|c| work(c.task, c.from, ms)).collect()
    }

    /// Those that it accepted, and nobody was seen to serve.
    fn taken(&self, ms: i64) -> Vec<Made> {
        let taken = self.side.sockets.accepted.iter();
        taken.map(|a| work(a.task, a.at, ms)).collect()
    }

    /// The strategy, with every connection over `ms` after it was begun.
    fn strategy(&self, ms: i64) -> (Option<Strategy>, Option<u64>) {
        let (strategy, width, _) = client_shape(&self.side, &self.made(ms));
        (strategy, width)
    }

    /// The names of helpers, and how many processes and threads they had.
    fn helpers(&self, of: Side, work: &[Made]) -> BTreeMap<String, (u64, u64)> {
        let helpers = helpers(&self.side, of, work).into_iter();
        helpers
            .map(|h| (h.name, (h.processes, h.threads)))
            .collect()
    }
}

/// A connection that is over `ms` after it was begun, used by nobody that was seen.
fn work(task: TaskIndex, from: Timestamp, ms: i64) -> Made {
    Made {
        task,
        from,
        at_it: from,
        until: Some(Timestamp::from_nanos(from.as_nanos() + ms * 1_000_000)),
        held: Some(Timestamp::from_nanos(from.as_nanos() + ms * 1_000_000)),
        seen: false,
        shared: false,
        passed: false,
    }
}

fn started(parent: Option<Pid>) -> Change {
    Change::Started {
        process: true,
        parent,
    }
}

fn counts(before: u64, peak: u64, after: u64, created: u64) -> Counts {
    Counts {
        before: Some(before),
        peak: Some(peak),
        after: Some(after),
        created: Some(created),
    }
}
