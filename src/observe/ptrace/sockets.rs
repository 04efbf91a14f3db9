//! What a program does with its sockets, from the calls that it stops at.
//!
//! A call is looked at when it begins and, where its result matters, when it
//! ends. Sockets are told apart by their `SO_COOKIE`, never by a descriptor's
//! number, so that duplicates, forks and descriptors that were handed over or
//! used again change nothing.

use std::collections::{HashMap, HashSet};

use super::calls::{Interest, Kind};
use crate::model::{Change, Endpoint, Pid, SocketId, Tid, Timestamp};
use crate::sys::clock;
use crate::sys::ptrace::remote_socket::{Behind, Refusal, RemoteSocket, behind, parse_address};
use crate::sys::ptrace::tracee::{Call, Stopped};

/// Results that mean "interrupted" (`linux/errno.h`): the program never sees
/// them. The call comes once more, or the program sees EINTR: that depends on
/// the signal's handler (signal(7)).
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

/// A call that is under way in a task.
#[derive(Clone, Copy, Debug)]
enum Pending {
    Connect {
        descriptor: i32,
        target: Endpoint,
        from: Timestamp,
    },
    Listen {
        descriptor: i32,
    },
    Accept {
        address: u64,
    },
    Receive(SocketId),
    Send(SocketId),
}

/// What is still to be learnt about an accepted socket.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    receive: bool,
    send: bool,
}

/// The sockets of one program.
#[derive(Debug)]
pub struct Sockets {
    interest: Interest,
    calls: Vec<(u64, Kind)>,
    pending: HashMap<Tid, Pending>,
    awaited: HashMap<SocketId, Awaited>,
    /// The last connect(2) of a task that a signal interrupted: it may come
    /// once more, and be the last that the task does.
    interrupted: HashMap<Tid, (i32, SocketId)>,
    /// What the system refused, and whether there was another way, as it was told.
    refused: HashSet<(Refusal, bool)>,
}

/// An argument that is a descriptor: the lower 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "as the kernel takes it")]
fn descriptor(argument: u64) -> i32 {
    argument as i32
}

impl Sockets {
    pub fn new(interest: Interest) -> Self {
        let calls = interest.calls().into_iter();
        Self {
            interest,
            calls: calls
                .filter_map(|(number, kind)| Some((u64::try_from(number).ok()?, kind)))
                .collect(),
            pending: HashMap::new(),
            awaited: HashMap::new(),
            interrupted: HashMap::new(),
            refused: HashSet::new(),
        }
    }

    /// A task has ended, or is in another program now. Returns what there is to
    /// say of a call that it was in.
    pub fn forget(&mut self, tid: Tid) -> Option<Change> {
        let interrupted = self.interrupted.remove(&tid);
        match self.pending.remove(&tid)? {
            Pending::Connect {
                descriptor,
                target,
                from,
            } => Some(Change::Connected {
                socket: interrupted.filter(|i| i.0 == descriptor).map(|i| i.1),
                target,
                from,
                local: None,
                errno: None,
            }),
            _ => None,
        }
    }

    /// A task has stopped at a call. Returns whether the call's end has to be
    /// seen; what is learnt is put into `said`.
    pub fn stopped(&mut self, task: &Stopped, pid: Pid, said: &mut Vec<Change>) -> bool {
        match task.call() {
            Ok((Call::Entry { number, arguments }, _)) => {
                let known = self.calls.iter().find(|(n, _)| *n == number);
                let begun = match known.map(|known| known.1) {
                    Some(kind) => self.begins(task, pid, kind, &arguments, said),
                    None => None,
                };
                let ends = begun.is_some();
                match begun {
                    Some(pending) => self.pending.insert(task.tid(), pending),
                    None => self.pending.remove(&task.tid()),
                };
                ends
            }
            Ok((Call::Exit(result), _)) => {
                if let Some(pending) = self.pending.remove(&task.tid()) {
                    let result = match result {
                        code if RESTARTS.contains(&code) => -i64::from(libc::EINTR),
                        result => result,
                    };
                    let change = self.ends(task, pid, pending, result, said);
                    said.extend(change);
                }
                false
            }
            _ => false,
        }
    }

    /// The TCP socket behind a descriptor; `None` where it is none, or is not to be
    /// seen, which is told.
    fn socket(
        &mut self,
        task: &Stopped,
        pid: Pid,
        descriptor: i32,
        said: &mut Vec<Change>,
    ) -> Option<RemoteSocket> {
        let (behind, refusal) = behind(pid, task.tid(), descriptor);
        if let Some(refusal) = refusal {
            self.tell_refused(refusal, !matches!(behind, Behind::Hidden), said);
        }
        match behind {
            Behind::Tcp(socket) => Some(socket),
            Behind::Other | Behind::Hidden => None,
        }
    }

    /// The address that a program hands over or was handed; one that is not to be
    /// read is told.
    fn address(
        &mut self,
        task: &Stopped,
        at: u64,
        length: u64,
        said: &mut Vec<Change>,
    ) -> Option<Endpoint> {
        let mut bytes = [0u8; 28];
        let length = usize::try_from(length).ok()?.min(bytes.len());
        match task.memory(at, &mut bytes[..length]) {
            Ok(read) => parse_address(bytes.get(..read)?),
            Err(refusal) => {
                self.tell_refused(refusal, false, said);
                None
            }
        }
    }

    /// Tells once of each call that was refused. `found`: there was another way.
    fn tell_refused(&mut self, refusal: Refusal, found: bool, said: &mut Vec<Change>) {
        if self.refused.insert((refusal, found)) {
            said.push(Change::LookRefused {
                call: refusal.call.into(),
                errno: refusal.errno,
                of_all: refusal.of_all,
                found,
            });
        }
    }

    fn begins(
        &mut self,
        task: &Stopped,
        pid: Pid,
        kind: Kind,
        arguments: &[u64; 6],
        said: &mut Vec<Change>,
    ) -> Option<Pending> {
        let descriptor = descriptor(arguments[0]);
        match kind {
            Kind::Connect => {
                let target = self.address(task, arguments[1], arguments[2], said)?;
                if self.interest != (Interest::Client { port: target.port }) {
                    return None;
                }
                // Whether it is a TCP socket is asked when the call is over: the
                // program waits twice, and the first time shortly.
                Some(Pending::Connect {
                    descriptor,
                    target,
                    from: clock::now(),
                })
            }
            Kind::Listen => Some(Pending::Listen { descriptor }),
            Kind::Accept => Some(Pending::Accept {
                address: arguments[1],
            }),
            // Most calls are on sockets of which all is known: not even looked at.
            Kind::Receive | Kind::Send if self.awaited.is_empty() => None,
            Kind::Receive => {
                let socket = self.socket(task, pid, descriptor, said)?.id()?;
                let awaited = self.awaited.get(&socket)?;
                awaited.receive.then_some(Pending::Receive(socket))
            }
            Kind::Send => {
                let socket = self.socket(task, pid, descriptor, said)?.id()?;
                let awaited = self.awaited.get(&socket)?;
                awaited.send.then_some(Pending::Send(socket))
            }
            Kind::ExitGroup => {
                said.push(Change::ExitBegun);
                None
            }
            Kind::Ptrace => {
                said.push(Change::CalledPtrace);
                None
            }
        }
    }

    fn ends(
        &mut self,
        task: &Stopped,
        pid: Pid,
        pending: Pending,
        result: i64,
        said: &mut Vec<Change>,
    ) -> Option<Change> {
        match pending {
            Pending::Connect {
                descriptor,
                target,
                from,
            } => {
                // A socket of another protocol makes no connection.
                let socket = self.socket(task, pid, descriptor, said)?;
                let id = socket.id();
                if result == -i64::from(libc::EINTR)
                    && let Some(id) = id
                {
                    self.interrupted.insert(task.tid(), (descriptor, id));
                }
                Some(Change::Connected {
                    socket: id,
                    target,
                    from,
                    local: socket.local(),
                    errno: Some(i32::try_from(-result).unwrap_or(0)),
                })
            }
            _ if result < 0 => None,
            Pending::Listen { descriptor } => Some(Change::Listening {
                local: self.socket(task, pid, descriptor, said)?.local()?,
            }),
            Pending::Accept { address: at } => {
                let accepted = i32::try_from(result).ok()?;
                let accepted = self.socket(task, pid, accepted, said)?;
                let socket = accepted.id()?;
                // One that was reset already has no peer any more; the program
                // was told who it had been.
                let peer = match accepted.peer() {
                    Some(peer) => peer,
                    None => self.address(task, at, 28, said)?,
                };
                let all = Awaited {
                    receive: true,
                    send: true,
                };
                self.awaited.insert(socket, all);
                // Neither has it an own end then (`inet_put_port` of Linux).
                let local = accepted.local().filter(|l| l.port != 0);
                Some(Change::Accepted {
                    socket,
                    peer,
                    local,
                })
            }
            Pending::Receive(socket) => self
                .learn(socket, |a| &mut a.receive)
                .then_some(Change::Received { socket }),
            Pending::Send(socket) => self
                .learn(socket, |a| &mut a.send)
                .then_some(Change::Sent { socket }),
        }
    }

    /// Strikes one thing off the list; whether it was still on it: another
    /// thread may have been faster.
    fn learn(&mut self, socket: SocketId, part: fn(&mut Awaited) -> &mut bool) -> bool {
        let Some(awaited) = self.awaited.get_mut(&socket) else {
            return false;
        };
        let news = std::mem::replace(part(awaited), false);
        if !awaited.receive && !awaited.send {
            self.awaited.remove(&socket);
        }
        news
    }
}
