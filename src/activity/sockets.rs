//! The connections that a side made and accepted, and which of its tasks did.

use std::collections::HashMap;

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
}

/// A connection that was accepted.
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
    pub received: Option<(TaskIndex, Pid, Tid, Timestamp)>,
    /// Who sent on it first, and when.
    pub sent: Option<(TaskIndex, Pid, Tid, Timestamp)>,
}

/// Whether an answer of connect(2) is worth more than the one before it, which
/// is that of the call that began the connection.
fn tells_more(before: Option<i32>, now: Option<i32>) -> bool {
    const UNDER_WAY: [i32; 4] = [
        libc::EINTR,
        libc::EALREADY,
        libc::EINPROGRESS,
        libc::EISCONN,
    ];
    // A call that a signal interrupts goes on, or is made once more: how it
    // went is what that answers, unless it says only that one is begun.
    before == Some(libc::EINTR) && now.is_none_or(|errno| !UNDER_WAY.contains(&errno))
}

/// Whether a connection with this answer has put a SYN on the wire.
fn on_the_wire(errno: Option<i32>) -> bool {
    matches!(
        errno,
        Some(0 | libc::EINPROGRESS | libc::ECONNREFUSED | libc::EINTR)
    )
}

/// Every connection of a side.
#[derive(Clone, Debug, Default)]
pub struct SocketLog {
    /// Those that it made, in the order in which connect(2) returned.
    pub made: Vec<Connection>,
    /// Those that it accepted.
    pub accepted: Vec<Accepted>,
    expected: u64,
    made_by: HashMap<SocketId, usize>,
    accepted_by: HashMap<SocketId, usize>,
}

impl SocketLog {
    /// How many connections must be on the wire: those that were made, are
    /// being made, or were refused. Asked every few milliseconds, so it is
    /// counted along.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// Forgets what was accepted on other ports than this one: a server may
    /// have several. To be called when it is over.
    pub fn keep_port(&mut self, port: u16) {
        self.accepted
            .retain(|a| a.local.is_none_or(|l| l.port == port));
        self.accepted_by.clear();
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, event: &Event, task: TaskIndex) {
        let by = (event.pid, event.tid);
        let who = (task, event.pid, event.tid, event.at);
        match &event.what {
            Change::Connected {
                socket,
                target,
                from,
                local,
                errno,
            } => {
                // Once more on the same socket: how far has it come? After a
                // refusal it is a new attempt.
                let known = socket.and_then(|s| self.made_by.get(&s).copied());
                if let Some(connection) = known.map(|i| &mut self.made[i])
                    && connection.errno != Some(libc::ECONNREFUSED)
                {
                    if tells_more(connection.errno, *errno) {
                        self.expected -= u64::from(on_the_wire(connection.errno));
                        self.expected += u64::from(on_the_wire(*errno));
                        connection.errno = *errno;
                        connection.until = errno.map(|_| event.at);
                        connection.local = local.or(connection.local);
                    }
                    return;
                }
                self.expected += u64::from(on_the_wire(*errno));
                if let Some(socket) = socket {
                    self.made_by.insert(*socket, self.made.len());
                }
                self.made.push(Connection {
                    task,
                    by,
                    target: *target,
                    local: *local,
                    from: *from,
                    until: errno.map(|_| event.at),
                    errno: *errno,
                });
            }
            Change::Accepted {
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
                });
            }
            Change::Received { socket } => {
                if let Some(&i) = self.accepted_by.get(socket) {
                    self.accepted[i].received.get_or_insert(who);
                }
            }
            Change::Sent { socket } => {
                if let Some(&i) = self.accepted_by.get(socket) {
                    self.accepted[i].sent.get_or_insert(who);
                }
            }
            _ => {}
        }
    }
}
