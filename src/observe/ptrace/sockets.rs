//! What a program does with its sockets, from the calls that it stops at.
//!
//! A call is looked at when it begins and, where its result matters, when it
//! ends. Sockets are told apart by their `SO_COOKIE`, never by a descriptor's
//! number, so that duplicates, forks and descriptors that were handed over or
//! used again change nothing.

use std::collections::HashMap;

use super::calls::{Interest, Kind};
use crate::model::{Change, Endpoint, Pid, SocketId, Tid, Timestamp};
use crate::sys::clock;
use crate::sys::ptrace::remote_socket::{Holder, parse_address};
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
                let begun =
                    known.and_then(|&(_, kind)| self.begins(task, pid, kind, &arguments, said));
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
                    said.extend(self.ends(task, pid, pending, result));
                }
                false
            }
            _ => false,
        }
    }

    fn begins(
        &self,
        task: &Stopped,
        pid: Pid,
        kind: Kind,
        arguments: &[u64; 6],
        said: &mut Vec<Change>,
    ) -> Option<Pending> {
        let descriptor = descriptor(arguments[0]);
        let socket = || Holder::of(pid, task.tid())?.tcp(descriptor)?.id();
        match kind {
            Kind::Connect => {
                let target = address(task, arguments[1], arguments[2])?;
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
                let socket = socket()?;
                let awaited = self.awaited.get(&socket)?;
                awaited.receive.then_some(Pending::Receive(socket))
            }
            Kind::Send => {
                let socket = socket()?;
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

    fn ends(&mut self, task: &Stopped, pid: Pid, pending: Pending, result: i64) -> Option<Change> {
        let tcp = |descriptor| Holder::of(pid, task.tid())?.tcp(descriptor);
        match pending {
            Pending::Connect {
                descriptor,
                target,
                from,
            } => {
                // A socket of another protocol makes no connection.
                let socket = tcp(descriptor)?;
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
                local: tcp(descriptor)?.local()?,
            }),
            Pending::Accept { address: at } => {
                let accepted = tcp(i32::try_from(result).ok()?)?;
                let socket = accepted.id()?;
                // One that was reset already has no peer any more; the program
                // was told who it had been.
                let peer = accepted.peer().or_else(|| address(task, at, 28))?;
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

/// The address that a program hands over or was handed.
fn address(task: &Stopped, at: u64, length: u64) -> Option<Endpoint> {
    let mut bytes = [0u8; 28];
    let length = usize::try_from(length).ok()?.min(bytes.len());
    let read = task.memory(at, &mut bytes[..length])?;
    parse_address(&bytes[..read])
}
