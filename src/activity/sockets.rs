//! The connections that a side made and accepted, and which of its tasks did.

use foldhash::{HashMap, HashSet};

use super::hands::Hands;
use super::talk::Talk;
use super::tasks::TaskIndex;
use crate::model::{Change, Endpoint, Event, Pid, SocketId, Tid, Timestamp};

/// A connection that was begun with connect(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The task that called connect(2).
    pub task: TaskIndex,
    /// Its process and thread at that moment.
    pub by: (Pid, Tid),
    /// Where to.
    pub target: Endpoint,
    /// The socket's own end, when it is known.
    pub local: Option<Endpoint>,
    /// The moment before the call.
    pub from: Timestamp,
    /// The moment after it; `None` when it never returned.
    pub until: Option<Timestamp>,
    /// What it returned: 0, or an error. Of one that goes on in the background,
    /// EINPROGRESS, or EINTR where a signal came between.
    pub errno: Option<i32>,
    /// Of one that went on in the background: when it was learnt how it went, and how:
    /// 0, or an error.
    pub settled: Option<(Timestamp, i32)>,
    /// What its calls tell of requests and answers, where they were looked at.
    pub talk: Talk,
}

impl Connection {
    /// When the program knew that it was connected, and since when it had wanted to be.
    #[must_use]
    pub fn handshake(&self) -> Option<(Timestamp, Timestamp)> {
        let known = match (self.errno, self.settled) {
            (Some(0), _) => self.until,
            (_, Some((at, 0))) => Some(at),
            _ => None,
        };
        known.map(|known| (self.from, known))
    }

    /// Whether it was connected, by its calls alone; `None` where they do not tell.
    #[must_use]
    pub fn was_connected(&self) -> Option<bool> {
        match (self.errno, self.settled) {
            // Of the end of a connection only one that was made is told: a reset of one
            // that was not yet made is a refusal (tcp(7), RFC 9293, 3.10.7.3).
            (Some(0 | libc::ECONNRESET | libc::EPIPE), _)
            | (_, Some((_, 0 | libc::ECONNRESET | libc::EPIPE))) => Some(true),
            (Some(libc::EINPROGRESS | libc::EINTR | libc::EALREADY) | None, None) => {
                (self.talk.answered() > 0 || self.talk.greeted).then_some(true)
            }
            (Some(_), None) | (_, Some(_)) => Some(false),
        }
    }
}

/// Who used a connection, and when, where that was seen.
pub type User = (TaskIndex, Pid, Tid, Option<Timestamp>);

/// A connection that was accepted, or that a side has and that was not seen to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The task whose accept(2) returned it.
    pub task: TaskIndex,
    /// Its process and thread at that moment.
    pub by: (Pid, Tid),
    /// The socket.
    pub socket: SocketId,
    /// The peer.
    pub peer: Endpoint,
    /// The socket's own end, when it is known.
    pub local: Option<Endpoint>,
    /// When.
    pub at: Timestamp,
    /// Who received from it first, and when.
    pub received: Option<User>,
    /// Who sent on it first, and when.
    pub sent: Option<User>,
    /// Nobody of the side was seen to accept it: `task` and `by` are who used it first.
    pub taken_over: bool,
    /// Who received which part of what came.
    pub hands: Hands,
    /// Only who accepted it can have received and sent on it, and was not looked at there
    /// ([`Change::Alone`]): whether it did is what the wire tells.
    pub alone: bool,
}

impl Accepted {
    /// Others may have it from now on. What was done by now, its accepter did.
    fn is_shared(&mut self, received: bool, sent: bool) {
        let accepter = (self.task, self.by.0, self.by.1, None);
        self.alone = false;
        if received {
            self.received.get_or_insert(accepter);
            self.hands.goes_to(Some(self.by), None);
        }
        if sent {
            self.sent.get_or_insert(accepter);
            self.hands.sends(self.by);
        }
    }

    /// Whether something was sent on it, as the wire tells, where only its accepter can
    /// have sent.
    pub(crate) fn was_used_alone(&mut self, sent: bool) {
        if self.alone && sent {
            self.sent
                .get_or_insert((self.task, self.by.0, self.by.1, None));
            self.hands.sends(self.by);
        }
    }
}

/// How far a socket that has called connect(2) has come, as its last answer tells.
/// A call on it may begin a connection or ask for the one that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// A connection is being made.
    UnderWay,
    /// It is connected.
    Connected,
    /// It has none: its attempt has failed, or it was dissolved.
    Free,
}

/// What the answer of connect(2) on a socket says that stood so: whether the call
/// began a connection, and how the socket stands now (`__inet_stream_connect` of
/// Linux; connect(2)).
fn connect_says(before: Standing, errno: Option<i32>) -> (bool, Standing) {
    use Standing::{Connected, Free, UnderWay};
    /// Errors of a connection that was tried. Others are of the call's arguments.
    const FAILED: [i32; 7] = [
        libc::ECONNREFUSED,
        libc::ECONNRESET,
        libc::ECONNABORTED,
        libc::ETIMEDOUT,
        libc::EHOSTUNREACH,
        libc::ENETUNREACH,
        libc::EADDRNOTAVAIL,
    ];
    match (before, errno) {
        // They say that it is connected, or on its way, and so is none anew.
        (_, Some(libc::EISCONN)) => (false, Connected),
        (_, Some(libc::EALREADY)) => (false, UnderWay),
        (_, Some(libc::EINPROGRESS)) => (true, UnderWay),
        // Interrupted, or ended in the call.
        (before, Some(libc::EINTR) | None) => (before != UnderWay, UnderWay),
        (before, Some(0)) => (before != UnderWay, Connected),
        (UnderWay, Some(errno)) if FAILED.contains(&errno) => (false, Free),
        (Free, Some(_)) => (true, Free),
        (Connected, Some(errno)) if FAILED.contains(&errno) => (true, Free),
        (before, Some(_)) => (false, before),
    }
}

/// Whether a connection with this answer has put a SYN on the wire.
fn on_the_wire(errno: Option<i32>) -> bool {
    let sent = [0, libc::EINPROGRESS, libc::ECONNREFUSED, libc::EINTR];
    errno.is_some_and(|errno| sent.contains(&errno))
}

/// Every connection of a side.
#[derive(Clone, Debug, Default)]
pub struct SocketLog {
    /// Those that it made, in the order in which connect(2) returned.
    pub made: Vec<Connection>,
    /// Those that it accepted.
    pub accepted: Vec<Accepted>,
    expected: u64,
    /// Of each socket its last connection, and how it stands.
    made_by: HashMap<SocketId, (usize, Standing)>,
    accepted_by: HashMap<SocketId, usize>,
    /// The processes that are alone with what they accept.
    alone: HashSet<Pid>,
}

impl SocketLog {
    /// How many connections must be on the wire: those that were made, are
    /// being made, or were refused. Asked every few milliseconds, so it is
    /// counted along.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// Whether it was seen to make the connection of this socket.
    #[must_use]
    pub fn has_made(&self, socket: SocketId) -> bool {
        self.made_by.contains_key(&socket)
    }

    /// Forgets what was accepted on other ports than this one: a server may
    /// have several. To be called when it is over.
    pub fn keep_port(&mut self, port: u16) {
        self.accepted
            .retain(|a| a.local.is_none_or(|l| l.port == port));
        self.accepted_by.clear();
    }

    /// A process has this number now, perhaps after another one.
    pub(super) fn begins_anew(&mut self, pid: Pid) {
        self.alone.remove(&pid);
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, event: &Event, task: TaskIndex) {
        let by = (event.pid, event.tid);
        let who = (task, event.pid, event.tid, Some(event.at));
        match &event.what {
            Change::Connected { .. } => self.connects(event, task),
            Change::Accepted {
                socket,
                peer,
                local,
            }
            | Change::TakenOver {
                socket,
                peer,
                local,
            } => {
                self.accepted_by.insert(*socket, self.accepted.len());
                self.accepted.push(Accepted {
                    task,
                    by,
                    socket: *socket,
                    peer: *peer,
                    local: *local,
                    at: event.at,
                    received: None,
                    sent: None,
                    taken_over: matches!(event.what, Change::TakenOver { .. }),
                    hands: Hands::default(),
                    alone: self.alone.contains(&event.pid),
                });
            }
            Change::Alone => {
                self.alone.insert(event.pid);
            }
            Change::Accompanied => {
                self.alone.remove(&event.pid);
            }
            Change::Shared {
                socket,
                received,
                sent,
            } => {
                if let Some(&i) = self.accepted_by.get(socket) {
                    self.accepted[i].is_shared(*received, *sent);
                }
            }
            Change::Deferred { socket } => {
                if let Some((last, _)) = self.made_by.get(socket) {
                    self.made[*last].until = None;
                }
            }
            Change::Disconnected { socket } => {
                if let Some((_, standing)) = self.made_by.get_mut(socket) {
                    *standing = Standing::Free;
                }
            }
            Change::ReceivedElsewhere { socket, byte } => {
                if let Some(&i) = self.accepted_by.get(socket) {
                    self.accepted[i].hands.goes_to(None, *byte);
                }
            }
            Change::Received {
                socket,
                result,
                byte,
            } => {
                if let Some(&i) = self.accepted_by.get(socket) {
                    self.accepted[i].received.get_or_insert(who);
                    if result.is_none_or(|result| result > 0) {
                        self.accepted[i].hands.goes_to(Some(by), *byte);
                    }
                }
                if let (Some(&(i, _)), Some(result)) = (self.made_by.get(socket), result) {
                    self.made[i].talk.received(event.at, *result);
                }
            }
            Change::Sent { socket, from } => {
                if let Some(&i) = self.accepted_by.get(socket) {
                    self.accepted[i].sent.get_or_insert(who);
                    self.accepted[i].hands.sends(by);
                }
                if let (Some(&(i, _)), Some(from)) = (self.made_by.get(socket), from) {
                    self.made[i].talk.sent(*from);
                }
            }
            Change::Closed { socket } => {
                if let Some(&(i, _)) = self.made_by.get(socket) {
                    self.made[i].talk.closed = Some(event.at);
                }
            }
            Change::Settled { socket, errno } => {
                if let Some((i, standing)) = self.made_by.get_mut(socket) {
                    *standing = match errno {
                        0 => Standing::Connected,
                        _ => Standing::Free,
                    };
                    self.made[*i].settled.get_or_insert((event.at, *errno));
                }
            }
            _ => {}
        }
    }

    /// A connect(2) is over.
    fn connects(&mut self, event: &Event, task: TaskIndex) {
        let Change::Connected {
            socket,
            target,
            from,
            local,
            errno,
        } = &event.what
        else {
            return;
        };
        let known = socket.and_then(|s| self.made_by.get(&s).copied());
        let before = known.map_or(Standing::Free, |k| k.1);
        // Another one has connected it for this caller (`seccomp_unotify`(2)), and that was
        // told: it is where it was.
        let at = known.map(|(last, _)| (self.made[last].local, self.made[last].target));
        let stays = local.is_some() && at == Some((*local, *target));
        let (begins, standing) = match (before, errno) {
            (Standing::Connected, Some(0)) if stays => (false, before),
            (before, errno) => connect_says(before, *errno),
        };
        if let (Some(socket), Some((last, before)), false) = (socket, known, begins) {
            self.made_by.insert(*socket, (last, standing));
            if before == Standing::UnderWay && standing != before {
                let how = errno.filter(|e| *e != libc::EISCONN).unwrap_or(0);
                self.made[last].settled.get_or_insert((event.at, how));
            }
            self.goes_on(last, *errno, *local, event.at);
            return;
        }
        // Of a connection that was made unseen only its being there is told.
        if !begins {
            return;
        }
        self.expected += u64::from(on_the_wire(*errno));
        if let Some(socket) = socket {
            self.made_by.insert(*socket, (self.made.len(), standing));
        }
        self.made.push(Connection {
            task,
            by: (event.pid, event.tid),
            target: *target,
            local: *local,
            from: *from,
            until: errno.map(|_| event.at),
            errno: *errno,
            settled: None,
            talk: Talk::default(),
        });
    }

    /// A call on a socket whose connection was begun by an earlier one. A call that
    /// a signal interrupts goes on, or is made once more: how it went is what that
    /// answers, unless it says only that one is begun.
    fn goes_on(&mut self, last: usize, errno: Option<i32>, local: Option<Endpoint>, at: Timestamp) {
        const UNDER_WAY: [i32; 4] = [
            libc::EINTR,
            libc::EALREADY,
            libc::EINPROGRESS,
            libc::EISCONN,
        ];
        let connection = &mut self.made[last];
        let interrupted = connection.errno == Some(libc::EINTR);
        if interrupted && errno.is_none_or(|errno| !UNDER_WAY.contains(&errno)) {
            self.expected -= u64::from(on_the_wire(connection.errno));
            self.expected += u64::from(on_the_wire(errno));
            connection.errno = errno;
            connection.until = errno.map(|_| at);
            connection.local = local.or(connection.local);
        }
    }
}
