//! A made-up run with what was seen of it: a normal one, and what can happen.

use std::net::{IpAddr, Ipv4Addr};

use crate::activity::Activity;
use crate::findings::{FindingsInput, Seen, findings};
use crate::model::observation::{
    Asked, AskedClient, AskedPrograms, AskedServer, Change, End, Event, Fact, Header, Leftovers,
    Moments, Observation, ObserverName, Output, OwnTotals, SCHEMA_OBSERVATION, SideEnded,
    SideStarted, SocketId, Trouble,
};
use crate::model::{
    Endpoint, Exit, Finding, FlowChoice, Pid, ServerModel, Side, Strategy, Tid, Timestamp,
};
use crate::testkit::Fixture;

pub(super) struct Scene {
    pub fixture: Fixture,
    pub observation: Observation,
    now: i64,
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

impl Scene {
    /// Twenty requests between the built-in sides, and all went well.
    pub fn normal() -> Self {
        let fixture = Fixture::normal(20);
        let header = Header {
            schema: SCHEMA_OBSERVATION.to_owned(),
            tool: fixture.run.tool.clone(),
            started: fixture.run.started.clone(),
            clock: "CLOCK_REALTIME".to_owned(),
            environment: fixture.run.environment.clone(),
            asked: Asked {
                isolated: false,
                client: AskedClient::BuiltIn {
                    strategy: Strategy::Thread,
                    requests: 20,
                    workers: None,
                    join: true,
                    gate: false,
                    max_in_flight: None,
                    rate: None,
                    duration_ns: None,
                    timeout_ns: fixture.run.duration_ns,
                },
                server: AskedServer::Embedded {
                    model: ServerModel::Thread,
                },
                capture: None,
                read_write: false,
                client_exchanges: false,
                programs: AskedPrograms::default(),
                flows: FlowChoice::default(),
                time_limit_ns: None,
            },
        };
        let mut scene = Self {
            fixture,
            observation: Observation::new(header),
            now: 1,
        };
        for side in [Side::Client, Side::Server] {
            scene.started(side, ObserverName::Ledger, None);
            let totals = OwnTotals::default();
            scene.observation.add(Fact::Totals { side, totals });
        }
        scene.ended(Side::Client, Some(Exit::Code(0)), false);
        scene.ended(Side::Server, Some(Exit::Code(0)), true);
        scene.observation.leftovers = Some(Leftovers::default());
        scene.end(End::Complete);
        scene
    }

    /// The same with traced programs of somebody else's on both sides.
    pub fn of_programs() -> Self {
        let mut scene = Self::normal();
        scene.fixture.run.plan.client_command = Some(vec!["client".to_owned()]);
        for side in [Side::Client, Side::Server] {
            let command = Some(vec![side.to_string()]);
            scene.started(side, ObserverName::Ptrace, command);
            scene.side(side).totals = None;
            let first = Change::Started {
                process: true,
                parent: None,
            };
            scene.event(side, first);
            scene.executed(side, "program", false, false);
        }
        scene
    }

    pub fn side(&mut self, side: Side) -> &mut crate::model::observation::SideObservation {
        match side {
            Side::Client => &mut self.observation.client,
            Side::Server => &mut self.observation.server,
        }
    }

    pub fn started(&mut self, side: Side, observer: ObserverName, command: Option<Vec<String>>) {
        let started = Box::new(SideStarted {
            observer,
            provenance: observer.provenance(),
            command,
            root: pid_of(side),
            at: at(0),
        });
        self.observation.add(Fact::Started { side, started });
    }

    pub fn ended(&mut self, side: Side, exit: Option<Exit>, asked_to_end: bool) {
        let ended = SideEnded {
            at: at(1000),
            exit,
            asked_to_end,
            asked_at: None,
            went_on: false,
            left_behind: 0,
        };
        self.observation.add(Fact::Ended { side, ended });
    }

    pub fn end(&mut self, end: End) {
        let moments = Moments {
            client_started: at(1),
            client_ended: at(1000),
            at_rest: at(1001),
            over: at(1002),
        };
        self.observation.add(Fact::End { end, moments });
    }

    pub fn trouble(&mut self, trouble: Trouble) {
        self.observation.add(Fact::Trouble(trouble));
    }

    pub fn totals(&mut self, side: Side) -> &mut OwnTotals {
        self.side(side).totals.as_mut().expect("a built-in side")
    }

    pub fn event(&mut self, side: Side, what: Change) {
        self.now += 1;
        let pid = pid_of(side);
        let event = Event {
            at: at(self.now),
            pid,
            tid: Tid(pid.0),
            what,
        };
        self.observation.add(Fact::Event { side, event });
    }

    pub fn executed(&mut self, side: Side, name: &str, unprivileged: bool, foreign: bool) {
        let executed = Change::Executed {
            former: Tid(pid_of(side).0),
            name: name.into(),
            unprivileged,
            foreign,
            sockets: None,
        };
        self.event(side, executed);
    }

    /// A side's log was read.
    pub fn printed(
        &mut self,
        side: Side,
        exceptions: u64,
        first: Option<&str>,
        last: Option<&str>,
    ) {
        let output = Output {
            exceptions,
            first: first.map(str::to_owned),
            last_line: last.map(str::to_owned),
        };
        self.observation.add(Fact::Output { side, output });
    }

    /// A thread of the client's first process did something.
    pub fn thread(&mut self, tid: u32, what: Change) {
        self.now += 1;
        let event = Event {
            at: at(self.now),
            pid: pid_of(Side::Client),
            tid: Tid(tid),
            what,
        };
        let side = Side::Client;
        self.observation.add(Fact::Event { side, event });
    }

    /// The first thread of a process of the client did something.
    pub fn process(&mut self, pid: u32, what: Change) {
        self.now += 1;
        let event = Event {
            at: at(self.now),
            pid: Pid(pid),
            tid: Tid(pid),
            what,
        };
        let side = Side::Client;
        self.observation.add(Fact::Event { side, event });
    }

    /// A thread of the client was created, and made a connection that is flow `n`.
    pub fn works(&mut self, tid: u32, n: usize) {
        self.thread(
            tid,
            Change::Started {
                process: false,
                parent: None,
            },
        );
        let flow = &mut self.fixture.flows[n];
        let now = at(self.now);
        (flow.first_ns, flow.last_ns) = (now, now);
        if let Some(handshake) = &mut flow.handshake {
            handshake.syn_ns = now;
        }
        flow.client_closed_ns = None;
        let connected = Change::Connected {
            socket: Some(SocketId(1000 + u64::from(tid))),
            target: flow.server,
            from: now,
            local: Some(flow.client),
            errno: Some(0),
        };
        self.thread(tid, connected);
    }

    /// The moment of the last event.
    pub fn now(&self) -> Timestamp {
        at(self.now)
    }

    /// The main thread of the client ends its process with this status.
    pub fn leaves(&mut self, status: i32) {
        self.event(Side::Client, Change::ExitBegun);
        self.event(Side::Client, Change::Ended(Exit::Code(status)));
    }

    /// The client called connect(2) to this address on port 45000.
    pub fn connected(&mut self, ip: impl Into<IpAddr>, errno: i32) {
        let connected = Change::Connected {
            socket: Some(SocketId(self.now.unsigned_abs() + 1000)),
            target: Endpoint::new(ip.into(), 45_000),
            from: at(self.now),
            local: None,
            errno: Some(errno),
        };
        self.event(Side::Client, connected);
    }

    /// The server accepted a connection.
    pub fn accepted(&mut self, socket: u64) {
        let accepted = Change::Accepted {
            socket: SocketId(socket),
            peer: Endpoint::new(Ipv4Addr::LOCALHOST.into(), 40_000),
            local: None,
        };
        self.event(Side::Server, accepted);
    }

    pub fn found(&self) -> Vec<Finding> {
        let activity = |side: Side| {
            let side = self.observation.side(side);
            let mut activity = Activity::default();
            side.events.iter().for_each(|e| activity.apply(e));
            side.is_traced().then_some(activity)
        };
        let (client, server) = (activity(Side::Client), activity(Side::Server));
        findings(&FindingsInput {
            seen: Some(Seen {
                observation: &self.observation,
                client: client.as_ref(),
                server: server.as_ref(),
            }),
            run: &self.fixture.run,
            flows: &self.fixture.flows,
            own: None,
            workers: crate::testkit::packed(&self.fixture.workers),
        })
    }

    pub fn coded(&self, code: &str) -> Vec<Finding> {
        let mut found = self.found();
        found.retain(|finding| finding.code == code);
        found
    }

    pub fn one(&self, code: &str) -> Finding {
        let mut found = self.coded(code);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// Nothing is said under this code.
    pub fn silent(&self, code: &str) {
        assert_eq!(self.coded(code), []);
    }
}

fn pid_of(side: Side) -> Pid {
    match side {
        Side::Client => Pid(100),
        Side::Server => Pid(200),
    }
}
