//! What an observer has told, in words: one sentence for each thing that can be held
//! against what another observer tells. Times differ, and are not in them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::activity::Activity;
use crate::model::{Change, Endpoint, Event, Exit, Pid, Tid};

/// What kind of thing a sentence tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A task began.
    Began,
    /// A process executed a program.
    Executed,
    /// The first thread of a process left it, and the process went on.
    Leaves,
    /// A process began to exit.
    Exits,
    /// A task or a process ended, and how.
    Ended,
    /// A socket was made to listen.
    Listens,
    /// A connection was tried.
    Connects,
    /// The same, and it goes on behind the call.
    UnderWay,
    /// The same, and its task ended in the call.
    NeverReturned,
    /// A connection was accepted.
    Accepts,
    /// Who was the first to receive from a connection of the server.
    Receives,
    /// Who was the first to send on it.
    Sends,
}

impl Kind {
    /// Whether it is about a socket.
    pub const fn is_of_sockets(self) -> bool {
        !matches!(
            self,
            Self::Began | Self::Executed | Self::Leaves | Self::Exits | Self::Ended
        )
    }
}

/// One thing that was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// What kind of thing.
    pub kind: Kind,
    /// In words.
    pub words: String,
    /// Whose doing it was.
    pub task: (Pid, Tid),
    /// The peer of the connection that it is about.
    pub peer: Option<Endpoint>,
}

/// How often a thing was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// In all.
    pub all: u64,
    /// Connections for which nothing was sent: connect(2) failed before that.
    pub unsent: u64,
}

/// What was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Each thing, and how often.
    pub things: BTreeMap<Said, Times>,
    /// Threads that the kernel itself made for rings (`io_uring(7)`), by their names.
    pub for_rings: BTreeSet<Tid>,
    /// Tasks that no tracer follows (`CLONE_UNTRACED`, clone(2)).
    pub untraced: HashSet<Tid>,
    /// Threads that were ended with their process, by `exit_group(2)` or a signal.
    pub cut: HashSet<Tid>,
    /// Tasks that a signal ended.
    pub killed: HashSet<Tid>,
    /// Of each of those, the last connect(2) that it called.
    pub last_calls: HashMap<Tid, String>,
    /// Processes that have begun to exit at their own will.
    pub exits: HashSet<Pid>,
}

/// A task by its numbers: a process by one.
fn task((pid, tid): (Pid, Tid)) -> String {
    if pid.0 == tid.0 {
        format!("process {pid}")
    } else {
        format!("thread {tid} of process {pid}")
    }
}

fn answer(errno: Option<i32>) -> String {
    match errno {
        None => "it never returned".to_owned(),
        Some(0) => "connected".to_owned(),
        Some(errno) => format!("error {errno}"),
    }
}

impl Told {
    /// What these events tell. `listens`: whether it is a server, which is asked about where
    /// it listens.
    pub fn by(events: &[Event], listens: bool) -> Self {
        let mut told = Self::default();
        let mut activity = Activity::default();
        let mut last_calls: HashMap<Tid, String> = HashMap::new();
        let mut once: BTreeSet<(Kind, String)> = BTreeSet::new();
        for event in events {
            activity.apply(event);
            if let Change::Named { name } = &event.what
                && name.starts_with("iou-")
            {
                told.for_rings.insert(event.tid);
            }
            told.note_who_was_cut(event);
            let Some((kind, words)) = in_words(event, listens) else {
                continue;
            };
            // A socket that listens may be told so again, each of several threads may end
            // the process, and a tracer sees a first thread that has left twice.
            let repeats = matches!(kind, Kind::Listens | Kind::Exits | Kind::Leaves);
            if repeats && !once.insert((kind, words.clone())) {
                continue;
            }
            let (peer, unsent) = match &event.what {
                Change::Connected {
                    target,
                    from,
                    errno,
                    ..
                } => {
                    let failed = errno.is_some_and(|errno| errno > 0);
                    (Some(*target), *from == event.at && failed)
                }
                _ => (None, false),
            };
            if kind == Kind::Connects {
                last_calls.insert(event.tid, words.clone());
            }
            told.tell(kind, words, (event.pid, event.tid), peer, unsent);
        }
        let killed = |(tid, _): &(Tid, String)| told.killed.contains(tid);
        told.last_calls = last_calls.into_iter().filter(killed).collect();
        told.connections(&activity);
        told
    }

    /// Notes a thread that ends because its whole process does.
    fn note_who_was_cut(&mut self, event: &Event) {
        match event.what {
            Change::ExitBegun => {
                self.exits.insert(event.pid);
            }
            Change::Ended(exit) => {
                let killed = matches!(exit, Exit::Signal(_));
                if killed {
                    self.killed.insert(event.tid);
                }
                let first = event.pid.0 == event.tid.0;
                if !first && (killed || self.exits.contains(&event.pid)) {
                    self.cut.insert(event.tid);
                }
            }
            // Its id may be another's now.
            Change::Started { process, .. } => {
                self.cut.remove(&event.tid);
                if process {
                    self.exits.remove(&event.pid);
                }
            }
            _ => {}
        }
    }

    /// Who accepted, received and sent first.
    fn connections(&mut self, activity: &Activity) {
        for accepted in &activity.sockets.accepted {
            let peer = accepted.peer;
            let mut tell = |kind, by, did: &str| {
                let words = format!("{} {did} the connection from {peer}", task(by));
                self.tell(kind, words, by, Some(peer), false);
            };
            if !accepted.taken_over {
                tell(Kind::Accepts, accepted.by, "accepted");
            }
            if let Some((_, pid, tid, _)) = accepted.received {
                tell(Kind::Receives, (pid, tid), "received first on");
            }
            if let Some((_, pid, tid, _)) = accepted.sent {
                tell(Kind::Sends, (pid, tid), "sent first on");
            }
        }
    }

    fn tell(
        &mut self,
        kind: Kind,
        words: String,
        task: (Pid, Tid),
        peer: Option<Endpoint>,
        unsent: bool,
    ) {
        let said = Said {
            kind,
            words,
            task,
            peer,
        };
        let times = self.things.entry(said).or_default();
        times.all += 1;
        times.unsent += u64::from(unsent);
    }
}

/// An event as a sentence, where it can be compared.
fn in_words(event: &Event, listens: bool) -> Option<(Kind, String)> {
    let first = event.pid.0 == event.tid.0;
    let who = task((event.pid, event.tid));
    Some(match &event.what {
        Change::Started { parent, .. } => match parent {
            Some(parent) => (
                Kind::Began,
                format!("{who} was created by process {parent}"),
            ),
            None => (Kind::Began, format!("{who} began")),
        },
        Change::Executed { former, name, .. } => {
            let by = if *former == event.tid {
                String::new()
            } else {
                format!(" by its thread {former}")
            };
            (Kind::Executed, format!("{who} executed {name}{by}"))
        }
        // Of a thread alone its process's status tells.
        Change::Ended(exit) if first => {
            let how = match exit {
                Exit::Code(code) => format!("exit status {code}"),
                Exit::Signal(signal) => format!("signal {signal}"),
            };
            (Kind::Ended, format!("{who} ended with {how}"))
        }
        Change::Ended(_) => (Kind::Ended, format!("{who} ended")),
        Change::ExitBegun => (Kind::Exits, format!("process {} began to exit", event.pid)),
        Change::ThreadExiting if first => (
            Kind::Leaves,
            format!("the first thread of process {} left it", event.pid),
        ),
        Change::Listening { local } if listens => (Kind::Listens, format!("it listens on {local}")),
        Change::Connected {
            target,
            local,
            errno,
            ..
        } => {
            let how = answer(*errno);
            // Where it is not connected its own end may be gone when it is asked for.
            let from = match (local, errno) {
                (Some(local), Some(0)) => format!(" from {local}"),
                _ => String::new(),
            };
            let kind = match errno {
                None => Kind::NeverReturned,
                Some(libc::EINPROGRESS) => Kind::UnderWay,
                Some(_) => Kind::Connects,
            };
            (
                kind,
                format!("{who} called connect(2){from} to {target}: {how}"),
            )
        }
        Change::ConnectedElsewhere { target, errno } => {
            let how = answer(Some(*errno));
            (
                Kind::Connects,
                format!("{who} called connect(2) to {target}: {how}"),
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SocketId, Timestamp};

    fn event(at: i64, tid: u32, what: Change) -> Event {
        Event {
            at: Timestamp::from_nanos(at),
            pid: Pid(10),
            tid: Tid(tid),
            what,
        }
    }

    fn words(events: &[Event]) -> Vec<(Kind, String)> {
        let things = Told::by(events, true).things.into_keys();
        things.map(|said| (said.kind, said.words)).collect()
    }

    #[test]
    fn each_is_a_sentence_without_its_time() {
        let one = |kind, text: &str| vec![(kind, text.to_owned())];
        let began = Change::Started {
            process: false,
            parent: None,
        };
        let began = event(5, 11, began);
        assert_eq!(
            words(&[began]),
            one(Kind::Began, "thread 11 of process 10 began")
        );
        let ended = event(5, 11, Change::Ended(Exit::Code(3)));
        assert_eq!(
            words(&[ended]),
            one(Kind::Ended, "thread 11 of process 10 ended")
        );
        let whole = event(5, 10, Change::Ended(Exit::Signal(9)));
        assert_eq!(
            words(&[whole]),
            one(Kind::Ended, "process 10 ended with signal 9")
        );
    }

    #[test]
    fn who_accepts_receives_and_sends_are_three_things() {
        let peer = Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), 80);
        let socket = SocketId(1);
        let began = |tid| Change::Started {
            process: tid == 10,
            parent: None,
        };
        let received = Change::Received {
            socket,
            result: Some(4),
            byte: None,
        };
        let mut events: Vec<Event> = (10..13).map(|tid| event(1, tid, began(tid))).collect();
        let accepted = Change::Accepted {
            socket,
            peer,
            local: None,
        };
        events.push(event(2, 10, accepted));
        events.push(event(3, 11, received.clone()));
        events.push(event(4, 12, received));
        events.push(event(5, 12, Change::Sent { socket, from: None }));
        let told = words(&events);
        let expected = [
            (Kind::Accepts, "process 10 accepted"),
            (Kind::Receives, "thread 11 of process 10 received first on"),
            (Kind::Sends, "thread 12 of process 10 sent first on"),
        ];
        let expected =
            expected.map(|(kind, did)| (kind, format!("{did} the connection from {peer}")));
        assert_eq!(told[3..], expected);
    }

    #[test]
    fn what_may_be_told_twice_is_one_thing() {
        let twice = [
            event(1, 10, Change::ExitBegun),
            event(2, 11, Change::ExitBegun),
        ];
        let told = Told::by(&twice, true);
        let times: Vec<u64> = told.things.values().map(|times| times.all).collect();
        assert_eq!(times, [1]);
    }

    #[test]
    fn a_call_that_was_refused_before_its_syn_is_known() {
        let to = Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), 80);
        let unsent = |from, errno| {
            let connected = Change::Connected {
                socket: None,
                target: to,
                from: Timestamp::from_nanos(from),
                local: None,
                errno: Some(errno),
            };
            let told = Told::by(&[event(5, 11, connected)], true);
            let times = told.things.values();
            times.map(|times| times.unsent).sum::<u64>()
        };
        assert_eq!(unsent(5, libc::EPERM), 1);
        assert_eq!(unsent(4, libc::ECONNREFUSED), 0);
        assert_eq!(unsent(5, 0), 0);
    }
}
