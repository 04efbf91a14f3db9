//! A built-in side, observed through its own notes in shared memory.

mod announcement;

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

pub use announcement::{Announcement, FAILED, LISTENING};

use super::{Gone, Listening, Observer, Sink};
use crate::model::observation::{
    Fact, ObserverName, OwnTotals, RequestNote, SideStarted, TaskNote,
};
use crate::model::{Exit, Outcome, Pid, Side, Tid, Timestamp};
use crate::notes::{read_connection, read_request};
use crate::sys::clock;
use crate::sys::ledger::{Ledger, Task};
use crate::sys::process::Child;

/// A side that reports itself.
#[derive(Debug)]
pub struct LedgerObserver {
    side: Side,
    child: Child,
    ledger: Ledger,
    announcement: Option<Announcement>,
    /// How many requests the client makes; 0 for a server.
    requests: usize,
    started: Timestamp,
    ended: Option<(Timestamp, Exit)>,
    next_entry: usize,
    next_task: usize,
    /// Tasks and entries whose memory was given back.
    forgotten: (usize, usize),
    /// Of the requests that were told, how many must be on the wire.
    on_the_wire: u64,
}

/// So many requests are told one by one, also those that were never begun.
const FEW: usize = 1 << 16;

/// The memory of so many notes is given back at once.
const AT_ONCE: usize = 1 << 12;

/// Whether a request must be on the wire: it connected, or somebody refused it.
fn reaches_the_wire(note: &RequestNote) -> bool {
    note.connected.is_some() || note.outcome == Outcome::Refused
}

impl LedgerObserver {
    /// A client that was just started, with so many requests to make.
    #[must_use]
    pub fn client(child: Child, ledger: Ledger, requests: u32) -> Self {
        Self::new(Side::Client, child, ledger, requests as usize)
    }

    /// A server that was just started and will say where it listens.
    #[must_use]
    pub fn server(child: Child, ledger: Ledger) -> Self {
        Self::new(Side::Server, child, ledger, 0)
    }

    fn new(side: Side, mut child: Child, ledger: Ledger, requests: usize) -> Self {
        Self {
            side,
            announcement: child.stdout.take().map(Announcement::new),
            child,
            ledger,
            requests,
            started: clock::now(),
            ended: None,
            next_entry: 0,
            next_task: 0,
            forgotten: (0, 0),
            on_the_wire: 0,
        }
    }

    /// Hands on the notes that are complete; at the end, `all` that there are.
    fn tell(&mut self, all: bool, sink: &mut Sink<'_>) {
        let side = self.side;
        while let Some(slot) = self.ledger.task(self.next_task) {
            let is_whole = slot.is_some_and(|task| task.ended_ns.is_some());
            if !is_whole && !all {
                break;
            }
            self.next_task += 1;
            sink_task(side, slot, sink);
        }
        match side {
            Side::Client => self.tell_requests(all, sink),
            Side::Server => self.tell_connections(all, sink),
        }
        self.forget();
    }

    /// What was told is needed no more: in a long run it would fill the memory.
    fn forget(&mut self) {
        let (tasks, entries) = self.forgotten;
        if self.next_task - tasks > AT_ONCE || self.next_entry - entries > AT_ONCE {
            self.ledger
                .forget(tasks..self.next_task, entries..self.next_entry);
            self.forgotten = (self.next_task, self.next_entry);
        }
    }

    /// Requests that may have been begun. Of many that nobody has begun no note is
    /// there, and none is made: their number is known.
    fn begun(&self) -> usize {
        self.requests.min(self.ledger.touched_entries().max(FEW))
    }

    fn tell_requests(&mut self, all: bool, sink: &mut Sink<'_>) {
        let known = if all { self.begun() } else { self.requests };
        while self.next_entry < known
            && let Some(entry) = self.ledger.entry(self.next_entry)
        {
            let note = read_request(self.next_entry as u64, entry);
            if note.ended.is_none() && !all {
                break;
            }
            self.next_entry += 1;
            self.on_the_wire += u64::from(reaches_the_wire(&note));
            sink(Fact::Request(note));
        }
    }

    fn tell_connections(&mut self, all: bool, sink: &mut Sink<'_>) {
        while let Some(entry) = self.ledger.used_entries().get(self.next_entry) {
            let note = read_connection(entry);
            let is_whole = note.is_some_and(|note| note.closed.is_some());
            if !is_whole && !all {
                break;
            }
            self.next_entry += 1;
            if let Some(note) = note {
                sink(Fact::Connection(note));
            }
        }
    }

    fn totals(&self) -> OwnTotals {
        let header = self.ledger.header();
        let told = |ns: i64| (ns != 0).then(|| Timestamp::from_nanos(ns));
        OwnTotals {
            first: told(header.first_ns.load(Relaxed)),
            ready: told(header.ready_ns.load(Relaxed)),
            first_due: told(header.due_ns.load(Relaxed)),
            after: told(header.after_ns.load(Relaxed)),
            refused_tasks: header.refused_tasks.load(Relaxed),
            kept_tasks: header.kept_tasks.load(Relaxed),
            kept_memory: header.kept_memory.load(Relaxed),
            refused_descriptors: header.refused_descriptors.load(Relaxed),
            refusal_errno: Some(header.refusal_errno.load(Relaxed)).filter(|errno| *errno != 0),
            most_descriptors: Some(header.most_descriptors.load(Relaxed)).filter(|n| *n != 0),
            unrecorded: self.ledger.unrecorded(),
        }
    }
}

fn sink_task(side: Side, task: Option<Task>, sink: &mut Sink<'_>) {
    // A slot whose task was refused holds nothing.
    if let Some(task) = task {
        let task = TaskNote {
            process: task.process,
            ids: task.ids.map(|(pid, tid)| (Pid(pid), Tid(tid))),
            started: Timestamp::from_nanos(task.started_ns),
            ended: task.ended_ns.map(Timestamp::from_nanos),
        };
        sink(Fact::Task { side, task });
    }
}

impl Observer for LedgerObserver {
    fn started(&self) -> SideStarted {
        SideStarted {
            observer: ObserverName::Ledger,
            provenance: ObserverName::Ledger.provenance(),
            command: None,
            root: self.child.pid(),
            at: self.started,
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        self.tell(false, sink);
    }

    fn first_has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.wait(Duration::ZERO).map(|e| (clock::now(), e));
        }
        self.ended.is_some()
    }

    /// What it started dies with it.
    fn is_over(&mut self) -> bool {
        self.first_has_ended()
    }

    fn living(&mut self) -> Vec<Pid> {
        if self.first_has_ended() {
            Vec::new()
        } else {
            vec![self.child.pid()]
        }
    }

    fn activity(&self) -> Option<u64> {
        Some(self.done())
    }

    fn done(&self) -> u64 {
        self.ledger.header().done.load(Relaxed)
    }

    /// Those that connected, and those that somebody refused.
    fn flows_expected(&self) -> u64 {
        let notes = (self.next_entry..self.begun()).filter_map(|n| {
            let entry = self.ledger.entry(n)?;
            Some(read_request(n as u64, entry))
        });
        self.on_the_wire + notes.filter(reaches_the_wire).count() as u64
    }

    fn listening(&mut self, _port: Option<u16>) -> Listening {
        let Some(announcement) = &mut self.announcement else {
            return Listening::Failed("the server did not start".to_owned());
        };
        let heard = announcement.hear(Duration::ZERO);
        if heard != Listening::NotYet {
            self.announcement = None;
        }
        match heard {
            Listening::Failed(why) if why.is_empty() => {
                // Its end of the pipe closes a moment before it can be reaped.
                let how = self.child.wait(Duration::from_millis(100));
                let how = how.map_or("it printed no message".to_owned(), |exit| {
                    format!("its process ended ({exit})")
                });
                Listening::Failed(format!("the server did not start: {how}"))
            }
            heard => heard,
        }
    }

    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        Some(self.child.as_fd())
    }

    fn finish(mut self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        self.first_has_ended();
        self.tell(true, sink);
        sink(Fact::Totals {
            side: self.side,
            totals: self.totals(),
        });
        let (at, exit) = self.ended.unzip();
        Gone {
            at: at.unwrap_or_else(clock::now),
            exit,
            cost: self.child.cost(),
            observer: None,
        }
    }
}
