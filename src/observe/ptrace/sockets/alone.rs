//! Processes that are alone with the connections that they accept.
//!
//! Where a process has one task, and nobody else has the connections that it accepts, it
//! is known who receives and sends on them without looking: that task, if anybody. It need
//! not be stopped for it, and runs as fast as alone, for as long as nothing of that
//! changes: that it creates a task, hands a connection over, or is about to hide what it
//! does. What has been received and sent by then is asked of its sockets.

use std::collections::{HashMap, HashSet};

use super::Sockets;
use crate::model::{Change, Pid, SocketId};
use crate::observe::ptrace::arguments::{Made, descriptors};
use crate::observe::ptrace::calls::{Kind, Passes};
use crate::observe::ptrace::pending::Pending;
use crate::sys::proc;
use crate::sys::ptrace::remote_socket::{RemoteSocket, may_pass_descriptors};
use crate::sys::ptrace::tracee::Stopped;

/// The processes that are alone, and what they have accepted.
#[derive(Debug, Default)]
pub struct Alone {
    of: HashMap<Pid, Its>,
}

/// What one of them has.
#[derive(Debug, Default)]
struct Its {
    accepted: HashSet<SocketId>,
    /// How often its sockets were asked because it created another process.
    asked: u32,
}

/// How often they are. Who creates processes all the time is looked at instead: to ask
/// all that it has open takes longer than its stops.
const MOST_ASKED: u32 = 32;

impl Alone {
    fn has(&self, pid: Pid) -> bool {
        self.of.contains_key(&pid)
    }

    /// A process that is alone has accepted a connection.
    pub fn accepted(&mut self, pid: Pid, socket: SocketId) {
        self.of.entry(pid).or_default().accepted.insert(socket);
    }
}

/// What a call means for a process that is alone.
pub enum Meaning {
    /// Nothing, or what it means for any.
    AsEver,
    /// Nothing: nobody asks.
    None,
    /// It is alone no longer, before the call does anything.
    Company,
    /// The end of the call tells.
    AtItsEnd(Pending),
}

impl Sockets {
    /// A process begins to be alone.
    pub fn is_alone_from_now_on(&mut self, pid: Pid) {
        self.alone.of.entry(pid).or_default();
    }

    /// Whether it is.
    pub fn is_alone(&self, pid: Pid) -> bool {
        self.alone.has(pid)
    }

    /// Whether it is, and has accepted something.
    pub fn has_accepted_alone(&self, pid: Pid) -> bool {
        self.alone
            .of
            .get(&pid)
            .is_some_and(|its| !its.accepted.is_empty())
    }

    /// A process has ended.
    pub fn forget_process(&mut self, pid: Pid) {
        self.alone.of.remove(&pid);
    }

    /// A process that goes on being alone has created another one, which has what it has
    /// accepted by now as well. Returns whether something is still to be learnt of one of
    /// these connections. To be asked while nobody can use them.
    pub fn shares(&mut self, task: &Stopped, pid: Pid, said: &mut Vec<Change>) -> bool {
        let Some(its) = self.alone.of.get_mut(&pid) else {
            return false;
        };
        its.asked += 1;
        let mut left = its.asked > MOST_ASKED;
        let its = std::mem::take(&mut its.accepted);
        if its.is_empty() {
            return left;
        }
        let Some(open) = proc::socket_descriptors_of(pid) else {
            // Nothing can be said of them any more.
            for socket in its {
                said.push(Change::Shared {
                    socket,
                    received: false,
                    sent: false,
                });
            }
            return true;
        };
        for descriptor in open {
            let Some(it) = self.looks.socket(task, pid, descriptor, said) else {
                continue;
            };
            let Some(socket) = it.id().filter(|socket| its.contains(socket)) else {
                continue;
            };
            left |= self.is_shared(&it, socket, said);
        }
        left
    }

    fn is_shared(&mut self, it: &RemoteSocket, socket: SocketId, said: &mut Vec<Change>) -> bool {
        // It was asked when it was accepted, too, and answered.
        let (received, sent) = it.has_talked().unwrap_or((false, false));
        said.push(Change::Shared {
            socket,
            received,
            sent,
        });
        self.awaited.is_shared(socket, received, sent);
        !received || !sent
    }

    /// The same, and it is alone no longer.
    pub fn has_company(&mut self, task: &Stopped, pid: Pid, said: &mut Vec<Change>) {
        self.shares(task, pid, said);
        self.alone.of.remove(&pid);
    }

    /// What a call means that a process begins.
    pub(super) fn meaning(
        &mut self,
        task: &Stopped,
        pid: Pid,
        made: &Made,
        said: &mut Vec<Change>,
    ) -> Meaning {
        let alone = self.alone.has(pid);
        let descriptor = super::descriptor(made.arguments[0]);
        match made.kind {
            Kind::TakeDescriptor => Meaning::AtItsEnd(Pending::TakeDescriptor),
            Kind::Filter | Kind::CreateUnseen if !alone => Meaning::None,
            _ if !alone => Meaning::AsEver,
            Kind::Filter | Kind::CreateUnseen | Kind::Supervise | Kind::SetUpRing => {
                Meaning::Company
            }
            Kind::Send {
                passes: Passes::One,
            } => {
                let sent = made.descriptors(task).map(Some);
                let sent = self.looks.read(sent, said).unwrap_or_default();
                let mut ids = Vec::new();
                for descriptor in sent {
                    let it = self.looks.socket(task, pid, descriptor, said);
                    ids.extend(it.and_then(|it| it.id()));
                }
                let its = self.alone.of.get(&pid);
                let hands_over =
                    its.is_some_and(|its| ids.iter().any(|id| its.accepted.contains(id)));
                if hands_over {
                    Meaning::Company
                } else {
                    Meaning::None
                }
            }
            Kind::Receive {
                passes: Passes::One,
                ..
            } => {
                let room = made.has_control(task).map(Some);
                if self.looks.read(room, said) == Some(false) {
                    return Meaning::None;
                }
                Meaning::AtItsEnd(Pending::TakeOver {
                    message: made.arguments[1],
                    pointer: made.pointer,
                })
            }
            Kind::Send {
                passes: Passes::Several,
            }
            | Kind::Receive {
                passes: Passes::Several,
                ..
            } if may_pass_descriptors(pid, task.tid(), descriptor) => Meaning::Company,
            Kind::Send { .. } | Kind::SendFile | Kind::Receive { .. } => Meaning::None,
            _ => Meaning::AsEver,
        }
    }

    /// A message has come; whether it has brought a connection of which something is
    /// still to be learnt.
    pub(super) fn has_taken_over(
        &mut self,
        task: &Stopped,
        pid: Pid,
        (message, pointer): (u64, usize),
        said: &mut Vec<Change>,
    ) -> bool {
        let brought = descriptors(task, message, pointer).map(Some);
        let brought = self.looks.read(brought, said).unwrap_or_default();
        let mut awaited = false;
        for descriptor in brought {
            let it = self.looks.socket(task, pid, descriptor, said);
            let id = it.and_then(|it| it.id());
            awaited |= id.is_some_and(|id| self.awaited.knows(id));
        }
        awaited
    }

    /// A process has a descriptor of another one now (`pidfd_getfd(2)`), which goes on
    /// meanwhile: who of the two does what was not done yet is not known. Returns whether
    /// this process is to be looked at from now on.
    pub(super) fn has_taken(
        &mut self,
        task: &Stopped,
        pid: Pid,
        descriptor: i32,
        said: &mut Vec<Change>,
    ) -> bool {
        let Some(it) = self.looks.socket(task, pid, descriptor, said) else {
            return false;
        };
        let Some(socket) = it.id() else {
            return false;
        };
        for (other, its) in &mut self.alone.of {
            if *other != pid && its.accepted.remove(&socket) {
                let (received, sent) = it.has_talked().unwrap_or((false, false));
                said.push(Change::Shared {
                    socket,
                    received,
                    sent,
                });
                return false;
            }
        }
        self.awaited.knows(socket)
    }
}
