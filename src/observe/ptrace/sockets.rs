//! What a program does with its sockets, from the calls that it stops at.
//!
//! A call is looked at when it begins and, where its result matters, when it
//! ends. Sockets are told apart by their `SO_COOKIE`, never by a descriptor's
//! number, so that duplicates, forks and descriptors that were handed over or
//! used again change nothing.

mod accepted;
mod alone;
mod first;

use std::collections::HashMap;

use self::alone::{Alone, Meaning};
use super::arguments::{Address, Made, recognise};
use super::awaited::Awaited;
use super::calls::{Interest, Kind, Watched};
use super::looks::Looks;
use super::outcome::{outcome, told_of_the_end};
use super::pending::Pending;
use super::talk;
use crate::model::observation::MOST_ELSEWHERE;
use crate::model::{Change, Endpoint, Pid, SocketId, Tid};
use crate::sys::clock;
use crate::sys::ptrace::tracee::{Call, Stopped};

/// Results that mean "interrupted" (`linux/errno.h`): the program never sees
/// them. The call comes once more, or the program sees EINTR: that depends on
/// the signal's handler (signal(7)).
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

/// The sockets of one program.
#[derive(Debug)]
pub struct Sockets {
    interest: Interest,
    calls: Vec<Watched>,
    pending: HashMap<Tid, Pending>,
    awaited: Awaited,
    /// The last connect(2) of a task that a signal interrupted: it may come
    /// once more, and be the last that the task does.
    interrupted: HashMap<Tid, (i32, SocketId)>,
    looks: Looks,
    alone: Alone,
    /// How many connections to other ports were told.
    elsewhere: u64,
}

/// What a stop at a call asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The call's end has to be seen.
    pub end: bool,
    /// Its process is alone no longer. Where the call begins, it has to begin anew.
    pub company: bool,
}

/// An argument that is a descriptor: the lower 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "as the kernel takes it")]
fn descriptor(argument: u64) -> i32 {
    argument as i32
}

impl Sockets {
    pub fn new(interest: Interest) -> Self {
        Self {
            interest,
            calls: interest.calls(),
            pending: HashMap::new(),
            awaited: Awaited::default(),
            interrupted: HashMap::new(),
            looks: Looks::default(),
            alone: Alone::default(),
            elsewhere: 0,
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
                ..
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

    /// A task has stopped at a call. Returns what that asks for; what is learnt is put
    /// into `said`.
    pub fn stopped(&mut self, task: &Stopped, pid: Pid, said: &mut Vec<Change>) -> Demand {
        let mut demand = Demand::default();
        match task.call() {
            Ok((Call::Entry { number, arguments }, convention)) => {
                let made = recognise(&self.calls, task, convention, number, arguments);
                let made = self.looks.read(made, said);
                let begun = made.and_then(|made| match self.meaning(task, pid, &made, said) {
                    Meaning::AsEver => self.begins(task, pid, &made, said),
                    Meaning::None => None,
                    Meaning::AtItsEnd(pending) => Some(pending),
                    Meaning::Company => {
                        demand.company = true;
                        None
                    }
                });
                demand.end = begun.is_some();
                match begun {
                    Some(pending) => self.pending.insert(task.tid(), pending),
                    None => self.pending.remove(&task.tid()),
                };
            }
            Ok((Call::Exit(result), _)) => {
                if let Some(pending) = self.pending.remove(&task.tid()) {
                    let result = match result {
                        code if RESTARTS.contains(&code) => -i64::from(libc::EINTR),
                        result => result,
                    };
                    demand.company = self.ends(task, pid, pending, result, said);
                }
            }
            _ => {}
        }
        // One that has company has it.
        demand.company &= self.is_alone(pid);
        demand
    }

    fn begins(
        &mut self,
        task: &Stopped,
        pid: Pid,
        made: &Made,
        said: &mut Vec<Change>,
    ) -> Option<Pending> {
        let descriptor = descriptor(made.arguments[0]);
        let interest = self.interest;
        let connects = |target: Endpoint, sends| {
            matches!(interest, Interest::Client { port, .. } if port == target.port)
                // Whether it is a TCP socket is asked when the call is over: the
                // program waits twice, and the first time shortly.
                .then(|| Pending::Connect {
                    descriptor,
                    target,
                    from: clock::now(),
                    sends,
                })
        };
        match made.kind {
            Kind::Connect => match self.looks.read(made.connects_to(task), said)? {
                Address::Of(target) => {
                    connects(target, false).or_else(|| self.elsewhere(descriptor, target))
                }
                Address::Unspecified => {
                    let socket = self.looks.socket(task, pid, descriptor, said)?;
                    Some(Pending::Disconnect(socket.id()?))
                }
            },
            Kind::FastOpen { message } => {
                match self.looks.read(made.sends_to(task, message), said)? {
                    Address::Of(target) => connects(target, true),
                    Address::Unspecified => None,
                }
            }
            Kind::Listen => Some(Pending::Listen { descriptor }),
            Kind::Accept => Some(Pending::Accept {
                address: made.arguments[1],
            }),
            // Most calls are on sockets of which all is known: not even looked at.
            Kind::Receive { .. } if self.awaited.no_receive() => None,
            Kind::Send { .. } | Kind::SendFile if self.awaited.no_send() => None,
            Kind::AskError | Kind::Close if self.awaited.is_empty() => None,
            Kind::Close => {
                let socket = self.looks.socket(task, pid, descriptor, said)?.id()?;
                let awaited = self.awaited.receive(socket);
                said.extend(awaited.then_some(Change::Closed { socket }));
                None
            }
            Kind::Receive { .. } => self.begins_to_receive(task, pid, made, said),
            Kind::Send { .. } | Kind::SendFile => self.begins_to_send(task, pid, made, said),
            Kind::AskError => {
                let socket = self.looks.socket(task, pid, descriptor, said)?.id()?;
                let answer = made.arguments[3];
                let awaited = self.awaited.settle(socket);
                awaited.then_some(Pending::AskError { descriptor, answer })
            }
            Kind::ExitGroup => {
                said.push(Change::ExitBegun);
                None
            }
            Kind::Ptrace => {
                said.push(Change::CalledPtrace);
                None
            }
            Kind::SetUpRing => Some(Pending::SetUpRing),
            Kind::Supervise => Some(Pending::Supervise),
            Kind::Strict => Some(Pending::Strict),
            Kind::Filter | Kind::CreateUnseen | Kind::TakeDescriptor => None,
        }
    }

    /// A call is over. Returns whether its process is alone no longer.
    fn ends(
        &mut self,
        task: &Stopped,
        pid: Pid,
        pending: Pending,
        result: i64,
        said: &mut Vec<Change>,
    ) -> bool {
        match pending {
            Pending::Connect {
                descriptor,
                target,
                from,
                sends,
            } => {
                // A socket of another protocol makes no connection.
                let Some(socket) = self.looks.socket(task, pid, descriptor, said) else {
                    return false;
                };
                let Some((errno, deferred)) = outcome(&socket, result, sends) else {
                    return false;
                };
                let id = socket.id();
                if errno == libc::EINTR
                    && let Some(id) = id
                {
                    self.interrupted.insert(task.tid(), (descriptor, id));
                }
                said.push(Change::Connected {
                    socket: id,
                    target,
                    from,
                    local: socket.local(),
                    errno: Some(errno),
                });
                let deferred = id.filter(|_| deferred);
                said.extend(deferred.map(|socket| Change::Deferred { socket }));
                if let Some(socket) = id {
                    let sent = sends.then_some(from);
                    if self.interest.looks_at_exchanges() {
                        talk::begins(&mut self.awaited, socket, errno, sent, said);
                    }
                }
            }
            // What it asks for is not to be had in a program that has a filter.
            Pending::Strict if result < 0 => said.push(Change::StrictRefused),
            Pending::Strict => {}
            Pending::Elsewhere { descriptor, target } => {
                let errno = i32::try_from(-result).unwrap_or(0).max(0);
                if self.looks.socket(task, pid, descriptor, said).is_some() {
                    self.elsewhere += 1;
                    said.push(Change::ConnectedElsewhere { target, errno });
                }
            }
            // It has asked for what was there, and learnt that nothing is, nor will
            // be: the connection was reset.
            Pending::Receive(socket) if told_of_the_end(result) => {
                talk::received(&mut self.awaited, socket, result, said);
            }
            _ if result < 0 => {}
            Pending::Disconnect(socket) => {
                self.awaited.forget(socket);
                said.push(Change::Disconnected { socket });
            }
            Pending::SetUpRing => said.push(Change::SetUpRing),
            Pending::Supervise => said.push(Change::Supervised),
            Pending::Listen { descriptor } => {
                let socket = self.looks.socket(task, pid, descriptor, said);
                let local = socket.and_then(|socket| socket.local());
                said.extend(local.map(|local| Change::Listening { local }));
            }
            Pending::Accept { address } => {
                let descriptor = i32::try_from(result).ok();
                let it = descriptor.and_then(|d| self.looks.socket(task, pid, d, said));
                if let Some(it) = it {
                    return self.accepted(task, pid, &it, address, said);
                }
            }
            Pending::TakeOver { message, pointer } => {
                return self.has_taken_over(task, pid, (message, pointer), said);
            }
            Pending::TakeDescriptor => {
                let descriptor = i32::try_from(result).unwrap_or(-1);
                return self.has_taken(task, pid, descriptor, said);
            }
            Pending::Receive(socket) => talk::received(&mut self.awaited, socket, result, said),
            Pending::Send { socket, from } => {
                if self.awaited.sent(socket) {
                    let from = Some(from);
                    said.push(Change::Sent { socket, from });
                }
            }
            Pending::AskError { descriptor, answer } => {
                if let Some(it) = self.looks.socket(task, pid, descriptor, said) {
                    let mut bytes = [0u8; 4];
                    let read = task.memory(answer, &mut bytes).map(Some);
                    let whole = self.looks.read(read, said) == Some(4);
                    let errno = whole.then(|| i32::from_ne_bytes(bytes));
                    talk::asked(&mut self.awaited, &it, errno, said);
                }
            }
        }
        false
    }

    /// A client connects to another port than the server's. The first of these are
    /// told.
    fn elsewhere(&self, descriptor: i32, target: Endpoint) -> Option<Pending> {
        (self.elsewhere < MOST_ELSEWHERE).then_some(Pending::Elsewhere { descriptor, target })
    }
}
