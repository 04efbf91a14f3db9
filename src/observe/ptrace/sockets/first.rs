//! Who receives and sends first: known at the beginning of a call where its end is sure.
//!
//! A stop costs more than all that is done at it. So of a server's call that finds
//! something to receive, or room to send, the end is not waited for: whatever it returns,
//! its thread was the first. A client's result counts, and is waited for.

use super::{Sockets, descriptor};
use crate::model::{Change, Pid};
use crate::observe::ptrace::arguments::Made;
use crate::observe::ptrace::calls::Kind;
use crate::observe::ptrace::pending::Pending;
use crate::sys::clock;
use crate::sys::ptrace::tracee::Stopped;

impl Sockets {
    /// A call receives.
    pub(super) fn begins_to_receive(
        &mut self,
        task: &Stopped,
        pid: Pid,
        made: &Made,
        said: &mut Vec<Change>,
    ) -> Option<Pending> {
        let it = self
            .looks
            .socket(task, pid, descriptor(made.arguments[0]), said)?;
        let socket = it.id()?;
        if !self.awaited.receive(socket) {
            return None;
        }
        // Who has waited for longer gets it.
        let waits = |p: &Pending| matches!(p, Pending::Receive(other) if *other == socket);
        let sure = !self.interest.looks_at_exchanges()
            && !made.asks_for_other_than_data()
            && it.has_data()
            && !self.pending.values().any(waits);
        if !sure {
            return Some(Pending::Receive(socket));
        }
        if self.awaited.received(socket, false) {
            let (result, byte) = (None, None);
            said.push(Change::Received {
                socket,
                result,
                byte,
            });
        }
        None
    }

    /// The same of a call that sends, where there is room for it.
    pub(super) fn begins_to_send(
        &mut self,
        task: &Stopped,
        pid: Pid,
        made: &Made,
        said: &mut Vec<Change>,
    ) -> Option<Pending> {
        let from = clock::now();
        let it = self
            .looks
            .socket(task, pid, descriptor(made.arguments[0]), said)?;
        let socket = it.id()?;
        if !self.awaited.send(socket) {
            return None;
        }
        let sure = !self.interest.looks_at_exchanges()
            && matches!(made.kind, Kind::Send { .. })
            && it.takes_data();
        if !sure {
            return Some(Pending::Send { socket, from });
        }
        if self.awaited.sent(socket) {
            let from = Some(from);
            said.push(Change::Sent { socket, from });
        }
        None
    }
}
