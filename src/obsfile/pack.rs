//! Frequent facts as arrays: `docs/observation.md` has a table of them.

use super::state::{State, id_between, time_between};
use super::tag::{self, Kind};
use crate::model::observation::{
    Change, ConnectionNote, Counted, Event, Fact, RequestNote, Sample, TaskNote,
};
use crate::model::{Endpoint, Exit, Side, Timestamp};

/// Packs a fact into a line; `false`: it has none but its long form, and
/// nothing was written.
pub(super) fn pack(fact: &Fact, state: &mut State, line: &mut Vec<u8>) -> bool {
    let mut to = Packed {
        line,
        state,
        nulls: 0,
    };
    match fact {
        Fact::Event { side, event } => {
            let Some(kind) = kind(&event.what) else {
                return false;
            };
            to.event(kind, *side, event);
        }
        Fact::Task { side, task } => to.task(*side, task),
        Fact::Request(note) => to.request(note),
        Fact::Connection(note) => to.connection(note),
        Fact::Sample { of, sample } => to.sample(*of, sample),
        _ => return false,
    }
    to.line.extend_from_slice(b"]\n");
    true
}

/// A line that is being packed.
struct Packed<'a> {
    line: &'a mut Vec<u8>,
    state: &'a mut State,
    /// Nulls that are written only if something comes after them.
    nulls: usize,
}

impl Packed<'_> {
    fn tag(&mut self, letter: u8) {
        self.line.extend_from_slice(&[b'[', b'"', letter, b'"']);
    }

    fn comma(&mut self) {
        for _ in 0..std::mem::take(&mut self.nulls) {
            self.line.extend_from_slice(b",null");
        }
        self.line.push(b',');
    }

    fn number(&mut self, number: impl Into<i128>) {
        self.comma();
        let number = number.into();
        let mut digits = itoa::Buffer::new();
        // A short way for nearly all of them: i128 is slow to print.
        let written = match i64::try_from(number) {
            Ok(number) => digits.format(number),
            Err(_) => digits.format(number),
        };
        self.line.extend_from_slice(written.as_bytes());
    }

    fn maybe(&mut self, number: Option<impl Into<i128>>) {
        match number {
            Some(number) => self.number(number),
            None => self.nulls += 1,
        }
    }

    fn text(&mut self, text: &str) {
        self.comma();
        let written = serde_json::to_writer(&mut *self.line, text);
        debug_assert!(written.is_ok(), "memory takes everything");
    }

    /// A port alone where the address is the target's.
    fn endpoint(&mut self, endpoint: Endpoint) {
        if self.state.address == Some(endpoint.ip) {
            self.number(endpoint.port);
        } else {
            self.text(&endpoint.to_string());
        }
    }

    fn maybe_endpoint(&mut self, endpoint: Option<Endpoint>) {
        match endpoint {
            Some(endpoint) => self.endpoint(endpoint),
            None => self.nulls += 1,
        }
    }

    fn event(&mut self, kind: Kind, side: Side, event: &Event) {
        self.tag(kind.letter(side));
        let time = self.state.tell_time(event.at);
        self.number(time);
        let tid = self.state.tell_tid(side, event.tid);
        self.number(tid);
        let pid = self.state.tell_pid(side, event.pid);
        self.number(pid);
        self.change(side, event);
    }

    fn change(&mut self, side: Side, event: &Event) {
        match &event.what {
            Change::Started { process, parent } => {
                self.number(u8::from(*process));
                self.maybe(parent.map(|p| id_between(event.pid.0, p.0)));
            }
            Change::Found { process } => self.number(u8::from(*process)),
            Change::Executed {
                former,
                name,
                unprivileged,
                foreign,
                sockets,
            } => {
                self.number(id_between(event.tid.0, former.0));
                self.text(name);
                self.number(u8::from(*unprivileged));
                self.number(u8::from(*foreign));
                self.maybe(*sockets);
            }
            Change::Named { name } => self.text(name),
            Change::Ended(Exit::Code(code)) => self.number(*code),
            Change::Ended(Exit::Signal(signal)) => {
                self.nulls += 1;
                self.number(*signal);
            }
            Change::Listening { local } => self.endpoint(*local),
            Change::Connected {
                socket,
                target,
                from,
                local,
                errno,
            } => {
                let socket = socket.map(|s| self.state.tell_socket(side, s));
                self.maybe(socket);
                self.endpoint(*target);
                self.number(time_between(event.at, *from));
                self.maybe_endpoint(*local);
                self.maybe(*errno);
            }
            Change::ConnectedElsewhere { target, errno } => {
                self.endpoint(*target);
                self.number(*errno);
            }
            Change::Accepted {
                socket,
                peer,
                local,
            } => {
                let socket = self.state.tell_socket(side, *socket);
                self.number(socket);
                self.endpoint(*peer);
                self.maybe_endpoint(*local);
            }
            Change::Received {
                socket,
                result,
                byte,
            } => {
                let socket = self.state.tell_socket(side, *socket);
                self.number(socket);
                self.maybe(*result);
                self.maybe(*byte);
            }
            Change::Sent { socket, from } => {
                let socket = self.state.tell_socket(side, *socket);
                self.number(socket);
                self.maybe(from.map(|from| time_between(event.at, from)));
            }
            Change::Settled { socket, errno } => {
                let socket = self.state.tell_socket(side, *socket);
                self.number(socket);
                self.number(*errno);
            }
            Change::Closed { socket }
            | Change::Deferred { socket }
            | Change::Disconnected { socket } => {
                let socket = self.state.tell_socket(side, *socket);
                self.number(socket);
            }
            Change::LookRefused {
                call,
                errno,
                of_all,
                found,
            } => {
                self.text(call);
                self.number(*errno);
                self.number(u8::from(*of_all));
                self.number(u8::from(*found));
            }
            // The others say nothing more, or are not packed.
            _ => {}
        }
    }

    fn task(&mut self, side: Side, task: &TaskNote) {
        self.tag(Kind::Task.letter(side));
        let time = self.state.tell_time(task.started);
        self.number(time);
        self.number(u8::from(task.process));
        self.maybe(task.ended.map(|e| time_between(task.started, e)));
        if let Some((pid, tid)) = task.ids {
            let tid = self.state.tell_tid(side, tid);
            self.number(tid);
            let pid = self.state.tell_pid(side, pid);
            self.number(pid);
        }
    }

    fn request(&mut self, note: &RequestNote) {
        let side = Side::Client;
        self.tag(Kind::Note.letter(side));
        let time = note.started.map(|t| self.state.tell_time(t));
        self.maybe(time);
        let base = self.state.time();
        let since = |t: Option<Timestamp>| t.map(|t| time_between(base, t));
        let number = self.state.tell_request(note.number);
        self.number(number);
        self.text(note.outcome.name());
        self.maybe_endpoint(note.client);
        self.maybe(since(note.connect));
        self.maybe(since(note.connected));
        self.maybe(since(note.ended));
        if let Some((worker, pid, tid)) = note.taken_by {
            let worker = self.state.tell_worker(side, worker);
            self.number(worker);
            let tid = self.state.tell_tid(side, tid);
            self.number(tid);
            let pid = self.state.tell_pid(side, pid);
            self.number(pid);
        } else {
            self.nulls += 3;
        }
        self.maybe((note.errno != 0).then_some(note.errno));
        if let Some(got) = &note.got {
            self.text(got);
        }
    }

    fn connection(&mut self, note: &ConnectionNote) {
        let side = Side::Server;
        self.tag(Kind::Note.letter(side));
        let time = self.state.tell_time(note.accepted);
        self.number(time);
        self.endpoint(note.client);
        let (pid, tid) = note.accepted_by;
        let by = self.state.tell_tid(side, tid);
        self.number(by);
        let by = self.state.tell_pid(side, pid);
        self.number(by);
        let since = |t: Option<Timestamp>| t.map(|t| time_between(note.accepted, t));
        self.maybe(since(note.closed));
        self.maybe(since(note.served));
        self.maybe(note.served_by.map(|s| id_between(tid.0, s.1.0)));
        self.maybe(note.served_by.map(|s| id_between(pid.0, s.0.0)));
    }

    fn sample(&mut self, of: Counted, sample: &Sample) {
        self.tag(tag::of_sample(of));
        let time = self.state.tell_time(sample.at);
        self.number(time);
        self.maybe(sample.threads);
        self.maybe(sample.processes);
    }
}

/// How it is packed; `None`: it is not.
fn kind(what: &Change) -> Option<Kind> {
    Some(match what {
        Change::Started { .. } => Kind::Started,
        Change::Found { .. } => Kind::Found,
        Change::Executed { .. } => Kind::Executed,
        Change::Named { .. } => Kind::Named,
        Change::ExitBegun => Kind::ExitBegun,
        Change::Ended(_) => Kind::Ended,
        Change::ThreadExiting => Kind::ThreadExiting,
        Change::Listening { .. } => Kind::Listening,
        Change::Connected { .. } => Kind::Connected,
        Change::ConnectedElsewhere { .. } => Kind::ConnectedElsewhere,
        Change::Accepted { .. } => Kind::Accepted,
        Change::Received { .. } => Kind::Received,
        // Rare ones, which have no tag.
        Change::TakenOver { .. }
        | Change::ReceivedElsewhere { .. }
        | Change::Alone
        | Change::Accompanied
        | Change::Shared { .. } => return None,
        Change::Sent { .. } => Kind::Sent,
        Change::Settled { .. } => Kind::Settled,
        Change::Closed { .. } => Kind::Closed,
        Change::Deferred { .. } => Kind::Deferred,
        Change::Disconnected { .. } => Kind::Disconnected,
        Change::CalledPtrace => Kind::CalledPtrace,
        Change::LookRefused { .. } => Kind::LookRefused,
        Change::SetUpRing => Kind::SetUpRing,
        Change::Supervised => Kind::Supervised,
        Change::StrictRefused => Kind::StrictRefused,
    })
}
