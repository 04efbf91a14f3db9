//! Records of the kernel → events, in the words in which every observer tells them.

use foldhash::{HashMap, HashSet};

use super::answer;
use super::lives::Lives;
use super::record::{Record, What};
use super::sockets::{Ends, Sockets};
use crate::model::observation::MOST_ELSEWHERE;
use crate::model::{Change, Endpoint, Event, Pid, SocketId, Tid, Timestamp};

/// A connection that was begun, and whose beginning has not been told yet.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    pid: Pid,
    tid: Tid,
    socket: SocketId,
    target: Endpoint,
    from: Timestamp,
}

/// The records of one side, on their way to be events.
#[derive(Debug)]
pub struct Translator {
    root: Pid,
    begun: bool,
    /// The server's port, of a client.
    port: Option<u16>,
    lives: Lives,
    /// By the task that is in connect(2).
    in_call: HashMap<Tid, Attempt>,
    /// By the socket, outside connect(2).
    outside: HashMap<SocketId, Attempt>,
    /// The sockets of which connect(2) has said that they go on connecting.
    under_way: HashSet<SocketId>,
    elsewhere: u64,
    /// The connections that a server has, as far as that was told.
    accepted: Sockets,
    /// Tasks that no tracer follows, because they or one above them were created so.
    pub untraced: HashSet<Tid>,
    /// While those are looked for that began unseen: who of them has ended meanwhile.
    ended: Option<HashSet<Tid>>,
}

impl Translator {
    /// Of a side whose first process this is. `port`: the server's, of a client. `begun`:
    /// the process ran before it was watched.
    #[must_use]
    pub fn new(root: Pid, port: Option<u16>, begun: bool) -> Self {
        Self {
            root,
            begun,
            port,
            lives: Lives::default(),
            in_call: HashMap::default(),
            outside: HashMap::default(),
            under_way: HashSet::default(),
            elsewhere: 0,
            accepted: Sockets::default(),
            untraced: HashSet::default(),
            ended: begun.then(HashSet::default),
        }
    }

    /// A task is there that began unseen.
    pub fn found(&mut self, at: Timestamp, pid: Pid, tid: Tid, told: &mut Vec<Event>) {
        // It was listed, and its end was told before it could be found.
        if self
            .ended
            .as_ref()
            .is_some_and(|ended| ended.contains(&tid))
        {
            return;
        }
        if self.lives.begins(pid, tid, told) {
            let process = pid.0 == tid.0;
            let what = Change::Found { process };
            told.push(Event { at, pid, tid, what });
        }
    }

    /// All that were there have been found.
    pub fn all_found(&mut self) {
        self.ended = None;
    }

    /// Takes a record, at a moment of the capture's clock.
    #[expect(clippy::too_many_lines, reason = "one arm a kind of record")]
    pub fn take(&mut self, record: Record, at: Timestamp, told: &mut Vec<Event>) {
        let Record { pid, tid, what, .. } = record;
        let event = |what| Event { at, pid, tid, what };
        match what {
            What::Created {
                tid: child,
                pid: of,
                untraced,
            } => {
                if untraced || self.untraced.contains(&tid) {
                    self.untraced.insert(child);
                }
                if self.lives.begins(of, child, told) {
                    let process = of.0 == child.0;
                    let parent = process.then_some(pid);
                    let what = Change::Started { process, parent };
                    told.push(Event {
                        at,
                        pid: of,
                        tid: child,
                        what,
                    });
                }
            }
            What::Executed {
                former,
                name,
                sockets,
            } => {
                self.begins((at, pid, tid), told);
                self.lives.executed(pid, tid);
                told.push(event(Change::Executed {
                    former,
                    name,
                    unprivileged: false,
                    foreign: false,
                    sockets: sockets.map(u64::from),
                }));
            }
            What::Ended { exit, name, how } => {
                if let Some(ended) = &mut self.ended {
                    ended.insert(tid);
                }
                self.leaves_calls(tid, at, told);
                if self.lives.had_threads(pid) {
                    told.push(event(Change::Named { name }));
                }
                self.lives.ends((at, pid, tid), exit, how, told);
            }
            What::Listens(local) => told.push(event(Change::Listening { local })),
            What::Connects {
                socket,
                target,
                in_call,
            } => {
                let attempt = Attempt {
                    pid,
                    tid,
                    socket,
                    target,
                    from: at,
                };
                if in_call {
                    self.in_call.insert(tid, attempt);
                } else {
                    self.outside.insert(socket, attempt);
                }
            }
            What::Settled {
                socket,
                local,
                errno,
            } => {
                if let Some(attempt) = self.outside.remove(&socket) {
                    self.tell(attempt, at, local, Some(errno), told);
                }
            }
            What::Connected {
                socket,
                target,
                local,
                result,
                connecting,
                closed,
            } => {
                // Of Multipath TCP it is one of the connection's flows that has begun.
                let begun = self.in_call.remove(&tid);
                let was_under_way = self.under_way.remove(&socket);
                let has_one = !closed || begun.is_some() || was_under_way;
                let Some(errno) = answer::errno(result, connecting, has_one) else {
                    return;
                };
                if answer::goes_on(errno) {
                    self.under_way.insert(socket);
                }
                let Some(target) = target else {
                    if result == 0 {
                        told.push(event(Change::Disconnected { socket }));
                    }
                    return;
                };
                let attempt = Attempt {
                    pid,
                    tid,
                    socket,
                    target,
                    from: begun.map_or(at, |attempt| attempt.from),
                };
                self.tell(attempt, at, local, Some(errno), told);
                // It has returned, and its SYN goes out with the first data
                // (TCP_FASTOPEN_CONNECT, tcp(7)).
                if result == 0 && connecting && Some(target.port) == self.port {
                    told.push(event(Change::Deferred { socket }));
                }
            }
            What::Accepted {
                socket,
                peer,
                local,
            } => {
                let socket = self.accepted.accepted(socket, (peer, local));
                told.push(event(Change::Accepted {
                    socket,
                    peer,
                    local,
                }));
            }
            // Who it is has no place among the tasks of this side.
            What::Received {
                socket,
                byte,
                by_another: true,
                ends,
                ..
            } => {
                let socket = self.accepted.used(socket, ends);
                let (pid, tid) = (self.root, Tid(self.root.0));
                let what = Change::ReceivedElsewhere { socket, byte };
                told.push(Event { at, pid, tid, what });
            }
            What::Received {
                socket,
                result,
                byte,
                ends,
                ..
            } => {
                let socket = self.used(socket, ends, &event, told);
                told.push(event(Change::Received {
                    socket,
                    result: Some(result.into()),
                    byte,
                }));
            }
            What::Sent { socket, ends } => {
                let socket = self.used(socket, ends, &event, told);
                told.push(event(Change::Sent { socket, from: None }));
            }
            What::SetUpRing => told.push(event(Change::SetUpRing)),
        }
    }

    /// A connection is used: the number by which it is told. Where nobody was seen to
    /// accept it, that is told before.
    fn used(
        &mut self,
        socket: SocketId,
        ends: Ends,
        event: &dyn Fn(Change) -> Event,
        told: &mut Vec<Event>,
    ) -> SocketId {
        let socket = self.accepted.used(socket, ends);
        if self.accepted.is_new(socket) {
            let (peer, local) = ends;
            told.push(event(Change::TakenOver {
                socket,
                peer,
                local,
            }));
        }
        socket
    }

    /// The first process of all executes its program: nobody told of its beginning.
    fn begins(&mut self, (at, pid, tid): (Timestamp, Pid, Tid), told: &mut Vec<Event>) {
        if pid != self.root || std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.lives.begins(pid, tid, told);
        let what = Change::Started {
            process: true,
            parent: None,
        };
        told.push(Event { at, pid, tid, what });
    }

    /// A task is in no call any more.
    fn leaves_calls(&mut self, tid: Tid, at: Timestamp, told: &mut Vec<Event>) {
        let outside = self.outside.extract_if(|_, attempt| attempt.tid == tid);
        let mut left: Vec<Attempt> = outside.map(|(_, attempt)| attempt).collect();
        left.extend(self.in_call.remove(&tid));
        for attempt in left {
            self.tell(attempt, at, None, None, told);
        }
    }

    fn tell(
        &mut self,
        attempt: Attempt,
        at: Timestamp,
        local: Option<Endpoint>,
        errno: Option<i32>,
        told: &mut Vec<Event>,
    ) {
        let target = attempt.target;
        let what = if Some(target.port) == self.port {
            Change::Connected {
                socket: Some(attempt.socket),
                target,
                from: attempt.from,
                local,
                errno,
            }
        } else {
            self.elsewhere += 1;
            let Some(errno) = errno.filter(|_| self.elsewhere <= MOST_ELSEWHERE) else {
                return;
            };
            Change::ConnectedElsewhere { target, errno }
        };
        told.push(Event {
            at,
            pid: attempt.pid,
            tid: attempt.tid,
            what,
        });
    }

    /// Tells what has waited too long for something that did not come up to now.
    pub fn late(&mut self, now: Timestamp, told: &mut Vec<Event>) {
        self.lives.late(now, told);
    }

    /// Tells what has waited for something that did not come.
    pub fn rest(&mut self, told: &mut Vec<Event>) {
        self.lives.rest(told);
    }
}
