//! Connections that a server has accepted: who has them, and what is still to be learnt.

use super::Sockets;
use crate::model::{Change, Pid};
use crate::observe::ptrace::arguments::Made;
use crate::sys::ptrace::remote_socket::RemoteSocket;
use crate::sys::ptrace::tracee::Stopped;

impl Sockets {
    /// accept(2) has returned this socket. Returns whether its process is to be alone no
    /// longer.
    pub(super) fn accepted(
        &mut self,
        task: &Stopped,
        pid: Pid,
        accepted: &RemoteSocket,
        at: u64,
        said: &mut Vec<Change>,
    ) -> bool {
        let Some(socket) = accepted.id() else {
            return false;
        };
        // One that was reset already, and is known by its inode alone, has no peer any
        // more; the program was told who it had been, if it asked.
        let peer = match accepted.peer() {
            Some(peer) => Some(peer),
            None => self.looks.read(Made::was_told(task, at), said),
        };
        let Some(peer) = peer else {
            return false;
        };
        let alone = self.is_alone(pid);
        // What cannot be asked later has to be looked at.
        let answers = alone && accepted.has_talked().is_some();
        if answers {
            self.alone.accepted(pid, socket);
        } else {
            self.awaited.accepted(socket);
        }
        // Neither has it an own end then (`inet_put_port` of Linux).
        let local = accepted.local().filter(|l| l.port != 0);
        said.push(Change::Accepted {
            socket,
            peer,
            local,
        });
        alone && !answers
    }
}
