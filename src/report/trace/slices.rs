//! What is drawn of a flow, and of a line of `workers.jsonl` that tells of no flow:
//! from when to when, and on which thread's track.

use super::lives::Lives;
use super::sink::Name;
use super::tracks::{Threads, Who};
use crate::model::{FlowRecord, Side, Timestamp, WorkerRecord};

/// A piece of time on a thread's track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub name: Name,
    /// The thread's number.
    pub thread: u32,
    pub from: Timestamp,
    /// Never before `from`.
    pub to: Timestamp,
    /// What it belongs to: a flow, or a line.
    pub owner: u32,
    /// Which of the thread's lanes it stands on.
    pub lane: u32,
}

/// Slices under construction, in the order in which they are told: those of one owner
/// after each other, causes before effects.
#[derive(Debug, Default)]
pub(super) struct Slices {
    pub all: Vec<Slice>,
    owner: u32,
}

impl Slices {
    /// From now on slices belong to this flow or line.
    pub(super) fn begin(&mut self, owner: usize) {
        self.owner = u32::try_from(owner).unwrap_or(u32::MAX);
    }

    fn push(&mut self, name: Name, thread: u32, from: Timestamp, to: Timestamp) {
        self.all.push(Slice {
            name,
            thread,
            from,
            to: to.max(from),
            owner: self.owner,
            lane: 0,
        });
    }

    /// The slices of a flow; `told` are the client's line and the server's that tell of it.
    pub(super) fn of_flow(
        &mut self,
        flow: &FlowRecord,
        told: [Option<&WorkerRecord>; 2],
        lives: &Lives,
        threads: &mut Threads,
    ) {
        let owner = flow.client_owner;
        let [made, line] = told;
        // Who connected had begun before.
        let at = made.and_then(|l| l.started_ns).unwrap_or(flow.first_ns);
        let client = owner.map_or(Who::unknown(Side::Client), |o| {
            lives.at_work(Side::Client, o.pid, o.tid, o.worker.0.into(), at)
        });
        let client = |threads: &mut Threads| threads.worker(client, owner.map(|o| o.worker));
        if let Some(handshake) = &flow.handshake {
            let from = handshake.syn_ns;
            match handshake.ack_ns {
                Some(ack) if ack >= from => {
                    self.push(Name::Connect, client(threads), from, ack);
                }
                // By these times it ended before it began.
                Some(_) => {}
                None => self.push(Name::NotEstablished, client(threads), from, flow.last_ns),
            }
        }
        let serving = self.of_server(flow, line, lives, threads);
        for exchange in &flow.exchanges {
            let asked = exchange.request_ns;
            let (name, to) = match exchange.response_ns {
                Some(answered) if answered >= asked => (Name::Exchange, answered),
                Some(_) => (Name::AnsweredBefore, asked),
                None => (Name::NoAnswer, flow.last_ns),
            };
            self.push(name, client(threads), asked, to);
        }
        let first = [flow.client_closed_ns, flow.server_closed_ns];
        let [by_client, by_server] = first;
        if let Some(closed) = first.into_iter().flatten().min() {
            let thread = if by_client == Some(closed) {
                Some(client(threads))
            } else {
                // By the thread that served it, where that is known.
                serving.filter(|_| by_server == Some(closed))
            };
            if let Some(thread) = thread {
                self.push(Name::Close, thread, closed, flow.last_ns);
            }
        }
    }

    /// The server's slices. Returns the serving thread.
    fn of_server(
        &mut self,
        flow: &FlowRecord,
        line: Option<&WorkerRecord>,
        lives: &Lives,
        threads: &mut Threads,
    ) -> Option<u32> {
        let owner = flow.server_owner?;
        let accepted = line.and_then(|l| l.connected_ns);
        let ready = flow.handshake.and_then(|h| h.ack_ns);
        if let (Some(tid), Some(accepted)) = (owner.accept_tid, accepted) {
            let thread = threads.accepting(lives.accepting(owner.pid, tid, accepted));
            let from = ready.unwrap_or(accepted).min(accepted);
            self.push(Name::Accept, thread, from, accepted);
        }
        let tid = owner.serve_tid?;
        let served = line.and_then(|l| l.started_ns).max(accepted);
        let served = served.unwrap_or(flow.first_ns);
        let of = self.owner.into();
        let who = lives.at_work(Side::Server, owner.pid, tid, of, served);
        let thread = threads.serving(who);
        // Of a program, the thread's beginning; of the built-in server, the moment at
        // which it first received. It served no earlier than that.
        let started = line.and_then(|l| l.started_ns);
        let asked = flow.exchanges.first().map(|e| e.request_ns);
        let from = accepted.max(started).or(ready).or(asked);
        let from = from.unwrap_or(flow.first_ns);
        let answers = flow.exchanges.iter().filter_map(|e| e.response_ns);
        let to = flow.server_closed_ns.unwrap_or(flow.last_ns);
        self.push(Name::Serve, thread, from, answers.fold(to, Timestamp::max));
        Some(thread)
    }

    /// What a line that tells of no flow has to tell; `whole` is whether its beginning
    /// and end are the thread's.
    pub(super) fn of_line(
        &mut self,
        line: &WorkerRecord,
        whole: bool,
        lives: &Lives,
        threads: &mut Threads,
    ) {
        let (Some(pid), Some(tid)) = (line.pid, line.tid) else {
            return;
        };
        let at = line.started_ns.or(line.connected_ns).unwrap_or_default();
        let of = match (line.side, line.worker) {
            (Side::Client, Some(worker)) => worker.0.into(),
            _ => self.owner.into(),
        };
        let who = lives.at_work(line.side, pid, tid, of, at);
        match line.side {
            Side::Client if whole => {
                if let Some(at) = line.connected_ns {
                    let thread = threads.worker(who, line.worker);
                    self.push(Name::ConnectedNoFlow, thread, at, at);
                }
            }
            Side::Client => {
                if let Some(from) = line.started_ns {
                    let thread = threads.worker(who, line.worker);
                    self.push(Name::NoFlow, thread, from, line.ended_ns.unwrap_or(from));
                }
            }
            Side::Server => match (line.connected_ns, line.started_ns, line.ended_ns) {
                (Some(at), Some(started), Some(ended)) if !whole => {
                    let thread = threads.serving(who);
                    self.push(Name::ServeNoFlow, thread, at.max(started), ended);
                }
                (Some(at), ..) => {
                    let thread = threads.number(lives.accepting(pid, tid, at));
                    self.push(Name::AcceptedNoFlow, thread, at, at);
                }
                (None, ..) => {}
            },
        }
    }
}
