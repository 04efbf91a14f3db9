//! Packed lines back to facts.

use super::items::{Items, Wrong};
use super::state::{State, id_after, time_after};
use super::tag::{Kind, SYSTEM};
use crate::model::observation::{
    Change, ConnectionNote, Counted, Event, Fact, RequestNote, Sample, TaskNote,
};
use crate::model::{Exit, Outcome, Pid, Side, Tid, Timestamp};

/// The fact of a packed line.
pub(super) fn unpack(line: &[u8], state: &mut State) -> Result<Fact, Wrong> {
    let mut items: Items = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let tag = items.text()?;
    let mut from = Unpacked {
        items: &mut items,
        state,
    };
    let fact = if tag.as_bytes() == [SYSTEM] {
        from.sample(Counted::System)?
    } else {
        let (kind, side) = Kind::of(&tag).ok_or_else(|| format!("there is no tag {tag:?}"))?;
        match (kind, side) {
            (Kind::Task, side) => from.task(side)?,
            (Kind::Note, Side::Client) => from.request()?,
            (Kind::Note, Side::Server) => from.connection()?,
            (Kind::Sample, Side::Client) => from.sample(Counted::Client)?,
            (Kind::Sample, Side::Server) => from.sample(Counted::Server)?,
            (kind, side) => from.event(kind, side)?,
        }
    };
    items.end()?;
    Ok(fact)
}

/// A line that is being unpacked.
struct Unpacked<'a> {
    items: &'a mut Items,
    state: &'a mut State,
}

impl Unpacked<'_> {
    fn time(&mut self) -> Result<Timestamp, Wrong> {
        let by = self.items.number()?;
        Ok(self.state.take_time(by))
    }

    fn since(&mut self, base: Timestamp) -> Result<Option<Timestamp>, Wrong> {
        let by = self.items.maybe()?;
        Ok(by.map(|by| time_after(base, by)))
    }

    /// A thread and its process.
    fn who(&mut self, side: Side) -> Result<(Pid, Tid), Wrong> {
        let tid = self.items.number()?;
        let tid = self.state.take_tid(side, tid);
        let pid = self.items.number()?;
        Ok((self.state.take_pid(side, pid), tid))
    }

    fn event(&mut self, kind: Kind, side: Side) -> Result<Fact, Wrong> {
        let at = self.time()?;
        let (pid, tid) = self.who(side)?;
        let what = self.change(kind, side, (at, pid, tid))?;
        let event = Event { at, pid, tid, what };
        Ok(Fact::Event { side, event })
    }

    fn change(
        &mut self,
        kind: Kind,
        side: Side,
        (at, pid, tid): (Timestamp, Pid, Tid),
    ) -> Result<Change, Wrong> {
        let address = self.state.address;
        let items = &mut *self.items;
        Ok(match kind {
            Kind::Started => Change::Started {
                process: items.flag()?,
                parent: items.maybe()?.map(|by| Pid(id_after(pid.0, by))),
            },
            Kind::Found => Change::Found {
                process: items.flag()?,
            },
            Kind::Executed => Change::Executed {
                former: Tid(id_after(tid.0, items.number()?)),
                name: items.text()?,
                unprivileged: items.flag()?,
                foreign: items.flag()?,
                sockets: items.maybe()?,
            },
            Kind::Named => Change::Named {
                name: items.text()?,
            },
            Kind::ExitBegun => Change::ExitBegun,
            Kind::ThreadExiting => Change::ThreadExiting,
            Kind::CalledPtrace => Change::CalledPtrace,
            Kind::LookRefused => Change::LookRefused {
                call: items.text()?,
                errno: items.number()?,
                of_all: items.flag()?,
                found: items.flag()?,
            },
            Kind::SetUpRing => Change::SetUpRing,
            Kind::Supervised => Change::Supervised,
            Kind::StrictRefused => Change::StrictRefused,
            Kind::Ended => Change::Ended(match items.maybe()? {
                Some(code) => Exit::Code(code),
                None => Exit::Signal(items.number()?),
            }),
            Kind::Listening => Change::Listening {
                local: items.endpoint(address)?,
            },
            Kind::Connected => {
                let socket = items.maybe()?;
                Change::Connected {
                    socket: socket.map(|by| self.state.take_socket(side, by)),
                    target: items.endpoint(address)?,
                    from: time_after(at, items.number()?),
                    local: items.maybe_endpoint(address)?,
                    errno: items.maybe()?,
                }
            }
            Kind::ConnectedElsewhere => Change::ConnectedElsewhere {
                target: items.endpoint(address)?,
                errno: items.number()?,
            },
            Kind::Accepted => {
                let socket = items.number()?;
                Change::Accepted {
                    socket: self.state.take_socket(side, socket),
                    peer: items.endpoint(address)?,
                    local: items.maybe_endpoint(address)?,
                }
            }
            Kind::Received
            | Kind::Sent
            | Kind::Settled
            | Kind::Closed
            | Kind::Deferred
            | Kind::Disconnected => {
                let socket = items.number()?;
                let socket = self.state.take_socket(side, socket);
                match kind {
                    Kind::Received => Change::Received {
                        socket,
                        result: items.maybe()?,
                        byte: items.maybe()?,
                    },
                    Kind::Sent => Change::Sent {
                        socket,
                        from: items.maybe()?.map(|by| time_after(at, by)),
                    },
                    Kind::Settled => Change::Settled {
                        socket,
                        errno: items.number()?,
                    },
                    Kind::Closed => Change::Closed { socket },
                    Kind::Deferred => Change::Deferred { socket },
                    _ => Change::Disconnected { socket },
                }
            }
            Kind::Task | Kind::Note | Kind::Sample => return Err("it is no event".to_owned()),
        })
    }

    fn task(&mut self, side: Side) -> Result<Fact, Wrong> {
        let started = self.time()?;
        let process = self.items.flag()?;
        let ended = self.since(started)?;
        let tid: Option<i32> = self.items.maybe()?;
        let ids = match tid {
            Some(tid) => {
                let tid = self.state.take_tid(side, tid);
                let pid = self.items.number()?;
                Some((self.state.take_pid(side, pid), tid))
            }
            None => None,
        };
        let task = TaskNote {
            process,
            ids,
            started,
            ended,
        };
        Ok(Fact::Task { side, task })
    }

    fn request(&mut self) -> Result<Fact, Wrong> {
        let side = Side::Client;
        let started = self.items.maybe()?.map(|by| self.state.take_time(by));
        let base = self.state.time();
        let number = self.items.number()?;
        let number = self.state.take_request(number);
        let outcome = self.items.text()?;
        let outcome = Outcome::from_name(&outcome)
            .ok_or_else(|| format!("there is no outcome {outcome:?}"))?;
        let client = self.items.maybe_endpoint(self.state.address)?;
        let connect = self.since(base)?;
        let connected = self.since(base)?;
        let ended = self.since(base)?;
        let worker: Option<i32> = self.items.maybe()?;
        let taken_by = if let Some(worker) = worker {
            let worker = self.state.take_worker(side, worker);
            let (pid, tid) = self.who(side)?;
            Some((worker, pid, tid))
        } else {
            let nobody: [Option<i32>; 2] = [self.items.maybe()?, self.items.maybe()?];
            if nobody != [None, None] {
                return Err("a thread without a worker".to_owned());
            }
            None
        };
        Ok(Fact::Request(RequestNote {
            number,
            taken_by,
            started,
            connect,
            connected,
            ended,
            client,
            outcome,
            errno: self.items.maybe()?.unwrap_or(0),
            got: self.items.maybe_text()?,
        }))
    }

    fn connection(&mut self) -> Result<Fact, Wrong> {
        let accepted = self.time()?;
        let client = self.items.endpoint(self.state.address)?;
        let accepted_by = self.who(Side::Server)?;
        let closed = self.since(accepted)?;
        let served = self.since(accepted)?;
        let serving: [Option<i32>; 2] = [self.items.maybe()?, self.items.maybe()?];
        let (pid, tid) = accepted_by;
        let served_by = match serving {
            [Some(thread), Some(process)] => {
                Some((Pid(id_after(pid.0, process)), Tid(id_after(tid.0, thread))))
            }
            [None, None] => None,
            _ => return Err("half of who served it is missing".to_owned()),
        };
        Ok(Fact::Connection(ConnectionNote {
            client,
            accepted,
            accepted_by,
            served,
            served_by,
            closed,
        }))
    }

    fn sample(&mut self, of: Counted) -> Result<Fact, Wrong> {
        let sample = Sample {
            at: self.time()?,
            threads: self.items.maybe()?,
            processes: self.items.maybe()?,
        };
        Ok(Fact::Sample { of, sample })
    }
}
